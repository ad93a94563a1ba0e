/** The picture with the square that the network gets, to be moved and zoomed, and the field of the cell pointed at. */
import { h, layPaper, sharpContext, svg } from '../page/dom.js';
import { CENTRE, fit, nudge, square, zoom } from './crop.js';

const ZOOM_STEP = 1.15;
const CORNERS = ['nw', 'ne', 'sw', 'se'];

/**
 * @param {import('../page/app.js').App} app
 * @param {import('../views/look/spot.js').Spot} spot
 * @param {import('./live.js').Live} live
 * @param {import('../page/scope.js').Scope} scope
 */
export function createCropStage(app, spot, live, scope) {
  const { store, engine } = app;
  const canvas = h('canvas', { class: 'stage-picture', role: 'img', label: 'picture.whole' });
  const shade = svg('path', { class: 'stage-shade', 'fill-rule': 'evenodd' });
  const field = svg('rect', { class: 'field', test: 'receptive-field', visibility: 'hidden' });
  const overlay = svg('svg', { class: 'stage-overlay', 'aria-hidden': 'true' }, shade, field);
  const box = h(
    'div',
    {
      class: 'crop-box',
      test: 'crop-box',
      tabindex: 0,
      role: 'application',
      label: 'crop.label',
      hint: 'crop.hint',
      'aria-describedby': 'crop-help',
    },
    ...CORNERS.map((corner) => h('span', { class: `crop-handle crop-handle-${corner}`, 'data-corner': corner })),
  );
  const frame = h('div', { class: 'stage-frame' }, canvas, overlay, box);
  const root = h('div', { class: 'stage', test: 'stage' }, frame);

  /** CSS pixels a picture pixel. */
  let scale = 1;
  let room = { width: 0, height: 0 };

  const setCrop = (/** @type {import('./crop.js').Crop} */ crop) => store.set({ crop });

  function layOut() {
    const { scene, picture } = app;
    if (!scene || room.width === 0) return;
    scale = Math.min(room.width / scene.width, room.height / scene.height);
    const width = Math.max(1, Math.round(scene.width * scale));
    const height = Math.max(1, Math.round(scene.height * scale));
    frame.style.width = `${width}px`;
    frame.style.height = `${height}px`;
    overlay.setAttribute('viewBox', `0 0 ${scene.width} ${scene.height}`);
    const context = sharpContext(canvas, width, height);
    if (live.video) {
      live.video.className = 'stage-video';
      canvas.after(live.video);
    } else if (picture) {
      frame.querySelector('video')?.remove();
      context.imageSmoothingQuality = 'high';
      layPaper(context, width, height);
      context.drawImage(picture.preview, 0, 0, width, height);
    }
    drawCrop();
  }

  function drawCrop() {
    const { scene } = app;
    if (!scene) return;
    const { x, y, side } = square(store.state.crop, scene.width, scene.height);
    shade.setAttribute(
      'd',
      `M0 0H${scene.width}V${scene.height}H0ZM${x} ${y}H${x + side}V${y + side}H${x}Z`,
    );
    box.style.transform = `translate(${x * scale}px, ${y * scale}px)`;
    box.style.width = `${side * scale}px`;
    box.style.height = `${side * scale}px`;
    box.style.touchAction = scrolling(side < scene.width, side < scene.height);
  }

  /** @param {import('../views/look/spot.js').Reading | null} reading */
  function drawField(reading) {
    const { scene } = app;
    field.setAttribute('visibility', reading && scene ? 'visible' : 'hidden');
    if (!reading || !scene || !engine.network) return;
    const { x, y, side } = square(store.state.crop, scene.width, scene.height);
    const unit = side / engine.network.info.input_size;
    const { x0, y0, x1, y1 } = reading.box;
    field.setAttribute('x', String(x + x0 * unit));
    field.setAttribute('y', String(y + y0 * unit));
    field.setAttribute('width', String((x1 - x0) * unit));
    field.setAttribute('height', String((y1 - y0) * unit));
    field.dataset.box = [x0, y0, x1, y1].join(',');
  }

  makeDraggable(frame, box, {
    scale: () => scale,
    get: () => store.state.crop,
    set: setCrop,
    picture: () => app.scene,
  });

  box.addEventListener('keydown', (event) => {
    const { scene } = app;
    const next = scene && keyed(event, store.state.crop, scene);
    if (!next) return;
    event.preventDefault();
    setCrop(next);
  });

  scope.size(root, (width, height) => {
    room = { width, height };
    layOut();
  });
  scope.keep(app.onPicture(layOut));
  scope.keep(
    store.listen((state, before) => {
      if (state.crop !== before.crop) drawCrop();
    }),
  );
  scope.keep(spot.listen(drawField));
  layOut();
  return root;
}

