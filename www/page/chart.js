/** What the charts have in common: an SVG laid out for the room there is, and laid out anew when that changes. */
import { h, svg } from './dom.js';

/** Size of a chart's words, in px, for which its margins are made; presenter mode has larger ones. */
const WORDS = 13;

/** What a chart draws: its height, what it says to those who cannot see it, its shapes. @typedef {{height: number, label: string, shapes: SVGElement[]}} Drawing */

/**
 * @param {import('./scope.js').Scope} scope
 * @param {string} name class of the chart
 * @param {(room: number, unit: number) => Drawing | null} draw for a width in CSS pixels, and for words so many times as
 *   large as usual; null where there is nothing to draw, or no room
 * @param {string} [test] its test id, the class if none is given
 */
export function createChart(scope, name, draw, test = name) {
  const drawing = svg('svg', { class: 'chart-drawing', role: 'img' });
  const element = h('div', { class: name, test }, drawing);
  let room = 0;

  function redraw() {
    const words = Number.parseFloat(getComputedStyle(element).getPropertyValue('--figure-m')) || WORDS;
    const drawn = draw(room, words / WORDS);
    if (!drawn) return;
    const { height, label, shapes } = drawn;
    drawing.setAttribute('viewBox', `0 0 ${room} ${height}`);
    drawing.setAttribute('width', String(room));
    drawing.setAttribute('height', String(height));
    drawing.setAttribute('aria-label', label);
    drawing.replaceChildren(...shapes);
  }

  scope.size(element, (width) => {
    if (width === room) return;
    room = width;
    redraw();
  });
  return { element, redraw };
}
