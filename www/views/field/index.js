/** Receptive field: a stack of small kernels against a large one, on the picture, as a cone and in numbers. */
import { h } from '../../page/dom.js';
import { say } from '../../page/i18n.js';
import { name, whole } from '../../page/address.js';
import { conv, fields, stack, weights } from './fields.js';
import { count, percent } from '../../page/format.js';
import { createConeChart } from './cone-chart.js';
import { createEffectivePanel } from './effective-panel.js';
import { createFieldStage, pixelsFor, PLACES } from './stage.js';
import { control, notes, region } from '../../page/controls.js';

/** @typedef {import('../../page/i18n.js').Key} Key */

const DEEPEST = 7;
const MOST_CHANNELS = 512;
/** The lecture's question is after a 7×7 view. */
const ASKED = 7;
const GUESSES = [1, 2, 3, 4, 5];
const TEMPO = 900;

/** @type {import('../index.js').View} */
export const field = {
  id: 'field',
  fields: {
    effective: name(null),
    stack: whole(2, 1, DEEPEST),
    pools: whole(0, 0, 3),
    channels: whole(64, 1, MOST_CHANNELS),
    grown: whole(null, 0, 2 * DEEPEST),
    guess: whole(null, GUESSES[0], GUESSES[GUESSES.length - 1]),
    at: {
      initial: [62, 62],
      read(text) {
        const place = text.split(',').map(Number);
        return place.length === 2 && place.every((v) => Number.isInteger(v) && v >= 0 && v < PLACES) ? place : undefined;
      },
      write: (place) => place.join(','),
      same: (a, b) => a[0] === b[0] && a[1] === b[1],
    },
  },
  mount,
};

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
function mount(app, scope) {
  const { store } = app;
  const stage = createFieldStage(app, scope);
  const deep = createConeChart(scope, 'cone-stack');
  const flat = createConeChart(scope, 'cone-single');
  const seen = h('p', { class: 'statement', role: 'status', test: 'field-seen' });
  const help = h('p', { class: 'caption', id: 'field-help' });
  const deepTitle = h('h3', {});
  const flatTitle = h('h3', {});
  const steps = h('tbody', {});
  const verdict = h('p', { class: 'statement', test: 'field-verdict' });
  const answer = h('p', { class: 'answer', role: 'status', test: 'field-answer' });
  const compared = createComparison();
  const footnotes = notes(['field.note.deck', 'field.note.bias', 'field.note.pool', 'field.note.effective']);

  const whole = () => {
    const { stack: layers, pools } = store.state;
    return stack(layers, pools);
  };
  const grownOf = (/** @type {number} */ length) => Math.min(store.state.grown ?? length, length);

  const grow = h('input', {
    id: 'field-grow',
    type: 'range',
    min: 0,
    step: 1,
    test: 'field-grow',
    on: {
      input() {
        stop();
        store.set({ grown: Number(grow.value) });
      },
    },
  });
  const growValue = h('output', { for: 'field-grow' });
  const play = h('button', { class: 'button', type: 'button', test: 'field-play', say: 'field.play', on: { click: start } });
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  function stop() {
    clearInterval(timer);
    timer = undefined;
  }
  function forward() {
    const { length } = whole();
    const next = grownOf(length) + 1;
    if (next > length) stop();
    else store.set({ grown: next === length ? null : next });
  }
  /** One layer after the other; where motion is not wanted, one layer a click. */
  function start() {
    const { length } = whole();
    stop();
    const isAtEnd = grownOf(length) === length;
    if (isAtEnd) store.set({ grown: 0 });
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) timer = setInterval(forward, TEMPO);
    else if (!isAtEnd) forward();
  }
  scope.keep(stop);

  const channels = h('input', {
    id: 'field-channels',
    type: 'range',
    min: 1,
    max: MOST_CHANNELS,
    step: 1,
    test: 'field-channels',
    on: { input: () => store.set({ channels: Number(channels.value) }) },
  });
  const channelsValue = h('output', { for: 'field-channels' });

  const pools = control(store, scope, 'pools', 'field.pools', [0, 1, 2, 3].map((every) => [every, '']));
  pools.querySelectorAll('option').forEach((option, i) => say(option, i ? 'field.pools.every' : 'field.pools.none', { every: i }));
  const layers = control(store, scope, 'stack', 'field.stack', Array.from({ length: DEEPEST }, (_, i) => [i + 1, String(i + 1)]));
  // Another stack is shown whole.
  for (const select of [pools, layers]) {
    select.addEventListener('change', () => {
      stop();
      store.set({ grown: null });
    });
  }

  const guesses = GUESSES.map((guess) =>
    h(
      'button',
      {
        class: 'switch',
        type: 'button',
        test: 'field-guess',
        'data-guess': guess,
        on: {
          click() {
            stop();
            store.set({ guess, stack: guess, pools: 0, grown: null });
          },
        },
      },
      String(guess),
    ),
  );

  /** What follows the pointer. */
  function point() {
    const all = fields(whole());
    stage.show(all.slice(0, grownOf(all.length - 1) + 1), all[all.length - 1]);
  }

  function update() {
    const { state } = store;
    const windows = whole();
    const all = fields(windows);
    const goal = all[all.length - 1];
    const grown = grownOf(windows.length);
    const now = all[grown];
    const single = conv(goal.size);

    point();
    say(help, 'field.help', { pixels: pixelsFor(goal.size) });
    deep.show(windows.slice(0, grown), goal.size);
    flat.show([single], goal.size);
    grow.max = String(windows.length);
    grow.value = String(grown);
    growValue.textContent = `${grown} / ${windows.length}`;
    channels.value = String(state.channels);
    channelsValue.textContent = String(state.channels);
    say(seen, grown === 0 ? 'field.seen.none' : now.size > pixelsFor(goal.size) ? 'field.seen.beyond' : 'field.seen', { grown, size: now.size });
    say(deepTitle, 'field.deep', { layers: state.stack });
    say(flatTitle, 'field.flat', { size: goal.size });

    steps.replaceChildren(...windows.map((window, i) => stepRow(window, all[i], all[i + 1], i, i < grown)));
    const units = { deep: weights(state.stack, 3), flat: weights(1, goal.size) };
    compared.set(state, goal.size, units);
    if (units.deep === units.flat) say(verdict, 'field.verdict.same');
    else {
      const less = percent(1 - units.deep / units.flat);
      say(verdict, 'field.verdict', { size: goal.size, less, layers: state.stack });
    }
    footnotes.set({ channels: state.channels, right: count(27 * state.channels ** 2), wrong: count(27 * state.channels) });

    for (const button of guesses) button.setAttribute('aria-pressed', String(Number(button.dataset.guess) === state.guess));
    if (state.guess === null) say(answer, 'field.answer.none');
    else {
      const chain = fields(stack(state.guess, 0)).slice(1).map(({ size }) => size);
      const last = chain[chain.length - 1];
      const key = last < ASKED ? 'field.answer.less' : last > ASKED ? 'field.answer.more' : 'field.answer.right';
      say(answer, key, { chain: chain.join(' → '), size: last, layers: state.guess });
    }
    answer.dataset.verdict = state.guess === null ? 'none' : state.guess === 3 ? 'right' : 'wrong';
    root.dataset.ready = '';
  }

  const root = h(
    'div',
    { class: 'lecture receptive', test: 'field-view' },
    h('h2', { say: 'field.title' }),
    h(
      'section',
      { class: 'question', label: 'field.question.label' },
      h('p', { class: 'statement', say: 'field.question' }),
      h('div', { class: 'switches', role: 'group', label: 'field.guess' }, ...guesses),
      answer,
    ),
    h('div', { class: 'controls', role: 'group', label: 'field.controls' }, layers, pools),
    h(
      'div',
      { class: 'field-grid' },
      h(
        'div',
        { class: 'field-side' },
        stage.element,
        h('div', { class: 'field-run' }, play, h('label', { for: 'field-grow', say: 'field.grow' }), grow, growValue),
        seen,
        help,
      ),
      h(
        'div',
        { class: 'field-main' },
        h('div', { class: 'field-cones' }, h('div', {}, deepTitle, deep.element), h('div', {}, flatTitle, flat.element)),
        h('div', { class: 'field-run' }, h('label', { for: 'field-channels', say: 'field.channels' }), channels, channelsValue),
        region('field.compare', compared.element),
        verdict,
        h('h3', { say: 'field.steps' }),
        h('p', { class: 'caption', say: 'field.rule' }),
        region(
          'field.steps',
          h(
            'table',
            { class: 'cost-table steps-table', test: 'field-steps' },
            h('thead', {}, h('tr', {}, ...(/** @type {Key[]} */ (['memory.layer', 'memory.window', 'field.column.field', 'field.column.jump'])).map((key) => h('th', { scope: 'col', say: key })))),
            steps,
          ),
        ),
      ),
    ),
    createEffectivePanel(app, scope),
    footnotes.element,
  );
  scope.keep(
    store.listen((state, before) => {
      if (state.at === before.at) update();
      else point();
    }),
  );
  update();
  return root;
}

