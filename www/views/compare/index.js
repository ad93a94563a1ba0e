/** Compare: up to three networks, or builds of the engine, on one picture, side by side. */
import { h } from '../../page/dom.js';
import { say } from '../../page/i18n.js';
import { whole } from '../../page/address.js';
import { keptName } from '../../engine/model-name.js';
import { sourceOf } from '../../engine/networks.js';
import * as assets from '../../engine/assets.js';
import { TABLE } from '../../engine/table.js';
import { beside, Refused, refusalOf } from '../../engine/beside.js';
import { ALIKE_ROWS, formatColumn, formatColumns, INITIAL, merged, MOST, parseColumns } from '../../page/columns.js';
import { milliseconds, UNKNOWN } from '../../page/format.js';
import { createClockNote } from '../../page/clock-note.js';
import { createColumn, MAPS } from './column.js';
import { control, notes, region } from '../../page/controls.js';
import { createPictureChoice } from '../../picture/choice.js';

/** @typedef {import('../../page/columns.js').Column} Column */
/** @typedef {import('./column.js').Ran} Ran */
/** @typedef {import('./column.js').Outcome} Outcome */

/** About how long each network is timed, in ms. */
const BUDGET = 700;
/** Modules of the rows that have most. */
const DEEPEST = Math.max(...TABLE.map(({ modules }) => modules));

