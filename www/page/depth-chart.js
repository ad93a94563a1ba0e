/**
 * Memory and parameters along depth: a column a layer, values upwards and parameters downwards, each
 * to its own linear scale. The table beside it says the same in numbers.
 */
import { svg } from './dom.js';
import { t } from './i18n.js';
import { isEarly, isFull, share } from './costs.js';
import { count, percent, short } from './format.js';
import { createChart } from './chart.js';

/** @typedef {import('../engine/protocol.js').LayerInfo} LayerInfo */

const TALLEST = 132;
/** Room for a bracket and its words. */
const BRACKET = 44;
const NAMES = 26;
const NAMES_UPRIGHT = 62;
/** Below this, names stand upright and bars carry no numbers. */
const ROOMY = 50;

/**
 * @param {import('./scope.js').Scope} scope
 * @param {(name: string | null) => void} onPoint the layer under the pointer
 */
export function createDepthChart(scope, onPoint) {
  /** @type {LayerInfo[]} */
  let layers = [];
  /** @type {Map<string, SVGGElement>} */
  const columns = new Map();

  /** @param {number} room @param {number} unit */
  function draw(room, unit) {
    columns.clear();
    if (!layers.length || room < 100) return null;
    const step = room / layers.length;
    const isRoomy = step >= ROOMY * unit;
    const names = unit * (isRoomy ? NAMES : NAMES_UPRIGHT);
    const floor = BRACKET + TALLEST + (isRoomy ? 16 : 0);
    const ceiling = floor + names;
    const height = ceiling + TALLEST + BRACKET + (isRoomy ? 16 : 0);
    const most = {
      values: Math.max(...layers.map(({ values }) => values)),
      parameters: Math.max(...layers.map(({ parameters }) => parameters)),
    };
    const bar = Math.max(3, Math.min(step * 0.62, 40));
    layers.forEach((layer, i) => {
      const middle = (i + 0.5) * step;
      const up = (TALLEST * layer.values) / most.values;
      const down = (TALLEST * layer.parameters) / most.parameters;
      const group = svg(
        'g',
        {
          class: `depth-column slab-${layer.kind}`,
          'data-layer': layer.name,
          on: { pointerenter: () => onPoint(layer.name), pointerleave: () => onPoint(null) },
        },
        svg('title', {}, `${layer.name} · ${count(layer.values)} · ${count(layer.parameters)}`),
        svg('rect', { class: 'depth-hit', x: i * step, y: 0, width: step, height }),
        svg('rect', { class: 'depth-bar', x: middle - bar / 2, y: floor - up, width: bar, height: up }),
        svg('rect', { class: 'depth-bar', x: middle - bar / 2, y: ceiling, width: bar, height: down }),
        isRoomy
          ? svg('text', { class: 'depth-name', x: middle, y: floor + 18, 'text-anchor': 'middle' }, layer.name)
          : svg(
              'text',
              { class: 'depth-name', x: 0, y: 0, transform: `translate(${middle + 4} ${ceiling - 5}) rotate(-90)` },
              layer.name,
            ),
        isRoomy ? svg('text', { class: 'depth-number', x: middle, y: floor - up - 5, 'text-anchor': 'middle' }, short(layer.values)) : null,
        isRoomy && layer.parameters
          ? svg('text', { class: 'depth-number', x: middle, y: ceiling + down + 15, 'text-anchor': 'middle' }, short(layer.parameters))
          : null,
      );
      columns.set(layer.name, group);
    });
    const early = layers.filter(isEarly).length;
    const full = layers.findIndex(isFull);
    const texts = {
      values: t('memory.share.values', { percent: percent(share(layers, 'values', isEarly)) }),
      parameters: t('memory.share.parameters', { percent: percent(share(layers, 'parameters', isFull)) }),
    };
    const right = early * step;
    const shapes = [
      svg('path', { class: 'depth-axis', d: `M0 ${floor + 0.5}H${room}M0 ${ceiling - 0.5}H${room}` }),
      ...columns.values(),
      svg('path', { class: 'depth-bracket', d: `M1 ${BRACKET - 12}v-8H${right - 2}v8` }),
      svg('text', { class: 'depth-words', x: 1, y: 15 }, texts.values),
      svg('path', { class: 'depth-bracket', d: `M${full * step + 2} ${height - BRACKET + 12}v8H${room - 1}v-8` }),
      svg('text', { class: 'depth-words', x: room - 1, y: height - 6, 'text-anchor': 'end' }, texts.parameters),
      svg('text', { class: 'depth-side', x: room - 1, y: floor - TALLEST + 4, 'text-anchor': 'end' }, t('memory.chart.values')),
      svg('text', { class: 'depth-side', x: 1, y: ceiling + TALLEST, 'text-anchor': 'start' }, t('memory.chart.parameters')),
    ];
    return { height, label: `${texts.values}; ${texts.parameters}`, shapes };
  }

  const { element, redraw } = createChart(scope, 'depth-chart', draw);
  return {
    element,
    /** @param {LayerInfo[]} next */
    show(next) {
      layers = next;
      redraw();
    },
    /** @param {string | null} name @param {string} mark class of the column */
    mark(name, mark) {
      for (const [own, group] of columns) group.classList.toggle(mark, own === name);
    },
  };
}
