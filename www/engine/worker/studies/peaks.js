/** Where a map is largest, without counting the same piece of the picture twice. No DOM here. */

/** @typedef {import('../../protocol.js').Box} Box */
/** @typedef {import('../../protocol.js').LayerInfo} LayerInfo */
/** @typedef {{y: number, x: number, value: number, box: Box}} Peak `box` may reach over the picture's edge */

/** Two fields that share more than this part of what they cover together show the same. */
const SAME = 0.4;

/** What a cell sees, in input pixels. @param {LayerInfo} layer @param {number} y @param {number} x @returns {Box} */
function fieldOf({ receptive_field, jump, offset }, y, x) {
  const y0 = offset + y * jump;
  const x0 = offset + x * jump;
  return { x0, y0, x1: x0 + receptive_field, y1: y0 + receptive_field };
}

/** @param {Box} box @param {number} size @returns {Box} the part inside the picture */
export const clipped = ({ x0, y0, x1, y1 }, size) => ({
  x0: Math.max(0, x0),
  y0: Math.max(0, y0),
  x1: Math.min(size, x1),
  y1: Math.min(size, y1),
});

/** @param {Box} box */
const area = ({ x0, y0, x1, y1 }) => Math.max(0, x1 - x0) * Math.max(0, y1 - y0);

/** What two boxes share, as a part of what they cover together. @param {Box} a @param {Box} b */
export function overlap(a, b) {
  const shared = area({
    x0: Math.max(a.x0, b.x0),
    y0: Math.max(a.y0, b.y0),
    x1: Math.min(a.x1, b.x1),
    y1: Math.min(a.y1, b.y1),
  });
  return shared / (area(a) + area(b) - shared);
}

/**
 * The largest values whose fields differ, largest first: each suppresses those below it that see nearly the same.
 * @param {Float32Array} values of one channel, row by row
 * @param {LayerInfo} layer
 * @param {number} size side of the input
 * @param {number} most
 * @returns {Peak[]}
 */
export function peaks(values, layer, size, most) {
  const cells = [...values.keys()].filter((i) => values[i] > 0).sort((a, b) => values[b] - values[a]);
  /** @type {Peak[]} */
  const found = [];
  for (const i of cells) {
    if (found.length === most) break;
    const y = Math.floor(i / layer.width);
    const x = i % layer.width;
    const box = fieldOf(layer, y, x);
    const own = clipped(box, size);
    if (found.some((peak) => overlap(clipped(peak.box, size), own) > SAME)) continue;
    found.push({ y, x, value: values[i], box });
  }
  return found;
}
