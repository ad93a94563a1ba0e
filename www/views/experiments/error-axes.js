/** What the plots of errors against rows have in common: lines across, words below, names that do not lie on each other. */
import { svg } from '../../page/dom.js';

/**
 * Lines across with what they stand for before them.
 * @param {number} low @param {number} high @param {number} every @param {(error: number) => number} y
 * @param {number} left @param {number} right @param {(error: number) => string} text
 */
export function grid(low, high, every, y, left, right, text) {
  const lines = [];
  for (let error = low; error <= high; error += every) {
    lines.push(
      svg('path', { class: error === 0 ? 'error-grid is-zero' : 'error-grid', d: `M${left} ${Math.round(y(error)) + 0.5}H${right}` }),
      svg('text', { class: 'error-tick', x: left - 6, y: y(error) + 4, 'text-anchor': 'end' }, text(error)),
    );
  }
  return lines;
}

/** Two words one below the other, under the axis. @param {string} first @param {string} second @param {number} x @param {number} floor @param {number} unit */
export const twoLines = (first, second, x, floor, unit) => [
  svg('text', { class: 'error-tick', x, y: floor + 20 * unit, 'text-anchor': 'middle' }, first),
  svg('text', { class: 'error-tick is-second', x, y: floor + 37 * unit, 'text-anchor': 'middle' }, second),
];

/** Moves words that would lie on each other apart, keeping their order. @template {{y: number}} W @param {W[]} words @param {number} leading */
export function apart(words, leading) {
  const sorted = words.toSorted((a, b) => a.y - b.y);
  let last = -Infinity;
  return sorted.map((word) => {
    last = Math.max(word.y, last + leading);
    return { ...word, y: last };
  });
}
