/** Accuracy against speed, as bubbles whose area is memory: GluonCV's on a GPU and this browser's. The table beside it has the numbers. */
import { svg } from '../../page/dom.js';
import { t } from '../../page/i18n.js';
import { percent } from '../../page/format.js';
import { createChart } from '../../page/chart.js';

/** @typedef {{name: string, accuracy: number | null, megabytes: number, speed: number | null, isHere: boolean, row: string}} Traded */

const HEIGHT = 300;
const TOP = 16;
const BOTTOM = 40;
const LEFT = 46;
const RIGHT = 16;
/** Radius of 1 GB. */
const GIGABYTE = 22;
const LOW = 0.3;
const HIGH = 0.9;

/** @typedef {Traded & {speed: number}} Point */

/** @param {import('../../page/scope.js').Scope} scope */
export function createTradeChart(scope) {
  /** @type {Point[]} */
  let points = [];

  /** @param {number} room @param {number} unit */
  function draw(room, unit) {
    if (room < 200 || !points.length) return null;
    const left = LEFT * unit;
    const speeds = points.map(({ speed }) => speed);
    const first = Math.floor(Math.log10(Math.min(...speeds)));
    const last = Math.ceil(Math.log10(Math.max(...speeds)) + 0.1);
    const floor = HEIGHT - BOTTOM * unit;
    const step = (room - left - RIGHT) / (last - first);
    const x = (/** @type {number} */ speed) => left + (Math.log10(speed) - first) * step;
    const y = (/** @type {number} */ accuracy) => TOP + ((HIGH - accuracy) / (HIGH - LOW)) * (floor - TOP);
    const placed = points.map((point) => ({ ...point, x: x(point.speed), y: point.accuracy === null ? floor : y(point.accuracy) }));
    const shapes = [];
    for (let tenths = 3; tenths <= 9; tenths++) {
      const height = Math.round(y(tenths / 10)) + 0.5;
      shapes.push(svg('path', { class: 'error-grid', d: `M${left} ${height}H${room - RIGHT}` }), svg('text', { class: 'error-tick', x: left - 6, y: height + 4, 'text-anchor': 'end' }, `${tenths * 10}\u00a0%`));
    }
    for (let power = first; power <= last; power++) {
      const speed = 10 ** power;
      const isNamed = step > 62 * unit || (last - power) % 2 === 0;
      shapes.push(
        svg('path', { class: 'error-grid', d: `M${Math.round(x(speed)) + 0.5} ${TOP}V${floor}` }),
        svg('text', { class: 'error-tick', x: x(speed), y: floor + 18 * unit, 'text-anchor': power === last ? 'end' : 'middle' }, isNamed ? speed.toLocaleString('en-US') : ''),
      );
    }
    shapes.push(svg('text', { class: 'error-tick', x: left + 6, y: TOP + 14 * unit }, t('experiments.trade.accuracy')));
    shapes.push(svg('text', { class: 'error-tick is-second', x: (left + room - RIGHT) / 2, y: HEIGHT - 4, 'text-anchor': 'middle' }, t('experiments.trade.axis')));
    for (const here of placed.filter(({ isHere }) => isHere)) {
      const there = placed.find(({ isHere, row, accuracy }) => !isHere && row === here.row && accuracy === here.accuracy);
      if (there) shapes.push(svg('path', { class: 'trade-link', d: `M${there.x} ${there.y}H${here.x}` }));
      if (here.accuracy === null) shapes.push(svg('path', { class: 'trade-link', d: `M${here.x} ${floor}V${TOP}` }));
    }
    /** @type {{x: number, y: number, width: number}[]} */
    const words = [];
    for (const point of placed) {
      const radius = Math.max(4, GIGABYTE * Math.sqrt(point.megabytes / 1000));
      const isRight = point.x > room * 0.6;
      const text = point.isHere ? t('experiments.trade.here', { name: point.name }) : point.name;
      const width = text.length * 7 * unit;
      const at = { x: isRight ? point.x - radius - 6 - width : point.x + radius + 6, y: point.y + 4 - (point.accuracy === null ? 10 : 0), width };
      while (words.some((word) => Math.abs(word.y - at.y) < 15 * unit && word.x < at.x + at.width && at.x < word.x + word.width)) at.y -= 16 * unit;
      words.push(at);
      shapes.push(
        svg('circle', { class: `trade-bubble${point.isHere ? ' is-here' : ''}`, test: 'trade-point', 'data-name': point.name, cx: point.x, cy: point.y, r: radius }),
        svg('text', { class: `error-name${point.isHere ? ' is-here' : ''}`, x: isRight ? point.x - radius - 6 : at.x, y: at.y, 'text-anchor': isRight ? 'end' : 'start' }, text),
      );
    }
    const label = `${t('experiments.trade')}: ${points.map(({ name, accuracy, speed }) => `${name} ${accuracy === null ? '' : percent(accuracy)}, ${Math.round(speed)}`).join('; ')}`;
    return { height: HEIGHT, label, shapes };
  }

  const { element, redraw } = createChart(scope, 'trade-chart', draw);
  return {
    element,
    /** @param {Traded[]} next those whose speed is known have a place */
    show(next) {
      points = next.flatMap((point) => (point.speed === null ? [] : { ...point, speed: point.speed }));
      redraw();
    },
  };
}
