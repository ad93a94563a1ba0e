/**
 * The square cut out of the picture. A crop is kept in fractions, so that it means the same in any
 * rendering of the picture and can stand in an address. No DOM here.
 */

/**
 * @typedef {object} Crop
 * @property {number} cx centre, as a part of the picture's width
 * @property {number} cy centre, as a part of the picture's height
 * @property {number} size side, as a part of the picture's shorter side; at most 1
 */

/** @typedef {{x: number, y: number, side: number}} Square in pixels of the picture */

/** @type {Readonly<Crop>} */
export const CENTRE = Object.freeze({ cx: 0.5, cy: 0.5, size: 1 });

const SMALLEST = 0.05;

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * The crop moved and shrunk as little as needed to lie inside the picture.
 * @param {Crop} crop @param {number} width @param {number} height
 * @returns {Crop}
 */
export function fit(crop, width, height) {
  const size = clamp(crop.size, SMALLEST, 1);
  const halfX = (size * Math.min(width, height)) / width / 2;
  const halfY = (size * Math.min(width, height)) / height / 2;
  return { cx: clamp(crop.cx, halfX, 1 - halfX), cy: clamp(crop.cy, halfY, 1 - halfY), size };
}

/**
 * The crop in whole pixels; at least one.
 * @param {Crop} crop @param {number} width @param {number} height
 * @returns {Square}
 */
export function square(crop, width, height) {
  const { cx, cy, size } = fit(crop, width, height);
  const side = Math.max(1, Math.round(size * Math.min(width, height)));
  return {
    x: clamp(Math.round(cx * width - side / 2), 0, width - side),
    y: clamp(Math.round(cy * height - side / 2), 0, height - side),
    side,
  };
}

/**
 * Moves by parts of the crop's own side, so that a key press feels the same at every zoom.
 * @param {Crop} crop @param {number} dx @param {number} dy @param {number} width @param {number} height
 */
export function nudge(crop, dx, dy, width, height) {
  const side = crop.size * Math.min(width, height);
  return fit({ ...crop, cx: crop.cx + (dx * side) / width, cy: crop.cy + (dy * side) / height }, width, height);
}

/**
 * Scales the crop about a point of the picture that keeps its place inside the crop.
 * @param {Crop} crop @param {number} factor below 1 zooms in
 * @param {{x: number, y: number}} about fractions of the picture
 * @param {number} width @param {number} height
 */
export function zoom(crop, factor, about, width, height) {
  const size = clamp(crop.size * factor, SMALLEST, 1);
  const ratio = size / crop.size;
  return fit(
    { size, cx: about.x + (crop.cx - about.x) * ratio, cy: about.y + (crop.cy - about.y) * ratio },
    width,
    height,
  );
}

/** @param {Crop} a @param {Crop} b */
export const same = (a, b) => a.cx === b.cx && a.cy === b.cy && a.size === b.size;
