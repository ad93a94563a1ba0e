/**
 * Receptive fields by the rule that the page shows: a window of k cells that lie j pixels apart adds
 * (k - 1)·j pixels to what a cell sees; a step of s makes the cells s times as far apart. No DOM here.
 */

/** @typedef {{kind: 'conv' | 'pool', kernel: number, stride: number, pad: number}} Window */
/** What a layer's cells see: `size` pixels each, `jump` apart, cell 0 from pixel `offset` on. @typedef {{size: number, jump: number, offset: number}} Field */

const PIXEL = { size: 1, jump: 1, offset: 0 };

/** @param {number} kernel @returns {Window} a convolution that keeps the size of the map */
export const conv = (kernel) => ({ kind: 'conv', kernel, stride: 1, pad: (kernel - 1) / 2 });

/** @returns {Window} */
export const pool = () => ({ kind: 'pool', kernel: 2, stride: 2, pad: 0 });

/** @param {number} count of 3×3 convolutions @param {number} every how many of them a pooling stands between; 0: never */
export function stack(count, every) {
  const windows = [];
  for (let i = 0; i < count; i++) {
    if (every && i > 0 && i % every === 0) windows.push(pool());
    windows.push(conv(3));
  }
  return windows;
}

/** @param {Window[]} windows @returns {Field[]} the picture's pixels first, then one field a layer */
export function fields(windows) {
  const all = [PIXEL];
  for (const { kernel, stride, pad } of windows) {
    const { size, jump, offset } = all[all.length - 1];
    all.push({ size: size + (kernel - 1) * jump, jump: jump * stride, offset: offset - pad * jump });
  }
  return all;
}

/** First and last cell of every level, the picture first, that cell 0 of the last layer sees. @param {Window[]} windows */
export function cone(windows) {
  const levels = [{ first: 0, last: 0 }];
  for (const { kernel, stride, pad } of windows.toReversed()) {
    const { first, last } = levels[0];
    levels.unshift({ first: first * stride - pad, last: last * stride - pad + kernel - 1 });
  }
  return levels;
}

/** Weights of `layers` convolutions, in units of C² for C channels in and out. @param {number} layers @param {number} kernel */
export const weights = (layers, kernel) => layers * kernel * kernel;
