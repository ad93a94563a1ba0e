/**
 * The paper's rows and the same rows trained here, on one axis: points of error more or less than row A has. The table
 * beside it says the same in numbers.
 */
import { svg } from '../../page/dom.js';
import { t } from '../../page/i18n.js';
import { signed } from '../../page/format.js';
import { alikeError, DEPTHS, errorOf, point, ROWS } from '../../page/results.js';
import { createChart } from '../../page/chart.js';
import { apart, grid, twoLines } from './error-axes.js';

/** @typedef {import('../../page/results.js').Metric} Metric */

const HEIGHT = 260;
const TOP = 14;
const BOTTOM = 46;
const LEFT = 48;
const RIGHT = 116;
/** Least distance between the two names. */
const LEADING = 16;

/** Errors of either kind. @type {{name: 'paper' | 'here', of: (row: string, metric: Metric) => number}[]} */
const LINES = [
  { name: 'paper', of: (row, metric) => errorOf(point(row), metric) },
  { name: 'here', of: alikeError },
];

/** @param {import('../../page/scope.js').Scope} scope */
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
    const names = lines.map(({ name, points }) => ({ name, y: y(points[points.length - 1]) }));
    const drawn = lines.flatMap(({ name, points }) => [
      svg('path', { class: `error-line alike-${name}`, d: `M${points.map((value, at) => `${x(at)} ${y(value)}`).join('L')}` }),
      ...points.map((value, at) =>
        svg('circle', { class: `error-mark alike-${name}`, cx: x(at), cy: y(value), r: 5, 'data-row': ROWS[at], 'data-line': name }, svg('title', {}, `${ROWS[at]}: ${signed(value)}`)),
      ),
    ]);
    const shapes = [
      ...grid(low, high, 1, y, left, right, (points) => signed(points, 0)),
      ...ROWS.flatMap((row, i) => twoLines(row, String(DEPTHS[row]), x(i), floor, unit)),
      ...drawn,
      ...apart(names, LEADING * unit).map(({ name, y: at }) => svg('text', { class: `error-name alike-${name}`, x: right + 4, y: at + 4 }, t(`experiments.alike.${name}`))),
    ];
    return { height: HEIGHT, label: t('experiments.alike.chart', { metric: t(`experiments.${metric}`) }), shapes };
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
