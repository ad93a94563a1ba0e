/**
 * Which parts of the picture a prediction rests on: a grey square hides one after another, and the probability that
 * is left is drawn where the square was (Zeiler & Fergus, 2014). Open while the state says so.
 */
import { arrowStep } from '../../page/arrows.js';
import { h, sharpContext } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { grey, viridis } from '../../page/colours.js';
import { percent } from '../../page/format.js';
import { classNames } from '../../page/names.js';
import { createLegend, createStage, createStudyDialog, row } from './study-dialog.js';

/** @typedef {import('../../engine/protocol.js').Covered} Covered */
/** @typedef {import('../../page/i18n.js').Key} Key */
/** The map, as far as it is done. @typedef {Covered & {done: number}} Shown */

const OPACITY = 0.66;
/** What has more multiply-adds is not begun by itself: a busy machine decides nothing. On a laptop that is some ten seconds. */
const LONG = 5e11;

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../picture/live.js').Live} live
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createOcclusionDialog({ engine, store }, live, scope) {
  const { canvas, stage } = createStage('occlusion-map', 'occlusion-read');
  say(canvas, 'occlusion.map', {}, 'aria-label');
  const read = h('p', { class: 'readout', id: 'occlusion-read', test: 'occlusion-readout', 'aria-live': 'polite' });
  const choice = (/** @type {string} */ key, /** @type {string[]} */ values) => {
    const select = h('select', { id: `occlusion-${key}`, test: `occlusion-${key}`, on: { change: () => store.set({ [key]: select.value }) } });
    return { key, values, select, element: row(select, /** @type {Key} */ (`occlusion.${key}`)) };
  };
  const choices = [choice('square', ['8', '4', '3', '2']), choice('stride', ['8', '16', '32'])];
  const classes = h('select', { id: 'occlusion-class', test: 'occlusion-class', on: { change: () => store.set({ of: classes.selectedIndex === 0 ? null : Number(classes.value) }) } });
  const progress = h('progress', { test: 'occlusion-progress', max: 1, label: 'occlusion.progress' });
  const cancel = h('button', { class: 'button', type: 'button', test: 'occlusion-cancel', say: 'dialog.cancel', on: { click: () => stop() } });
  const start = h('button', { class: 'button', type: 'button', test: 'occlusion-start', say: 'occlusion.again', on: { click: () => void run() } });
  const summary = h('p', { test: 'occlusion-summary', role: 'status' });
  const { low, high, element: legend } = createLegend('viridis');
  const close = () => store.set({ study: null });
  const element = createStudyDialog('occlusion', {
    close,
    stage: [stage, legend, read],
    side: [
      h('p', { say: 'occlusion.text' }),
      row(classes, 'occlusion.class'),
      ...choices.map((one) => one.element),
      h('div', { class: 'study-run' }, progress, cancel, start),
      summary,
      h('p', { class: 'caption', say: 'occlusion.source' }),
    ],
  });

  /** @type {Shown | null} */
  let shown = null;
  /** @type {(() => void) | null} */
  let stopRun = null;
  /** The place that is pointed at. @type {{y: number, x: number} | null} */
  let pointed = null;
  let side = 0;

  const isOpen = () => store.state.study === 'occlusion';
  const size = () => engine.network?.info.input_size ?? 64;
  const inPixels = (/** @type {string} */ part) => Math.max(1, Math.round(size() / Number(part)));
  const best = () => engine.top[0]?.class ?? 0;
  const classShown = () => {
    const { of } = store.state;
    return of !== null && of < (engine.probabilities?.length ?? 0) ? of : best();
  };

  /** How long it will take, in s: a run of the network at each place. */
  const estimate = () => (places() * (engine.ms ?? 0)) / 1000;
  const places = () => Math.ceil(size() / inPixels(store.state.stride)) ** 2;

  const isLong = () => places() * (engine.network?.info.macs ?? 0) > LONG;

  /** At once, or when it was asked for. */
  function begin() {
    if (!isLong()) {
      void run();
      return;
    }
    stop();
    shown = null;
    draw();
  }

  async function run() {
    stop();
    if (!engine.network || !engine.probabilities) return;
    live.stop();
    const { square, stride } = store.state;
    const classCount = engine.probabilities.length;
    const columns = Math.ceil(size() / inPixels(stride));
    /** @type {Shown} */
    const own = {
      columns,
      side: inPixels(square),
      stride: inPixels(stride),
      classes: classCount,
      probabilities: new Float32Array(columns * columns * classCount),
      done: 0,
    };
    shown = own;
    const { covered, cancel: stopIt } = engine.occlude(own.side, own.stride, ({ first, probabilities }) => {
      own.probabilities.set(probabilities, first * classCount);
      own.done = first + probabilities.length / classCount;
      if (shown === own) draw();
    });
    stopRun = stopIt;
    draw();
    try {
      own.probabilities = (await covered).probabilities;
      own.done = columns * columns;
    } catch {
      // Cancelled, or the picture changed; what was done stays.
    }
    if (shown !== own) return;
    stopRun = null;
    draw();
  }

  function stop() {
    stopRun?.();
    stopRun = null;
  }

  function draw() {
    write();
    if (side < 20) return;
    const context = sharpContext(canvas, side, side);
    const { seen } = engine;
    if (seen) {
      const source = new OffscreenCanvas(seen.width, seen.height);
      source.getContext('2d')?.putImageData(shown?.done ? grey(seen) : seen, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(source, 0, 0, side, side);
    }
    if (!shown) return;
    const { columns, done, stride } = shown;
    const scale = top();
    const cells = new ImageData(columns, columns);
    for (let place = 0; place < done; place++) cells.data.set([...viridis(at(place) / scale), 255], place * 4);
    const map = new OffscreenCanvas(columns, columns);
    map.getContext('2d')?.putImageData(cells, 0, 0);
    const span = ((columns * stride) / size()) * side;
    context.imageSmoothingEnabled = false;
    context.globalAlpha = OPACITY;
    context.drawImage(map, 0, 0, span, span);
    context.globalAlpha = 1;
    if (pointed) drawSquare(context, pointed);
  }

  /** Where the square lay. @param {CanvasRenderingContext2D} context @param {{y: number, x: number}} place */
  function drawSquare(context, { y, x }) {
    if (!shown) return;
    const unit = side / size();
    const { stride, side: square } = shown;
    const from = (/** @type {number} */ i) => ((i + 0.5) * stride - square / 2) * unit;
    context.fillStyle = 'rgb(128 128 128 / 0.55)';
    context.fillRect(from(x), from(y), square * unit, square * unit);
    for (const [style, line] of /** @type {[string, number][]} */ ([['#fff', 4], ['#d4380d', 2]])) {
      context.strokeStyle = style;
      context.lineWidth = line;
      context.strokeRect(from(x), from(y), shown.side * unit, shown.side * unit);
    }
  }

  /** What is left of the class at a place. @param {number} place */
  const at = (place) => shown?.probabilities[place * shown.classes + classShown()] ?? 0;
  /** The scale ends at the largest of what is shown, the whole picture's included. */
  const top = () => {
    let most = engine.probabilities?.[classShown()] ?? 0;
    for (let place = 0; place < (shown?.done ?? 0); place++) most = Math.max(most, at(place));
    return most || 1;
  };

  function write() {
    const { network, probabilities } = engine;
    if (!network || !probabilities) return;
    const name = (/** @type {number} */ index) => classNames(network.info, index)[0];
    const isRunning = stopRun !== null;
    progress.hidden = !isRunning;
    cancel.hidden = !isRunning;
    start.hidden = isRunning;
    progress.value = shown ? shown.done / shown.columns ** 2 : 0;
    Object.assign(element.dataset, { state: isRunning ? 'running' : 'idle', done: shown?.done ?? 0, columns: shown?.columns ?? 0 });
    say(low, 'occlusion.low');
    say(high, 'occlusion.high', { percent: percent(top()) });
    const whole = probabilities[classShown()];
    let least = 0;
    for (let place = 1; place < (shown?.done ?? 0); place++) if (at(place) < at(least)) least = place;
    say(start, shown ? 'occlusion.again' : 'occlusion.start');
    const seconds = estimate();
    if (!shown && isLong()) say(summary, seconds < 90 ? 'occlusion.estimate' : 'occlusion.estimate.minutes', { seconds: Math.round(seconds), minutes: Math.round(seconds / 60), places: places() });
    else if (!shown || isRunning || shown.done === 0) summary.textContent = '';
    else say(summary, 'occlusion.summary', { name: name(classShown()), whole: percent(whole), least: percent(at(least)) });
    const place = shown && pointed ? pointed.y * shown.columns + pointed.x : -1;
    if (!shown || place < 0 || place >= shown.done) {
      say(read, 'occlusion.point');
      return;
    }
    const all = shown.probabilities.subarray(place * shown.classes, (place + 1) * shown.classes);
    const winner = all.indexOf(Math.max(...all));
    say(read, 'occlusion.read', { name: name(classShown()), whole: percent(whole), left: percent(at(place)), winner: name(winner), share: percent(all[winner]) });
  }

  function fill() {
    const { network, top: list } = engine;
    if (!network || list.length === 0) return;
    const { of } = store.state;
    const offered = list.map((one) => one.class);
    if (of !== null && of < network.info.class_count && !offered.includes(of)) offered.push(of);
    classes.replaceChildren(
      h('option', { value: '' }, t('occlusion.best', { name: classNames(network.info, best())[0] })),
      ...offered.map((index) => h('option', { value: index }, classNames(network.info, index)[0])),
    );
    classes.value = of === null ? '' : String(of);
    for (const { key, values, select } of choices) {
      select.replaceChildren(...values.map((part) => h('option', { value: part }, `${inPixels(part)} px`)));
      select.value = store.state[key];
    }
  }

  const show = () => {
    if (!isOpen() || engine.top.length === 0) {
      if (element.open) element.close();
      return;
    }
    fill();
    if (!element.open) element.showModal();
    begin();
  };

  const point = (/** @type {number} */ y, /** @type {number} */ x) => {
    if (!shown) return;
    const within = (/** @type {number} */ v) => Math.min(Math.max(v, 0), (shown?.columns ?? 1) - 1);
    pointed = { y: within(y), x: within(x) };
    draw();
  };
  const follow = (/** @type {PointerEvent} */ { offsetX, offsetY }) => {
    if (!shown) return;
    const unit = (shown.stride / size()) * side;
    point(Math.floor(offsetY / unit), Math.floor(offsetX / unit));
  };
  canvas.addEventListener('pointermove', follow);
  canvas.addEventListener('pointerdown', follow);
  canvas.addEventListener('keydown', (event) => {
    const move = arrowStep(event);
    if (!move || !shown) return;
    event.preventDefault();
    const from = pointed ?? { y: shown.columns >> 1, x: shown.columns >> 1 };
    point(from.y + move.y, from.x + move.x);
  });

  element.addEventListener('close', () => {
    stop();
    shown = null;
    pointed = null;
    if (isOpen()) close();
  });
  scope.size(stage, (width) => {
    side = width;
    draw();
  });
  scope.keep(
    engine.on('done', ({ live: isLive }) => {
      if (isOpen() && !isLive) show();
    }),
  );
  scope.keep(
    store.listen((state, before) => {
      if (state.study !== before.study) show();
      else if (isOpen() && (state.square !== before.square || state.stride !== before.stride)) begin();
      else if (isOpen() && (state.of !== before.of || state.lang !== before.lang)) {
        fill();
        draw();
      }
    }),
  );
  scope.keep(() => {
    stop();
    element.close();
  });
  return element;
}
