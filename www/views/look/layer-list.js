/** Every layer a row: name, shape, its strongest channels, time and statistics; the open one with all its channels. */
import { h, sharpContext } from '../../page/dom.js';
import { say } from '../../page/i18n.js';
import { clockStep, milliseconds, percent, real, shape, UNKNOWN } from '../../page/format.js';
import { channelName } from '../../page/names.js';
import { createLayerDetail } from './layer-detail.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */
/** @typedef {import('../../engine/protocol.js').LayerResult} LayerResult */

const THUMB = 48;
const THUMB_GAP = 4;

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('./spot.js').Spot} spot
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createLayerList(app, spot, scope) {
  const { engine, store } = app;
  const detail = createLayerDetail(app, spot, scope);
  const root = h('div', { class: 'layer-list', test: 'layer-list' });
  /** @type {ReturnType<typeof createRow>[]} */
  let rows = [];

  const inSight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const index = Number(/** @type {HTMLElement} */ (target).dataset.index);
      if (isIntersecting) app.inSight.add(index);
      else app.inSight.delete(index);
    }
  });
  scope.keep(() => inSight.disconnect());

  const build = () => {
    if (!engine.network) return;
    const { layers } = engine.network;
    rows = layers.map((layer) => createRow(app, layer));
    const modules = [...new Set(layers.map(({ module }) => module))];
    root.replaceChildren(
      ...modules.map((module) => {
        const own = rows.filter(({ layer }) => layer.module === module);
        return h(
          'section',
          { class: 'module' },
          h('div', { class: 'module-head' }, moduleTitle(own[0].layer, module), createColumnTitles()),
          ...own.map(({ element }) => element),
        );
      }),
    );
    inSight.disconnect();
    app.inSight.clear();
    for (const { element } of rows) inSight.observe(element);
    for (const result of engine.results) if (result) rows[result.index].show(result);
    measure();
    placeDetail();
  };

  const placeDetail = () => {
    const opened = rows.find(({ layer }) => layer.name === store.state.layer);
    const isNew = opened !== undefined && !opened.element.contains(detail.element);
    for (const row of rows) row.setOpen(row === opened);
    if (opened) opened.element.append(detail.element);
    else detail.element.remove();
    detail.show(opened?.layer ?? null);
    if (isNew) scrollTo(opened.element);
  };

  const measure = () => {
    const strip = /** @type {HTMLElement | null} */ (root.querySelector('.layer-maps'));
    if (!strip || strip.clientWidth === 0) return;
    const { count, size } = thumbs(strip.clientWidth);
    app.setThumbnails(count);
    root.style.setProperty('--thumb', `${size}px`);
    for (const row of rows) row.fit(strip.clientWidth);
  };

  scope.size(root, measure);
  scope.keep(engine.on('network', build));
  scope.keep(engine.on('layer', (result) => rows[result.index]?.show(result)));
  scope.keep(engine.on('strip', (result) => rows[result.index]?.show(result)));
  scope.keep(
    app.onPicture(() => {
      for (const row of rows) row.wait();
    }),
  );
  scope.keep(
    store.listen((state, before) => {
      if (state.lang !== before.lang) for (const row of rows) row.redraw();
      if (state.layer !== before.layer) placeDetail();
    }),
  );
  build();
  return root;
}

/** @param {Element} element */
function scrollTo(element) {
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({ block: 'start', behavior: isStill ? 'auto' : 'smooth' });
}

/** @param {LayerInfo} layer the module's first @param {number} module */
function moduleTitle(layer, module) {
  const { height, width, channels } = layer;
  const title = h('h3', { class: 'module-title' });
  if (module === 0) return say(title, 'module.input', { height, width });
  if (layer.kind === 'fc') return say(title, 'module.fc');
  return say(title, 'module.conv', { module, height, width, channels });
}

/** The rows' own lists name their values for the ear; this names them once for the eye. */
function createColumnTitles() {
  const titles = /** @type {const} */ (['layer.ms', 'layer.zero', 'layer.range', 'layer.field']);
  return h('div', { class: 'column-titles', 'aria-hidden': 'true' }, ...titles.map((key) => h('span', { say: key })));
}

