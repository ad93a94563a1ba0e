/** What a measured receptive field says in numbers. No DOM here. */

/** @typedef {import('../../engine/protocol.js').Effective} Effective */

/** How much of the change the radius is to hold. */
export const HELD = 0.95;
/** Parts of the theoretical field's side, around its middle, for which the share of the change is told. */
export const PARTS = [0.25, 0.5, 0.75, 1];

/** Every pixel measured, from the middle of the theoretical field; a block's change is spread over its pixels. @param {Effective} field */
function pixels({ box, clipped, side, columns, changes }) {
  const middle = { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 };
  const all = [];
  for (let y = clipped.y0; y < clipped.y1; y++) {
    const top = y - ((y - clipped.y0) % side);
    const height = Math.min(top + side, clipped.y1) - top;
    for (let x = clipped.x0; x < clipped.x1; x++) {
      const left = x - ((x - clipped.x0) % side);
      const width = Math.min(left + side, clipped.x1) - left;
      const change = changes[((top - clipped.y0) / side) * columns + (left - clipped.x0) / side];
      all.push({ x: x + 0.5 - middle.x, y: y + 0.5 - middle.y, change: change / (width * height) });
    }
  }
  return all;
}

/**
 * @param {Effective} field
 * @returns {{shares: {part: number, change: number, even: number}[], radius: number}} the share of the change in each
 *   of `PARTS`, and what it would be if every pixel that is seen counted alike; the radius in pixels that holds 95 %
 */
export function measures(field) {
  const all = pixels(field);
  const sum = (/** @type {typeof all} */ some) => some.reduce((total, { change }) => total + change, 0);
  const total = sum(all);
  const shares = PARTS.map((part) => {
    const half = ((field.box.x1 - field.box.x0) * part) / 2;
    const inside = all.filter(({ x, y }) => Math.abs(x) <= half && Math.abs(y) <= half);
    return { part, change: total ? sum(inside) / total : 0, even: inside.length / all.length };
  });
  let held = 0;
  let radius = 0;
  for (const { change, x, y } of all.toSorted((a, b) => Math.hypot(a.x, a.y) - Math.hypot(b.x, b.y))) {
    if (held >= HELD * total) break;
    held += change;
    radius = Math.hypot(x, y);
  }
  return { shares, radius };
}

/** Share of the change in each column of blocks, from left to right. @param {Effective} field */
export function profile({ columns, rows, changes }) {
  const sums = Array.from({ length: columns }, (_, x) => Array.from({ length: rows }, (_, y) => changes[y * columns + x]).reduce((sum, change) => sum + change, 0));
  const total = sums.reduce((sum, change) => sum + change, 0);
  return sums.map((change) => (total ? change / total : 0));
}
