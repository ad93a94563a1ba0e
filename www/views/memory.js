/** Memory and parameters: the lecture's table layer by layer, for any row, width and input. */
import { h } from '../core/dom.js';
import { say, t } from '../core/i18n.js';
import { NETWORKS, WIDTHS } from '../core/address.js';
import { paperOptions } from '../core/app.js';
import { biases, BYTES, isEarly, isFull, peakValues, resized, share, sum, toCsv, toLatex, valuesFormula, windowOf } from '../core/costs.js';
import { count, megabytes, percent, shape, short } from '../core/format.js';
import { newestWins } from '../core/frame.js';
import { createCopy } from '../parts/copy.js';
import { createDepthChart } from '../parts/depth-chart.js';
import { control, notes, region, titles } from '../parts/lecture.js';

/** @typedef {import('../core/protocol.js').LayerInfo} LayerInfo */

const INPUTS = [64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480, 512];
/** The largest whose fc6 the engine takes at the paper's width; beyond it the page's own arithmetic goes on. */
const ENGINES = 352;
const PAPERS = 224;

const read = (/** @type {number[]} */ values) => (/** @type {string} */ text) => (values.includes(+text) ? +text : undefined);

/** @type {import('./index.js').View} */
export const memory = {
  id: 'memory',
  fields: {
    row: { initial: 'D', read: (text) => (NETWORKS.includes(text) ? text : undefined) },
    scale: { initial: 1, read: read(WIDTHS) },
    input: { initial: 224, read: read(INPUTS) },
  },
  mount,
};

/** Columns of the table, by the key of their heading. */
const COLUMNS = /** @type {const} */ ([
  'memory.layer',
  'memory.window',
  'memory.shape',
  'memory.values',
  'memory.parameters',
  'memory.macs',
]);

/**
 * @param {import('../core/app.js').App} app
 * @param {import('../core/scope.js').Scope} scope
 */
function mount({ engine, store }, scope) {
  const title = h('h2', { test: 'memory-title', say: 'progress.engine' });
  const failure = h('p', { class: 'caption', role: 'alert', hidden: true });
  const figures = h('dl', { class: 'figures', test: 'memory-totals' });
  const early = h('p', { class: 'statement' });
  const full = h('p', { class: 'statement' });
  const body = h('tbody', {});
  const foot = h('tfoot', {});
  const footnotes = notes(['memory.note.deck', 'memory.note.batch', 'memory.note.bias', 'memory.note.int8', 'memory.note.input', 'memory.note.alexnet']);
  const chart = createDepthChart(scope, (name) => point(name));
  /** @type {LayerInfo[]} */
  let layers = [];
  let name = '';

  const select = (/** @type {string} */ key, /** @type {import('../core/i18n.js').Key} */ label, /** @type {[any, string][]} */ choices) =>
    control(store, scope, key, label, choices);
  const rowSelect = select('row', 'network.net', NETWORKS.map((id) => [id, id]));
  const controls = h(
    'div',
    { class: 'controls', role: 'group', label: 'memory.controls' },
    rowSelect,
    select('scale', 'network.width', WIDTHS.map((width) => [width, `× ${width}`])),
    select('input', 'network.size', INPUTS.map((size) => [size, `${size} × ${size}`])),
  );

  const copy = createCopy([
    ['memory.copy.csv', 'copy-csv', () => toCsv(layers)],
    ['memory.copy.latex', 'copy-latex', () => toLatex(layers, latexHeads(), t('memory.total'))],
  ]);
  const latexHeads = () => COLUMNS.filter((key) => key !== 'memory.window').map((key) => t(key)).toSpliced(1, 1, t('memory.shape'));

  /** @param {string | null} pointed */
  function point(pointed) {
    chart.mark(pointed, 'is-pointed');
    for (const row of body.rows) row.classList.toggle('is-pointed', row.dataset.layer === pointed);
  }

  function mark() {
    const { layer } = store.state;
    chart.mark(layer, 'is-open');
    for (const row of body.rows) row.classList.toggle('is-open', row.dataset.layer === layer);
  }

  /** @param {{of: LayerInfo[], paper: LayerInfo[], titles: Map<string, string>}} answer @param {{row: string, scale: number, input: number}} asked */
  function show({ of, paper, titles: known }, { row, scale, input }) {
    layers = of;
    name = known.get(row) ?? row;
    failure.hidden = true;
    for (const option of rowSelect.querySelectorAll('option')) option.textContent = optionText(option.value, known);
    say(title, 'memory.title', { name, size: input, width: scale });
    chart.show(layers);
    figures.replaceChildren(...totals(layers));
    say(early, 'memory.early', { percent: percent(share(layers, 'values', isEarly)) });
    const fc6 = layers.find((layer) => layer.name === 'fc6');
    say(full, 'memory.full', {
      percent: percent(share(layers, 'parameters', isFull)),
      weights: count((fc6?.parameters ?? 0) - (fc6?.channels ?? 0)),
      alone: percent((fc6?.parameters ?? 0) / sum(layers, 'parameters')),
    });
    body.replaceChildren(...layers.map((layer) => tableRow(layer, point)));
    foot.replaceChildren(totalRow(layers));
    const bytes = sum(paper, 'values') * BYTES.float32;
    footnotes.set({
      values: short(sum(paper, 'values')),
      exact: count(sum(paper, 'values')),
      memory: megabytes(bytes),
      peak: megabytes(peakValues(layers) * BYTES.float32),
      all: megabytes(sum(layers, 'values') * BYTES.float32),
      with: count(sum(layers, 'parameters')),
      without: count(sum(layers, 'parameters') - biases(layers)),
      bias: count(biases(layers)),
      input,
      side: fc6?.kernel ?? '',
      limit: ENGINES,
    });
    footnotes.only('memory.note.alexnet', row === 'AlexNet');
    footnotes.only('memory.note.input', input > PAPERS);
    mark();
    root.dataset.ready = `${row},${scale},${input}`;
  }

  const ask = newestWins(
    async (/** @type {{row: string, scale: number, input: number}} */ { row, scale, input }) => {
      try {
        const [of, paper, known] = await Promise.all([
          input > ENGINES ? engine.describe(row, paperOptions(scale, PAPERS)).then((layers) => resized(layers, input)) : engine.describe(row, paperOptions(scale, input)),
          engine.describe('D', paperOptions(1, PAPERS)),
          titles(engine),
        ]);
        return { of, paper, titles: known };
      } catch (error) {
        if (!layers.length) say(title, 'summary.none');
        failure.hidden = false;
        failure.textContent = /** @type {Error} */ (error).message;
        throw error;
      }
    },
    show,
  );
  const update = () => {
    const { row, scale, input } = store.state;
    ask({ row, scale, input });
  };

  const root = h(
    'div',
    { class: 'lecture memory', test: 'memory-view' },
    h('div', { class: 'lecture-head' }, title, controls),
    failure,
    figures,
    h('div', { class: 'statements' }, early, full),
    chart.element,
    h('p', { class: 'caption', say: 'memory.caption' }),
    h('div', { class: 'table-head' }, h('h3', { say: 'memory.table' }), copy.element),
    region(
      'memory.table',
      h(
        'table',
        { class: 'cost-table', test: 'memory-table' },
        h('thead', {}, h('tr', {}, ...COLUMNS.map((key) => h('th', { scope: 'col', say: key })))),
        body,
        foot,
      ),
    ),
    footnotes.element,
  );

  scope.keep(
    store.listen((state, before) => {
      if (['row', 'scale', 'input', 'lang'].some((key) => state[key] !== before[key])) update();
      else if (state.layer !== before.layer) mark();
    }),
  );
  // A new worker can answer what the broken one could not.
  scope.keep(engine.on('network', update));
  update();
  return root;
}

