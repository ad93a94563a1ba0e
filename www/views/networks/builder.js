/**
 * Build your own: a row's modules side by side, each layer with its kernel and channels to change, what the row costs
 * and sees against the row it came from, and what is wrong with it, in its place.
 */
import { h } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { choice, NETWORKS, rows as rowsField, SIZES, WIDTHS } from '../../page/address.js';
import { paperOptions } from '../../engine/networks.js';
import { changes, channelsAfter, conv, formatRows, lrn, MOST_LAYERS, MOST_MODULES, parseRows, placeOf, pool, withOp, withoutOp } from '../../engine/blocks.js';
import { PAPER } from '../../engine/table.js';
import { sum } from '../../page/costs.js';
import { count, megabytes, percent, shape, short } from '../../page/format.js';
import { newestWins } from '../../page/frame.js';
import { createDepthChart } from '../../page/depth-chart.js';
import { control } from '../../page/controls.js';

/** @typedef {import('../../page/i18n.js').Key} Key */
/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */
/** @typedef {import('../../engine/protocol.js').Op} Op */
/** What one network costs and sees. @typedef {{parameters: number, values: number, macs: number, field: number}} Costs */

const KERNELS = [1, 3, 5, 7];
const CHANNELS = [16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024];

const read = (/** @type {number[]} */ values) => (/** @type {string} */ text) => (values.includes(+text) ? +text : undefined);

