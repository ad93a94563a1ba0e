/**
 * Why this class: what in the picture speaks for it, by the gradient of its logit. A second map beside the first shows another
 * class, or what covering the picture says, which uses no gradient. Open while the state says so.
 */
import { arrowStep } from '../../page/arrows.js';
import { download, h, sharpContext } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { grey } from '../../page/colours.js';
import { percent } from '../../page/format.js';
import { classNames } from '../../page/names.js';
import { createLegend, createStage, createStudyDialog, row } from './study-dialog.js';
import { agreement, coloured, endOf, valueAt, whereIn } from './why-map.js';

/** @typedef {import('../../engine/protocol.js').Attribution} Attribution */
/** @typedef {import('../../page/i18n.js').Key} Key */
/** What a map is of. @typedef {{class: number, isCovered: boolean}} Target */

/** What a method's map is like. `isSigned`: some of it may speak against the class; `hasLayer`: cells of a layer, not pixels. */
const METHODS = {
  gradcam: { isSigned: true, hasLayer: true },
  saliency: { isSigned: false, hasLayer: false },
  smoothgrad: { isSigned: false, hasLayer: false },
  'gradient-input': { isSigned: true, hasLayer: false },
  guided: { isSigned: true, hasLayer: false },
};
export const METHOD_NAMES = Object.keys(METHODS);
/** What the second map may be beside a class. */
export const COVERED = 'covered';
/** The covering square and its steps, as parts of the picture's side. */
const SQUARE = 4;
const STEPS = 16;
/** Why there is no answer where there will be another run, whose end asks again. */
const PASSING = ['superseded', 'not computed', 'ended'];
/** Parts of the picture that an arrow key moves by. */
const ARROW = 32;

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../picture/live.js').Live} live
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createWhyDialog({ engine, store }, live, scope) {
  const figures = [0, 1].map((i) => {
    const { canvas, stage } = createStage(`why-map-${i}`, 'why-read why-summary');
    const caption = h('figcaption', { test: `why-caption-${i}` });
    return { canvas, caption, stage, element: h('figure', { class: 'why-figure' }, caption, stage), map: /** @type {Attribution | null} */ (null), layer: /** @type {OffscreenCanvas | null} the map in colours */ (null) };
  });
  const select = (/** @type {string} */ key, /** @type {Key} */ label, /** @type {(value: string) => any} */ valueOf) => {
    const element = h('select', { id: `why-${key}`, test: `why-${key}`, on: { change: () => store.set({ [key]: valueOf(element.value) }) } });
    return { element, row: row(element, label) };
  };
  const ofClass = select('of', 'occlusion.class', (value) => (value === '' ? null : Number(value)));
  const versus = select('versus', 'why.versus', (value) => value || null);
  const method = select('method', 'why.method', (value) => value);
  const cam = select('cam', 'why.cam', (value) => value || null);
  const sign = select('sign', 'why.sign', (value) => value);
  const opacity = h('input', { type: 'range', id: 'why-opacity', test: 'why-opacity', min: 0, max: 100, step: 5, on: { input: () => store.set({ opacity: Number(opacity.value) }) } });
  const progress = h('progress', { test: 'why-progress', max: 1, label: 'why.progress' });
  const cancel = h('button', { class: 'button', type: 'button', test: 'why-cancel', say: 'dialog.cancel', on: { click: () => stop() } });
  const save = h('button', { class: 'button', type: 'button', test: 'why-save', say: 'why.save', on: { click: () => void savePicture() } });
  const read = h('p', { class: 'readout', id: 'why-read', test: 'why-readout', 'aria-live': 'polite' });
  const summary = h('p', { id: 'why-summary', test: 'why-summary', role: 'status' });
  const agree = h('p', { test: 'why-agreement', role: 'status' });
  const about = h('p', { test: 'why-about' });
  const source = h('p', { class: 'caption' });
  const { low, ramp, high, element: legend } = createLegend();
  const close = () => store.set({ study: null });
  const element = createStudyDialog('why', {
    kind: 'why-dialog',
    close,
    stage: [h('div', { class: 'why-figures' }, ...figures.map((one) => one.element)), legend, read, summary, agree],
    side: [
      ...[ofClass, versus, method, cam, sign].map((one) => one.row),
      row(opacity, 'why.opacity'),
      h('div', { class: 'study-run' }, progress, cancel, save),
      about,
      source,
    ],
  });

  /** Of the maps that are asked for: what comes of those before is late. */
  let turn = 0;
  let isRunning = false;
  /** Something ended while maps were asked for. */
  let isMissed = false;
  /** @type {(() => void) | null} */
  let stopStudy = null;
  /** The point that is looked at, 0 to 1. @type {{y: number, x: number} | null} */
  let pointed = null;
  let side = 0;

  const isOpen = () => store.state.study === 'why';
  const kind = () => METHODS[/** @type {keyof typeof METHODS} */ (store.state.method)];
  /** What a map may be of: layers whose values lie side by side. */
  const layers = () => (engine.network?.layers ?? []).filter(({ kind, index }) => index > 0 && kind !== 'fc');
  const lastConvolution = () => layers().findLast(({ kind }) => kind === 'conv');
  const layer = () => layers().find(({ name }) => name === store.state.cam) ?? lastConvolution();
  const classShown = () => {
    const { of } = store.state;
    return of !== null && of < (engine.network?.info.class_count ?? 0) ? of : (engine.top[0]?.class ?? 0);
  };
  const name = (/** @type {number} */ index) => (engine.network ? classNames(engine.network.info, index)[0] : '');
  const isSigned = () => kind().isSigned && store.state.sign === 'both';

  /** One target or two. @returns {Target[]} */
  function targets() {
    const first = { class: classShown(), isCovered: false };
    const other = store.state.versus;
    if (other === COVERED) return [first, { ...first, isCovered: true }];
    const index = Number(other);
    return other !== null && index < (engine.network?.info.class_count ?? 0) ? [first, { class: index, isCovered: false }] : [first];
  }

  async function run() {
    if (isRunning) stop();
    if (!engine.network || engine.top.length === 0) return;
    turn += 1;
    const own = turn;
    isRunning = true;
    isMissed = false;
    const wanted = targets();
    // What is drawn is of these targets from now on; a camera's map stays until the next is there.
    if (!live.isOn) for (const figure of figures) figure.map = null;
    write();
    try {
      for (const [i, target] of wanted.entries()) {
        const map = await mapOf(target, (part) => {
          if (turn !== own) return;
          figures[i].map = part;
          draw();
        });
        if (turn !== own) return;
        figures[i].map = map;
        draw();
      }
      for (const figure of figures.slice(wanted.length)) figure.map = null;
    } catch (error) {
      if (turn !== own) return;
      isRunning = false;
      write();
      const { message } = /** @type {Error} */ (error);
      if (!PASSING.includes(message)) say(summary, 'why.failed', { message });
      return;
    }
    isRunning = false;
    stopStudy = null;
    draw();
    if (isMissed && isOpen()) void run();
  }

  /** @param {Target} target @param {(part: Attribution) => void} onPart @returns {Promise<Attribution>} */
  async function mapOf({ class: index, isCovered }, onPart) {
    if (isCovered) return coveredMap(index, onPart);
    const { method: how } = store.state;
    if (how !== 'smoothgrad') return engine.attribution(how, layer()?.index ?? 0, index);
    const { map, cancel: stopIt } = engine.smoothGrad(index, onPart);
    stopStudy = stopIt;
    return map;
  }

  /** By how much the class's probability falls with a square at each place. @param {number} index @param {(part: Attribution) => void} onPart */
  async function coveredMap(index, onPart) {
    const size = engine.network?.info.input_size ?? 64;
    const stride = Math.max(1, Math.round(size / STEPS));
    const columns = Math.ceil(size / stride);
    const count = engine.probabilities?.length ?? 0;
    const whole = engine.probabilities?.[index] ?? 0;
    const values = new Float32Array(columns * columns);
    const { covered, cancel: stopIt } = engine.occlude(Math.max(1, Math.round(size / SQUARE)), stride, ({ first, probabilities }) => {
      for (let i = 0; i < probabilities.length / count; i++) values[first + i] = whole - probabilities[i * count + index];
      onPart({ width: columns, height: columns, values, part: (first + probabilities.length / count) / values.length });
    });
    stopStudy = stopIt;
    const { probabilities } = await covered;
    return { width: columns, height: columns, values: values.map((_, i) => whole - probabilities[i * count + index]), part: 1 };
  }

  function stop() {
    turn += 1;
    isRunning = false;
    stopStudy?.();
    stopStudy = null;
    write();
  }

  function draw() {
    write();
    for (const figure of figures) figure.layer = figure.map && inColours(figure.map);
    paint();
  }

  /** @param {Attribution} map */
  function inColours(map) {
    const layer = new OffscreenCanvas(map.width, map.height);
    layer.getContext('2d')?.putImageData(coloured(map, isSigned()), 0, 0);
    return layer;
  }

  function paint() {
    const { seen } = engine;
    if (side < 20 || !seen) return;
    const shade = store.state.opacity / 100;
    for (const { canvas, layer } of figures) {
      const context = sharpContext(canvas, side, side);
      const picture = new OffscreenCanvas(seen.width, seen.height);
      picture.getContext('2d')?.putImageData(layer && shade > 0 ? grey(seen) : seen, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(picture, 0, 0, side, side);
      if (layer) {
        // Cells of a layer are drawn as the papers do, pixels as they are.
        context.imageSmoothingEnabled = layer.width < seen.width;
        context.imageSmoothingQuality = 'high';
        context.globalAlpha = shade;
        context.drawImage(layer, 0, 0, side, side);
        context.globalAlpha = 1;
      }
      if (pointed) drawCross(context, pointed);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {{y: number, x: number}} point */
  function drawCross(context, { y, x }) {
    for (const [style, width] of /** @type {[string, number][]} */ ([['#fff', 4], ['#111', 2]])) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.beginPath();
      context.arc(x * side, y * side, 8, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  function write() {
    const { network } = engine;
    if (!network) return;
    const wanted = targets();
    const { method: how } = store.state;
    figures.forEach(({ element: figure, caption, canvas, map }, i) => {
      const target = wanted[i];
      figure.hidden = !target;
      if (!target) return;
      const params = { name: name(target.class) };
      say(caption, target.isCovered ? 'why.caption.covered' : 'why.caption', params);
      say(canvas, target.isCovered ? 'why.map.covered' : 'why.map', params, 'aria-label');
      canvas.dataset.state = map ? ((map.part ?? 1) < 1 ? 'part' : 'done') : 'none';
    });
    element.classList.toggle('is-double', wanted.length > 1);
    const isLong = how === 'smoothgrad' || store.state.versus === COVERED;
    progress.hidden = cancel.hidden = !(isRunning && isLong);
    const parts = wanted.map((_, i) => (figures[i].map ? (figures[i].map?.part ?? 1) : 0));
    progress.value = parts.reduce((sum, part) => sum + part, 0) / wanted.length;
    save.disabled = isRunning || !figures[0].map;
    element.dataset.state = isRunning ? 'running' : 'idle';
    cam.row.hidden = !kind().hasLayer;
    sign.row.hidden = !kind().isSigned;
    say(about, /** @type {Key} */ (`why.about.${how}`));
    say(source, /** @type {Key} */ (`why.source.${how}`));
    ramp.dataset.map = isSigned() ? 'diverging' : 'viridis';
    say(low, isSigned() ? 'why.against' : 'why.low');
    say(high, kind().isSigned ? 'why.high' : 'why.most');
    writeRead();
    if (!isRunning) writeSummary(wanted);
  }

  function writeRead() {
    const maps = figures.map(({ map }) => map).filter((map) => map !== null);
    if (!pointed || maps.length === 0) {
      say(read, 'why.point');
      return;
    }
    const { y, x } = pointed;
    const shares = maps.map((map) => percent(valueAt(map, y, x) / (endOf(map.values, true) || 1)));
    if (shares.length === 2) say(read, 'why.read.two', { first: shares[0], second: shares[1] });
    else say(read, 'why.read', { share: shares[0] });
  }

  /** @param {Target[]} wanted */
  function writeSummary(wanted) {
    const [first, second] = figures.map(({ map }) => map);
    summary.textContent = '';
    agree.textContent = '';
    if (!first) return;
    const found = whereIn(first);
    const params = { name: name(wanted[0].class) };
    if (!found) say(summary, first.values.some((value) => value < 0) ? 'why.summary.against' : 'why.summary.zero', params);
    else if (found.places.length === 0) say(summary, 'why.summary.spread', params);
    else {
      const places = found.places.map((place) => t(/** @type {Key} */ (`why.place.${place}`))).join(t('why.and'));
      say(summary, kind().isSigned ? 'why.summary' : 'why.summary.matters', { ...params, places, share: percent(found.share) });
    }
    const value = second && wanted.length === 2 ? agreement(first, second) : null;
    if (value !== null) say(agree, wanted[1].isCovered ? 'why.agree.covered' : 'why.agree', { value: value.toFixed(2).replace('-', '−') });
  }

  function fill() {
    const { network, top } = engine;
    if (!network || top.length === 0) return;
    const { info } = network;
    const { of, versus: other, method: how } = store.state;
    const all = info.classes.length > 0 ? [...info.classes.keys()] : [];
    const best = top.map((one) => one.class);
    const option = (/** @type {number} */ index) => h('option', { value: index }, name(index));
    const rest = all.filter((index) => !best.includes(index)).sort((a, b) => name(a).localeCompare(name(b)));
    const group = (/** @type {Key} */ label, /** @type {number[]} */ classes) => Object.assign(h('optgroup', {}, ...classes.map(option)), { label: t(label) });
    // Classes without names are few that matter: the chosen one.
    const others = rest.length > 0 || of === null || best.includes(of) ? rest : [of];
    const groups = (/** @type {HTMLElement[]} */ ...before) => [...before, group('why.classes.top', best), group('why.classes.rest', others)];
    ofClass.element.replaceChildren(...groups(h('option', { value: '' }, t('occlusion.best', { name: name(best[0]) }))));
    ofClass.element.value = of !== null && of < info.class_count ? String(of) : '';
    versus.element.replaceChildren(...groups(h('option', { value: '' }, t('why.versus.none')), h('option', { value: COVERED }, t('why.versus.covered'))));
    versus.element.value = other ?? '';
    if (versus.element.selectedIndex < 0) versus.element.value = '';
    method.element.replaceChildren(...METHOD_NAMES.map((value) => h('option', { value }, t(/** @type {Key} */ (`why.method.${value}`)))));
    method.element.value = how;
    cam.element.replaceChildren(
      h('option', { value: '' }, t('why.cam.last', { name: lastConvolution()?.name ?? '' })),
      ...layers().map((one) => h('option', { value: one.name }, one.name)),
    );
    cam.element.value = layers().some((one) => one.name === store.state.cam) ? store.state.cam : '';
    sign.element.replaceChildren(...['for', 'both'].map((value) => h('option', { value }, t(/** @type {Key} */ (`why.sign.${value}`)))));
    sign.element.value = store.state.sign;
    opacity.value = String(store.state.opacity);
  }

  const show = () => {
    if (!isOpen() || engine.top.length === 0) {
      if (element.open) element.close();
      return;
    }
    // Only one map is so quick that it follows a camera.
    if (store.state.method !== 'gradcam' || store.state.versus !== null) live.stop();
    fill();
    if (!element.open) element.showModal();
    void run();
  };

  /** The maps as they are seen, side by side. */
  async function savePicture() {
    const shown = figures.filter(({ map }) => map);
    const picture = h('canvas', { width: shown[0].canvas.width * shown.length, height: shown[0].canvas.height });
    shown.forEach(({ canvas }, i) => picture.getContext('2d')?.drawImage(canvas, i * canvas.width, 0));
    const blob = await new Promise((resolve) => picture.toBlob(resolve));
    if (!blob) return;
    download(blob, `${store.state.method}-${name(classShown())}.png`);
  }

  const point = (/** @type {number} */ y, /** @type {number} */ x) => {
    const within = (/** @type {number} */ v) => Math.min(Math.max(v, 0), 0.999);
    pointed = { y: within(y), x: within(x) };
    paint();
    writeRead();
  };
  for (const { canvas } of figures) {
    const follow = (/** @type {PointerEvent} */ { offsetX, offsetY }) => point(offsetY / side, offsetX / side);
    canvas.addEventListener('pointermove', follow);
    canvas.addEventListener('pointerdown', follow);
    canvas.addEventListener('keydown', (event) => {
      const move = arrowStep(event);
      if (!move) return;
      event.preventDefault();
      const from = pointed ?? { y: 0.5, x: 0.5 };
      point(from.y + move.y / ARROW, from.x + move.x / ARROW);
    });
  }

  element.addEventListener('close', () => {
    stop();
    for (const figure of figures) figure.map = null;
    pointed = null;
    if (isOpen()) close();
  });
  scope.size(figures[0].stage, (width) => {
    side = width;
    draw();
  });
  scope.keep(
    engine.on('done', () => {
      if (!isOpen()) return;
      // A camera's next picture does not cut the map of this one short.
      if (live.isOn && isRunning) isMissed = true;
      else if (live.isOn && element.open) void run();
      else show();
    }),
  );
  scope.keep(
    store.listen((state, before) => {
      const changed = (/** @type {string[]} */ ...keys) => keys.some((key) => state[key] !== before[key]);
      if (changed('study')) show();
      else if (isOpen() && changed('of', 'versus', 'method', 'cam')) show();
      else if (isOpen() && changed('sign', 'opacity')) draw();
      else if (isOpen() && changed('lang')) {
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
