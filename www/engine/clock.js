/** How far a time can be trusted that is read off the browser's clock, which counts in steps. No DOM here. */

/** From so many steps on a time is known to 5 %: it may be wrong by one. */
export const STEPS = 20;

/** Whether a time that was read off once is known. Steps are not quite round numbers. @param {number} ms @param {number} tick a step, in ms */
export const isKnown = (ms, tick) => ms > (STEPS - 0.5) * tick;
