/** The arrow keys as steps over a map. No DOM here. */

/** @type {Record<string, {x: number, y: number}>} */
const STEPS = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** A step of one cell, or nothing for any other key. @param {KeyboardEvent} event @returns {{x: number, y: number} | undefined} */
export const arrowStep = ({ key }) => STEPS[key];