/** @param {import('../../page/app.js').App} app @param {LayerInfo} layer */
function createRow(app, layer) {
  const { store } = app;
  /** @type {LayerResult | null} */
  let result = null;
  /** Width for the maps, kept: asked for at every result, it would have the page laid out every time. */
  let room = 0;
  const toggle = (/** @type {number | null} */ channel) => {
    const isOpen = store.state.layer === layer.name && channel === null;
    store.set({ layer: isOpen ? null : layer.name, channel }, { step: true });
  };
  const button = h(
    'button',
    { class: 'layer-open', type: 'button', test: 'layer-open', 'aria-expanded': 'false', on: { click: () => toggle(null) } },
    h('span', { class: 'layer-name' }, layer.name),
    h('span', { class: 'layer-shape' }, shape(layer)),
  );
  const canvas = h('canvas', {
    class: 'layer-strip',
    test: 'layer-strip',
    role: 'img',
    width: 1,
    height: 1,
    on: {
      click: (/** @type {MouseEvent} */ event) => toggle(channelAt(event)),
      pointermove: (/** @type {PointerEvent} */ event) => name(event),
    },
  });
  const maps = h('div', { class: 'layer-maps' }, canvas);
  const ms = h('dd', { test: 'layer-ms' });
  const range = h('dd', { test: 'layer-range' });
  const zero = h('dd', { test: 'layer-zero' });
  const kernel = h('dd', { class: 'layer-kernel', test: 'layer-kernel' }, layer.kernel_name);
  const stat = (/** @type {import('../../page/i18n.js').Key} */ key, /** @type {HTMLElement} */ value) =>
    h('div', { class: 'stat' }, h('dt', { class: 'visually-hidden', say: key }), value);
  const element = h(
    'article',
    {
      class: `layer layer-${layer.kind}`,
      test: 'layer-row',
      'data-layer': layer.name,
      'data-index': layer.index,
      'data-channels': layer.channels,
      'data-state': 'pending',
    },
    h(
      'div',
      { class: 'layer-row' },
      h('h4', { class: 'layer-head' }, button),
      maps,
      h(
        'dl',
        { class: 'layer-stats' },
        stat('layer.ms', ms),
        stat('layer.zero', zero),
        stat('layer.range', range),
        stat('layer.field', h('dd', {}, `${layer.receptive_field} px`)),
        layer.kernel_name ? stat('layer.kernel', kernel) : null,
      ),
    ),
  );

  /** @param {MouseEvent} event */
  function channelAt(event) {
    if (!result) return null;
    const { order } = result.strip;
    const part = layer.kind === 'fc' ? canvas.clientWidth / order.length : thumbs(room).size + THUMB_GAP;
    return order[Math.min(order.length - 1, Math.floor(event.offsetX / part))];
  }

  /** @param {PointerEvent} event */
  function name(event) {
    const channel = channelAt(event);
    if (channel === null) return;
    const { network } = app.engine;
    if (network) canvas.title = channelName(network.info, layer, channel);
  }

  const redraw = () => {
    if (!result) return;
    drawStrip(canvas, room, layer, result);
    say(canvas, 'layer.strip', { name: layer.name, channels: [...result.strip.order.slice(0, 16)].join(', ') }, 'aria-label');
  };

  return {
    element,
    layer,
    redraw,
    /** @param {number} width */
    fit(width) {
      room = width;
      redraw();
    },
    /** @param {LayerResult} next */
    show(next) {
      result = next;
      element.dataset.state = 'done';
      const { tick } = app.engine;
      ms.textContent = layer.kind === 'input' ? UNKNOWN : milliseconds(next.ms, tick);
      if (layer.kind !== 'input') say(ms, 'clock.once', { tick: clockStep(tick) }, 'title');
      range.textContent = `${real(next.stats.min)} … ${real(next.stats.max)}`;
      zero.textContent = percent(next.stats.zero_fraction);
      say(zero, 'layer.stats', {
        mean: real(next.stats.mean),
        dead: next.stats.channels_dead,
        channels: layer.channels,
        saturated: percent(next.stats.saturated_fraction),
        scale: real(next.stats.scale),
      }, 'title');
      redraw();
    },
    wait() {
      element.dataset.state = 'pending';
    },
    /** @param {boolean} isOpen */
    setOpen(isOpen) {
      button.setAttribute('aria-expanded', String(isOpen));
      element.classList.toggle('is-open', isOpen);
    },
  };
}

/**
 * As many thumbnails as fit, just so large that they fill the row.
 * @param {number} room
 */
function thumbs(room) {
  const count = Math.max(3, Math.floor((room + THUMB_GAP) / (THUMB + THUMB_GAP)));
  return { count, size: (room + THUMB_GAP) / count - THUMB_GAP };
}

/**
 * Channels side by side; of a fully connected layer all units, as a bar code.
 * @param {HTMLCanvasElement} canvas @param {number} room @param {LayerInfo} layer @param {LayerResult} result
 */
function drawStrip(canvas, room, layer, { strip }) {
  if (room === 0 || strip.bitmap.width === 0) return;
  if (layer.kind === 'fc') {
    const context = sharpContext(canvas, room, THUMB * 0.6);
    context.imageSmoothingEnabled = strip.order.length > room;
    context.drawImage(strip.bitmap, 0, 0, room, THUMB * 0.6);
    return;
  }
  const { count, size } = thumbs(room);
  const fitting = Math.min(strip.order.length, count);
  const context = sharpContext(canvas, fitting * (size + THUMB_GAP) - THUMB_GAP, size);
  context.imageSmoothingEnabled = layer.width > size;
  context.imageSmoothingQuality = 'high';
  for (let i = 0; i < fitting; i++) {
    const { width, height } = layer;
    context.drawImage(strip.bitmap, i * width, 0, width, height, i * (size + THUMB_GAP), 0, size, size);
  }
}
