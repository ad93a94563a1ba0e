/** What the experiments showed: the paper's tables as a table and as plots, the lecture's conclusions on them, accuracy against memory and speed. */
import { h } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { choice, whole } from '../../page/address.js';
import { measure as measureRow } from '../../engine/beside.js';
import { isKnown } from '../../engine/clock.js';
import { count, megabytes, milliseconds, percent, UNKNOWN } from '../../page/format.js';
import { paperOptions } from '../../engine/networks.js';
import { PAPER } from '../../engine/table.js';
import { change, CLAIMS, DEPTHS, errorOf, FIVE_BY_FIVE, GLUON, JITTER, RESULTS } from '../../page/results.js';
import { titleOf } from '../../page/names.js';
import { createAlikePanel } from './alike-panel.js';
import { createClockNote } from '../../page/clock-note.js';
import { createErrorChart } from './error-chart.js';
import { notes, region } from '../../page/controls.js';
import { createTradeChart } from './trade-chart.js';

/** @typedef {import('../../page/i18n.js').Key} Key */
/** @typedef {import('../../page/results.js').Metric} Metric */
/** @typedef {import('../../page/results.js').Pair} Pair */
/** @typedef {import('../../page/results.js').Point} Point */
/** @typedef {import('./trade-chart.js').Traded} Traded */

const METRICS = /** @type {Metric[]} */ (['top1', 'top5']);
const NAMES = Object.keys(CLAIMS);
const MOST_PAIRS = Math.max(...Object.values(CLAIMS).map((pairs) => pairs.length));

/** B with a 5×5 in place of each pair of 3×3. */
const FIVES = '5x64,p/5x128,p/5x256,p/5x512,p/5x512,p';

/** What this browser measured of GluonCV's two networks, for as long as the page is open. @type {Map<string, import('../../engine/protocol.js').Measured>} */
const measured = new Map();

