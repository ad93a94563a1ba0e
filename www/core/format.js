/** Numbers as the page writes them. No DOM here. */

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

/** @param {number} ms */
export function milliseconds(ms) {
  if (ms < 0.005) return '<0.01\u00a0ms';
  if (ms >= 100) return `${Math.round(ms)}\u00a0ms`;
  return `${ms.toFixed(ms >= 10 ? 1 : 2)}\u00a0ms`;
}

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
