/**
 * The paper's errors as plots: against depth (the rows side by side, a line a training scale) or against the scale of
 * training (a line a row). The two numbers compared stand out, with an arrow from one to the other. The table has them all.
 */
import { svg } from '../../page/dom.js';
import { t } from '../../page/i18n.js';
import { signed } from '../../page/format.js';
import { change, DEPTHS, errorOf, FIVE_BY_FIVE, JITTER, point, RESULTS, ROWS, TRAIN_SCALES } from '../../page/results.js';
import { createChart } from '../../page/chart.js';
import { apart, grid, twoLines } from './error-axes.js';

/** @typedef {import('../../page/results.js').Metric} Metric */
/** @typedef {import('../../page/results.js').Pair} Pair */
/** @typedef {import('../../page/results.js').Point} Point */
/** @typedef {import('../../page/results.js').Testing} Testing */
/** @typedef {{x: number, y: number}} Place */
/** @typedef {{name: string, mark: string, testing: Testing, points: (Point & Place)[]}} Line */

const HEIGHT = 300;
const TOP = 14;
const BOTTOM = 46;
const LEFT = 40;
/** Least distance between two words one above the other. */
const LEADING = 15;
/** Shorter arrows are not seen between their points. */
const SHORTEST = 22;

/** What each plot has along its axis, what each of its lines is, and the room for their names. */
const PLOTS = {
  depth: { right: 100, ticks: ROWS, lines: TRAIN_SCALES, place: (/** @type {Point} */ { row }) => row, line: (/** @type {Point} */ { train }) => train },
  scale: { right: 26, ticks: TRAIN_SCALES, lines: ROWS, place: (/** @type {Point} */ { train }) => train, line: (/** @type {Point} */ { row }) => row },
};
const MARKS = /** @type {Record<string, string>} */ ({ 256: 'round', 384: 'square', [JITTER]: 'diamond' });

/** Smallest and largest error on the axis, in whole %. @param {Metric} metric @param {boolean} isKernels */
const span = (metric, isKernels) => (metric === 'top5' ? [7, 11] : isKernels ? [25, 37] : [24, 30]);

/**
 * @param {import('../../page/scope.js').Scope} scope
 * @param {'depth' | 'scale'} along
 */