/** @type {import('../index.js').View} */
export const experiments = {
  id: 'experiments',
  fields: {
    claim: choice('depth', NAMES),
    pair: whole(0, 0, MOST_PAIRS - 1),
    metric: choice('top1', METRICS),
  },
  mount,
};

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
function mount(app, scope) {
  const { engine, store } = app;
  const depth = createErrorChart(scope, 'depth');
  const scale = createErrorChart(scope, 'scale');
  const alike = createAlikePanel(app, scope);
  const trade = createTradeChart(scope);
  const difference = h('p', { class: 'statement', test: 'experiments-change' });
  const why = h('p', {});
  const statement = h('div', { role: 'status', test: 'experiments-statement' }, difference, why);
  const builder = h('button', {
    class: 'quiet-button',
    type: 'button',
    test: 'experiments-build',
    say: 'experiments.kernels.build',
    on: { click: () => store.set({ view: 'networks', mode: 'build', from: 'B', build: FIVES }, { step: true }) },
  });
  const depthTitle = h('h3', {});
  const scaleTitle = h('h3', {});
  const body = h('tbody', {});
  const traded = h('tbody', { test: 'trade-rows' });
  const own = h('p', { test: 'experiments-own' });
  const failure = h('p', { class: 'caption', role: 'alert', hidden: true });

  const metrics = METRICS.map((metric) =>
    h('button', { class: 'switch', type: 'button', test: `metric-${metric}`, 'data-metric': metric, say: `experiments.${metric}`, on: { click: () => store.set({ metric }) } }),
  );
  const claims = NAMES.map((claim) => {
    const pairs = h('div', { class: 'switches claim-pairs', role: 'group', label: 'experiments.pairs', hidden: true });
    const button = h(
      'button',
      { class: 'claim', type: 'button', test: 'claim', 'data-claim': claim, on: { click: () => store.set({ claim, pair: 0 }) } },
      h('span', { say: /** @type {Key} */ (`experiments.claim.${claim}`) }),
    );
    pairs.append(
      ...CLAIMS[claim].map((pair, i) =>
        h('button', { class: 'switch', type: 'button', test: 'pair', 'data-pair': i, on: { click: () => store.set({ pair: i }) } }, pairLabel(claim, pair)),
      ),
    );
    return { claim, button, pairs, item: h('li', {}, button, CLAIMS[claim].length > 1 ? pairs : null) };
  });

  const measure = h('button', { class: 'button', type: 'button', test: 'trade-measure', say: 'experiments.measure', on: { click: () => void measureAll() } });
  const clock = createClockNote();
  const measuring = h('span', { class: 'caption', role: 'status' });

  async function measureAll() {
    measure.disabled = true;
    failure.hidden = true;
    try {
      for (const { row, name } of GLUON) {
        say(measuring, 'experiments.measuring', { name });
        measured.set(row, await measureRow(engine.choice, row, paperOptions(1, PAPER.input_size)));
        showTrade();
      }
      say(measuring, 'experiments.measured');
    } catch (error) {
      measuring.textContent = '';
      failure.hidden = false;
      failure.textContent = /** @type {Error} */ (error).message;
    }
    measure.disabled = false;
  }

  /** The pair compared, or null for the conclusion that has none in the tables. @returns {Pair | null} */
  const paired = () => {
    const pairs = CLAIMS[store.state.claim];
    return pairs[Math.min(store.state.pair, pairs.length - 1)] ?? null;
  };

  function update() {
    const { claim, metric } = store.state;
    const pair = paired();
    for (const { claim: name, button, pairs } of claims) {
      const isOpen = name === claim;
      button.setAttribute('aria-pressed', String(isOpen));
      pairs.hidden = !isOpen;
      for (const [i, one] of [...pairs.children].entries()) one.setAttribute('aria-pressed', String(CLAIMS[name][i] === pair));
    }
    for (const button of metrics) button.setAttribute('aria-pressed', String(button.dataset.metric === metric));
    const shown = { metric, pair, isKernels: claim === 'kernels' && metric === 'top1', isMulti: claim === 'scales' };
    depth.show(shown);
    scale.show(shown);
    const params = { metric: t(`experiments.${/** @type {Metric} */ (metric)}`) };
    say(depthTitle, 'experiments.plot.depth', params);
    say(scaleTitle, 'experiments.plot.scale', params);
    if (pair) sayChange(pair, metric);
    else say(difference, metric === 'top1' ? 'experiments.kernels' : 'experiments.kernels.top5', { points: FIVE_BY_FIVE });
    say(why, whyOf(claim, pair));
    builder.hidden = claim !== 'kernels';
    body.replaceChildren(...RESULTS.map((trained) => tableRow(trained, pair)));
    alike.show(metric);
    showTrade();
    root.dataset.ready = '';
  }

  /** @param {Pair} pair @param {Metric} metric */
  function sayChange(pair, metric) {
    const points = change(pair, metric);
    const key = points < 0 ? 'experiments.less' : points > 0 ? 'experiments.more' : 'experiments.same';
    const [before, after] = pair;
    const of = (/** @type {Point} */ point) => `${errorOf(point, metric).toFixed(1)}\u00a0%`;
    difference.dataset.points = String(points);
    say(difference, key, {
      before: pointName(before),
      after: pointName(after),
      from: of(before),
      to: of(after),
      points: Math.abs(points).toFixed(1),
      metric: t(`experiments.${metric}`),
    });
  }

  function showTrade() {
    const points = tradedPoints(engine);
    trade.show(points);
    clock.show(engine.tick, points.some(({ speed }) => speed === null));
    traded.replaceChildren(...points.map(tradeRow));
    const info = engine.network?.info;
    if (!info) say(own, 'experiments.own.none');
    else if (info.accuracy) {
      const { top1, top5, float_top1: float, images } = info.accuracy;
      say(own, 'experiments.own', { ...describe(info), classes: info.class_count, top1: percent(top1), top5: percent(top5), float: percent(float), images: count(images) });
    } else say(own, isKnown(engine.ms, engine.tick) ? 'experiments.own.untrained' : 'experiments.own.untimed', describe(info));
  }

  const root = h(
    'div',
    { class: 'lecture experiments', test: 'experiments-view' },
    h(
      'div',
      { class: 'lecture-head' },
      h('h2', { say: 'experiments.title' }),
      h('div', { class: 'switches', role: 'group', label: 'experiments.metric' }, ...metrics),
    ),
    h(
      'div',
      { class: 'experiments-grid' },
      h('ol', { class: 'claims', label: 'experiments.claims' }, ...claims.map(({ item }) => item)),
      h(
        'div',
        { class: 'experiments-main' },
        h('div', { class: 'experiments-said' }, statement, builder),
        h('div', { class: 'experiments-plots' }, h('div', {}, depthTitle, depth.element), h('div', {}, scaleTitle, scale.element)),
      ),
    ),
    h('p', { class: 'caption', say: 'experiments.caption' }),
    h('h3', { say: 'experiments.table' }),
    region('experiments.table', h('table', { class: 'cost-table errors-table', test: 'experiments-table' }, tableHead(), body)),
    alike.element,
    h('h2', { say: 'experiments.trade' }),
    h('p', { class: 'caption', say: 'experiments.trade.caption' }),
    h(
      'div',
      { class: 'trade-grid' },
      trade.element,
      h(
        'div',
        { class: 'trade-side' },
        region(
          'experiments.trade.table',
          h(
            'table',
            { class: 'cost-table' },
            h('caption', { class: 'visually-hidden', say: 'experiments.trade.table' }),
            h('thead', {}, h('tr', {}, ...(/** @type {Key[]} */ (['experiments.trade.name', 'experiments.trade.accuracy', 'experiments.trade.memory', 'experiments.trade.speed'])).map((key) => h('th', { scope: 'col', say: key })))),
            traded,
          ),
        ),
        clock.element,
        own,
        h('div', { class: 'trade-measure' }, measure, measuring),
        failure,
      ),
    ),
    footnotes().element,
  );
  scope.keep(store.listen(update));
  scope.keep(engine.on('network', showTrade));
  scope.keep(engine.on('done', showTrade));
  update();
  return root;
}