/**
 * What a finger on the crop does to the page: it scrolls it in the directions in which the crop cannot move.
 * @param {boolean} movesX @param {boolean} movesY
 */
function scrolling(movesX, movesY) {
  if (movesX && movesY) return 'none';
  if (movesX) return 'pan-y';
  return movesY ? 'pan-x' : 'pan-x pan-y';
}

/** @typedef {{width: number, height: number}} Size */
/** @typedef {import('./crop.js').Crop} Crop */

/** @param {KeyboardEvent} event @param {Crop} crop @param {Size} picture @returns {Crop | null} */
function keyed(event, crop, { width, height }) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const step = event.shiftKey ? 0.2 : 0.05;
  const centre = { x: crop.cx, y: crop.cy };
  switch (event.key) {
    case 'ArrowLeft':
      return nudge(crop, -step, 0, width, height);
    case 'ArrowRight':
      return nudge(crop, step, 0, width, height);
    case 'ArrowUp':
      return nudge(crop, 0, -step, width, height);
    case 'ArrowDown':
      return nudge(crop, 0, step, width, height);
    case '+':
    case '=':
      return zoom(crop, 1 / ZOOM_STEP, centre, width, height);
    case '-':
    case '_':
      return zoom(crop, ZOOM_STEP, centre, width, height);
    case '0':
      return CENTRE;
    default:
      return null;
  }
}

/**
 * One pointer moves the crop or, at a corner, resizes it; two zoom; the wheel zooms with Ctrl or ⌘, as a pinched
 * trackpad has it, and else scrolls the page; a press beside the crop brings it there, a finger's once it is lifted: it
 * may want to scroll.
 * @param {HTMLElement} frame @param {HTMLElement} box
 * @param {{scale: () => number, get: () => Crop, set: (crop: Crop) => void, picture: () => Size | null}} control
 */