/** Of the address: the row it came from, the row itself where it is another, and its scale. */
export const BUILD_FIELDS = {
  from: choice('D', NETWORKS),
  build: rowsField,
  wide: { initial: 1, read: read(WIDTHS) },
  side: { initial: PAPER.input_size, read: read(SIZES) },
};

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createBuilder({ engine, store }, scope) {
  /** @type {Op[][]} */
  let base = [];
  /** @type {Op[][]} */
  let modules = [];
  const list = h('ol', { class: 'build-modules', label: 'build.modules', test: 'build-modules' });
  const figures = h('dl', { class: 'figures build-figures', test: 'build-figures' });
  const status = h('p', { class: 'visually-hidden', role: 'status', test: 'build-status' });
  const chart = createDepthChart(scope, () => {});
  const run = h('button', { class: 'button button-main', type: 'button', test: 'build-run', say: 'build.run', on: { click: start } });
  const from = control(store, scope, 'from', 'build.from', NETWORKS.map((id) => [id, id]));
  // Another row to start from is shown as it is.
  from.querySelector('select')?.addEventListener('change', () => store.set({ build: null }));
  const again = h('button', { class: 'quiet-button', type: 'button', test: 'build-again', say: 'build.again', on: { click: () => store.set({ build: null }) } });
  /** Where the parts of the layers of each module are, and where each module's problem is told. @type {Card[]} */
  let cards = [];
  const full = createFullCard();
  const more = h('button', { class: 'button', type: 'button', test: 'build-add-module', 'data-part': 'module', say: 'build.add.module', on: { click: addModule } });
  const end = h('li', { class: 'build-end' }, full.element, more);

  function start() {
    const { wide, side } = store.state;
    store.set(
      { view: 'look', model: 'untrained', net: 'custom', rows: formatRows(modules), width: wide, size: side, layer: null, channel: null },
      { step: true },
    );
  }

  /** @param {Op[][]} next @param {string} [focus] what the keyboard is on afterwards */
  function edit(next, focus) {
    const text = formatRows(next);
    store.set({ build: text === formatRows(base) ? null : text });
    if (focus) /** @type {HTMLElement | null} */ (list.querySelector(`[data-part="${focus}"]`))?.focus();
  }

  function show() {
    const focused = document.activeElement instanceof HTMLElement && list.contains(document.activeElement) ? document.activeElement.dataset.part : undefined;
    const marks = changes(modules, base);
    cards = modules.map((ops, module) => createCard(ops, module, marks[module]));
    const isFull = modules.flat().length >= MOST_LAYERS;
    more.disabled = isFull || modules.length >= MOST_MODULES;
    list.replaceChildren(...cards.map(({ element }) => element), end);
    for (const button of list.querySelectorAll('.build-add button')) /** @type {HTMLButtonElement} */ (button).disabled = isFull;
    if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-part="${focused}"]`))?.focus();
    again.disabled = store.state.build === null;
  }

  function addModule() {
    const channels = channelsAfter(modules, modules.length - 1);
    edit([...modules, [conv(3, channels), pool()]], `${modules.length}.0.kernel`);
  }

  /**
   * @typedef {{element: HTMLElement, ops: HTMLElement[], out: HTMLElement, problem: HTMLElement}} Card
   * @param {Op[]} ops @param {number} module @param {('added' | 'changed' | null)[]} marks
   * @returns {Card}
   */
  function createCard(ops, module, marks) {
    const out = h('p', { class: 'caption' });
    const problem = h('p', { class: 'build-problem', test: 'build-problem', hidden: true });
    const items = ops.map((op, index) => createOp(op, module, index, marks[index]));
    const add = (/** @type {'conv' | 'pool' | 'lrn'} */ kind, /** @type {() => Op} */ make) =>
      say(
        h('button', {
          class: 'quiet-button',
          type: 'button',
          test: `build-add-${kind}`,
          'data-part': `${module}.add.${kind}`,
          say: /** @type {Key} */ (`build.add.${kind}`),
          on: {
            click() {
              const [next, place] = withOp(modules, module, make());
              edit(next, `${module}.${place}.${kind === 'conv' ? 'kernel' : 'remove'}`);
            },
          },
        }),
        /** @type {Key} */ (`build.add.${kind}.label`),
        { module: module + 1 },
        'aria-label',
      );
    const element = h(
      'li',
      { class: 'build-module', test: 'build-module', 'data-module': module + 1 },
      say(h('h3', {}), 'build.module', { module: module + 1 }),
      out,
      h('ul', { class: 'build-ops' }, ...items),
      problem,
      h('div', { class: 'build-add' }, add('conv', () => conv(3, channelsAfter(modules, module))), add('pool', pool), add('lrn', lrn)),
    );
    return { element, ops: items, out, problem };
  }

  /** @param {Op} op @param {number} module @param {number} index @param {'added' | 'changed' | null} mark */
  function createOp(op, module, index, mark) {
    const place = { module: module + 1, layer: index + 1 };
    const part = (/** @type {string} */ name) => `${module}.${index}.${name}`;
    const replace = (/** @type {Op} */ next) => edit(modules.with(module, modules[module].with(index, next)));
    const select = (/** @type {'kernel' | 'channels'} */ key, /** @type {number[]} */ choices, /** @type {(value: number) => string} */ text) => {
      if (op.op !== 'conv') return null;
      const offered = choices.includes(op[key]) ? choices : [...choices, op[key]].toSorted((a, b) => a - b);
      const element = h(
        'select',
        {
          'data-part': part(key),
          test: `build-${key}`,
          on: {
            change() {
              const value = offered[element.selectedIndex];
              replace(key === 'kernel' ? { ...op, kernel: value, pad: Math.floor(value / 2) } : { ...op, channels: value });
            },
          },
        },
        ...offered.map((value) => h('option', { value }, text(value))),
      );
      element.selectedIndex = offered.indexOf(op[key]);
      return say(element, `build.${key}`, place, 'aria-label');
    };
    const remove = h(
      'button',
      {
        class: 'quiet-button build-remove',
        type: 'button',
        test: 'build-remove',
        'data-part': part('remove'),
        disabled: modules.flat().length === 1,
        on: { click: () => edit(withoutOp(modules, module, index), nextPart(module, index)) },
      },
      '×',
    );
    return h(
      'li',
      { class: `build-op block-${op.op}${mark ? ' is-new' : ''}`, test: 'build-op', 'data-change': mark, 'data-op': op.op },
      mark ? h('span', { class: 'block-sign', 'aria-hidden': 'true' }, mark === 'added' ? '+' : '↻') : null,
      select('kernel', KERNELS, (value) => `${value}×${value}`),
      op.op === 'conv' && op.stride > 1 ? h('span', {}, `/ ${op.stride}`) : null,
      select('channels', CHANNELS, String),
      op.op === 'pool' ? say(h('span', { class: 'build-name' }), 'build.pool', { ...op }) : null,
      op.op === 'lrn' ? h('span', { class: 'build-name' }, 'LRN') : null,
      say(remove, 'build.remove', { ...place, name: opName(op) }, 'aria-label'),
    );
  }

  /** Where the keyboard goes when a layer has gone. @param {number} module @param {number} index */
  function nextPart(module, index) {
    const left = modules[module].length - 1;
    if (left > 0) return `${module}.${Math.min(index, left - 1)}.remove`;
    return modules.length > 1 ? `${Math.max(module - 1, 0)}.0.remove` : 'module';
  }

  /** @param {import('../../engine/protocol.js').NetworkProblem | undefined} problem */
  function tell(problem) {
    run.disabled = problem !== undefined;
    root.classList.toggle('is-wrong', problem !== undefined);
    for (const card of cards) {
      card.problem.hidden = true;
      if (problem) say(card.out, 'build.out.none');
      for (const op of card.ops) op.classList.remove('is-wrong');
    }
    full.problem.hidden = true;
    const where = problem?.layer ? placeOf(modules, problem.layer) : null;
    const code = problem?.code === 'inputs' && !where ? 'fc6' : (problem?.code ?? '');
    root.dataset.problem = code;
    if (!problem) return;
    const { message, cells, channels, kernel, found, most } = problem;
    const numbers = code === 'memory' ? { found: megabytes(found), most: megabytes(most) } : { found: count(found), most: count(most) };
    const params = { ...numbers, cells, channels, kernel, size: store.state.side, message };
    const card = where ? cards[where.module] : undefined;
    const place = (card ?? full).problem;
    place.hidden = false;
    say(place, /** @type {Key} */ (`build.problem.${code}`), params);
    if (where) card?.ops[where.op]?.classList.add('is-wrong');
    status.textContent = t(/** @type {Key} */ (`build.problem.${code}`), params);
  }

  /** @param {LayerInfo[]} layers @param {LayerInfo[] | null} former of the row it came from, where that can be built at this size */
  function showCosts(layers, former) {
    const { from: id } = store.state;
    const own = costsOf(layers);
    const theirs = former && costsOf(former);
    figures.replaceChildren(
      figure('memory.total.parameters', 'parameters', own, theirs, id),
      figure('memory.total.values', 'values', own, theirs, id),
      figure('memory.total.macs', 'macs', own, theirs, id),
      figure('build.field', 'field', own, theirs, id),
    );
    cards.forEach((card, i) => {
      const last = layers.findLast(({ module }) => module === i + 1);
      if (last) say(card.out, 'build.out', { shape: shape(last) });
    });
    full.show(layers);
    chart.show(layers);
    say(status, 'build.status', { parameters: short(own.parameters), values: short(own.values), macs: short(own.macs), field: `${own.field}×${own.field}` });
  }

  const ask = newestWins(
    async (/** @type {{from: string, build: string | null, wide: number, side: number}} */ { from: id, build, wide, side }) => {
      const row = await engine.modules(id);
      const own = (build && parseRows(build)) || row;
      const options = paperOptions(wide, side);
      const of = (/** @type {Op[][]} */ modules) => ({ ...options, modules });
      const [problem, itsProblem] = await Promise.all([engine.problem('custom', of(own)), engine.problem(id, options)]);
      const [layers, former] = await Promise.all([problem ? null : engine.describe('custom', of(own)), itsProblem ? null : engine.describe(id, options)]);
      return { row, own, former, problem, layers };
    },
    ({ row, own, former, problem, layers }, asked) => {
      base = row;
      const isOther = formatRows(own) !== formatRows(modules) || !list.childElementCount;
      modules = own;
      if (isOther || list.dataset.from !== asked.from) show();
      list.dataset.from = asked.from;
      tell(problem);
      if (layers) showCosts(layers, former);
      root.dataset.ready = [asked.from, formatRows(own), asked.wide, asked.side].join(' ');
    },
  );

  function update() {
    const { from: id, build, wide, side } = store.state;
    const text = build && parseRows(build) ? build : null;
    // At once, so that the keyboard stays where it is; the costs follow.
    if (base.length && list.dataset.from === id) {
      const next = text ? /** @type {Op[][]} */ (parseRows(text)) : base;
      if (formatRows(next) !== formatRows(modules)) {
        modules = next;
        show();
      }
    }
    ask({ from: id, build: text, wide, side });
  }

  const root = h(
    'section',
    { class: 'builder', test: 'builder', label: 'build.title' },
    h(
      'div',
      { class: 'controls', role: 'group', label: 'build.controls' },
      from,
      again,
      control(store, scope, 'wide', 'network.width', WIDTHS.map((width) => [width, `× ${width}`])),
      control(store, scope, 'side', 'network.size', SIZES.map((size) => [size, `${size} × ${size}`])),
      run,
    ),
    h('p', { class: 'caption', say: 'build.help' }),
    figures,
    status,
    list,
    chart.element,
    h('p', { class: 'caption', say: 'build.caption' }),
  );
  scope.keep(
    store.listen((state, before) => {
      if (['from', 'build', 'wide', 'side', 'lang'].some((key) => state[key] !== before[key])) update();
    }),
  );
  scope.keep(engine.on('network', update));
  update();
  return root;
}

/** @param {Op} op */
function opName(op) {
  if (op.op === 'conv') return `conv${op.kernel}-${op.channels}`;
  return op.op === 'lrn' ? 'LRN' : t('build.pool', { ...op });
}

/** @param {LayerInfo[]} layers @returns {Costs} */
function costsOf(layers) {
  const last = layers.findLast(({ kind }) => kind !== 'fc');
  return { parameters: sum(layers, 'parameters'), values: sum(layers, 'values'), macs: sum(layers, 'macs'), field: last?.receptive_field ?? 1 };
}

/**
 * @param {Key} key @param {keyof Costs} cost
 * @param {Costs} own @param {Costs | null} theirs @param {string} base
 */
function figure(key, cost, own, theirs, base) {
  const isField = cost === 'field';
  const value = own[cost];
  const more = h('dd', { class: 'figure-more' });
  if (theirs) {
    const change = value - theirs[cost];
    const sign = change > 0 ? '+' : '−';
    const size = Math.abs(change);
    const part = percent(size / theirs[cost]);
    if (change === 0) say(more, 'build.same', { base });
    else say(more, isField ? 'build.more' : 'build.more.percent', { base, sign, change: isField ? String(size) : short(size), share: part.startsWith('<') ? part : sign + part });
  }
  return h(
    'div',
    { class: 'figure' },
    h('dt', { say: key }),
    h('dd', { class: 'figure-number', 'data-cost': cost, 'data-total': value, 'data-base': theirs?.[cost] ?? '' }, isField ? `${value}×${value}` : short(value)),
    more,
  );
}

/** The fully connected layers, which every row ends with. */
function createFullCard() {
  const layersList = h('ul', { class: 'build-ops' });
  const caption = h('p', { class: 'caption' });
  const problem = h('p', { class: 'build-problem', test: 'build-problem', hidden: true });
  return {
    element: h('div', { class: 'build-module' }, h('h3', { say: 'build.full' }), layersList, problem, caption),
    problem,
    /** @param {LayerInfo[]} layers */
    show(layers) {
      const full = layers.filter(({ kind }) => kind === 'fc');
      layersList.replaceChildren(...full.map(({ channels }) => h('li', { class: 'build-op block-fc' }, h('span', { class: 'build-name' }, `FC-${channels}`))));
      const { kernel, input_channels: inputs, channels } = full[0];
      say(caption, 'build.full.caption', { formula: `${kernel}·${kernel}·${inputs}·${channels} = ${count(kernel * kernel * inputs * channels)}` });
    },
  };
}
