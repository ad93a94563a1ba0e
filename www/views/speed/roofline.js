/**
 * Layers by how much they compute for each byte that they touch, and how fast: under a flat roof, what the
 * instruction can do, and a sloping one, what memory delivers. The table beside it has the numbers.
 */
import { svg } from '../../page/dom.js';
import { t } from '../../page/i18n.js';
import { reading, widest } from './rates.js';
import { createChart } from '../../page/chart.js';

/** @typedef {import('./rates.js').Timed} Timed */

const HEIGHT = 380;
const LEFT = 50;
const RIGHT = 18;
const TOP = 14;
const BOTTOM = 46;
/** Height of a label. */
const LINE = 15;

/**
 * @param {import('../../page/scope.js').Scope} scope
 * @param {(name: string | null) => void} onPoint the layer under the pointer
 */
export function createRoofline(scope, onPoint) {
  /** @type {{layers: Timed[], peak: number | null, threads: number} | null} */
  let shown = null;

  /** @param {number} room @param {number} unit */
  function draw(room, unit) {
    if (!shown || room < 200) return null;
    const { peak, threads } = shown;
    const layers = shown.layers.flatMap((layer) => (layer.gmacs ? { ...layer, gmacs: layer.gmacs } : []));
    if (layers.length === 0) return { height: 0, label: t('speed.roof'), shapes: [] };
    const slope = reading(widest(shown.layers));
    const left = LEFT * unit;
    const right = room - RIGHT;
    const floor = HEIGHT - BOTTOM * unit;
    const intensities = layers.map(({ macs, bytes }) => macs / bytes);
    const x = logScale(Math.min(...intensities) / 1.6, Math.max(...intensities) * 1.6, left, right);
    const y = logScale(Math.min(...layers.map(({ gmacs }) => gmacs)) / 1.6, Math.max(4 * (peak ?? 0), ...layers.map(({ gmacs }) => gmacs)) * 1.4, floor, TOP);
    const shapes = [
      ...y.ticks.flatMap((value) => [
        svg('path', { class: 'roof-grid', d: `M${left} ${y(value)}H${right}` }),
        svg('text', { class: 'roof-tick', x: left - 6, y: y(value) + 4, 'text-anchor': 'end' }, String(value)),
      ]),
      ...x.ticks.flatMap((value) => [
        svg('path', { class: 'roof-grid', d: `M${x(value)} ${TOP}V${floor}` }),
        svg('text', { class: 'roof-tick', x: x(value), y: floor + 18 * unit, 'text-anchor': 'middle' }, String(value)),
      ]),
      svg('text', { class: 'roof-axis', x: left + 6, y: TOP + 10 * unit }, t('speed.roof.y')),
      svg('text', { class: 'roof-axis', x: right, y: HEIGHT - 6, 'text-anchor': 'end' }, t('speed.roof.x')),
    ];
    const words = [];
    if (peak !== null) {
      // Without the slope the roofs go on to the left: where they end there is not known.
      const bend = slope ? peak / slope : 0;
      const roof = t(threads > 1 ? 'speed.roof.peaks' : 'speed.roof.peak', { peak: peak.toFixed(0), threads });
      shapes.push(
        svg('path', { class: 'roof-line is-winograd', d: `M${x(Math.max(4 * bend, x.low))} ${y(4 * peak)}H${right}` }),
        svg('path', { class: 'roof-line', d: `${slope ? slopeTo(x, y, slope, bend) : `M${left} ${y(peak)}`}H${right}` }),
      );
      words.push(
        { text: t('speed.roof.winograd'), x: right, y: y(4 * peak) - 6, anchor: 'end' },
        { text: roof, x: Math.max(x(Math.max(bend, x.low)) - 10, left + 60 * unit), y: y(peak) - 8, anchor: 'start' },
      );
    }
    shapes.push(...words.map(({ text, anchor, ...at }) => svg('text', { class: 'roof-word', ...at, 'text-anchor': anchor }, text)));
    const taken = words.map(({ text, x: at, y: base, anchor }) => {
      const width = widthOf(text) * unit;
      return { x: anchor === 'end' ? at - width : at, y: base - LINE * unit, width, height: LINE * unit };
    });
    const marks = layers.map((layer, i) => ({ layer, x: x(intensities[i]), y: y(layer.gmacs) }));
    for (const { layer, x: across, y: down } of marks) {
      shapes.push(
        svg(
          'path',
          {
            class: `roof-mark slab-${layer.kind}`,
            test: 'roof-mark',
            'data-layer': layer.name,
            d: symbol(layer),
            transform: `translate(${across} ${down})`,
            on: { pointerenter: () => onPoint(layer.name), pointerleave: () => onPoint(null) },
          },
          svg('title', {}, `${layer.name} · ${layer.gmacs.toPrecision(3)} GMAC/s`),
        ),
      );
    }
    shapes.push(...labels(marks, taken, { left, right, unit }));
    const label = `${t('speed.roof')}: ${layers.map(({ name, gmacs }) => `${name} ${gmacs.toPrecision(3)}`).join(', ')}${words.map(({ text }) => `; ${text}`).join('')}`;
    return { height: HEIGHT, label, shapes };
  }

  const { element, redraw } = createChart(scope, 'roofline', draw);
  return {
    element,
    /** @param {Timed[]} layers @param {number | null} peak of all threads together @param {number} threads */
    show(layers, peak, threads) {
      shown = { layers, peak, threads };
      redraw();
    },
    redraw,
    /** @param {string | null} name */
    mark(name) {
      for (const mark of element.querySelectorAll('.roof-mark')) mark.classList.toggle('is-pointed', mark.getAttribute('data-layer') === name);
    },
  };
}

