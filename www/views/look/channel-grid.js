/**
 * All channels of a layer on one canvas, cut from one atlas. Over it lie the cells that keyboard and
 * screen reader move through; the canvas is only what they show.
 */
import { h, sharpContext } from '../../page/dom.js';
import { t } from '../../page/i18n.js';
import { newestWins } from '../../page/frame.js';
import { canSwitch, isOff, toggled } from './off.js';
import { channelName } from '../../page/names.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */

const GAP = 4;
const CELL = { s: 32, m: 56, l: 96 };
/** A few channels grow, to at most twice their size, until they fill about this height. */
const FILLED = 420;
/** A unit of a fully connected layer is one value. */
const UNIT = { s: 14, m: 20, l: 32 };

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('./spot.js').Spot} spot
 * @param {import('../../page/scope.js').Scope} scope
 * @param {ReturnType<typeof import('./magnifier.js').createMagnifier>} magnifier
 */
export function createChannelGrid(app, spot, scope, magnifier) {
  const { engine, store } = app;
  const canvas = h('canvas', { class: 'grid-canvas', test: 'grid-canvas', 'aria-hidden': 'true' });
  const cells = h('div', { class: 'grid-cells', role: 'grid', test: 'channel-grid' });
  const element = h('div', { class: 'channel-grid' }, h('div', { class: 'grid-frame' }, canvas, cells));

  /** @type {LayerInfo | null} */
  let layer = null;
  /** @type {import('../../engine/protocol.js').Atlas | null} */
  let atlas = null;
  /** Channels in the order shown. @type {Uint32Array} */
  let order = new Uint32Array();
  let columns = 1;
  let size = 1;
  let room = 0;
  /** Places in the order: of the cell that Tab reaches, and of the channel in the magnifier. */
  let entry = 0;
  let magnified = 0;

  /** As many columns as fit, the cells just so large that they fill the width. */
  function measure() {
    const chosen = /** @type {'s' | 'm' | 'l'} */ (store.state.cell);
    const filling = Math.sqrt((room * FILLED) / order.length) * (CELL[chosen] / CELL.m);
    const wish =
      layer?.kind === 'fc' ? UNIT[chosen] : Math.min(Math.max(filling, CELL[chosen]), 2 * CELL[chosen]);
    columns = Math.max(1, Math.floor((room + GAP) / (wish + GAP)));
    size = (room + GAP) / columns - GAP;
    columns = Math.min(columns, order.length);
  }

  const fetchAtlas = newestWins(
    async (/** @type {LayerInfo} */ wanted) => {
      const channels = await sorted(wanted);
      return { channels, atlas: await engine.atlas(wanted.index, channels, Math.ceil(Math.sqrt(channels.length))) };
    },
    (got, wanted) => {
      if (wanted !== layer) {
        got.atlas.bitmap.close();
        return;
      }
      atlas?.bitmap.close();
      atlas = got.atlas;
      const isSame = order.length === got.channels.length && order.every((channel, i) => channel === got.channels[i]);
      order = got.channels;
      if (!isSame) {
        entry = 0;
        // At first the strongest, which shows something.
        const [strongest] = engine.results[wanted.index]?.strip.order ?? [];
        magnified = Math.max(0, order.indexOf(strongest));
        buildCells();
      }
      draw();
      magnify(magnified);
    },
  );

  /** @param {LayerInfo} wanted */
  async function sorted({ index, channels }) {
    const numbers = Uint32Array.from({ length: channels }, (_, i) => i);
    if (store.state.sort === 'number') return numbers;
    const means = await engine.means(index);
    return numbers.sort((a, b) => means[b] - means[a]);
  }

  /** @param {number} place in the order */
  const cutAt = (place) => {
    if (!atlas || !layer) return null;
    const x = (place % atlas.columns) * layer.width;
    const y = Math.floor(place / atlas.columns) * layer.height;
    return { bitmap: atlas.bitmap, x, y };
  };

  function draw() {
    if (!atlas || !layer || room === 0 || order.length === 0) return;
    const rows = Math.ceil(order.length / columns);
    const context = sharpContext(canvas, columns * (size + GAP) - GAP, rows * (size + GAP) - GAP);
    context.imageSmoothingEnabled = layer.width > size;
    context.imageSmoothingQuality = 'high';
    for (let place = 0; place < order.length; place++) {
      const cut = /** @type {NonNullable<ReturnType<typeof cutAt>>} */ (cutAt(place));
      const x = (place % columns) * (size + GAP);
      const y = Math.floor(place / columns) * (size + GAP);
      context.drawImage(cut.bitmap, cut.x, cut.y, layer.width, layer.height, x, y, size, size);
    }
  }

  function buildCells() {
    if (!layer || room === 0 || order.length === 0) return;
    measure();
    element.style.setProperty('--cell', `${size}px`);
    element.style.setProperty('--columns', String(columns));
    const rows = [];
    for (let start = 0; start < order.length; start += columns) {
      const row = h('div', { role: 'row', class: 'grid-row' });
      for (let place = start; place < Math.min(start + columns, order.length); place++) row.append(buildCell(place));
      rows.push(row);
    }
    cells.replaceChildren(...rows);
    cells.dataset.channels = String(order.length);
    cells.setAttribute('aria-rowcount', String(rows.length));
    cells.setAttribute('aria-colcount', String(columns));
    cells.setAttribute('aria-label', t('grid.label', { name: layer.name, channels: order.length }));
  }

  /** @param {number} place */
  function buildCell(place) {
    const channel = order[place];
    const cell = h('div', {
      role: 'gridcell',
      class: place === magnified ? 'grid-cell is-magnified' : 'grid-cell',
      test: 'channel-cell',
      'data-channel': channel,
      'data-place': place,
      tabindex: place === entry ? 0 : -1,
    });
    name(cell);
    return cell;
  }

  /** What a cell is called, and whether its channel is off. @param {HTMLElement} cell */
  function name(cell) {
    if (!layer || !engine.network) return;
    const channel = Number(cell.dataset.channel);
    const isSilent = isOff(store.state.off, layer.name, channel);
    const own = channelName(engine.network.info, layer, channel);
    const text = isSilent ? t('off.name', { name: own }) : own;
    cell.setAttribute('aria-label', text);
    cell.title = text;
    cell.classList.toggle('is-off', isSilent);
  }

  /** @param {number} place */
  function magnify(place) {
    const cut = cutAt(place);
    if (cut && layer) magnifier.show(layer, order[place], cut);
  }

  /** @param {number} place @param {boolean} [takeFocus] */
  function select(place, takeFocus = false) {
    const all = /** @type {NodeListOf<HTMLElement>} */ (cells.querySelectorAll('.grid-cell'));
    all[entry]?.setAttribute('tabindex', '-1');
    all[magnified]?.classList.remove('is-magnified');
    entry = place;
    magnified = place;
    all[place]?.setAttribute('tabindex', '0');
    all[place]?.classList.add('is-magnified');
    magnify(place);
    if (takeFocus) all[place]?.focus();
  }

  /** @param {Event} event @returns {number | null} */
  const placeOf = (event) => {
    const { place } = /** @type {HTMLElement} */ (event.target).dataset;
    return place === undefined ? null : Number(place);
  };
  const enlarge = (/** @type {number} */ place) => store.set({ channel: order[place] }, { step: true });

  cells.addEventListener('pointermove', (event) => {
    const place = placeOf(event);
    if (place === null || !layer) return;
    if (place !== magnified) select(place);
    spot.point({
      layer: layer.index,
      channel: order[place],
      y: Math.min(layer.height - 1, Math.max(0, Math.floor((event.offsetY / size) * layer.height))),
      x: Math.min(layer.width - 1, Math.max(0, Math.floor((event.offsetX / size) * layer.width))),
    });
  });
  cells.addEventListener('pointerleave', () => spot.point(null));
  cells.addEventListener('click', (event) => {
    const place = placeOf(event);
    if (place !== null) enlarge(place);
  });
  cells.addEventListener('focusin', (event) => {
    const place = placeOf(event);
    if (place === null || !layer) return;
    if (place !== magnified) select(place);
    spot.point({ layer: layer.index, channel: order[place], y: layer.height >> 1, x: layer.width >> 1 });
  });
  cells.addEventListener('keydown', (event) => {
    const place = placeOf(event);
    if (place === null) return;
    const inRow = place % columns;
    const target = {
      ArrowRight: place + 1,
      ArrowLeft: place - 1,
      ArrowDown: place + columns,
      ArrowUp: place - columns,
      Home: event.ctrlKey ? 0 : place - inRow,
      End: event.ctrlKey ? order.length - 1 : Math.min(place - inRow + columns, order.length) - 1,
    }[event.key];
    if (event.key === 'Enter' || event.key === ' ') enlarge(place);
    else if (event.key === 'x' && layer && canSwitch(layer, engine.network)) {
      store.set({ off: toggled(store.state.off, layer.name, order[place]) });
    } else if (target === undefined) return;
    else if (target >= 0 && target < order.length) select(target, true);
    event.preventDefault();
  });

  const refresh = () => {
    if (layer && engine.results[layer.index]) fetchAtlas(layer);
  };
  scope.size(element, (width) => {
    if (width === room) return;
    room = width;
    buildCells();
    draw();
  });
  scope.keep(
    engine.on('layer', ({ index }) => {
      if (index === layer?.index) refresh();
    }),
  );
  scope.keep(
    store.listen((state, before) => {
      if (state.cell !== before.cell) {
        buildCells();
        draw();
      }
      if (state.lang !== before.lang) buildCells();
      if (state.off !== before.off) for (const cell of cells.querySelectorAll('.grid-cell')) name(/** @type {HTMLElement} */ (cell));
      if (['map', 'norm', 'values', 'sort'].some((key) => state[key] !== before[key])) refresh();
    }),
  );

  return {
    element,
    /** @param {LayerInfo | null} next */
    show(next) {
      if (next === layer) return;
      layer = next;
      order = new Uint32Array();
      cells.replaceChildren();
      refresh();
    },
  };
}
