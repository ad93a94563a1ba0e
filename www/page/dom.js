/** Building elements. */
import { say } from './i18n.js';

/**
 * @typedef {object} Extra
 * @property {import('./i18n.js').Key} [say] key of the element's text
 * @property {import('./i18n.js').Key} [label] key of its accessible name
 * @property {import('./i18n.js').Key} [hint] key of its title
 * @property {string} [test] its data-testid
 * @property {Record<string, (event: any) => void>} [on] listeners
 */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {Element} element
 * @param {Record<string, any> & Extra} attributes
 * @param {(Node | string | null)[]} children
 */
function fill(element, { say: key, label, hint, test, on, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  if (test) element.setAttribute('data-testid', test);
  if (key) say(element, key);
  if (label) say(element, label, undefined, 'aria-label');
  if (hint) say(element, hint, undefined, 'title');
  for (const [type, listener] of Object.entries(on ?? {})) element.addEventListener(type, listener);
  element.append(...children.filter((child) => child !== null));
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any> & Extra} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

/**
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any> & Extra} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  fill(element, attributes, children);
  return element;
}

/**
 * A canvas context for a box of CSS pixels, sharp on the screen it is on.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function sharpContext(canvas, width, height) {
  const ratio = Math.min(devicePixelRatio || 1, 3);
  const columns = Math.max(1, Math.round(width * ratio));
  const rows = Math.max(1, Math.round(height * ratio));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  // Setting a size, even the same, throws the canvas's memory away.
  if (canvas.width !== columns || canvas.height !== rows) {
    canvas.width = columns;
    canvas.height = rows;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  context.setTransform(columns / width, 0, 0, rows / height, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** How long the browser may take to begin a download, in ms. */
const DOWNLOAD = 60_000;

/** Gives a file to whoever sits there. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD);
}

/**
 * White paper for a picture that may be clear in parts: so the network sees it.
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context @param {number} width @param {number} height
 */
export function layPaper(context, width, height) {
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
}
