/**
 * One channel made large beside what the network sees: pointing at a cell shows its value and, on the
 * picture, what the cell has seen.
 */
import { arrowStep } from '../../page/arrows.js';
import { h, sharpContext } from '../../page/dom.js';
import { say } from '../../page/i18n.js';
import { real } from '../../page/format.js';
import { channelName } from '../../page/names.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */
/** @typedef {{bitmap: ImageBitmap, x: number, y: number}} Cut where a channel's map lies in a bitmap */

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('./spot.js').Spot} spot
 * @param {import('../../page/scope.js').Scope} scope
 * @param {{map: string, readout: string}} tests names for tests, of which a page has two of each
 */
export function createMagnifier(app, spot, scope, tests) {
  const { engine, store } = app;
  const picture = h('canvas', { class: 'magnifier-canvas', role: 'img', label: 'magnifier.seen' });
  const map = h('canvas', { class: 'magnifier-canvas magnifier-map', tabindex: 0, role: 'application', label: 'magnifier.map', test: tests.map });
  const readout = h('p', { class: 'readout', test: tests.readout, 'aria-live': 'polite' });
  const element = h(
    'div',
    { class: 'magnifier' },
    h('figure', {}, h('div', { class: 'magnifier-square' }, picture), h('figcaption', { class: 'caption', say: 'magnifier.seen' })),
    h('figure', {}, h('div', { class: 'magnifier-square' }, map), h('figcaption', { class: 'caption' })),
    readout,
  );
  const mapCaption = /** @type {HTMLElement} */ (element.querySelectorAll('figcaption')[1]);

  /** @type {{layer: LayerInfo, channel: number, cut: Cut} | null} */
  let shown = null;
  /** @type {import('./spot.js').Reading | null} */
  let reading = null;
  /** The cell that was chosen to be worked out. @type {[number, number] | null} */
  let chosen = null;
  let side = 0;

  const draw = () => {
    if (side < 20) return;
    drawPicture();
    drawMap();
    write();
  };

  function drawPicture() {
    const { seen, network } = engine;
    if (!seen || !network) return;
    const context = sharpContext(picture, side, side);
    const source = new OffscreenCanvas(seen.width, seen.height);
    source.getContext('2d')?.putImageData(seen, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(source, 0, 0, side, side);
    if (!reading) return;
    const unit = side / network.info.input_size;
    const { x0, y0, x1, y1 } = reading.box;
    outline(context, x0 * unit, y0 * unit, (x1 - x0) * unit, (y1 - y0) * unit);
  }

  function drawMap() {
    const context = sharpContext(map, side, side);
    if (!shown) return;
    const { layer, cut } = shown;
    context.imageSmoothingEnabled = layer.width > side;
    context.drawImage(cut.bitmap, cut.x, cut.y, layer.width, layer.height, 0, 0, side, side);
    const width = side / layer.width;
    const height = side / layer.height;
    if (chosen) outline(context, chosen[1] * width, chosen[0] * height, width, height, '#1d2126');
    if (!isHere(reading)) return;
    outline(context, reading.x * width, reading.y * height, width, height);
  }

  /** @param {import('./spot.js').Reading | null} at @returns {at is import('./spot.js').Reading} */
  const isHere = (at) => at !== null && shown !== null && at.layer === shown.layer.index && at.channel === shown.channel;

  function write() {
    if (!shown) return;
    const { layer, channel } = shown;
    say(mapCaption, 'magnifier.channel', { layer: layer.name, channel });
    element.classList.toggle('is-flat', layer.kind === 'fc');
    if (!isHere(reading)) {
      say(readout, 'readout.none');
      return;
    }
    const { x, y, q, value, pre, box } = reading;
    Object.assign(readout.dataset, { layer: layer.name, channel, y, x, q: q ?? '', value });
    const isBefore = store.state.values === 'pre' && typeof pre === 'number';
    const kind = layer.kind !== 'fc' ? 'cell' : layer.relu ? 'unit' : 'logit';
    say(readout, /** @type {any} */ (`readout.${kind}${isBefore ? '.pre' : ''}`), {
      unit: engine.network ? channelName(engine.network.info, layer, channel) : '',
      x,
      y,
      q: q ?? '',
      value: real(value),
      pre: real(pre ?? value),
      field: box.x1 - box.x0,
    });
  }

  const pointAt = (/** @type {number} */ x, /** @type {number} */ y) => {
    if (!shown) return;
    const { layer, channel } = shown;
    const within = (/** @type {number} */ v, /** @type {number} */ size) => Math.min(Math.max(v, 0), size - 1);
    spot.point({ layer: layer.index, channel, y: within(y, layer.height), x: within(x, layer.width) });
  };
  const follow = (/** @type {PointerEvent} */ { offsetX, offsetY }) => {
    if (!shown) return;
    const { width, height } = shown.layer;
    pointAt(Math.floor((offsetX / side) * width), Math.floor((offsetY / side) * height));
  };
  map.addEventListener('pointermove', follow);
  // A finger presses without having moved.
  map.addEventListener('pointerdown', follow);
  map.addEventListener('keydown', (event) => {
    const move = arrowStep(event);
    if (!move || !shown) return;
    event.preventDefault();
    event.stopPropagation();
    const { layer } = shown;
    const from = isHere(reading) ? reading : { x: layer.width >> 1, y: layer.height >> 1 };
    pointAt(from.x + move.x, from.y + move.y);
  });

  scope.size(/** @type {Element} */ (picture.parentElement), (width) => {
    if (width === side) return;
    side = width;
    draw();
  });
  scope.keep(
    spot.listen((next) => {
      reading = next;
      draw();
    }),
  );
  scope.keep(engine.on('start', drawPicture));

  return {
    element,
    map,
    /** @param {LayerInfo} layer @param {number} channel @param {Cut} cut */
    show(layer, channel, cut) {
      shown = { layer, channel, cut };
      draw();
    },
    /** @param {[number, number] | null} place row and column of the cell that keeps a frame */
    choose(place) {
      chosen = place;
      if (side >= 20) drawMap();
    },
    clear() {
      shown = null;
    },
  };
}

/** Seen on any map: dark inside light. @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} width @param {number} height @param {string} [colour] */
function outline(context, x, y, width, height, colour = '#d4380d') {
  for (const [style, line] of /** @type {[string, number][]} */ ([['#fff', 4], [colour, 2]])) {
    context.strokeStyle = style;
    context.lineWidth = line;
    context.strokeRect(x, y, width, height);
  }
}
