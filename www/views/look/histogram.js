/**
 * How often each of the 128 integers is stored: one bar a step of the quantisation grid. Zeros, which ReLU makes, and
 * values at the upper limit have bars of their own, cut off where they are taller than the chart.
 */
import { h, svg } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { count, percent, real } from '../../page/format.js';
import { region } from '../../page/controls.js';

const HEIGHT = 148;
const AXIS = 40;
const TOP = 20;
const STEPS = 128;
const LAST = STEPS - 1;
/** Steps narrower than this, in CSS pixels, have no lines between them. */
const ROOMY = 4;
/** Steps in a row of the table. */
const GROUP = 14;

/** @param {import('../../page/scope.js').Scope} scope @param {string} test */
export function createHistogram(scope, test) {
  const text = h('p', { class: 'caption histogram-text', test: `${test}-text` });
  const drawing = svg('svg', { class: 'histogram-drawing', role: 'img' });
  const chart = h('div', { class: 'histogram-chart' }, drawing);
  const body = h('tbody', {});
  const table = h(
    'table',
    { class: 'histogram-table' },
    h('thead', {}, h('tr', {}, ...['values.q', 'values.real', 'values.count', 'values.share'].map((key) => h('th', { scope: 'col', say: /** @type {any} */ (key) })))),
    body,
  );
  const element = h(
    'section',
    { class: 'histogram', test, label: 'values.label' },
    text,
    chart,
    h('details', {}, h('summary', { say: 'values.table' }), region('values.table', table)),
  );
  /** @type {{counts: Uint32Array, scale: number} | null} */
  let shown = null;
  let room = 0;

  function draw() {
    if (!shown || room < 120) return;
    const { counts, scale } = shown;
    const step = room / STEPS;
    const floor = TOP + HEIGHT;
    const most = Math.max(...counts.subarray(1, LAST), 1);
    const all = counts.reduce((sum, n) => sum + n, 0);
    const bars = [...counts].map((n, q) => {
      const tall = Math.min(1, n / most) * HEIGHT;
      const kind = q === 0 ? 'is-zero' : q === LAST ? 'is-limit' : '';
      return svg('rect', { class: `histogram-bar ${kind}`, 'data-q': q, x: q * step + step * 0.1, y: floor - tall, width: step * 0.8, height: tall });
    });
    // The whole column names its number under the pointer, however low its bar.
    const columns = [...counts].map((n, q) =>
      svg('rect', { class: 'histogram-column', x: q * step, y: TOP, width: step, height: HEIGHT }, svg('title', {}, t('values.bar', { q, value: real(q * scale), count: count(n) }))),
    );
    const cut = [0, LAST].filter((q) => counts[q] > most).map((q) => svg('path', { class: 'histogram-cut', d: `M${q * step - 1} ${TOP + 12}l${step + 2} -5m0 4l${-step - 2} 5` }));
    const lines = step < ROOMY ? '' : Array.from({ length: STEPS + 1 }, (_, q) => `M${q * step} ${floor}v${-HEIGHT}`).join('');
    const ticks = [0, 32, 64, 96, LAST].map((q) => {
      const x = (q + 0.5) * step;
      const anchor = q === 0 ? 'start' : q === LAST ? 'end' : 'middle';
      const at = q === 0 ? 0 : q === LAST ? room : x;
      return svg(
        'g',
        {},
        svg('path', { class: 'histogram-axis', d: `M${x} ${floor}v5` }),
        svg('text', { class: 'histogram-q', x: at, y: floor + 19, 'text-anchor': anchor }, String(q)),
        svg('text', { class: 'histogram-real', x: at, y: floor + 35, 'text-anchor': anchor }, real(q * scale)),
      );
    });
    drawing.setAttribute('viewBox', `0 0 ${room} ${floor + AXIS}`);
    drawing.setAttribute('width', String(room));
    drawing.setAttribute('height', String(floor + AXIS));
    drawing.setAttribute('aria-label', text.textContent ?? '');
    drawing.replaceChildren(
      svg('path', { class: 'histogram-grid', d: lines }),
      ...bars,
      ...cut,
      svg('path', { class: 'histogram-axis', d: `M0 ${floor + 0.5}H${room}` }),
      svg('text', { class: 'histogram-word', x: step * 1.5 + 2, y: TOP - 6 }, t('values.zeros', { percent: percent(counts[0] / all) })),
      svg('text', { class: 'histogram-word', x: room, y: TOP - 6, 'text-anchor': 'end' }, t('values.limit', { percent: percent(counts[LAST] / all) })),
      ...ticks,
      ...columns,
    );
  }

  /** @param {Uint32Array} counts @param {number} scale */
  function write(counts, scale) {
    const all = counts.reduce((sum, n) => sum + n, 0);
    say(text, 'values.text', {
      values: count(all),
      zeros: percent(counts[0] / all),
      limit: percent(counts[LAST] / all),
      step: real(scale),
      most: real(LAST * scale),
    });
    /** @type {[number, number][]} */
    const groups = [[0, 0]];
    for (let first = 1; first < LAST; first += GROUP) groups.push([first, Math.min(first + GROUP, LAST) - 1]);
    groups.push([LAST, LAST]);
    body.replaceChildren(
      ...groups.map(([first, last]) => {
        const n = counts.subarray(first, last + 1).reduce((sum, each) => sum + each, 0);
        const span = (/** @type {(q: number) => string} */ name) => (first === last ? name(first) : `${name(first)} – ${name(last)}`);
        return h(
          'tr',
          {},
          h('th', { scope: 'row' }, span(String)),
          h('td', {}, span((q) => real(q * scale))),
          h('td', {}, count(n)),
          h('td', {}, percent(n / all)),
        );
      }),
    );
  }

  scope.size(chart, (width) => {
    if (width === room) return;
    room = width;
    draw();
  });

  return {
    element,
    /** @param {Uint32Array} counts @param {number} scale what a step stands for */
    show(counts, scale) {
      shown = { counts, scale };
      Object.assign(element.dataset, { zeros: counts[0], limit: counts[LAST], all: counts.reduce((sum, n) => sum + n, 0) });
      write(counts, scale);
      draw();
    },
    redraw() {
      if (shown) write(shown.counts, shown.scale);
      draw();
    },
  };
}