function makeDraggable(frame, box, control) {
  /** Where each pointer is, and whether it is beside the crop and only waits. @type {Map<number, {x: number, y: number, waits: boolean}>} */
  const pointers = new Map();
  /** The corner that stays, in fractions of the picture, while the one across is dragged. */
  let anchor = /** @type {{x: number, y: number} | null} */ (null);
  /** The crop when the first pointer came. */
  let former = /** @type {Crop | null} */ (null);

  /** @param {{clientX: number, clientY: number}} event @param {Size} picture */
  const place = (event, picture) => {
    const area = frame.getBoundingClientRect();
    const scale = control.scale();
    return {
      x: (event.clientX - area.left) / scale / picture.width,
      y: (event.clientY - area.top) / scale / picture.height,
    };
  };
  /** @param {{x: number, y: number}} at @param {Size} picture */
  const bring = (at, { width, height }) => control.set(fit({ ...control.get(), cx: at.x, cy: at.y }, width, height));

  frame.addEventListener('pointerdown', (event) => {
    const picture = control.picture();
    if (!picture || event.button !== 0) return;
    event.preventDefault();
    box.focus({ preventScroll: true });
    frame.setPointerCapture(event.pointerId);
    const here = place(event, picture);
    if (pointers.size === 0) former = control.get();
    const isBeside = !box.contains(/** @type {Node} */ (event.target));
    const waits = isBeside && event.pointerType === 'touch';
    pointers.set(event.pointerId, { ...here, waits });
    const { corner } = /** @type {HTMLElement} */ (event.target).dataset;
    anchor = corner ? opposite(control.get(), corner, picture) : null;
    if (isBeside && !waits) bring(here, picture);
  });

  frame.addEventListener('pointermove', (event) => {
    const picture = control.picture();
    const last = pointers.get(event.pointerId);
    if (!picture || !last) return;
    const here = place(event, picture);
    const crop = control.get();
    const { width, height } = picture;
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, { ...here, waits: last.waits && !other });
    if (other) {
      other.waits = false;
      const distance = (/** @type {{x: number, y: number}} */ p) =>
        Math.hypot((p.x - other.x) * width, (p.y - other.y) * height);
      control.set(zoom(crop, distance(here) / Math.max(distance(last), 1), middle(here, other), width, height));
    } else if (anchor) {
      control.set(stretched(anchor, here, picture));
    } else if (!last.waits) {
      control.set(fit({ ...crop, cx: crop.cx + here.x - last.x, cy: crop.cy + here.y - last.y }, width, height));
    }
  });

  const release = (/** @type {PointerEvent} */ event) => {
    pointers.delete(event.pointerId);
    anchor = null;
  };
  frame.addEventListener('pointerup', (event) => {
    const picture = control.picture();
    if (picture && pointers.get(event.pointerId)?.waits) bring(place(event, picture), picture);
    release(event);
  });
  frame.addEventListener('pointercancel', (event) => {
    // The finger scrolls the page: it did not want the crop.
    if (pointers.has(event.pointerId) && former && event.pointerType === 'touch') control.set(former);
    release(event);
  });
  // With two fingers the browser would scroll or zoom the page.
  for (const type of ['touchstart', 'touchmove']) {
    frame.addEventListener(
      type,
      (event) => {
        if (event.cancelable && /** @type {TouchEvent} */ (event).touches.length > 1) event.preventDefault();
      },
      { passive: false },
    );
  }

  frame.addEventListener(
    'wheel',
    (event) => {
      const picture = control.picture();
      if (!picture || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      const factor = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004);
      control.set(zoom(control.get(), factor, place(event, picture), picture.width, picture.height));
    },
    { passive: false },
  );
}

/** @param {{x: number, y: number}} a @param {{x: number, y: number}} b */
const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/** @param {Crop} crop @param {string} corner @param {Size} picture */
function opposite(crop, corner, { width, height }) {
  const short = Math.min(width, height);
  const halfX = (crop.size * short) / width / 2;
  const halfY = (crop.size * short) / height / 2;
  return {
    x: crop.cx + (corner.endsWith('w') ? halfX : -halfX),
    y: crop.cy + (corner.startsWith('n') ? halfY : -halfY),
  };
}

/** The square from a fixed corner towards a point. @param {{x: number, y: number}} anchor @param {{x: number, y: number}} to @param {Size} picture */
function stretched(anchor, to, { width, height }) {
  const short = Math.min(width, height);
  const dx = (to.x - anchor.x) * width;
  const dy = (to.y - anchor.y) * height;
  const room = Math.min(
    dx < 0 ? anchor.x * width : (1 - anchor.x) * width,
    dy < 0 ? anchor.y * height : (1 - anchor.y) * height,
  );
  const side = Math.min(Math.max(Math.abs(dx), Math.abs(dy), short * 0.05), room);
  return fit(
    {
      cx: anchor.x + (Math.sign(dx) * side) / 2 / width,
      cy: anchor.y + (Math.sign(dy) * side) / 2 / height,
      size: side / short,
    },
    width,
    height,
  );
}