/**
 * @param {import('./fields.js').Window} window
 * @param {import('./fields.js').Field} before @param {import('./fields.js').Field} after
 * @param {number} i @param {boolean} isGrown
 */
function stepRow({ kind, kernel, stride }, before, after, i, isGrown) {
  return h(
    'tr',
    { class: `cost-${kind}${isGrown ? ' is-grown' : ''}` },
    say(h('th', { scope: 'row' }), kind === 'pool' ? 'field.step.pool' : 'field.step.conv', { number: i + 1 }),
    h('td', {}, `${kernel}×${kernel} / ${stride}`),
    h('td', { 'data-size': after.size }, h('span', { class: 'formula' }, `${before.size} + (${kernel} − 1)·${before.jump} = `), h('span', { class: 'result' }, String(after.size))),
    h('td', {}, h('span', { class: 'formula' }, `${before.jump}·${stride} = `), String(after.jump)),
  );
}

/** Stack and single kernel side by side, in numbers and as bars of parameters. */
function createComparison() {
  const head = { deep: h('th', { scope: 'col' }), flat: h('th', { scope: 'col' }) };
  const cells = () => ({ deep: h('td', {}), flat: h('td', {}) });
  const view = cells();
  const formula = cells();
  const value = cells();
  const relus = cells();
  const line = (/** @type {Key} */ key, /** @type {{deep: HTMLElement, flat: HTMLElement}} */ pair) =>
    h('tr', {}, h('th', { scope: 'row', say: key }), pair.deep, pair.flat);
  const element = h(
    'table',
    { class: 'compare-table', test: 'field-compare' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, h('span', { class: 'visually-hidden', say: 'field.compare' })), head.deep, head.flat)),
    h('tbody', {}, line('field.column.field', view), line('field.formula', formula), line('memory.parameters', value), line('field.relus', relus)),
  );
  return {
    element,
    /** @param {Record<string, any>} state @param {number} size @param {{deep: number, flat: number}} units */
    set({ stack: layers, channels }, size, units) {
      say(head.deep, 'field.deep', { layers });
      say(head.flat, 'field.flat', { size });
      view.deep.textContent = view.flat.textContent = `${size}×${size}`;
      formula.deep.textContent = `${layers}·(3²·C²) = ${units.deep}C²`;
      formula.flat.textContent = `${size}²·C² = ${units.flat}C²`;
      const most = Math.max(units.deep, units.flat);
      for (const side of /** @type {const} */ (['deep', 'flat'])) {
        const total = units[side] * channels * channels;
        value[side].dataset.parameters = String(total);
        value[side].replaceChildren(
          count(total),
          h('span', { class: 'compare-track', 'aria-hidden': 'true' }, h('span', { class: `compare-bar compare-${side}`, style: `width: ${(100 * units[side]) / most}%` })),
        );
      }
      relus.deep.textContent = String(layers);
      relus.flat.textContent = '1';
    },
  };
}