/** @param {string} id @param {Map<string, string>} known */
const optionText = (id, known) => (known.get(id) === id ? id : `${id} · ${known.get(id)}`);

/** @param {LayerInfo[]} layers */
function totals(layers) {
  const memoryOf = (/** @type {number} */ numbers) =>
    h('dd', { class: 'figure-more' }, `float32 ${megabytes(numbers * BYTES.float32)} · int8 ${megabytes(numbers * BYTES.int8)}`);
  const figure = (/** @type {import('../core/i18n.js').Key} */ key, /** @type {import('../core/costs.js').Cost} */ cost, /** @type {boolean} */ isStored) =>
    h(
      'div',
      { class: 'figure' },
      h('dt', { say: key }),
      h('dd', { class: 'figure-number', 'data-cost': cost, 'data-total': sum(layers, cost) }, short(sum(layers, cost))),
      isStored ? memoryOf(sum(layers, cost)) : h('dd', { class: 'figure-more' }, count(sum(layers, cost))),
    );
  return [
    figure('memory.total.values', 'values', true),
    figure('memory.total.parameters', 'parameters', true),
    figure('memory.total.macs', 'macs', false),
  ];
}

/** @param {string} formula @param {number} value */
const calculated = (formula, value) => [h('span', { class: 'formula' }, `${formula} = `), h('span', { class: 'result' }, count(value))];

/** @param {LayerInfo} layer @param {(name: string | null) => void} point */
function tableRow(layer, point) {
  const { name, kind, values, parameters, macs } = layer;
  return h(
    'tr',
    {
      test: 'memory-row',
      'data-layer': name,
      class: `cost-row cost-${kind}`,
      on: { pointerenter: () => point(name), pointerleave: () => point(null) },
    },
    h('th', { scope: 'row' }, name),
    h('td', {}, windowOf(layer)),
    h('td', {}, shape(layer)),
    h('td', { 'data-values': values }, ...(layer.height * layer.width === 1 ? [count(values)] : calculated(valuesFormula(layer), values))),
    h('td', { 'data-parameters': parameters }, ...(parameters ? calculated(layer.formula_parameters, parameters) : ['0'])),
    h('td', { 'data-macs': macs }, count(macs)),
  );
}

/** @param {LayerInfo[]} layers */
const totalRow = (layers) =>
  h(
    'tr',
    { test: 'memory-total' },
    h('th', { scope: 'row', say: 'memory.total' }),
    h('td', {}),
    h('td', {}),
    h('td', {}, count(sum(layers, 'values'))),
    h('td', {}, count(sum(layers, 'parameters'))),
    h('td', {}, count(sum(layers, 'macs'))),
  );
