/** The picture as pixels, and on it the fields of a stack's layers, one around the other, over the pixel pointed at. */
import { h, layPaper, sharpContext, svg } from '../../page/dom.js';
import { square } from '../../picture/crop.js';

/** Places a side in the state; the finest picture has as many pixels. */
export const PLACES = 128;

/** Pixels of the picture a side: as few as leave room around a field of that size. @param {number} size */
export const pixelsFor = (size) => (size <= 15 ? 32 : size <= 40 ? 64 : PLACES);

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createFieldStage(app, scope) {
  const { store } = app;
  const canvas = h('canvas', { class: 'field-picture pixels', 'aria-hidden': 'true' });
  const overlay = svg('svg', { class: 'field-overlay', 'aria-hidden': 'true' });
  const root = h(
    'div',
    { class: 'field-stage', test: 'field-stage', tabindex: 0, role: 'application', label: 'field.stage', 'aria-describedby': 'field-help' },
    canvas,
    overlay,
  );
  const small = new OffscreenCanvas(1, 1);
  let side = 0;
  let pixels = 32;

  function drawPicture() {
    if (side < 1) return;
    const context = sharpContext(canvas, side, side);
    const { picture } = app;
    if (!picture) return;
    const { x, y, side: cut } = square(store.state.crop, picture.width, picture.height);
    const scale = picture.preview.width / picture.width;
    small.width = pixels;
    small.height = pixels;
    const shrink = /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext('2d'));
    shrink.imageSmoothingQuality = 'high';
    layPaper(shrink, pixels, pixels);
    shrink.drawImage(picture.preview, x * scale, y * scale, cut * scale, cut * scale, 0, 0, pixels, pixels);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, side, side);
  }

  const clamp = (/** @type {number} */ value) => Math.min(Math.max(value, 0), PLACES - 1);
  const point = (/** @type {number} */ x, /** @type {number} */ y) => store.set({ at: [clamp(x), clamp(y)] });

  root.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse' || event.buttons) pointed(event);
  });
  root.addEventListener('pointerdown', pointed);
  /** @param {PointerEvent} event */
  function pointed(event) {
    const box = canvas.getBoundingClientRect();
    point(
      Math.floor(((event.clientX - box.left) / box.width) * PLACES),
      Math.floor(((event.clientY - box.top) / box.height) * PLACES),
    );
  }
  root.addEventListener('keydown', (event) => {
    const [x, y] = store.state.at;
    const step = (PLACES / pixels) * (event.shiftKey ? 8 : 1);
    if (event.key === 'ArrowLeft') point(x - step, y);
    else if (event.key === 'ArrowRight') point(x + step, y);
    else if (event.key === 'ArrowUp') point(x, y - step);
    else if (event.key === 'ArrowDown') point(x, y + step);
    else return;
    event.preventDefault();
  });

  scope.size(root, (width) => {
    side = width;
    drawPicture();
  });
  scope.keep(app.onPicture(drawPicture));
  scope.keep(
    store.listen((state, before) => {
      if (state.crop !== before.crop) drawPicture();
    }),
  );

  return {
    element: root,
    /**
     * @param {import('./fields.js').Field[]} fields of the layers so far, the pixel itself first
     * @param {import('./fields.js').Field} goal what the whole stack sees
     */
    show(fields, goal) {
      if (pixels !== pixelsFor(goal.size)) {
        pixels = pixelsFor(goal.size);
        drawPicture();
      }
      overlay.setAttribute('viewBox', `0 0 ${pixels} ${pixels}`);
      const box = (/** @type {import('./fields.js').Field} */ { size, jump, offset }) => {
        const [x, y] = store.state.at.map((/** @type {number} */ at) => Math.floor((at * pixels) / PLACES / jump) * jump + offset);
        return { x, y, width: size, height: size };
      };
      const newest = box(fields[fields.length - 1]);
      const lines = [];
      for (let i = 1; i < newest.width && newest.width <= pixels; i++) {
        lines.push(`M${newest.x + i} ${newest.y}v${newest.height}M${newest.x} ${newest.y + i}h${newest.width}`);
      }
      overlay.replaceChildren(
        svg('rect', { class: 'field-goal', ...box(goal) }),
        svg('path', { class: 'field-cells', d: lines.join('') }),
        ...fields
          .toReversed()
          .map((field, i) => svg('rect', { class: i === 0 ? 'field-ring is-newest' : 'field-ring', test: 'field-ring', 'data-size': field.size, ...box(field) })),
      );
    },
  };
}
