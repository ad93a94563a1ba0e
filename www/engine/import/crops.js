/** Which squares of the sample pictures an imported network is shown, so that it is known how large its activations are. No DOM here. */
import { square } from '../../picture/crop.js';

/** @typedef {import('../../picture/crop.js').Square} Square */

/** Bytes that the largest layer's values of all pictures may take. */
const ROOM = 80e6;

/** The middle of a picture, then smaller parts of it: centre and side in fractions. */
const CROPS = [[0.5, 0.5, 1], [0.5, 0.5, 0.6], [0.25, 0.25, 0.6], [0.75, 0.75, 0.6], [0.75, 0.25, 0.6], [0.25, 0.75, 0.6]];

/**
 * @param {number} pictures how many there are
 * @param {number} largest values of the network's largest layer
 * @returns {{picture: number, crop: number}[]} the same of each picture before more of any
 */
export function chosenCrops(pictures, largest) {
  const all = CROPS.flatMap((_, crop) => Array.from({ length: pictures }, (_, picture) => ({ picture, crop })));
  return all.slice(0, Math.max(1, Math.floor(ROOM / largest)));
}

/** @param {number} crop @param {number} width @param {number} height of the picture @returns {Square} */
export function squareOf(crop, width, height) {
  const [cx, cy, size] = CROPS[crop];
  return square({ cx, cy, size }, width, height);
}