export function createErrorChart(scope, along) {
  const plot = PLOTS[along];
  /** @type {{metric: Metric, pair: Pair | null, isKernels: boolean, isMulti: boolean}} */
  let shown = { metric: 'top1', pair: null, isKernels: false, isMulti: false };

  /** @param {number} room @param {number} unit */
  function draw(room, unit) {
    if (room < 200) return null;
    const left = LEFT * unit;
    const right = room - plot.right * unit;
    const floor = HEIGHT - BOTTOM * unit;
    const { metric, pair, isMulti } = shown;
    const isKernels = shown.isKernels && along === 'depth';
    const [low, high] = span(metric, isKernels);
    const step = (right - left) / plot.ticks.length;
    const y = (/** @type {number} */ error) => TOP + ((high - error) / (high - low)) * (floor - TOP);
    const x = (/** @type {string} */ tick) => left + (plot.ticks.indexOf(tick) + 0.5) * step;
    const place = (/** @type {Point} */ point) => ({ ...point, x: x(plot.place(point)), y: y(errorOf(point, metric)) });
    const lines = linesOf(isMulti ? ['single', 'multi'] : ['single'], place);
    const ends = (pair ?? (isKernels ? [point('B')] : [])).map(place);
    const large = isKernels ? { x: ends[0].x, y: y(errorOf(ends[0], metric) + FIVE_BY_FIVE) } : null;
    const shapes = [
      ...grid(low, high, isKernels ? 2 : 1, y, left, right, (error) => `${error}\u00a0%`),
      ...plot.ticks.flatMap((tick) => tickWords(tick, x(tick), floor, unit)),
      ...lines.map(({ name, testing, points }) =>
        svg('path', { class: `error-line error-${slug(name)}${testing === 'multi' ? ' is-multi' : ''}`, d: `M${points.map((p) => `${p.x} ${p.y}`).join('L')}` }),
      ),
      ...lines.flatMap(({ name, points }) => points.map((point) => mark(point, name, `${point.row}, S ${point.train}: ${errorOf(point, metric).toFixed(1)}\u00a0%`))),
      ...names(lines, right, LEADING * unit),
      ...(ends.length === 2 ? arrow(ends[0], ends[1], signed(change(/** @type {Pair} */ (pair), metric))) : []),
      ...(large ? [svg('circle', { class: 'error-mark is-large', cx: large.x, cy: large.y, r: 6 }), ...arrow(ends[0], large, `+${FIVE_BY_FIVE}`)] : []),
      ...ends.map((end) => svg('circle', { class: 'error-ring', cx: end.x, cy: end.y, r: 10 })),
    ];
    return { height: HEIGHT, label: label(), shapes };
  }

  function label() {
    const { metric, pair } = shown;
    const title = t(`experiments.plot.${along}`, { metric: t(`experiments.${metric}`) });
    if (!pair) return title;
    const [before, after] = pair.map((point) => `${point.row} ${errorOf(point, metric).toFixed(1)} %`);
    return `${title} ${before} → ${after}`;
  }

  /** @param {Testing[]} testings @param {(point: Point) => Point & Place} place @returns {Line[]} */
  function linesOf(testings, place) {
    return testings.flatMap((testing) =>
      plot.lines.map((name) => ({
        name,
        mark: name,
        testing,
        points: RESULTS.filter((trained) => trained[testing] && plot.line({ ...trained, testing }) === name).map(({ row, train }) => place({ row, train, testing })),
      })),
    ).filter(({ points }) => points.length > 0);
  }

  /** Each line's name behind its last point, single points' before them. @param {Line[]} lines @param {number} right @param {number} leading */
  function names(lines, right, leading) {
    const single = lines.filter(({ testing }) => testing === 'single');
    const long = single.filter(({ points }) => points.length > 1);
    const alone = single.filter(({ points }) => points.length === 1);
    return [
      ...apart(long.map(({ name, points }) => ({ text: lineName(name), name, y: points[points.length - 1].y })), leading).map(({ text, name, y }) =>
        svg('text', { class: `error-name error-${slug(name)}`, x: right + 4, y: y + 4 }, text),
      ),
      ...apart(alone.map(({ name, points }) => ({ text: name, name, y: points[0].y })), leading).map(({ text, y }) =>
        svg('text', { class: 'error-name', x: alone[0].points[0].x - 12, y: y + 4, 'text-anchor': 'end' }, text),
      ),
    ];
  }

  /** @param {string} tick @param {number} x @param {number} floor @param {number} unit */
  function tickWords(tick, x, floor, unit) {
    if (along === 'depth') return twoLines(tick, String(DEPTHS[tick]), x, floor, unit);
    return twoLines(tick === JITTER ? `S ∈ ${tick}` : `S = ${tick}`, `Q = ${tick === JITTER ? 384 : tick}`, x, floor, unit);
  }

  const lineName = (/** @type {string} */ name) => (along === 'scale' ? name : name === JITTER ? `S ∈ ${name}` : `S = ${name}`);

  const { element, redraw } = createChart(scope, 'error-chart', draw, `error-${along}`);
  return {
    element,
    /** @param {typeof shown} next */
    show(next) {
      shown = next;
      redraw();
    },
  };
}

/** @param {string} name a row or a scale, as the end of a class */
const slug = (name) => (name === JITTER ? 'jitter' : name);

/** A shape for every training scale; hollow where the test is the mean of several scales. @param {Point & Place} point @param {string} line @param {string} text */
function mark({ x, y, row, train, testing }, line, text) {
  const title = svg('title', {}, text);
  const attributes = {
    class: `error-mark error-${slug(line)}${testing === 'multi' ? ' is-multi' : ''}`,
    'data-row': row,
    'data-train': train,
    'data-testing': testing,
  };
  const shape = MARKS[train];
  if (shape === 'round') return svg('circle', { ...attributes, cx: x, cy: y, r: 5 }, title);
  const size = shape === 'square' ? 4.5 : 5;
  const transform = shape === 'diamond' ? `rotate(45 ${x} ${y})` : null;
  return svg('rect', { ...attributes, x: x - size, y: y - size, width: 2 * size, height: 2 * size, transform }, title);
}

/** An arrow from ring to ring with the difference beside it. @param {Place} from @param {Place} to @param {string} text */
function arrow(from, to, text) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length < SHORTEST) return [svg('text', { class: 'error-change', x: to.x + 15, y: to.y + 5 }, text)];
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const at = (/** @type {number} */ along, /** @type {number} */ aside = 0) => `${from.x + dx * along - dy * aside} ${from.y + dy * along + dx * aside}`;
  const isUpright = Math.abs(dx) < 0.5;
  return [
    svg('path', { class: 'error-arrow', d: `M${at(11)}L${at(length - 12)}M${at(length - 18, 5)}L${at(length - 11)}L${at(length - 18, -5)}` }),
    svg(
      'text',
      { class: 'error-change', x: (from.x + to.x) / 2 + (isUpright ? 10 : 0), y: (from.y + to.y) / 2 + (isUpright ? 4 : 24), 'text-anchor': isUpright ? 'start' : 'middle' },
      text,
    ),
  ];
}
