/**
 * The network as slabs, drawn from its shapes: a slab is as high as its maps (softened, so that 2 and
 * 224 fit one figure) and as thick as it has channels. It is laid out for the room there is.
 */
import { svg, h } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { formOf } from '../../engine/networks.js';
import { shape } from '../../page/format.js';
import { titleOf } from '../../page/names.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */
/** @typedef {{layer: LayerInfo, x: number, width: number, height: number, depth: number}} Slab */

/** Exponent that softens the scale of heights. */
const SOFT = 0.6;
const GAP = 5;
const MODULE_GAP = 14;
const LABEL_ROOM = 44;
const NARROW = 480;

/**
 * @param {LayerInfo[]} layers @param {number} room CSS pixels
 * @returns {{slabs: Slab[], height: number}}
 */
export function layOut(layers, room) {
  const tallest = Math.min(150, 60 + room * 0.11);
  const size = layers[0].height;
  const most = Math.max(...layers.filter(({ kind }) => kind !== 'fc').map(({ channels }) => channels));
  const draft = layers.map((layer) => {
    if (layer.kind === 'fc') return { layer, width: 7, height: tallest * 0.72, depth: 0 };
    const height = tallest * (layer.height / size) ** SOFT;
    const width = layer.kind === 'conv' ? 5 + 19 * (layer.channels / most) : 4;
    return { layer, width, height, depth: height * 0.3 };
  });
  const gapAfter = (/** @type {number} */ i) =>
    layers[i + 1] && layers[i + 1].module !== layers[i].module ? MODULE_GAP : GAP;
  const step = (/** @type {number} */ i) => draft[i].width + gapAfter(i) + draft[i].depth * 0.35;
  const total = draft.reduce((sum, _, i) => sum + step(i), draft[0].depth);
  const scale = Math.min(2, room / total);
  let x = 0;
  const slabs = draft.map((slab, i) => {
    const placed = { ...slab, x, width: slab.width * scale, depth: slab.depth * Math.min(1, scale) };
    x += step(i) * scale;
    return placed;
  });
  return { slabs, height: tallest * 1.3 + LABEL_ROOM };
}

