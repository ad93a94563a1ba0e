/** Colour maps for charts that the page draws itself; `.ramp` in the styles shows the same. No DOM here. */

/** Ordered by lightness, so that it can be read without colour vision. */
const VIRIDIS = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81], [253, 231, 37]];

/** @param {number} part 0 to 1 @returns {[number, number, number]} */
export function viridis(part) {
  const at = Math.min(Math.max(part, 0), 1) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const mix = (/** @type {number} */ i) => Math.round(VIRIDIS[below][i] + (VIRIDIS[below + 1][i] - VIRIDIS[below][i]) * (at - below));
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
