/** Any scale: the network as a fully convolutional net at any test size, its class score map, and several scales together. */
import { h } from '../../page/dom.js';
import { language, say, t } from '../../page/i18n.js';
import { choice, whole } from '../../page/address.js';
import { square } from '../../picture/crop.js';
import { milliseconds, percent, real } from '../../page/format.js';
import { softmax } from '../../engine/softmax.js';
import { classMap, LARGEST, logitsAt, meanOf, ranking, ScoreKeeper, sizesFrom, STEP, windowAt } from './scores.js';
import { control, notes, region } from '../../page/controls.js';
import { createPictureChoice } from '../../picture/choice.js';
import { classNames } from '../../page/names.js';
import { createRanking } from '../../page/ranking.js';
import { createScoreStage } from './stage.js';

/** @typedef {import('../../engine/protocol.js').Scores} Scores */
/** @typedef {import('../../engine/protocol.js').NetworkInfo} NetworkInfo */
/** @typedef {import('./scores.js').Place} Place */

const SHOWN = 5;
/** A shorter wait is over before a progress bar could be read. */
const PATIENCE = 500;
/** From this input on, most of a window is far from its edge: the paper's. */
const AT_EASE = 224;

/** A score with as many digits as a cell has room for. @param {number} value */
const inCell = (value) => value.toFixed(Math.abs(value) >= 100 ? 0 : 1).replace('-', '−');

/** @param {string} text */
const numbers = (text) => text.split(',').map((part) => (/^\d{1,4}$/.test(part) ? Number(part) : NaN));

