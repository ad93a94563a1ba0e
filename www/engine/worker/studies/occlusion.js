/**
 * Occlusion (Zeiler & Fergus, 2014): a grey square is laid on the picture, place after place, and the network run on
 * each. It borrows the network between other work, and gives the shown run back whenever it is asked for.
 */

import { Borrowed } from './borrowed.js';

/** @typedef {import('../../protocol.js').Covered} Covered */

const GREY = 128;
/** Longest time without listening, in ms; a single layer may take longer. */
const DEAF = 8;
/** How often the page hears of it, in ms. */
const REPORT = 80;

export class Occlusion {
  /** @type {Covered} */ #covered;
  #borrowed;
  /** Places done. */ #done = 0;
  /** Places that the page knows. */ #told = 0;
  #toldAt = 0;
  /** It is in the middle of the present place. */
  #isBegun = false;

  /**
   * @param {import('../../../pkg/vgglass.js').Network} net with the shown run complete
   * @param {number} side of the square, in input pixels
   * @param {number} stride
   */
  constructor(net, side, stride) {
    this.net = net;
    this.#borrowed = new Borrowed(net);
    const columns = Math.ceil(net.size() / stride);
    const { length } = net.probabilities();
    this.#covered = { columns, side, stride, classes: length, probabilities: new Float32Array(columns * columns * length) };
  }

  get result() {
    return this.#covered;
  }

  /** Computes until it is time to listen. @returns {boolean} whether all places are done */
  advance() {
    const { classes, columns, probabilities } = this.#covered;
    const until = performance.now() + DEAF;
    while (this.#done < columns * columns) {
      if (!this.#isBegun) this.#begin();
      while (this.net.step()) if (performance.now() > until) return false;
      probabilities.set(this.net.probabilities(), this.#done * classes);
      this.#isBegun = false;
      this.#done += 1;
      if (performance.now() > until) return false;
    }
    return true;
  }

  /** Places finished since the last call, now and then. @returns {{first: number, probabilities: Float32Array} | null} */
  news() {
    if (performance.now() - this.#toldAt < REPORT || this.#done === this.#told) return null;
    const { classes, probabilities } = this.#covered;
    const first = this.#told;
    this.#told = this.#done;
    this.#toldAt = performance.now();
    return { first, probabilities: probabilities.slice(first * classes, this.#done * classes) };
  }

  /** Leaves the network as it was. */
  giveBack() {
    this.#borrowed.giveBack();
    this.#isBegun = false;
  }

  /** The square's middle goes over the picture in steps, so that at the edge a part of it hangs over. */
  #begin() {
    const { columns, side, stride } = this.#covered;
    const { width, height, data } = this.#borrowed.picture;
    const pixels = new Uint8ClampedArray(data);
    const left = Math.round(((this.#done % columns) + 0.5) * stride - side / 2);
    const top = Math.round((Math.floor(this.#done / columns) + 0.5) * stride - side / 2);
    for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
      for (let x = Math.max(0, left); x < Math.min(width, left + side); x++) pixels.fill(GREY, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
    this.#borrowed.show(pixels);
    this.#isBegun = true;
  }
}
