/**
 * The paper's rows and the same rows trained here, on one axis: points of error more or less than row A has. The table
 * beside it says the same in numbers.
 */
import { svg } from '../core/dom.js';
import { t } from '../core/i18n.js';
import { signed } from '../core/format.js';
import { alikeError, DEPTHS, errorOf, ROWS } from '../core/results.js';
import { createChart } from './chart.js';

/** @typedef {import('../core/results.js').Metric} Metric */

const HEIGHT = 260;
const TOP = 14;
const BOTTOM = 46;
const LEFT = 48;
const RIGHT = 116;
/** Least distance between the two names. */
const LEADING = 16;

/** Errors of either kind. @type {{name: 'paper' | 'here', of: (row: string, metric: Metric) => number}[]} */
const LINES = [
  { name: 'paper', of: (row, metric) => errorOf({ row, train: '256', testing: 'single' }, metric) },
  { name: 'here', of: alikeError },
];

/** @param {import('../core/scope.js').Scope} scope */
export function createAlikeChart(scope) {
  /** @type {Metric} */
  let metric = 'top1';

  /** @param {number} room @param {number} unit */
  function draw(room, unit) {
    if (room < 200) return null;
    const lines = LINES.map(({ name, of }) => ({ name, points: ROWS.map((row) => of(row, metric) - of(ROWS[0], metric)) }));
    const all = lines.flatMap(({ points }) => points);
    const [low, high] = [Math.floor(Math.min(...all)), Math.ceil(Math.max(...all))];
    const left = LEFT * unit;
    const right = room - RIGHT * unit;
    const floor = HEIGHT - BOTTOM * unit;
    const step = (right - left) / ROWS.length;
    const x = (/** @type {number} */ i) => left + (i + 0.5) * step;
    const y = (/** @type {number} */ points) => TOP + ((high - points) / (high - low || 1)) * (floor - TOP);
    const grid = Array.from({ length: high - low + 1 }, (_, i) => low + i).flatMap((points) => [
      svg('path', { class: points ? 'error-grid' : 'error-grid is-zero', d: `M${left} ${Math.round(y(points)) + 0.5}H${right}` }),
      svg('text', { class: 'error-tick', x: left - 6, y: y(points) + 4, 'text-anchor': 'end' }, signed(points, 0)),
    ]);
    const ticks = ROWS.flatMap((row, i) => [
      svg('text', { class: 'error-tick', x: x(i), y: floor + 20 * unit, 'text-anchor': 'middle' }, row),
      svg('text', { class: 'error-tick is-second', x: x(i), y: floor + 37 * unit, 'text-anchor': 'middle' }, String(DEPTHS[row])),
    ]);
    const [first, second] = lines.map(({ points }) => y(points[points.length - 1]));
    // Names that would lie on each other move apart by the same way.
    const apart = Math.max(0, LEADING * unit - Math.abs(first - second)) / 2;
    const places = first < second ? [first - apart, second + apart] : [first + apart, second - apart];
    const drawn = lines.flatMap(({ name, points }, i) => [
      svg('path', { class: `error-line alike-${name}`, d: `M${points.map((value, at) => `${x(at)} ${y(value)}`).join('L')}` }),
      ...points.map((value, at) =>
        svg('circle', { class: `error-mark alike-${name}`, cx: x(at), cy: y(value), r: 5, 'data-row': ROWS[at], 'data-line': name }, svg('title', {}, `${ROWS[at]}: ${signed(value)}`)),
      ),
      svg('text', { class: `error-name alike-${name}`, x: right + 4, y: places[i] + 4 }, t(`experiments.alike.${name}`)),
    ]);
    return { height: HEIGHT, label: t('experiments.alike.chart', { metric: t(`experiments.${metric}`) }), shapes: [...grid, ...ticks, ...drawn] };
  }

  const { element, redraw } = createChart(scope, 'error-chart', draw, 'alike-chart');
  return {
    element,
    /** @param {Metric} next */
    show(next) {
      metric = next;
      redraw();
    },
  };
}