/** @type {import('../index.js').View} */
export const scale = {
  id: 'scale',
  fields: {
    q: whole(null, STEP, LARGEST),
    of: whole(null, 0, 1e5),
    as: choice('score', ['score', 'probability']),
    by: choice('dense', ['dense', 'crops']),
    place: {
      initial: /** @type {any} */ (null),
      read: (text) => (numbers(text).length === 2 && numbers(text).every(Number.isInteger) ? numbers(text) : undefined),
      write: (place) => place.join(','),
      same: (a, b) => String(a) === String(b),
    },
    scales: {
      initial: /** @type {any} */ (null),
      read: (text) => (numbers(text).every((size) => size % STEP === 0 && size >= STEP && size <= LARGEST) ? numbers(text) : undefined),
      write: (sizes) => sizes.join(','),
      same: (a, b) => String(a) === String(b),
    },
  },
  mount,
};

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
function mount(app, scope) {
  const { engine, store } = app;
  const keeper = new ScoreKeeper(engine, () => show());
  const choose = (/** @type {number} */ index) => store.set({ of: index });
  const stage = createScoreStage(app, scope, (place) => store.set({ place: [place.x, place.y] }));
  const dense = createRanking({ test: 'scale-dense', label: 'scale.dense', choose });
  const single = createRanking({ test: 'scale-single', label: 'scale.single', choose });
  const several = createRanking({ test: 'scale-several', label: 'scale.several', choose });

  const explanation = h('p', { class: 'scale-explanation' });
  const size = h('input', {
    id: 'scale-size',
    type: 'range',
    max: LARGEST,
    step: STEP,
    test: 'scale-size',
    on: { input: () => store.set({ q: Number(size.value), place: null }) },
  });
  const sizeValue = h('output', { for: 'scale-size' });
  const classes = h('select', { test: 'scale-class', on: { change: () => store.set({ of: classes.value === '' ? null : Number(classes.value) }) } });
  const valuesSelect = control(store, scope, 'as', 'scale.as', [['score', ''], ['probability', '']]);
  const waySelect = control(store, scope, 'by', 'scale.by', [['dense', ''], ['crops', '']]);
  for (const [select, keys] of /** @type {[Element, import('../../page/i18n.js').Key[]][]} */ ([
    [valuesSelect, ['scale.as.score', 'scale.as.probability']],
    [waySelect, ['scale.by.dense', 'scale.by.crops']],
  ])) {
    select.querySelectorAll('option').forEach((option, i) => say(option, keys[i]));
  }

  const mapTitle = h('h3', { test: 'scale-map-title' });
  const low = h('span', { test: 'scale-low' });
  const high = h('span', { test: 'scale-high' });
  const readout = h('p', { class: 'readout', test: 'scale-readout', 'aria-live': 'polite' });
  const denseCaption = h('p', { class: 'caption' });
  const singleCaption = h('p', { class: 'caption' });
  const severalCaption = h('p', { class: 'caption' });
  const verdict = h('p', { class: 'statement', role: 'status', test: 'scale-verdict' });
  const edge = h('p', { class: 'caption', test: 'scale-edge' });
  const failure = h('p', { class: 'caption', role: 'alert', hidden: true });
  const progress = createProgress();
  const toggles = h('div', { class: 'scale-toggles', role: 'group', label: 'scale.choose' });
  const rows = h('tbody', {});
  const meanRow = h('tfoot', {});
  const cells = h('table', { class: 'score-table', test: 'score-table' });
  const table = h('details', { class: 'scale-table' }, h('summary', { say: 'scale.table' }), region('scale.table', cells));
  const footnotes = notes(['scale.note.crop', 'scale.note.window', 'scale.note.mean', 'scale.note.cost', 'scale.note.training']);

  /** What the map at hand is drawn from. @type {{info: NetworkInfo, scores: Scores, values: Float64Array} | null} */
  let current = null;

  const native = () => engine.network?.info.input_size ?? STEP;
  /** The state's size may belong to another network. */
  const sizeNow = () => {
    const least = native();
    const wish = store.state.q ?? least + 2 * STEP;
    return sizesFrom(least).findLast((one) => one <= wish) ?? least;
  };
  /** @returns {number[]} */
  const chosenSizes = () => {
    const all = sizesFrom(native());
    const wish = store.state.scales?.filter((/** @type {number} */ one) => all.includes(one));
    return wish?.length ? wish : all.slice(0, 3);
  };

  /** Has computed what is to be seen, the map at hand first. */
  function order() {
    const { picture } = app;
    if (!picture || engine.status !== 'ready' || !engine.network) return;
    keeper.want([sizeNow(), ...chosenSizes()], square(store.state.crop, picture.width, picture.height), store.state.by);
    show();
  }

  function forget() {
    keeper.forget();
    order();
  }

  /** Everything but the controls' own lists. */
  function show() {
    const { network } = engine;
    progress.show(keeper.underWay);
    failure.hidden = !keeper.failure;
    failure.textContent = keeper.failure;
    if (!network) {
      stage.show(null);
      return;
    }
    const { info } = network;
    const now = sizeNow();
    const scores = keeper.known.get(now);
    size.min = String(info.input_size);
    size.value = String(now);
    sizeValue.textContent = `${now} × ${now}`;
    single.show(info, engine.top, store.state.of);
    say(singleCaption, 'scale.single.caption', { size: info.input_size });
    root.classList.toggle('is-waiting', !scores);
    current = null;
    if (scores) showScores(info, scores);
    else stage.show(null);
    showSeveral(info);
    if (scores && chosenSizes().every((one) => keeper.known.has(one))) root.dataset.ready = String(now);
    else delete root.dataset.ready;
  }

  /** @param {NetworkInfo} info @param {Scores} scores */
  function showScores(info, scores) {
    const ranked = ranking(scores.probabilities, SHOWN);
    const index = classShown(info, scores);
    const isProbability = store.state.as === 'probability';
    const temperature = info.temperature ?? 1;
    const values = classMap(scores, index, isProbability, temperature);
    const [least, most] = isProbability ? [0, 1] : [Math.min(...values), Math.max(...values)];
    const text = isProbability ? percent : real;
    const [name] = classNames(info, index);
    current = { info, scores, values };
    const places = scores.rows * scores.columns;
    stage.show({ scores, native: info.input_size, values, low: least, high: most, text: isProbability ? percent : inCell, place: placeShown(scores, values) });
    say(mapTitle, 'scale.map', { name });
    low.textContent = text(least);
    high.textContent = text(most);
    dense.show(info, ranked, store.state.of);
    const isCut = store.state.by === 'crops';
    say(denseCaption, places === 1 ? 'scale.dense.one' : isCut ? 'scale.dense.crops' : 'scale.dense.caption', { size: scores.size, rows: scores.rows, columns: scores.columns, places, ms: milliseconds(scores.ms, engine.tick) });
    const [first] = classNames(info, ranked[0].class);
    const [alone] = engine.top.length ? classNames(info, engine.top[0].class) : [first];
    const key = places === 1 ? 'scale.verdict.native' : first === alone ? 'scale.verdict.same' : 'scale.verdict.other';
    say(verdict, key, { first, alone, size: scores.size, native: info.input_size, percent: percent(ranked[0].probability) });
    edge.hidden = places === 1 || (!isCut && info.input_size >= AT_EASE);
    say(edge, isCut ? 'scale.edge.crops' : 'scale.edge', { native: info.input_size, places });
    showPlace();
    if (table.open) fillTable(scores, values, text);
  }

  /** The class chosen, or else what the single crop is taken for. @param {NetworkInfo} info @param {Scores} scores */
  const classShown = (info, scores) =>
    store.state.of !== null && store.state.of < info.class_count
      ? store.state.of
      : (engine.top[0]?.class ?? ranking(scores.probabilities, 1)[0].class);

  /** The place pointed at, or else the one where the class is strongest. @param {Scores} scores @param {Float64Array} values @returns {Place} */
  function placeShown({ rows: high, columns }, values) {
    if (store.state.place) {
      const [x, y] = store.state.place;
      return { x: Math.min(x, columns - 1), y: Math.min(y, high - 1) };
    }
    const best = values.indexOf(Math.max(...values));
    return { x: best % columns, y: Math.floor(best / columns) };
  }

  /** The place pointed at, on the map and in words. */
  function showPlace() {
    if (!current) return;
    const { info, scores, values } = current;
    const place = placeShown(scores, values);
    stage.move(place);
    const logits = logitsAt(scores, place);
    const probabilities = softmax(logits, info.temperature ?? 1);
    const index = classShown(info, scores);
    const [best] = ranking(probabilities, 1);
    const { x, y, side } = windowAt(scores, place, info.input_size);
    Object.assign(readout.dataset, { place: `${place.x},${place.y}`, score: logits[index], probability: probabilities[index], class: index });
    say(readout, 'scale.readout', {
      row: place.y + 1,
      column: place.x + 1,
      x,
      y,
      right: x + side,
      bottom: y + side,
      name: classNames(info, index)[0],
      score: real(logits[index]),
      percent: percent(probabilities[index]),
      best: classNames(info, best.class)[0],
      most: percent(best.probability),
    });
  }

  /** @param {Scores} scores @param {Float64Array} values @param {(value: number) => string} text */
  function fillTable({ rows: high, columns }, values, text) {
    const across = Array.from({ length: columns }, (_, x) => x);
    cells.replaceChildren(
      h('caption', { class: 'visually-hidden' }, mapTitle.textContent),
      h('thead', {}, h('tr', {}, h('td', {}), ...across.map((x) => h('th', { scope: 'col' }, String(x + 1))))),
      h(
        'tbody',
        {},
        ...Array.from({ length: high }, (_, y) =>
          h('tr', {}, h('th', { scope: 'row' }, String(y + 1)), ...across.map((x) => h('td', {}, text(values[y * columns + x])))),
        ),
      ),
    );
  }

  /** @param {NetworkInfo} info */
  function showSeveral(info) {
    const sizes = chosenSizes();
    const known = sizes.flatMap((one) => keeper.known.get(one) ?? []);
    const longest = Math.max(...known.map(({ ms }) => ms), 0);
    rows.replaceChildren(...sizes.map((one) => sizeRow(info, one, keeper.known.get(one), longest)));
    const isWhole = known.length === sizes.length;
    meanRow.hidden = !isWhole;
    several.element.hidden = !isWhole;
    say(severalCaption, 'scale.several.caption', { sizes: sizes.join(', ') });
    if (!isWhole) return;
    const mean = meanOf(known);
    const ranked = ranking(mean, SHOWN);
    several.show(info, ranked, store.state.of);
    meanRow.replaceChildren(
      h(
        'tr',
        { test: 'scale-mean' },
        h('th', { scope: 'row', say: 'scale.mean' }),
        h('td', {}, String(known.reduce((sum, { rows: high, columns }) => sum + high * columns, 0))),
        h('td', {}, classNames(info, ranked[0].class)[0]),
        h('td', { 'data-probability': ranked[0].probability }, percent(ranked[0].probability)),
        h('td', {}, milliseconds(known.reduce((sum, { ms }) => sum + ms, 0), engine.tick * known.length)),
      ),
    );
  }

  /** @param {NetworkInfo} info @param {number} one @param {Scores | undefined} scores @param {number} longest time of all */
  function sizeRow(info, one, scores, longest) {
    const [best] = scores ? ranking(scores.probabilities, 1) : [];
    const head = h('th', { scope: 'row' }, `${one}×${one}`);
    if (!scores || !best) return h('tr', { 'data-size': one }, head, h('td', { colspan: 4, class: 'caption', say: 'scale.waiting' }));
    return h(
      'tr',
      { 'data-size': one, 'data-ms': scores.ms },
      head,
      h('td', {}, `${scores.rows}×${scores.columns}`),
      h('td', {}, classNames(info, best.class)[0]),
      h('td', { 'data-probability': best.probability }, percent(best.probability)),
      h(
        'td',
        {},
        milliseconds(scores.ms, engine.tick),
        h('span', { class: 'time-track', 'aria-hidden': 'true' }, h('span', { class: 'time-bar', style: `width: ${(100 * scores.ms) / Math.max(longest, engine.tick)}%` })),
      ),
    );
  }

  /** What depends on the network and the language only. */
  function build() {
    const { network } = engine;
    if (!network) return;
    const { info, layers } = network;
    const fc6 = layers.findIndex(({ kind }) => kind === 'fc');
    say(explanation, 'scale.explanation', { kernel: layers[fc6 - 1]?.height ?? '' });
    footnotes.only('scale.note.training', store.state.model === 'shipped');
    footnotes.set({ native: info.input_size, jump: layers[fc6 - 1]?.jump ?? '' });
    const named = info.classes.length > 0;
    const options = Array.from({ length: info.class_count }, (_, index) => ({ index, name: classNames(info, index)[0] }));
    if (named) options.sort((a, b) => a.name.localeCompare(b.name, language()));
    classes.replaceChildren(
      h('option', { value: '' }, t('scale.of.best')),
      ...options.map(({ index, name }) => h('option', { value: index }, name)),
    );
    toggles.replaceChildren(
      ...sizesFrom(info.input_size).map((one) =>
        h('button', { class: 'chip', type: 'button', test: 'scale-toggle', 'data-size': one, on: { click: () => toggle(one) } }, String(one)),
      ),
    );
    mark();
  }

  function mark() {
    const sizes = chosenSizes();
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (toggles.querySelectorAll('button'))) {
      button.setAttribute('aria-pressed', String(sizes.includes(Number(button.dataset.size))));
    }
    classes.value = store.state.of === null ? '' : String(store.state.of);
  }

  /** The last one stays. @param {number} one */
  function toggle(one) {
    const sizes = chosenSizes();
    const next = sizes.includes(one) ? sizes.filter((/** @type {number} */ size) => size !== one) : [...sizes, one].sort((a, b) => a - b);
    if (next.length) store.set({ scales: next });
  }

  const root = h(
    'div',
    { class: 'lecture scale', test: 'scale-view' },
    h('div', { class: 'lecture-head' }, h('h2', { say: 'scale.title' }), createPictureChoice(app, scope)),
    explanation,
    failure,
    h(
      'div',
      { class: 'scale-grid' },
      h(
        'div',
        { class: 'scale-side' },
        h('div', { class: 'field-run' }, h('label', { for: 'scale-size', say: 'scale.size' }), size, sizeValue),
        stage.element,
        h('div', { class: 'scale-legend' }, low, h('span', { class: 'ramp', 'data-map': 'viridis', 'aria-hidden': 'true' }), high),
        progress.element,
      ),
      h(
        'div',
        { class: 'scale-main' },
        h('div', { class: 'controls' }, h('label', { class: 'control' }, h('span', { say: 'scale.of' }), classes), valuesSelect, waySelect),
        mapTitle,
        readout,
        h('p', { class: 'caption', id: 'scale-help', say: 'scale.help' }),
        h(
          'div',
          { class: 'scale-pair' },
          h('section', {}, h('h3', { say: 'scale.single' }), single.element, singleCaption),
          h('section', {}, h('h3', { say: 'scale.dense' }), dense.element, denseCaption),
        ),
        verdict,
        edge,
      ),
    ),
    table,
    h('h3', { say: 'scale.several' }),
    toggles,
    h(
      'div',
      { class: 'scale-grid scale-several' },
      h('div', {}, several.element, severalCaption),
      region(
        'scale.several',
        h(
          'table',
          { class: 'cost-table', test: 'scale-sizes' },
          h('thead', {}, h('tr', {}, ...(/** @type {const} */ (['scale.size', 'scale.places', 'scale.first', 'scale.probability', 'speed.ms'])).map((key) => h('th', { scope: 'col', say: key })))),
          rows,
          meanRow,
        ),
      ),
    ),
    footnotes.element,
  );

  table.addEventListener('toggle', show);
  scope.keep(
    store.listen((state, before) => {
      const changed = (/** @type {string[]} */ ...keys) => keys.some((key) => state[key] !== before[key]);
      if (changed('lang')) build();
      if (changed('of', 'scales')) mark();
      if (changed('crop')) forget();
      else if (changed('q', 'scales', 'by')) order();
      else if (changed('of', 'as', 'lang')) show();
      else if (changed('place')) showPlace();
    }),
  );
  scope.keep(app.onPicture(forget));
  scope.keep(
    engine.on('network', () => {
      build();
      forget();
    }),
  );
  scope.keep(engine.on('done', order));
  scope.keep(engine.on('broken', show));
  // What other views show of the layers is computed again at the network's own size.
  scope.keep(() => {
    keeper.stop();
    app.runSoon();
  });
  build();
  order();
  return root;

  function createProgress() {
    const bar = h('span', { class: 'progress-bar' });
    const track = h('span', { class: 'progress-track', role: 'progressbar', label: 'scale.progress' }, bar);
    const text = h('span', { class: 'caption' });
    const element = h('div', { class: 'scale-progress', test: 'scale-progress' }, text, track);
    element.style.visibility = 'hidden';
    let since = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const appear = () => {
      element.style.visibility = 'visible';
    };
    scope.keep(() => clearTimeout(timer));
    return {
      element,
      /** @param {ScoreKeeper['underWay']} underWay */
      show(underWay) {
        if (!underWay) {
          clearTimeout(timer);
          since = 0;
          element.style.visibility = 'hidden';
          return;
        }
        if (since === 0) {
          since = performance.now();
          timer = setTimeout(appear, PATIENCE);
        }
        say(text, 'scale.under-way', { size: underWay.size });
        bar.style.transform = `scaleX(${underWay.part})`;
        track.setAttribute('aria-valuenow', String(Math.round(underWay.part * 100)));
      },
    };
  }
}