const footnotes = () =>
  notes(['experiments.note.error', 'experiments.note.kernels', 'experiments.note.alike', 'experiments.note.gluon', 'experiments.note.ilsvrc', 'experiments.note.speed']);

/** What stands on the button of a pair. @param {string} claim @param {Pair} pair */
function pairLabel(claim, [before, after]) {
  if (claim === 'jitter') return `${before.row}: ${before.train} → ${after.train}`;
  if (claim === 'scales') return `${before.row} · ${before.train}`;
  return `${before.row} → ${after.row}${before.train === '256' ? '' : ` · ${before.train}`}`;
}

/** @param {Point} point */
function pointName({ row, train, testing }) {
  const trained = RESULTS.find((result) => result.row === row && result.train === train);
  const set = train === JITTER ? `S ∈ ${train}` : `S = ${train}`;
  return `${row} (${set}, Q = ${trained?.[testing]?.test})`;
}

/** What the pair says, beyond its numbers. @param {string} claim @param {Pair | null} pair @returns {Key} */
function whyOf(claim, pair) {
  if (claim === 'lrn' && pair?.[1].row === 'B') return 'experiments.why.lrn.instead';
  if (claim !== 'depth' || !pair) return /** @type {Key} */ (`experiments.why.${claim}`);
  const [before, after] = pair;
  if (before.row === 'A' && after.row === 'E') return 'experiments.why.depth.all';
  return /** @type {Key} */ (`experiments.why.depth.${after.row}`);
}