/** Front, top and side of a slab standing on `floor`. @param {Slab} slab @param {number} floor */
function faces({ x, width, height, depth }, floor) {
  const top = floor - height;
  const rise = depth * 0.62;
  return {
    front: `M${x} ${floor}V${top}h${width}V${floor}Z`,
    top: `M${x} ${top}l${depth} ${-rise}h${width}l${-depth} ${rise}Z`,
    side: `M${x + width} ${floor}V${top}l${depth} ${-rise}v${height}Z`,
  };
}

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createNetworkFigure(app, scope) {
  const { engine, store } = app;
  const caption = h('figcaption', { class: 'caption' });
  const drawing = svg('svg', { class: 'network-drawing', role: 'group', label: 'figure.label' });
  const root = h('figure', { class: 'network-figure', test: 'network-figure' }, drawing, caption);
  let room = 0;
  /** @type {SVGGElement[]} */
  let groups = [];

  const draw = () => {
    if (!engine.network || room < 100) return;
    const { layers, info } = engine.network;
    const { slabs, height } = layOut(layers, room);
    const floor = height - LABEL_ROOM;
    drawing.setAttribute('viewBox', `0 0 ${room} ${height}`);
    drawing.setAttribute('width', String(room));
    drawing.setAttribute('height', String(height));
    groups = slabs.map((slab) => drawSlab(slab, floor));
    // In order, so that a slab covers the side of the one before it.
    drawing.replaceChildren(...labels(slabs, floor, room < NARROW), ...groups);
    say(caption, captionOf(info.id), { name: titleOf(info) });
    update();
  };

  /** @param {Slab} slab @param {number} floor */
  function drawSlab(slab, floor) {
    const { layer } = slab;
    const path = faces(slab, floor);
    const group = svg(
      'g',
      {
        class: `slab slab-${layer.kind}`,
        test: 'figure-layer',
        'data-layer': layer.name,
        role: 'button',
        on: {
          click: () => open(layer),
          keydown: (/** @type {KeyboardEvent} */ event) => keyed(event, layer.index),
        },
      },
      svg('path', { class: 'slab-top', d: path.top }),
      svg('path', { class: 'slab-side', d: path.side }),
      svg('path', { class: 'slab-front', d: path.front }),
      svg('title', {}, `${layer.name} · ${shape(layer)}`),
    );
    group.setAttribute('aria-label', `${layer.name}, ${shape(layer)}`);
    return group;
  }

  const open = (/** @type {LayerInfo} */ { name }) => {
    const isOpen = store.state.layer === name;
    store.set({ layer: isOpen ? null : name, channel: null }, { step: true });
  };

  /** One stop for Tab; arrows go from layer to layer. @param {KeyboardEvent} event @param {number} index */
  function keyed(event, index) {
    const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (event.key === 'Enter' || event.key === ' ') groups[index].dispatchEvent(new MouseEvent('click'));
    else if (move) focus(Math.min(Math.max(index + move, 0), groups.length - 1));
    else if (event.key === 'Home') focus(0);
    else if (event.key === 'End') focus(groups.length - 1);
    else return;
    event.preventDefault();
  }

  const focus = (/** @type {number} */ index) => {
    groups.forEach((group, i) => group.setAttribute('tabindex', i === index ? '0' : '-1'));
    groups[index].focus();
  };

  const update = () => {
    if (!engine.network) return;
    const { layers } = engine.network;
    const opened = layers.findIndex(({ name }) => name === store.state.layer);
    groups.forEach((group, i) => {
      group.dataset.state = engine.results[i] ? 'done' : 'pending';
      group.classList.toggle('is-open', i === opened);
      group.setAttribute('tabindex', i === Math.max(opened, 0) ? '0' : '-1');
    });
  };

  scope.size(root, (width) => {
    if (width === room) return;
    room = width;
    draw();
  });
  scope.keep(engine.on('network', draw));
  scope.keep(engine.on('layer', ({ index }) => groups[index]?.setAttribute('data-state', 'done')));
  scope.keep(app.onPicture(update));
  scope.keep(
    store.listen((state, before) => {
      if (state.lang !== before.lang) draw();
      else if (state.layer !== before.layer) update();
    }),
  );
  return root;
}

/** @param {string} id @returns {import('../../page/i18n.js').Key} */
function captionOf(id) {
  if (id === 'custom') return 'figure.caption.custom';
  return formOf(id) === 'AlexNet' ? 'figure.caption.alexnet' : 'figure.caption';
}

/**
 * Under each module its name, the size of its maps and, where there is room, its channels.
 * @param {Slab[]} slabs @param {number} floor @param {boolean} isNarrow
 */
function labels(slabs, floor, isNarrow) {
  const modules = [...new Set(slabs.map(({ layer }) => layer.module))];
  return modules.flatMap((module) => {
    const own = slabs.filter(({ layer }) => layer.module === module);
    const { layer, x: left } = own[0];
    const right = own[own.length - 1].x + own[own.length - 1].width;
    const [anchor, x] =
      layer.kind === 'input' ? ['start', left] : layer.kind === 'fc' ? ['end', right] : ['middle', (left + right) / 2];
    const [name, size] =
      layer.kind === 'input'
        ? [t('figure.input'), String(layer.height)]
        : layer.kind === 'fc'
          ? [t('figure.fc'), String(layer.channels)]
          : [String(module), isNarrow ? String(layer.height) : `${layer.height}×${layer.channels}`];
    if (isNarrow && layer.kind === 'input') return [];
    return [
      svg('text', { class: 'slab-name', x, y: floor + 17, 'text-anchor': anchor }, name),
      svg('text', { class: 'slab-size', x, y: floor + 33, 'text-anchor': anchor }, size),
    ];
  });
}