/** The sloping roof from the chart's left or lower edge to the bend. @param {ReturnType<typeof logScale>} x @param {ReturnType<typeof logScale>} y @param {number} slope @param {number} bend */
function slopeTo(x, y, slope, bend) {
  const from = Math.max(x.low, y.low / slope);
  if (bend <= from) return `M${x(x.low)} ${y(slope * bend)}`;
  return `M${x(from)} ${y(slope * from)}L${x(bend)} ${y(slope * bend)}`;
}

/**
 * @param {number} low @param {number} high of the values
 * @param {number} start @param {number} end of the drawing
 */
function logScale(low, high, start, end) {
  const scale = (/** @type {number} */ value) => start + (Math.log(value / low) / Math.log(high / low)) * (end - start);
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const digit of [1, 3]) {
      const value = Number((digit * 10 ** power).toPrecision(1));
      if (value >= low && value <= high) ticks.push(value);
    }
  }
  return Object.assign(scale, { low, high, ticks });
}

/** A shape for each way of computing, so that it needs no colour. @param {Timed} layer */
function symbol({ kind, algorithm }) {
  if (kind === 'fc') return 'M-5 -5H5V5H-5Z';
  if (algorithm === 'winograd-f4') return 'M0 -7L7 0L0 7L-7 0Z';
  if (algorithm === 'winograd-f2') return 'M0 -7L6.5 5H-6.5Z';
  return 'M-5.5 0A5.5 5.5 0 1 0 5.5 0A5.5 5.5 0 1 0 -5.5 0Z';
}

/**
 * Names beside their marks, where there is room for them; the others are in the table.
 * @param {{layer: Timed, x: number, y: number}[]} marks @param {Area[]} words
 * @param {{left: number, right: number, unit: number}} edges
 */
function labels(marks, words, { left, right, unit }) {
  const taken = [...words, ...marks.map(({ x, y }) => ({ x: x - 7, y: y - 7, width: 14, height: 14 }))];
  const height = LINE * unit;
  const shapes = [];
  for (const { layer, x, y } of marks) {
    const width = widthOf(layer.name) * unit;
    const places = [
      [x + 10, y - height / 2],
      [x - 10 - width, y - height / 2],
      [x - width / 2, y - 9 - height],
      [x - width / 2, y + 9],
      [x + 8, y - 5 - height],
      [x + 8, y + 6],
    ];
    const boxes = places.map(([across, top]) => ({ x: across, y: top, width, height, isBefore: across + width < x }));
    const place = boxes.find((box) => box.x > left && box.x + width < right && !taken.some((other) => overlap(box, other)));
    if (!place) continue;
    taken.push(place);
    // Its width is an estimate: it is held at the end that is next to the mark.
    const at = place.isBefore ? { x: place.x + width, 'text-anchor': 'end' } : { x: place.x };
    shapes.push(svg('text', { class: 'roof-name', ...at, y: place.y + height - 4 * unit }, layer.name));
  }
  return shapes;
}

/** About what a label takes; a Chinese character is as wide as it is high. @param {string} text */
const widthOf = (text) => [...text].reduce((sum, letter) => sum + (letter > '\u2e80' ? 13 : 7), 0);

/** @typedef {{x: number, y: number, width: number, height: number}} Area */
/** @param {Area} a @param {Area} b */
const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
