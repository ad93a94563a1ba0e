/**
 * What can be timed with the browser's clock. It counts in steps, so that nobody is spied on by it: 5 µs to 0.1 ms on isolated
 * pages and in Chromium, 1 ms elsewhere, 16.67 or 100 ms where a browser guards against fingerprints; a layer may take 5 µs.
 * What is short against a step is done many times over and timed together.
 */
import { STEPS } from '../clock.js';
import { listen } from './listen.js';

/** What is timed lasts as long at least, in ms, beside which calls and readings of the clock count for nothing. */
const LEAST = 5;
/** What is repeated without a look at the clock is this part of a step, so that the end comes soon after a step. */
const PART = 1 / 8;

/** So often the smallest difference is seen before it is taken for a step: on a busy machine many are longer. */
const SEEN = 3;
/** Differences of one step are as much alike. */
const ALIKE = 1.01;
/** Readings between which nobody is heard. */
const READINGS = 500;
/** As often they are taken before a clock is held to stand still. */
const PATIENCE = 40_000;

/** @returns {Promise<number>} a step of the clock, in ms; infinity if it does not go */
export async function findTick() {
  let tick = Infinity;
  let seen = 0;
  let last = performance.now();
  for (let i = 0; i < PATIENCE; i++) {
    for (let k = 0; k < READINGS; k++) {
      const now = performance.now();
      const difference = now - last;
      last = now;
      if (difference === 0 || difference > tick * ALIKE) continue;
      seen = difference * ALIKE < tick ? 1 : seen + 1;
      tick = Math.min(tick, difference);
    }
    // Their differences are not quite what they stand for.
    if (seen >= SEEN) return Number(tick.toPrecision(4));
    await listen();
  }
  return Infinity;
}

/** How long it takes to time something that is short, in ms. @param {number} tick */
export const spanOf = (tick) => Math.max(STEPS * tick, LEAST);

/**
 * How long something takes that is too short to be timed once. It begins and ends with a step of the clock: so it is wrong
 * by less than one of many, even where the browser shifts its steps at random.
 * @param {(times: number) => void} repeat does it so many times
 * @param {number} tick
 * @returns {{ms: number, times: number}} of one, and how many there were
 */
export function timeOf(repeat, tick) {
  const span = spanOf(tick);
  const step = span / STEPS;
  const start = nextStep();
  let batch = 1;
  for (let times = 0; ; ) {
    repeat(batch);
    times += batch;
    const ms = performance.now() - start;
    if (ms >= span) return { ms: ms / times, times };
    batch = ms < step ? batch * 2 : Math.max(1, Math.floor((times / ms) * step * PART));
  }
}

function nextStep() {
  const before = performance.now();
  for (;;) {
    const now = performance.now();
    if (now !== before) return now;
  }
}
