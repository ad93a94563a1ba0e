/** The paper's Table 1, drawn: the rows side by side, what each adds to the one that it is a change of, AlexNet beside them; and a row of one's own. */
import { h } from '../../page/dom.js';
import { say } from '../../page/i18n.js';
import { choice, SIDE_BY_SIDE, sizesOf } from '../../page/address.js';
import { changedFrom, paperOptions } from '../../engine/networks.js';
import { PAPER } from '../../engine/table.js';
import { sum } from '../../page/costs.js';
import { count, shape, short } from '../../page/format.js';
import { newestWins } from '../../page/frame.js';
import { bandsOf, change, difference, label } from './differences.js';
import { BUILD_FIELDS, createBuilder } from './builder.js';
import { control, notes, region } from '../../page/controls.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */
/** @typedef {import('../../engine/protocol.js').NetworkSummary} Summary */

const MODES = ['table', 'build'];

/** @type {import('../index.js').View} */
export const networks = {
  id: 'networks',
  fields: { mode: choice('table', MODES), target: choice('look', ['look', 'memory']), ...BUILD_FIELDS },
  mount,
};

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
function mount(app, scope) {
  const { engine, store } = app;
  const table = h('table', { class: 'rows-table', test: 'networks-table', 'aria-describedby': 'networks-help' });
  const failure = h('p', { class: 'caption', role: 'alert', hidden: true });
  const target = control(store, scope, 'target', 'networks.target', [['look', ''], ['memory', '']]);
  const help = h('p', { class: 'caption', id: 'networks-help' });
  const tableRegion = region('networks.title', table);
  const legend = h('p', { class: 'caption', say: 'networks.legend' });
  const footnotes = notes(['networks.note.alexnet', 'networks.note.lrn', 'networks.note.point', 'networks.note.millions']);
  /** The blocks of each column, from top to bottom. @type {HTMLButtonElement[][]} */
  let blocks = [];

  /** @param {string} id @param {LayerInfo} layer */
  function open(id, layer) {
    const { target: view, width, size: wanted } = store.state;
    const size = Math.max(wanted, sizesOf(id)[0]);
    const where =
      view === 'look'
        ? { view, model: 'untrained', net: id, width, size, channel: null }
        : { view, row: id, scale: 1, input: PAPER.input_size };
    store.set({ ...where, layer: layer.name }, { step: true });
  }

  /** @param {{summaries: Summary[], rows: Map<string, LayerInfo[]>}} answer */
  function show({ summaries, rows }) {
    failure.hidden = true;
    failure.textContent = '';
    blocks = summaries.map(() => []);
    const cells = (/** @type {(summary: Summary, i: number) => (Node | string)[]} */ content, extra = {}) =>
      summaries.map((summary, i) => h('td', { class: summary.id === 'AlexNet' ? 'beside' : null, ...extra }, ...content(summary, i)));
    const layersOf = (/** @type {string} */ id) => rows.get(id) ?? [];
    const baseOf = (/** @type {string} */ id) => rows.get(changedFrom(id) ?? '');
    const line = (/** @type {import('../../page/i18n.js').Key} */ key, /** @type {(summary: Summary, i: number) => (Node | string)[]} */ content, cls = '') =>
      h('tr', { class: cls }, h('th', { scope: 'row', say: key }), ...cells(content));
    table.replaceChildren(
      h('caption', { class: 'visually-hidden', say: 'networks.title' }),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col', say: 'networks.row' }),
          ...summaries.map(({ id, title }) =>
            h(
              'th',
              { scope: 'col', class: id === 'AlexNet' ? 'beside' : null },
              h('span', { class: 'rows-id' }, id),
              title === id ? null : h('span', { class: 'rows-title' }, title),
            ),
          ),
        ),
      ),
      h(
        'tbody',
        {},
        line('networks.adds', ({ id }) => [adds(id, layersOf(id), baseOf(id))], 'rows-adds'),
        line('networks.deep', ({ weight_layers: deep }) => [String(deep)], 'rows-number'),
        line('figure.input', ({ id }) => [shape(layersOf(id)[0])], 'rows-input'),
        ...bandsOf([...rows.values()]).map((band) => {
          const head = h('th', { scope: 'row' });
          if (band.id.startsWith('pool')) say(head, 'networks.pool');
          else if (band.id === 'full') say(head, 'module.fc');
          else say(head, 'networks.module', { module: band.module });
          return h(
            'tr',
            { class: band.id.startsWith('pool') ? 'rows-pool' : 'rows-module' },
            head,
            ...cells(({ id }, i) => [h('div', { class: 'stack' }, ...layersOf(id).filter(band.has).map((layer) => block(id, layer, i, baseOf(id))))]),
          );
        }),
        line('networks.parameters', ({ id, parameters }) => [
          h('span', { class: 'rows-sum', test: 'networks-millions', 'data-row': id }, String(Math.round(parameters / 1e6))),
          h('span', { class: 'rows-exact' }, count(parameters)),
        ], 'rows-number rows-first'),
        line('memory.macs', ({ macs }) => [short(macs)], 'rows-number'),
        line('networks.values', ({ values }) => [short(values)], 'rows-number'),
      ),
    );
    blocks[0]?.[0]?.setAttribute('tabindex', '0');
    const alexnet = layersOf('AlexNet');
    footnotes.set({ parameters: count(sum(alexnet, 'parameters')), filters: alexnet[1]?.channels ?? '' });
    root.dataset.ready = '';
  }

  /** @param {string} id @param {LayerInfo} layer @param {number} column @param {LayerInfo[] | undefined} base */
  function block(id, layer, column, base) {
    const kind = change(layer, base);
    const place = blocks[column].length;
    const text = label(layer);
    const button = h(
      'button',
      {
        class: `block block-${layer.kind}${kind ? ' is-new' : ''}`,
        type: 'button',
        test: 'block',
        tabindex: -1,
        'data-row': id,
        'data-layer': layer.name,
        'data-change': kind,
        title: `${layer.name} · ${shape(layer)}`,
        // As wide as it has channels, softened: each doubling adds the same.
        style: layer.kind === 'conv' ? `width: ${Math.min(100, 58 + 14 * Math.log2(Math.max(1, layer.channels / 64)))}%` : null,
        on: {
          click: () => open(id, layer),
          keydown: (/** @type {KeyboardEvent} */ event) => keyed(event, column, place),
        },
      },
      kind ? h('span', { class: 'block-sign', 'aria-hidden': 'true' }, kind === 'added' ? '+' : '↻') : null,
      text,
      kind ? h('span', { class: 'visually-hidden', say: kind === 'added' ? 'networks.added' : 'networks.changed' }) : null,
    );
    blocks[column].push(button);
    return button;
  }

  /** One stop for Tab; arrows go from block to block. @param {KeyboardEvent} event @param {number} column @param {number} place */
  function keyed(event, column, place) {
    const beside = (/** @type {number} */ to) => {
      const stack = blocks[to];
      const top = blocks[column][place].getBoundingClientRect().top;
      return stack?.reduce((best, block) => (far(block, top) < far(best, top) ? block : best));
    };
    const next = {
      ArrowDown: () => blocks[column][place + 1],
      ArrowUp: () => blocks[column][place - 1],
      ArrowRight: () => beside(column + 1),
      ArrowLeft: () => beside(column - 1),
      Home: () => blocks[column][0],
      End: () => blocks[column].at(-1),
    }[event.key];
    if (!next) return;
    event.preventDefault();
    const to = next();
    if (!to) return;
    for (const block of blocks.flat()) block.setAttribute('tabindex', '-1');
    to.setAttribute('tabindex', '0');
    to.focus();
  }

  const ask = newestWins(
    async () => {
      try {
        const [summaries, ...rows] = await Promise.all([
          engine.networks(),
          ...SIDE_BY_SIDE.map((id) => engine.describe(id, paperOptions(1, PAPER.input_size))),
        ]);
        return { summaries: summaries.filter(({ id }) => SIDE_BY_SIDE.includes(id)), rows: new Map(SIDE_BY_SIDE.map((id, i) => [id, rows[i]])) };
      } catch (error) {
        failure.hidden = false;
        failure.textContent = /** @type {Error} */ (error).message;
        throw error;
      }
    },
    show,
  );

  const modes = MODES.map((mode) =>
    h('button', { class: 'switch', type: 'button', test: `mode-${mode}`, 'data-mode': mode, say: /** @type {import('../../page/i18n.js').Key} */ (`networks.mode.${mode}`), on: { click: () => store.set({ mode }, { step: true }) } }),
  );
  const builder = createBuilder(app, scope);

  const speak = () => {
    const isTable = store.state.mode === 'table';
    for (const part of [failure, help, tableRegion, legend, footnotes.element, target]) part.hidden = !isTable || (part === failure && !failure.textContent);
    builder.hidden = isTable;
    for (const button of modes) button.setAttribute('aria-pressed', String(button.dataset.mode === store.state.mode));
    const [look, memory] = target.querySelectorAll('option');
    say(look, 'networks.target.look');
    say(memory, 'networks.target.memory');
    say(help, store.state.target === 'look' ? 'networks.help.look' : 'networks.help.memory', {
      width: store.state.width,
      size: store.state.size,
    });
  };

  const root = h(
    'div',
    { class: 'lecture networks', test: 'networks-view' },
    h(
      'div',
      { class: 'lecture-head' },
      h('div', { class: 'networks-mode' }, h('h2', { say: 'networks.title' }), h('div', { class: 'switches', role: 'group', label: 'networks.mode' }, ...modes)),
      h('div', { class: 'controls' }, target),
    ),
    failure,
    help,
    tableRegion,
    legend,
    footnotes.element,
    builder,
  );
  scope.keep(store.listen(speak));
  scope.keep(
    engine.on('network', () => {
      if (root.dataset.ready === undefined) ask(undefined);
    }),
  );
  speak();
  ask(undefined);
  return root;
}

/** @param {Element} block @param {number} top */
const far = (block, top) => Math.abs(block.getBoundingClientRect().top - top);

/**
 * What a row adds, in words.
 * @param {string} id @param {LayerInfo[]} layers @param {LayerInfo[] | undefined} base
 */
function adds(id, layers, base) {
  if (id === 'AlexNet') return h('span', { say: 'networks.adds.alexnet' });
  if (!base) return id === SIDE_BY_SIDE[0] ? h('span', { say: 'networks.adds.first' }) : h('span', {});
  const { lrn, conv, point, widened } = difference(layers, base);
  const text = h('span', {});
  const params = { base: changedFrom(id) ?? '', lrn, conv, point, widened };
  if (lrn) return say(text, 'networks.adds.lrn', params);
  if (widened) return say(text, 'networks.adds.widened', params);
  return say(text, point ? 'networks.adds.point' : 'networks.adds.conv', params);
}
