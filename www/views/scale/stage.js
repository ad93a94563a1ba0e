/**
 * A class score map over the picture: the picture in grey, on it a coloured cell for each place, in the middle of
 * the window that the place sees. Arrow keys or a pointer choose a place.
 */
import { arrowStep } from '../../page/arrows.js';
import { h, layPaper, sharpContext, svg } from '../../page/dom.js';
import { viridis } from '../../page/colours.js';
import { square } from '../../picture/crop.js';
import { windowAt } from './scores.js';

/** @typedef {import('./scores.js').Place} Place */
/**
 * @typedef {object} Shown
 * @property {import('../../engine/protocol.js').Scores} scores
 * @property {number} native side of a window
 * @property {Float64Array} values of the class, one a place
 * @property {number} low what the first colour stands for
 * @property {number} high
 * @property {(value: number) => string} text a value in a cell, short
 * @property {Place} place the one pointed at
 */

const OPACITY = 0.62;
/** The narrowest cell that has room for its number, in widths of a letter. */
const ROOMY = 3.5;

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 * @param {(place: Place) => void} point
 */
export function createScoreStage(app, scope, point) {
  const canvas = h('canvas', { class: 'score-canvas', test: 'score-canvas', 'aria-hidden': 'true' });
  const shadow = svg('rect', { class: 'score-window-shadow' });
  const frame = svg('rect', { class: 'score-window', test: 'score-window' });
  const cell = svg('rect', { class: 'score-cell' });
  const overlay = svg('svg', { class: 'score-overlay', 'aria-hidden': 'true', visibility: 'hidden' }, shadow, frame, cell);
  const root = h(
    'div',
    { class: 'score-stage', test: 'score-stage', tabindex: 0, role: 'application', label: 'scale.stage', 'aria-describedby': 'scale-help' },
    canvas,
    overlay,
  );
  let side = 0;
  /** @type {Shown | null} */
  let shown = null;

  function draw() {
    if (side < 1) return;
    const context = sharpContext(canvas, side, side);
    drawPicture(context);
    overlay.setAttribute('visibility', shown ? 'visible' : 'hidden');
    if (!shown) return;
    drawCells(context, shown);
    mark(shown);
  }

  /** @param {CanvasRenderingContext2D} context */
  function drawPicture(context) {
    const { picture } = app;
    if (!picture) return;
    const { x, y, side: cut } = square(app.store.state.crop, picture.width, picture.height);
    const scale = picture.preview.width / picture.width;
    context.imageSmoothingQuality = 'high';
    layPaper(context, side, side);
    context.drawImage(picture.preview, x * scale, y * scale, cut * scale, cut * scale, 0, 0, side, side);
    // In grey, so that all colour is the map's.
    context.globalCompositeOperation = 'saturation';
    context.fillStyle = '#808080';
    context.fillRect(0, 0, side, side);
    context.globalCompositeOperation = 'source-over';
  }

  /** @param {CanvasRenderingContext2D} context @param {Shown} shown */
  function drawCells(context, { scores, native, values, low, high, text }) {
    const { size, columns, jump } = scores;
    const unit = side / size;
    const width = jump * unit;
    const first = ((native - jump) / 2) * unit;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    const letter = Number.parseFloat(getComputedStyle(root).getPropertyValue('--figure-m'));
    context.font = `600 ${letter}px system-ui, sans-serif`;
    values.forEach((value, i) => {
      const x = first + (i % columns) * width;
      const y = first + Math.floor(i / columns) * width;
      context.globalAlpha = OPACITY;
      context.fillStyle = `rgb(${viridis(high > low ? (value - low) / (high - low) : 1)})`;
      context.fillRect(x + 0.5, y + 0.5, width - 1, width - 1);
      context.globalAlpha = 1;
      if (width < ROOMY * letter) return;
      context.lineWidth = 3;
      context.strokeStyle = 'rgb(0 0 0 / 0.65)';
      context.strokeText(text(value), x + width / 2, y + width / 2);
      context.fillStyle = '#fff';
      context.fillText(text(value), x + width / 2, y + width / 2);
    });
  }

  /** @param {Shown} shown */
  function mark({ scores, native, place }) {
    const { size, jump } = scores;
    overlay.setAttribute('viewBox', `0 0 ${size} ${size}`);
    const { x, y, side: width } = windowAt(scores, place, native);
    for (const rect of [shadow, frame]) set(rect, x, y, width);
    set(cell, x + (native - jump) / 2, y + (native - jump) / 2, jump);
    root.dataset.place = `${place.x},${place.y}`;
  }

  /** @param {PointerEvent} event */
  function pointed(event) {
    if (!shown) return;
    const { scores, native } = shown;
    const box = canvas.getBoundingClientRect();
    const at = (/** @type {number} */ from, /** @type {number} */ length, /** @type {number} */ count) => {
      const pixel = (from / length) * scores.size - (native - scores.jump) / 2;
      return Math.min(Math.max(Math.floor(pixel / scores.jump), 0), count - 1);
    };
    point({
      x: at(event.clientX - box.left, box.width, scores.columns),
      y: at(event.clientY - box.top, box.height, scores.rows),
    });
  }
  root.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse' || event.buttons) pointed(event);
  });
  root.addEventListener('pointerdown', pointed);
  root.addEventListener('keydown', (event) => {
    const move = arrowStep(event);
    if (!move || !shown) return;
    event.preventDefault();
    const { scores, place } = shown;
    point({
      x: Math.min(Math.max(place.x + move.x, 0), scores.columns - 1),
      y: Math.min(Math.max(place.y + move.y, 0), scores.rows - 1),
    });
  });

  scope.size(root, (width) => {
    if (width === side) return;
    side = width;
    draw();
  });

  return {
    element: root,
    /** @param {Shown | null} next null: the picture alone */
    show(next) {
      shown = next;
      draw();
    },
    /** Only another place is pointed at. @param {Place} place */
    move(place) {
      if (!shown) return;
      shown.place = place;
      mark(shown);
    },
  };
}

/** @param {SVGRectElement} rect @param {number} x @param {number} y @param {number} side */
function set(rect, x, y, side) {
  for (const [name, value] of Object.entries({ x, y, width: side, height: side })) rect.setAttribute(name, String(value));
}
