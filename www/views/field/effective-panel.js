/** The effective receptive field, measured on the loaded network: as heat over the picture, as a profile and in numbers. */
import { h, svg } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { HELD, measures, profile } from './effective.js';
import { count, duration, percent } from '../../page/format.js';
import { createChart } from '../../page/chart.js';
import { region } from '../../page/controls.js';

/** @typedef {import('../../page/i18n.js').Key} Key */
/** @typedef {import('../../engine/protocol.js').Effective} Effective */
/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */

/** Heat, the same in both themes: it lies on the picture. */
const HOT = [255, 138, 40];
/** How bright the picture is under it. */
const DIM = 0.55;
const PROFILE = 120;
const FOOT = 20;

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createEffectivePanel({ engine, store }, scope) {
  /** @type {Effective | null} */
  let field = null;
  /** Stops the measurement that is under way. @type {(() => void) | null} */
  let cancel = null;
  let ms = 0;

  const canvas = h('canvas', { class: 'field-picture pixels effective-picture', test: 'effective-picture', role: 'img', label: 'effective.picture' });
  const overlay = svg('svg', { class: 'field-overlay', 'aria-hidden': 'true' });
  const select = h('select', { test: 'effective-layer', on: { change: () => store.set({ effective: select.value }) } });
  const start = h('button', { class: 'button button-main', type: 'button', test: 'effective-start', say: 'effective.start', on: { click: () => void run() } });
  const stop = h('button', { class: 'button', type: 'button', test: 'effective-cancel', say: 'dialog.cancel', hidden: true, on: { click: () => cancel?.() } });
  const progress = h('progress', { test: 'effective-progress', max: 1, label: 'effective.progress', hidden: true });
  const far = h('span', { class: 'caption', test: 'effective-far' });
  const statement = h('p', { class: 'statement', role: 'status', test: 'effective-statement', say: 'effective.none' });
  const grid = h('p', { class: 'caption', test: 'effective-grid' });
  const shares = h('tbody', { test: 'effective-shares' });
  const bars = createChart(scope, 'profile-chart', drawProfile);
  const found = h(
    'div',
    { class: 'effective-found' },
    h('h4', { say: 'effective.profile' }),
    bars.element,
    region(
      'effective.shares',
      h(
        'table',
        { class: 'cost-table' },
        h('caption', { class: 'visually-hidden', say: 'effective.shares' }),
        h('thead', {}, h('tr', {}, ...(/** @type {Key[]} */ (['effective.part', 'effective.change', 'effective.even'])).map((key) => h('th', { scope: 'col', say: key })))),
        shares,
      ),
    ),
    grid,
  );

  /** Layers with a field of more than a pixel. */
  const layers = () => (engine.network?.layers ?? []).filter(({ kind, receptive_field: size }) => kind !== 'fc' && size > 1);

  /** The layer chosen, or else the deepest convolution whose field leaves a margin in the picture. @returns {LayerInfo | undefined} */
  function chosen() {
    const all = layers();
    const size = engine.network?.info.input_size ?? 0;
    const named = all.find(({ name }) => name === store.state.effective);
    return named ?? all.findLast(({ kind, receptive_field: field }) => kind === 'conv' && field <= 0.8 * size) ?? all[0];
  }

  async function run() {
    const layer = chosen();
    if (!layer) return;
    forget();
    const begun = performance.now();
    const asked = engine.effective(layer.index, (part) => show(part));
    cancel = asked.cancel;
    setBusy(true);
    say(statement, 'effective.measuring', { layer: layer.name });
    try {
      const whole = await asked.field;
      ms = performance.now() - begun;
      show(whole);
      tell(layer);
    } catch {
      // Cancelled, or overtaken by a new picture or network.
      forget();
    }
    cancel = null;
    setBusy(false);
  }

  /** @param {boolean} isBusy */
  function setBusy(isBusy) {
    const hasFocus = document.activeElement === start || document.activeElement === stop;
    start.hidden = isBusy;
    stop.hidden = !isBusy;
    progress.hidden = !isBusy;
    far.hidden = !isBusy;
    select.disabled = isBusy;
    root.dataset.state = isBusy ? 'busy' : field ? 'done' : 'none';
    if (hasFocus) (isBusy ? stop : start).focus();
  }

  function forget() {
    field = null;
    found.hidden = true;
    progress.removeAttribute('value');
    far.textContent = '';
    say(statement, 'effective.none');
    draw();
  }

  /** @param {Effective} part */
  function show(part) {
    field = part;
    progress.value = part.done / part.changes.length;
    say(far, 'effective.far', { done: count(part.done), all: count(part.changes.length) });
    draw();
  }

  /** @param {LayerInfo} layer */
  function tell({ name, receptive_field: size }) {
    if (!field) return;
    const { shares: parts, radius } = measures(field);
    const { side, columns, rows, step, clipped } = field;
    const centre = parts[1];
    say(statement, 'effective.statement', { layer: name, centre: percent(centre.change), even: percent(centre.even), radius: radius.toFixed(0), half: (size / 2).toFixed(size % 2 ? 1 : 0), held: HELD * 100 });
    statement.dataset.centre = String(centre.change);
    statement.dataset.radius = String(radius);
    const isWhole = clipped.x1 - clipped.x0 === size && clipped.y1 - clipped.y0 === size;
    say(grid, isWhole ? 'effective.grid' : 'effective.grid.clipped', { columns, rows, side, step, size, time: duration(ms, engine.tick) });
    shares.replaceChildren(
      ...parts.map(({ part, change, even }) =>
        h(
          'tr',
          {},
          say(h('th', { scope: 'row' }), 'effective.part.row', { side: Math.round(size * part), part: part * 100 }),
          h('td', { 'data-change': change }, percent(change)),
          h('td', {}, percent(even)),
        ),
      ),
    );
    found.hidden = false;
    bars.redraw();
  }

  /** The picture in grey, the change on it; brighter than in proportion, so that little changes are seen. */
  function draw() {
    const { seen } = engine;
    const context = canvas.getContext('2d');
    if (!seen || !context) return;
    const { width, height, data } = seen;
    canvas.width = width;
    canvas.height = height;
    const pixels = new ImageData(width, height);
    const most = field ? Math.max(...field.changes) : 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * 4;
        const grey = DIM * (0.3 * data[at] + 0.59 * data[at + 1] + 0.11 * data[at + 2]);
        const heat = most ? Math.sqrt(changeAt(x, y) / most) : 0;
        for (let c = 0; c < 3; c++) pixels.data[at + c] = field ? grey * (1 - heat) + HOT[c] * heat : data[at + c];
        pixels.data[at + 3] = 255;
      }
    }
    context.putImageData(pixels, 0, 0);
    overlay.setAttribute('viewBox', `0 0 ${width} ${height}`);
    overlay.replaceChildren(...frames());
  }

  /** @param {number} x @param {number} y of a pixel */
  function changeAt(x, y) {
    if (!field) return 0;
    const { clipped, side, columns, changes } = field;
    if (x < clipped.x0 || x >= clipped.x1 || y < clipped.y0 || y >= clipped.y1) return 0;
    return changes[Math.floor((y - clipped.y0) / side) * columns + Math.floor((x - clipped.x0) / side)];
  }

  /** The theoretical field, its middle half, and the circle that holds nearly all. */
  function frames() {
    if (!field) return [];
    const { x0, y0, x1, y1 } = field.box;
    const [width, height] = [x1 - x0, y1 - y0];
    const shapes = [
      svg('rect', { class: 'field-goal', x: x0, y: y0, width, height }),
      svg('rect', { class: 'effective-half', x: x0 + width / 4, y: y0 + height / 4, width: width / 2, height: height / 2 }),
    ];
    if (field.done < field.changes.length) return shapes;
    const circle = { cx: (x0 + x1) / 2, cy: (y0 + y1) / 2, r: measures(field).radius };
    return [...shapes, svg('circle', { class: 'effective-circle is-halo', ...circle }), svg('circle', { class: 'effective-circle', ...circle })];
  }

  /** @param {number} room @param {number} unit */
  function drawProfile(room, unit) {
    if (!field || room < 100) return null;
    const { box, clipped, side } = field;
    const all = profile(field);
    const most = Math.max(...all, 1 / all.length);
    const x = (/** @type {number} */ pixel) => ((pixel - box.x0) / (box.x1 - box.x0)) * room;
    const even = PROFILE - (PROFILE - 4) * (1 / all.length / most);
    const shapes = all.map((value, i) => {
      const left = clipped.x0 + i * side;
      const height = (PROFILE - 4) * (value / most);
      return svg('rect', { class: 'profile-bar', x: x(left), y: PROFILE - height, width: Math.max(1, x(Math.min(left + side, clipped.x1)) - x(left) - 1), height });
    });
    const label = t('effective.profile.label', { middle: percent(Math.max(...all)), edge: percent(Math.min(...all)) });
    return {
      height: PROFILE + FOOT * unit,
      label,
      shapes: [
        ...shapes,
        svg('path', { class: 'profile-even', d: `M${x(clipped.x0)} ${even}H${x(clipped.x1)}` }),
        svg('path', { class: 'depth-axis', d: `M0 ${PROFILE + 0.5}H${room}` }),
        svg('text', { class: 'error-tick', x: 0, y: PROFILE + 16 * unit }, `−${(box.x1 - box.x0) / 2} px`),
        svg('text', { class: 'error-tick', x: room / 2, y: PROFILE + 16 * unit, 'text-anchor': 'middle' }, '0'),
        svg('text', { class: 'error-tick', x: room, y: PROFILE + 16 * unit, 'text-anchor': 'end' }, `+${(box.x1 - box.x0) / 2} px`),
        svg('text', { class: 'error-tick profile-word', x: x(clipped.x1) - 2, y: even - 5, 'text-anchor': 'end' }, t('effective.even.word')),
      ],
    };
  }

  /** Another network has other layers; another picture, another field. */
  function update() {
    select.replaceChildren(...layers().map(({ name, receptive_field: size }) => h('option', { value: name }, `${name} · ${size}×${size}`)));
    select.value = chosen()?.name ?? '';
    start.disabled = engine.status !== 'ready' || engine.top.length === 0;
    root.dataset.ready = start.disabled ? 'no' : 'yes';
  }

  const root = h(
    'section',
    { class: 'effective', test: 'effective' },
    h('h2', { say: 'effective.title' }),
    h('p', { class: 'caption', say: 'effective.text' }),
    h('div', { class: 'controls', role: 'group', label: 'effective.title' }, h('label', { class: 'control' }, h('span', { say: 'effective.layer' }), select), start, stop, progress, far),
    h('div', { class: 'field-grid' }, h('div', { class: 'field-side' }, h('div', { class: 'field-stage effective-stage' }, canvas, overlay), h('p', { class: 'caption', say: 'effective.legend' })), h('div', { class: 'field-main' }, statement, found)),
  );
  found.hidden = true;
  scope.keep(() => cancel?.());
  scope.keep(
    engine.on('start', () => {
      if (!cancel) forget();
    }),
  );
  for (const event of /** @type {const} */ (['network', 'done', 'broken'])) scope.keep(engine.on(event, update));
  scope.keep(
    store.listen((state, before) => {
      if (state.effective !== before.effective) {
        forget();
        setBusy(false);
        update();
      } else if (state.lang !== before.lang) bars.redraw();
    }),
  );
  setBusy(false);
  update();
  draw();
  return root;
}
