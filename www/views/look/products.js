/** One value of a layer, added up channel by channel. No DOM here. */

/** @typedef {import('../../engine/protocol.js').WorkedOut} WorkedOut */
/** @typedef {{channel: number, sum: number}} Part what an input channel brings */

/**
 * Patch, kernel and their products for one input channel, row by row.
 * @param {WorkedOut} worked @param {number} channel
 */
export function channelOf({ patch, weights, kernel }, channel) {
  const each = kernel * kernel;
  const own = (/** @type {Int16Array | Int8Array} */ all) => Array.from(all.subarray(channel * each, (channel + 1) * each));
  const values = own(patch);
  const kernelValues = own(weights);
  const products = values.map((value, i) => value * kernelValues[i]);
  return { values, kernel: kernelValues, products, sum: products.reduce((sum, product) => sum + product, 0) };
}

/** What each input channel brings, the biggest first whichever its sign. @param {WorkedOut} worked @returns {Part[]} */
export function parts(worked) {
  return Array.from({ length: worked.input_channels }, (_, channel) => ({ channel, sum: channelOf(worked, channel).sum })).sort(
    (a, b) => Math.abs(b.sum) - Math.abs(a.sum),
  );
}

/** @param {Part[]} list */
export const total = (list) => list.reduce((sum, part) => sum + part.sum, 0);