/** @type {import('../index.js').View} */
export const compare = {
  id: 'compare',
  fields: {
    nets: {
      initial: INITIAL,
      read: parseColumns,
      write: formatColumns,
      same: (a, b) => formatColumns(a) === formatColumns(b),
    },
    depth: whole(3, 1, DEEPEST),
  },
  mount,
};

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
function mount(app, scope) {
  const { engine, store } = app;
  /** What the columns did with the present picture, by their text in the address. @type {Map<string, Outcome>} */
  const outcomes = new Map();
  /** @type {AbortController | null} */
  let running = null;
  /** @type {ReturnType<typeof createColumn>[]} */
  let columns = [];
  /** Names of the networks on this machine. @type {string[]} */
  let kept = [];
  let isLeft = false;

  const place = h('div', { class: 'compare-columns' });
  const add = h('button', { class: 'button', type: 'button', test: 'compare-add', say: 'compare.add', on: { click: () => set([...store.state.nets, next()]) } });
  const depth = control(store, scope, 'depth', 'compare.depth', Array.from({ length: DEEPEST }, (_, i) => [i + 1, '']));
  depth.querySelectorAll('option').forEach((option, i) => say(option, 'networks.module', { module: i + 1 }));
  const verdict = h('p', { class: 'statement', role: 'status', test: 'compare-verdict' });
  const head = h('thead', {});
  const rows = h('tbody', {});
  const foot = h('tfoot', {});
  const clock = createClockNote();
  const footnotes = notes(['compare.note.memory', 'compare.note.time', 'compare.note.untrained', 'compare.note.maps']);

  /** @param {Column[]} nets */
  const set = (nets) => store.set({ nets }, { step: true });
  /** A row that is not there yet. */
  const next = () => {
    const taken = store.state.nets.map((/** @type {Column} */ { net }) => net);
    const net = (assets.hasAlike ? ['alike-A', 'alike-E', 'alike-AlexNet'] : ['A', 'E', 'AlexNet']).find((id) => !taken.includes(id)) ?? 'A';
    return { ...INITIAL[1], net };
  };

  function build() {
    const { nets } = store.state;
    const focused = focusedControl();
    columns = nets.map((/** @type {Column} */ column, /** @type {number} */ i) =>
      createColumn(
        i + 1,
        column,
        (changed) => set(nets.with(i, changed)),
        nets.length > 1 ? () => set(nets.toSpliced(i, 1)) : null,
        kept,
      ),
    );
    place.style.setProperty('--columns', String(columns.length));
    place.replaceChildren(...columns.map(({ element }) => element));
    add.disabled = nets.length >= MOST;
    if (focused) /** @type {HTMLElement | null} */ (columns[focused.column]?.element.querySelector(`[data-testid="${focused.test}"]`))?.focus();
    show();
  }

  /** Columns are built anew with every choice; the control that was used keeps the focus. */
  function focusedControl() {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    const column = columns.findIndex(({ element }) => element.contains(focused));
    return column < 0 ? null : { column, test: focused?.dataset.testid };
  }

  /** Runs what is not known yet, from left to right, one after the other. */
  async function run() {
    if (running || !app.picture || !engine.network) return;
    const column = store.state.nets.find((/** @type {Column} */ one) => !outcomes.has(formatColumn(one)));
    if (!column) return;
    running = new AbortController();
    const { signal } = running;
    const key = formatColumn(column);
    outcomes.set(key, { state: 'running' });
    show();
    try {
      outcomes.set(key, { ran: await runOne(column, signal) });
    } catch (error) {
      if (signal.aborted) return;
      const refusal = await refusalOf(error);
      if (signal.aborted) return;
      outcomes.set(key, refusal);
    }
    running = null;
    show();
    void run();
  }

  /** @param {Column} column @param {AbortSignal} signal @returns {Promise<Ran>} */
  async function runOne({ net, width, size, seed, build: wanted }, signal) {
    const row = ALIKE_ROWS.get(net);
    if (row && !assets.hasAlike) throw new Refused('problem.alike-missing');
    const name = keptName(net);
    if (name !== null) return besideOne({ kind: 'bytes', bytes: await (await app.later()).kept.read(name) }, wanted, signal);
    const values = { model: net === 'shipped' ? 'shipped' : row ? 'alike' : 'untrained', net: row ?? net, rows: null, width, size, seed };
    const source = net === 'page' ? await app.networks.source() : await sourceOf(values, assets);
    if (!source) throw new Refused('summary.none');
    return besideOne(source, wanted, signal);
  }

  /** @param {import('../../engine/protocol.js').ModelSource} source @param {string | null} wanted build @param {AbortSignal} signal @returns {Promise<Ran>} */
  function besideOne(source, wanted, signal) {
    return beside(app, { source, build: wanted ?? undefined, signal }, async (other, square) => {
      other.setDisplay({ colormap: 'viridis', normalise: 'channel', view: 'activation' }, MAPS);
      await new Promise((resolve) => {
        other.on('done', resolve);
        other.run(square);
      });
      const bench = await other.bench(square, BUDGET);
      const { info, layers } = /** @type {NonNullable<typeof other.network>} */ (other.network);
      return { info, layers, results: other.results, top: other.top, seen: /** @type {ImageData} */ (other.seen), bench };
    });
  }

  /** What is kept here may stand beside the others. */
  async function lookForKept() {
    const { kept: shelf } = await app.later();
    const names = (await shelf.list()).filter(({ isWhole }) => isWhole).map(({ name }) => name);
    if (String(names) === String(kept) || isLeft) return;
    kept = names;
    build();
  }

  /** Another picture: everything again. */
  function restart() {
    stop();
    for (const outcome of outcomes.values()) release(outcome);
    outcomes.clear();
    show();
    void run();
  }

  function stop() {
    running?.abort();
    running = null;
    for (const [key, outcome] of outcomes) if ('state' in outcome) outcomes.delete(key);
  }

  /** @param {Outcome} outcome */
  function release(outcome) {
    if ('ran' in outcome) for (const result of outcome.ran.results) result?.strip.bitmap.close();
  }

  /** Columns that are gone are forgotten. */
  function tidy() {
    const wanted = new Set(store.state.nets.map(formatColumn));
    for (const [key, outcome] of outcomes) {
      if (wanted.has(key)) continue;
      if ('state' in outcome) stop();
      release(outcome);
      outcomes.delete(key);
    }
  }

  function show() {
    const { nets, depth: module } = store.state;
    /** @type {Outcome[]} */
    const all = nets.map((/** @type {Column} */ column) => outcomes.get(formatColumn(column)) ?? { state: 'waiting' });
    all.forEach((outcome, i) => columns[i]?.show(outcome, module));
    const ran = all.map((outcome) => ('ran' in outcome ? outcome.ran : null));
    showTimes(ran);
    const isReady = all.every((outcome) => !('state' in outcome));
    showVerdict(isReady ? ran : []);
    if (isReady) root.dataset.ready = formatColumns(nets);
    else delete root.dataset.ready;
  }

  /** @param {(Ran | null)[]} ran */
  function showTimes(ran) {
    const known = ran.filter((one) => one !== null);
    const names = merged(known.map(({ layers }) => layers.slice(1)));
    const longest = Math.max(...known.flatMap(({ bench }) => bench.layers.map((ms) => ms ?? 0)));
    const coarse = known.find(({ bench }) => bench.ms === null || bench.layers.includes(null))?.bench;
    clock.show(coarse?.tick ?? 0, coarse !== undefined);
    const kindOf = (/** @type {string} */ name) => known.flatMap(({ layers }) => layers).find((layer) => layer.name === name)?.kind;
    head.replaceChildren(
      h('tr', {}, h('th', { scope: 'col', say: 'memory.layer' }), ...ran.map((_, i) => say(h('th', { scope: 'col' }), 'compare.column', { number: i + 1 }))),
    );
    rows.replaceChildren(
      ...names.map((name) =>
        h('tr', { class: `cost-row cost-${kindOf(name)}`, 'data-layer': name }, h('th', { scope: 'row' }, name), ...ran.map((one) => timeCell(one, name, longest))),
      ),
    );
    foot.replaceChildren(
      h('tr', {}, h('th', { scope: 'row', say: 'memory.total' }), ...ran.map((one) => h('td', {}, one ? milliseconds(one.bench.ms) : ''))),
    );
  }

  /** @param {(Ran | null)[]} ran */
  function showVerdict(ran) {
    const known = ran.flatMap((one, i) => (one?.bench.ms ? [{ number: i + 1, ms: one.bench.ms }] : [])).sort((a, b) => a.ms - b.ms);
    verdict.textContent = '';
    verdict.removeAttribute('data-i18n');
    if (known.length < 2) return;
    const [fast, slow] = [known[0], known[known.length - 1]];
    say(verdict, 'compare.verdict', { slow: slow.number, fast: fast.number, factor: (slow.ms / fast.ms).toFixed(2) });
  }

  const root = h(
    'div',
    { class: 'lecture compare', test: 'compare-view' },
    h('div', { class: 'lecture-head' }, h('h2', { say: 'compare.title' }), createPictureChoice(app, scope)),
    h('div', { class: 'compare-intro' }, h('p', { class: 'caption', say: 'compare.intro' }), h('div', { class: 'controls' }, depth, add)),
    place,
    verdict,
    h('h3', { say: 'compare.times' }),
    region('compare.times', h('table', { class: 'cost-table compare-times', test: 'compare-times' }, head, rows, foot)),
    clock.element,
    footnotes.element,
  );

  scope.keep(
    store.listen((state, before) => {
      if (state.nets !== before.nets) {
        tidy();
        build();
        void run();
      }
      if (state.crop !== before.crop) restart();
      else if (state.depth !== before.depth || state.lang !== before.lang) show();
    }),
  );
  scope.keep(app.onPicture(restart));
  scope.keep(engine.on('network', restart));
  scope.keep(() => {
    isLeft = true;
    stop();
    for (const outcome of outcomes.values()) release(outcome);
  });
  build();
  void run();
  // Where nothing can be kept there is nothing to be offered.
  lookForKept().catch(() => {});
  return root;
}

/** @param {Ran | null} ran @param {string} name @param {number} longest */
function timeCell(ran, name, longest) {
  const index = ran ? ran.layers.findIndex((layer) => layer.name === name) : -1;
  // Not one that the clock was too coarse for: there is no such layer.
  if (!ran || index < 0) return h('td');
  const ms = ran.bench.layers[index - 1];
  if (ms === null) return h('td', { class: 'is-unknown' }, UNKNOWN);
  return h(
    'td',
    { 'data-ms': ms },
    h('span', { class: 'compare-time-number' }, milliseconds(ms)),
    h('span', { class: 'compare-track', 'aria-hidden': 'true' }, h('span', { class: 'compare-bar', style: `width: ${(100 * ms) / longest}%` })),
  );
}
