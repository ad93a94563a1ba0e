/**
 * The effective receptive field (Luo et al., 2016) of one cell, measured: the picture is made lighter or darker block
 * after block, and the change of the cell read. Like the occlusion it borrows the network between other work.
 */

import { Borrowed } from './borrowed.js';

/** @typedef {import('../../protocol.js').Effective} Effective */

/** Steps of 255 that a block becomes lighter, or darker where it is light already. */
export const STEP = 64;
const MIDDLE = 128;
/** Longest time without listening, in ms; a single layer may take longer. */
const DEAF = 8;
/** How often the page hears of it, in ms. */
const REPORT = 120;
/**
 * How fine the blocks are is a matter of the network and the layer, not of the machine's speed or clock: the finest whose
 * passes come to no more multiply-adds, and to no more passes. On a laptop that is about ten seconds.
 */
const MOST = { macs: 6e11, passes: 4096 };

export class EffectiveField {
  #borrowed;
  /** All channels of the cell with the picture as it is. @type {Float32Array} */ #plain;
  /** @type {Effective} */ #field;
  #toldAt = 0;
  /** It is in the middle of the present pass, up to the layer of this index. @type {number | null} */
  #at = null;

  /**
   * @param {import('../../../pkg/vgglass.js').Network} net with the shown run complete
   * @param {import('../../protocol.js').LayerInfo[]} layers of it
   * @param {number} index of the layer
   */
  constructor(net, layers, index) {
    this.net = net;
    this.layer = layers[index];
    const cell = { y: Math.floor(this.layer.height / 2), x: Math.floor(this.layer.width / 2) };
    this.#borrowed = new Borrowed(net);
    this.#plain = net.cell_values(index, cell.y, cell.x);
    this.#field = plan(net, layers, index, cell);
  }

  get result() {
    return this.#field;
  }

  /** Computes until it is time to listen. @returns {boolean} whether all blocks are done */
  advance() {
    const until = performance.now() + DEAF;
    do {
      if (this.#at === null) this.#begin();
      while (this.#at !== null && this.#at < this.layer.index) {
        const step = this.net.step();
        this.#at = step?.index ?? this.layer.index;
        if (performance.now() > until) return false;
      }
      this.#at = null;
      this.#note();
      if (this.#field.done === this.#field.changes.length) return true;
    } while (performance.now() < until);
    return false;
  }

  /** What is known so far, now and then. @returns {Effective | null} */
  news() {
    if (performance.now() - this.#toldAt < REPORT) return null;
    this.#toldAt = performance.now();
    return { ...this.#field, changes: this.#field.changes.slice() };
  }

  /** Leaves the network as it was. */
  giveBack() {
    this.#borrowed.giveBack();
    this.#at = null;
  }

  /** The next block. */
  #begin() {
    this.#borrowed.show(this.#changed());
    this.#at = 0;
  }

  #note() {
    const { cell, changes, done } = this.#field;
    const values = this.net.cell_values(this.layer.index, cell.y, cell.x);
    changes[done] = values.reduce((sum, value, channel) => sum + Math.abs(value - this.#plain[channel]), 0);
    this.#field.done += 1;
  }

  /** The picture with the present block lighter or darker, all of it the same way. */
  #changed() {
    const { clipped, side, columns, done } = this.#field;
    const { width, data } = this.#borrowed.picture;
    const left = clipped.x0 + (done % columns) * side;
    const top = clipped.y0 + Math.floor(done / columns) * side;
    const pixels = new Uint8ClampedArray(data);
    const places = [];
    for (let y = top; y < Math.min(top + side, clipped.y1); y++) {
      for (let x = left; x < Math.min(left + side, clipped.x1); x++) places.push((y * width + x) * 4);
    }
    const sum = places.reduce((total, at) => total + data[at] + data[at + 1] + data[at + 2], 0);
    const step = sum / (3 * places.length) < MIDDLE ? STEP : -STEP;
    for (const at of places) for (let c = 0; c < 3; c++) pixels[at + c] = data[at + c] + step;
    return pixels;
  }
}

/**
 * The blocks; only pixels that the cell sees can change it.
 * @param {import('../../../pkg/vgglass.js').Network} net @param {import('../../protocol.js').LayerInfo[]} layers
 * @param {number} index of the layer @param {Effective['cell']} cell
 * @returns {Effective}
 */
function plan(net, layers, index, cell) {
  const { clipped, ...box } = net.receptive_box(index, cell.y, cell.x);
  const macs = layers.slice(0, index + 1).reduce((sum, layer) => sum + layer.macs, 0);
  const passes = Math.min(MOST.passes, MOST.macs / Math.max(macs, 1));
  const [width, height] = [clipped.x1 - clipped.x0, clipped.y1 - clipped.y0];
  let side = 1;
  while (Math.ceil(width / side) * Math.ceil(height / side) > passes && side < width) side += 1;
  const [columns, rows] = [Math.ceil(width / side), Math.ceil(height / side)];
  return { cell, box, clipped, side, columns, rows, changes: new Float32Array(columns * rows), done: 0, step: STEP };
}
