/**
 * The effective receptive field (Luo et al., 2016) of one cell, measured: the picture is made lighter or darker block
 * after block, and the change of the cell read. Like the occlusion it borrows the network between other work.
 */

/** @typedef {import('../core/protocol.js').Effective} Effective */

/** Steps of 255 that a block becomes lighter, or darker where it is light already. */
export const STEP = 64;
const MIDDLE = 128;
/** Longest time without listening, in ms; a single layer may take longer. */
const DEAF = 8;
/** How often the page hears of it, in ms. */
const REPORT = 120;
/** Passes that are timed, the fastest counting: the first are slower. */
const TIMED = 3;

export class EffectiveField {
  /** The picture as the network sees it. @type {ImageData} */ #picture;
  /** All channels of the cell with the picture as it is. @type {Float32Array} */ #plain;
  /** Known once passes to the layer have been timed. @type {Effective | null} */ #field = null;
  #done = 0;
  #toldAt = 0;
  /** The network holds another picture than the shown one. */
  #isAway = false;
  /** It is in the middle of the present pass, up to the layer of this index. @type {number | null} */
  #at = null;
  /** Time of the present pass. */
  #ms = 0;
  /** Times of the first passes. @type {number[]} */ #times = [];

  /**
   * @param {import('../pkg/vgglass.js').Network} net with the shown run complete
   * @param {import('../core/protocol.js').LayerInfo} layer
   * @param {number} budget ms that all passes together may take
   */
  constructor(net, layer, budget) {
    this.net = net;
    this.layer = layer;
    this.budget = budget;
    this.cell = { y: Math.floor(layer.height / 2), x: Math.floor(layer.width / 2) };
    this.#picture = net.picture();
    this.#plain = net.cell_values(layer.index, this.cell.y, this.cell.x);
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
        this.#ms += step?.ms ?? 0;
        if (performance.now() > until) return false;
      }
      this.#at = null;
      if (this.#field) this.#note(this.#field);
      else this.#time();
      if (this.#done === this.#field?.changes.length) return true;
    } while (performance.now() < until);
    return false;
  }

  /** What is known so far, now and then. @returns {Effective | null} */
  news() {
    if (!this.#field || performance.now() - this.#toldAt < REPORT) return null;
    this.#toldAt = performance.now();
    return { ...this.#field, changes: this.#field.changes.slice(), done: this.#done };
  }

  /** Leaves the network as it was. */
  giveBack() {
    if (!this.#isAway) return;
    this.net.set_picture(this.#picture);
    this.net.run();
    this.#isAway = false;
    this.#at = null;
  }

  /** The next block, or the picture as it is while the time of a pass is not known. */
  #begin() {
    const start = performance.now();
    this.net.set_picture(this.#field ? this.#changed(this.#field) : this.#picture);
    this.#isAway = true;
    this.#at = 0;
    this.#ms = performance.now() - start;
  }

  #time() {
    this.#times.push(this.#ms);
    if (this.#times.length === TIMED) this.#field = this.#plan();
  }

  /** The finest blocks that can be done in time; only pixels that the cell sees can change it. @returns {Effective} */
  #plan() {
    const { y, x } = this.cell;
    const { clipped, ...box } = this.net.receptive_box(this.layer.index, y, x);
    const passes = Math.max(1, this.budget / Math.max(Math.min(...this.#times), 0.05));
    const [width, height] = [clipped.x1 - clipped.x0, clipped.y1 - clipped.y0];
    let side = 1;
    while (Math.ceil(width / side) * Math.ceil(height / side) > passes && side < width) side += 1;
    const [columns, rows] = [Math.ceil(width / side), Math.ceil(height / side)];
    return { cell: this.cell, box, clipped, side, columns, rows, changes: new Float32Array(columns * rows), done: 0, step: STEP };
  }

  /** @param {Effective} field */
  #note(field) {
    const { y, x } = this.cell;
    const values = this.net.cell_values(this.layer.index, y, x);
    field.changes[this.#done] = values.reduce((sum, value, channel) => sum + Math.abs(value - this.#plain[channel]), 0);
    this.#done += 1;
    field.done = this.#done;
  }

  /** The picture with the present block lighter or darker, all of it the same way. @param {Effective} field */
  #changed({ clipped, side, columns }) {
    const { width, height, data } = this.#picture;
    const left = clipped.x0 + (this.#done % columns) * side;
    const top = clipped.y0 + Math.floor(this.#done / columns) * side;
    const pixels = new Uint8ClampedArray(data);
    const places = [];
    for (let y = top; y < Math.min(top + side, clipped.y1); y++) {
      for (let x = left; x < Math.min(left + side, clipped.x1); x++) places.push((y * width + x) * 4);
    }
    const sum = places.reduce((total, at) => total + data[at] + data[at + 1] + data[at + 2], 0);
    const step = sum / (3 * places.length) < MIDDLE ? STEP : -STEP;
    for (const at of places) for (let c = 0; c < 3; c++) pixels[at + c] = data[at + c] + step;
    return new ImageData(pixels, width, height);
  }
}
