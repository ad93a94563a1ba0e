/** Numbers as the page writes them. No DOM here. */
import { isKnown } from '../engine/clock.js';

/** @param {number} value a real value of a map, three significant digits */
export function real(value) {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000 || size < 0.001) return value.toExponential(1).replace('e+', 'e').replace('-', '−');
  return value.toPrecision(3).replace('-', '−');
}

/** @param {number} fraction */
export function percent(fraction) {
  const value = fraction * 100;
  if (value > 0 && value < 0.1) return '<0.1\u00a0%';
  return `${value.toFixed(value >= 99.95 || value === 0 ? 0 : 1)}\u00a0%`;
}

/** What is not known. */
export const UNKNOWN = '–';

/** A step of the clock that two decimals hide, in ms. */
const FINE = 0.01;
/** What is known well and shorter has three. */
const SHORT = 0.1;

/**
 * @param {number | null} ms null where it could not be told
 * @param {number} [tick] a step of the clock that it was read off, once; left out where it is known well
 */
export function milliseconds(ms, tick = 0) {
  if (ms === null || !Number.isFinite(ms + tick)) return UNKNOWN;
  const unit = '\u00a0ms';
  // No more decimals than the clock has.
  const decimals = Math.min(ms >= 100 ? 0 : ms >= 10 ? 1 : ms >= SHORT || tick > 0 ? 2 : 3, tick >= 1 ? 0 : tick >= 0.1 ? 1 : 3);
  const least = 10 ** -decimals;
  if (ms < 2 * tick || ms < least / 2) {
    const most = Math.max(ms + tick, least) * 10 ** decimals;
    // The clock's steps are not quite round numbers.
    return `<${(Math.ceil(most - 1e-3) / 10 ** decimals).toFixed(decimals)}${unit}`;
  }
  return `${tick > FINE && !isKnown(ms, tick) ? '≈' : ''}${ms.toFixed(decimals)}${unit}`;
}

/** What passed while the page waited. @param {number} ms @param {number} tick a step of the clock that it was read off */
export function duration(ms, tick) {
  if (ms < 1000) return milliseconds(ms, tick);
  return `${isKnown(ms, tick) ? '' : '≈'}${(ms / 1000).toFixed(1)}\u00a0s`;
}

/** @param {number} tick a step of the clock, in ms */
export const clockStep = (tick) => (tick < 1 ? `${Number((tick * 1000).toPrecision(2))}\u00a0µs` : `${Number(tick.toFixed(1))}\u00a0ms`);

/** @param {number | null} value null where it is not known @param {number} digits after the point */
export const fixed = (value, digits) => (value === null ? UNKNOWN : value.toFixed(digits));

/** @param {number} value a count: 138,357,544 */
export const count = (value) => Math.round(value).toLocaleString('en-US');

/** @param {number} value a count in short: 138 M */
export function short(value) {
  for (const [unit, size] of /** @type {[string, number][]} */ ([['G', 1e9], ['M', 1e6], ['k', 1e3]])) {
    if (value >= size) return `${(value / size).toPrecision(3)}\u00a0${unit}`;
  }
  return String(value);
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(bytes >= 1e8 ? 0 : 1)}\u00a0MB`;
}

/** @param {{channels: number, height: number, width: number}} layer */
export function shape({ channels, height, width }) {
  return height * width === 1 ? `${channels}` : `${height}×${width}×${channels}`;
}

/** @param {number} value an integer with its sign: −1,234 */
export const whole = (value) => count(value || 0).replace('-', '−');

/** @param {number} points a difference with its sign @param {number} [digits] */
export const signed = (points, digits = 1) => (points > 0 ? '+' : '') + points.toFixed(digits).replace('-', '−');
