/**
 * SmoothGrad (Smilkov et al., 2017): the mean of the gradients of the picture under noise, one noisy copy after another. It
 * borrows the network between other work, and gives the shown run back whenever it is asked for.
 */

import { Borrowed } from './borrowed.js';

/** @typedef {import('../../protocol.js').Attribution} Attribution */

/** Copies, and the noise's standard deviation as a share of the range of pixels: those of the paper's figures. */
export const COPIES = 32;
const DEVIATION = 0.15;
/** Longest time without listening, in ms; a single layer may take longer. */
const DEAF = 8;
/** How often the page hears of it, in ms. */
const REPORT = 80;

export class SmoothGrad {
  #borrowed;
  /** Sums over the copies, `[y][x][colour]`. @type {Float64Array} */ #sums;
  #done = 0;
  #toldAt = 0;
  /** It is in the middle of the present copy. */
  #isBegun = false;

  /**
   * @param {import('../../../pkg/vgglass.js').Network} net with the shown run complete
   * @param {number} index of the class
   */
  constructor(net, index) {
    this.net = net;
    this.index = index;
    this.#borrowed = new Borrowed(net);
    const { width, height } = this.#borrowed.picture;
    this.#sums = new Float64Array(width * height * 3);
  }

  /** Of the copies so far. @returns {Attribution} */
  get result() {
    const { width, height } = this.#borrowed.picture;
    const values = new Float32Array(width * height);
    for (let i = 0; i < values.length; i++) {
      const [r, g, b] = this.#sums.subarray(3 * i, 3 * i + 3);
      values[i] = Math.max(Math.abs(r), Math.abs(g), Math.abs(b)) / Math.max(this.#done, 1);
    }
    return { width, height, values, part: this.#done / COPIES };
  }

  /** Computes until it is time to listen. @returns {boolean} whether all copies are done */
  advance() {
    const until = performance.now() + DEAF;
    while (this.#done < COPIES) {
      if (!this.#isBegun) this.#begin();
      while (this.net.step()) if (performance.now() > until) return false;
      const gradient = this.net.input_gradient(this.index);
      for (let i = 0; i < gradient.length; i++) this.#sums[i] += gradient[i];
      this.#isBegun = false;
      this.#done += 1;
      if (performance.now() > until) return false;
    }
    return true;
  }

  /** The mean of what is done, now and then. @returns {Attribution | null} */
  news() {
    if (performance.now() - this.#toldAt < REPORT) return null;
    this.#toldAt = performance.now();
    return this.result;
  }

  /** Leaves the network as it was. */
  giveBack() {
    this.#borrowed.giveBack();
    this.#isBegun = false;
  }

  #begin() {
    const { data } = this.#borrowed.picture;
    const pixels = new Uint8ClampedArray(data);
    const next = numbers(this.#done);
    for (let i = 0; i < pixels.length; i++) if (i % 4 !== 3) pixels[i] = data[i] + normal(next) * DEVIATION * 255;
    this.#borrowed.show(pixels);
    this.#isBegun = true;
  }
}

/** Numbers from 0 to 1, always the same of one seed (Tommy Ettinger's Mulberry32). @param {number} seed */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Of standard deviation 1: the sum of twelve, which is the same in every browser, as logarithms need not be. @param {() => number} next */
function normal(next) {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += next();
  return sum;
}