const tableHead = () =>
  h(
    'thead',
    {},
    h('tr', {}, h('td', { colspan: 3 }), h('th', { scope: 'colgroup', colspan: 3, say: 'experiments.single' }), h('th', { scope: 'colgroup', colspan: 3, say: 'experiments.multi' })),
    h(
      'tr',
      {},
      ...(/** @type {Key[]} */ ([
        'networks.row',
        'networks.deep',
        'experiments.train',
        'experiments.test',
        'experiments.top1',
        'experiments.top5',
        'experiments.test',
        'experiments.top1',
        'experiments.top5',
      ])).map((key) => h('th', { scope: 'col', say: key })),
    ),
  );

/** @param {import('../../page/results.js').Trained} trained @param {Pair | null} pair */
function tableRow(trained, pair) {
  const isCompared = (/** @type {import('../../page/results.js').Testing} */ testing) =>
    pair?.some((point) => point.row === trained.row && point.train === trained.train && point.testing === testing) ?? false;
  const cells = (/** @type {import('../../page/results.js').Testing} */ testing) => {
    const result = trained[testing];
    const attributes = { class: `errors-cell${isCompared(testing) ? ' is-compared' : ''}`, 'data-testing': testing };
    if (!result) return ['', '', ''].map(() => h('td', attributes, '–'));
    return [result.test, ...METRICS.map((metric) => result[metric].toFixed(1))].map((text) => h('td', attributes, text));
  };
  return h(
    'tr',
    { test: 'experiments-row', 'data-key': trained.key },
    h('th', { scope: 'row' }, trained.row),
    h('td', {}, String(DEPTHS[trained.row])),
    h('td', {}, trained.train),
    ...cells('single'),
    ...cells('multi'),
  );
}

/** @param {import('../../engine/protocol.js').NetworkInfo} info */
function describe(info) {
  return { name: `${titleOf(info)()} × ${info.width}, ${info.input_size}×${info.input_size}` };
}

/** GluonCV's two, then what this browser has measured. @param {import('../../engine/engine.js').Engine} engine @returns {Traded[]} */
function tradedPoints({ network, ms, tick }) {
  const points = GLUON.map((theirs) => ({ ...theirs, isHere: false }));
  const here = GLUON.flatMap(({ row, name, accuracy }) => {
    const own = measured.get(row);
    return own ? [{ row, name, accuracy, megabytes: own.bytes / 1e6, speed: 1000 / own.ms, isHere: true }] : [];
  });
  if (!network || !ms) return [...points, ...here];
  const { info } = network;
  const loaded = {
    row: '',
    name: describe(info).name,
    accuracy: info.accuracy?.top1 ?? null,
    megabytes: (info.weight_bytes + info.activation_bytes) / 1e6,
    speed: isKnown(ms, tick) ? 1000 / ms : null,
    isHere: true,
  };
  return [...points, ...here, loaded];
}

/** @param {Traded} point */
function tradeRow({ name, accuracy, megabytes: memory, speed, isHere, row }) {
  const isBorrowed = isHere && row !== '';
  return h(
    'tr',
    { class: isHere ? 'trade-here' : 'trade-there', test: 'trade-row', 'data-here': isHere },
    h('th', { scope: 'row' }, name, h('span', { class: 'trade-source', say: isHere ? 'experiments.trade.measured' : 'experiments.trade.gluon' })),
    h('td', {}, accuracy === null ? '–' : percent(accuracy), isBorrowed ? h('sup', { 'aria-hidden': 'true' }, '*') : null),
    h('td', {}, megabytes(memory * 1e6)),
    h('td', {}, speed === null ? UNKNOWN : perSecond(speed), isHere && speed !== null ? h('span', { class: 'trade-source' }, milliseconds(1000 / speed)) : null),
  );
}

/** @param {number} speed */
const perSecond = (speed) => (speed >= 100 ? count(speed) : speed.toPrecision(2));
