/** Memory and parameters: the lecture's table layer by layer, for any row, width and input. */
import { h } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { NETWORKS, smallestOf, WIDTHS } from '../../page/address.js';
import { paperOptions } from '../../engine/networks.js';
import { PAPER } from '../../engine/table.js';
import { biases, BYTES, isEarly, isFull, isTaken, peakValues, resized, share, sum, toCsv, toLatex, valuesFormula, windowOf } from '../../page/costs.js';
import { count, megabytes, percent, shape, short } from '../../page/format.js';
import { rowName, rowTitle } from '../../page/names.js';
import { newestWins } from '../../page/frame.js';
import { createCopy } from './copy.js';
import { createDepthChart } from '../../page/depth-chart.js';
import { control, notes, region } from '../../page/controls.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */

const INPUTS = [64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480, 512];

const read = (/** @type {number[]} */ values) => (/** @type {string} */ text) => (values.includes(+text) ? +text : undefined);

/** @type {import('../index.js').View} */
export const memory = {
  id: 'memory',
  fields: {
    row: { initial: 'D', read: (text) => (NETWORKS.includes(text) ? text : undefined) },
    scale: { initial: 1, read: read(WIDTHS) },
    input: { initial: PAPER.input_size, read: read(INPUTS) },
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
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
function mount({ engine, store }, scope) {
  const title = h('h2', { test: 'memory-title', say: 'progress.engine' });
  const failure = h('p', { class: 'caption', role: 'alert', hidden: true });
  const figures = h('dl', { class: 'figures', test: 'memory-totals' });
  const early = h('p', { class: 'statement' });
  const full = h('p', { class: 'statement' });
  const body = h('tbody', {});
  const foot = h('tfoot', {});
  const footnotes = notes(['memory.note.deck', 'memory.note.batch', 'memory.note.bias', 'memory.note.int8', 'memory.note.input', 'memory.note.alexnet', 'memory.note.alexnet-tv']);
  const chart = createDepthChart(scope, (name) => point(name));
  /** @type {LayerInfo[]} */
  let layers = [];
  let name = '';

  const select = (/** @type {string} */ key, /** @type {import('../../page/i18n.js').Key} */ label, /** @type {[any, string][]} */ choices) =>
    control(store, scope, key, label, choices);
  const rowSelect = select('row', 'network.net', NETWORKS.map((id) => [id, rowName(id)]));
  const inputSelect = select('input', 'network.size', INPUTS.map((size) => [size, `${size} × ${size}`]));
  const controls = h(
    'div',
    { class: 'controls', role: 'group', label: 'memory.controls' },
    rowSelect,
    select('scale', 'network.width', WIDTHS.map((width) => [width, `× ${width}`])),
    inputSelect,
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

  /** @param {{of: LayerInfo[], paper: LayerInfo[]}} answer @param {{row: string, scale: number, input: number}} asked */
  function show({ of, paper }, { row, scale, input }) {
    layers = of;
    name = rowTitle(row);
    failure.hidden = true;
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
      limit: INPUTS.findLast((side) => isTaken(resized(paper, side))) ?? '',
    });
    footnotes.only('memory.note.alexnet', row === 'AlexNet');
    footnotes.only('memory.note.alexnet-tv', row === 'AlexNet-TV');
    footnotes.only('memory.note.input', input > PAPER.input_size);
    mark();
    root.dataset.ready = `${row},${scale},${input}`;
  }

  const ask = newestWins(
    async (/** @type {{row: string, scale: number, input: number}} */ { row, scale, input }) => {
      try {
        const [made, paper] = await Promise.all([
          engine.describe(row, paperOptions(scale, PAPER.input_size)),
          engine.describe('D', paperOptions(1, PAPER.input_size)),
        ]);
        // Where the engine ends, the page's own arithmetic goes on.
        const layers = resized(made, input);
        return { of: isTaken(layers) ? await engine.describe(row, paperOptions(scale, input)) : layers, paper };
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
    for (const [i, option] of inputSelect.querySelectorAll('option').entries()) option.disabled = INPUTS[i] < smallestOf(row);
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

/** @param {LayerInfo[]} layers */
function totals(layers) {
  const memoryOf = (/** @type {number} */ numbers) =>
    h('dd', { class: 'figure-more' }, `float32 ${megabytes(numbers * BYTES.float32)} · int8 ${megabytes(numbers * BYTES.int8)}`);
  const figure = (/** @type {import('../../page/i18n.js').Key} */ key, /** @type {import('../../page/costs.js').Cost} */ cost, /** @type {boolean} */ isStored) =>
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
