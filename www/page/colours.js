/** Colour maps for charts that the page draws itself; `.ramp` in the styles shows the same. No DOM here. */

/** Ordered by lightness, so that it can be read without colour vision. */
const VIRIDIS = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81], [253, 231, 37]];

/** ColorBrewer's RdBu, blue first: zero in the middle is nearly white. */
const DIVERGING = [[5, 48, 97], [67, 147, 195], [247, 247, 247], [214, 96, 77], [103, 0, 31]];

/** @param {number} part 0 to 1 */
export const viridis = (part) => between(VIRIDIS, part);

/** @param {number} part -1 to 1 */
export const diverging = (part) => between(DIVERGING, (part + 1) / 2);

/** @param {number[][]} stops evenly apart @param {number} part 0 to 1 @returns {[number, number, number]} */
function between(stops, part) {
  const at = Math.min(Math.max(part, 0), 1) * (stops.length - 1);
  const below = Math.min(Math.floor(at), stops.length - 2);
  const mix = (/** @type {number} */ i) => Math.round(stops[below][i] + (stops[below + 1][i] - stops[below][i]) * (at - below));
  return [mix(0), mix(1), mix(2)];
}

/** A picture without its colours, as light as it was. Not every browser's canvas has filters. @param {ImageData} picture */
export function grey({ data, width, height }) {
  const without = new ImageData(width, height);
  for (let i = 0; i < data.length; i += 4) {
    const light = Math.round(0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2]);
    without.data.set([light, light, light, data[i + 3]], i);
  }
  return without;
}
