/** Maps of what speaks for a class: how they are scaled, coloured and put into words. No DOM here. */
import { diverging, viridis } from '../../page/colours.js';

/** @typedef {import('../../engine/protocol.js').Attribution} Attribution */

/** Share of the values that the scale leaves out: a few pixels would be all that is seen. */
const BEYOND = 0.005;

/** Where the scale ends; 0 if there is nothing. @param {Float32Array} values @param {boolean} isSigned */
export function endOf(values, isSigned) {
  const sizes = values.map((value) => (isSigned ? Math.abs(value) : Math.max(value, 0))).sort();
  // Of a few cells none is left out.
  return sizes[sizes.length - 1 - Math.floor(sizes.length * BEYOND)] || sizes[sizes.length - 1] || 0;
}

/** The map in colours. @param {Attribution} map @param {boolean} isSigned what is negative is shown, too */
export function coloured({ width, height, values }, isSigned) {
  const end = endOf(values, isSigned) || 1;
  const image = new ImageData(width, height);
  values.forEach((value, i) => image.data.set([...(isSigned ? diverging(value / end) : viridis(value / end)), 255], 4 * i));
  return image;
}

/** Thirds of the picture, row by row. */
export const PLACES = /** @type {const} */ (['top-left', 'top', 'top-right', 'left', 'middle', 'right', 'bottom-left', 'bottom', 'bottom-right']);
/** A place with so much of all is where most of it lies; two neighbours with so much, likewise, if the second has not much less. */
const MOST = 0.4;
const NOT_MUCH_LESS = 0.6;

/**
 * Where most of what is positive lies: a third of the picture, or two that are neighbours.
 * @param {Attribution} map
 * @returns {{places: (typeof PLACES)[number][], share: number} | null} null if nothing is positive; no places if it is spread
 */
export function whereIn({ width, height, values }) {
  const sums = new Array(9).fill(0);
  let all = 0;
  values.forEach((value, i) => {
    if (!(value > 0)) return;
    // A cell's middle.
    const [y, x] = [Math.floor((3 * (Math.floor(i / width) + 0.5)) / height), Math.floor((3 * ((i % width) + 0.5)) / width)];
    sums[3 * y + x] += value;
    all += value;
  });
  if (all === 0) return null;
  const order = sums.map((_, i) => i).sort((a, b) => sums[b] - sums[a]);
  const share = (/** @type {number[]} */ places) => places.reduce((sum, i) => sum + sums[i], 0) / all;
  const [first, second] = order;
  const areNear = Math.abs((first % 3) - (second % 3)) + Math.abs(Math.floor(first / 3) - Math.floor(second / 3)) === 1;
  const said = areNear && sums[second] >= NOT_MUCH_LESS * sums[first] ? [first, second] : [first];
  return { places: share(said) >= MOST ? said.map((i) => PLACES[i]) : [], share: share(said) };
}

/** The value at a point. @param {Attribution} map @param {number} y @param {number} x 0 to 1 */
export const valueAt = ({ width, height, values }, y, x) =>
  values[Math.min(Math.floor(y * height), height - 1) * width + Math.min(Math.floor(x * width), width - 1)];

/**
 * How far two maps agree, be they of different sizes: Pearson's correlation over the cells of the coarser one.
 * @param {Attribution} a @param {Attribution} b
 * @returns {number | null} -1 to 1; null where one of them says the same everywhere
 */
export function agreement(a, b) {
  const side = Math.min(a.width, b.width);
  const [p, q] = [pooled(a, side), pooled(b, side)];
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanP, meanQ] = [mean(p), mean(q)];
  const product = (/** @type {number[]} */ u, /** @type {number} */ meanU, /** @type {number[]} */ v, /** @type {number} */ meanV) =>
    u.reduce((sum, value, i) => sum + (value - meanU) * (v[i] - meanV), 0);
  const size = Math.sqrt(product(p, meanP, p, meanP) * product(q, meanQ, q, meanQ));
  return size > 0 ? product(p, meanP, q, meanQ) / size : null;
}

/** Means over `side`×`side` cells. @param {Attribution} map @param {number} side */
function pooled({ width, height, values }, side) {
  const sums = new Array(side * side).fill(0);
  const counts = new Array(side * side).fill(0);
  values.forEach((value, i) => {
    const to = Math.floor((Math.floor(i / width) * side) / height) * side + Math.floor(((i % width) * side) / width);
    sums[to] += value;
    counts[to] += 1;
  });
  return sums.map((sum, i) => (counts[i] ? sum / counts[i] : 0));
}
