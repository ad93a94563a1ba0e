/** The pieces of the picture that a channel answers to most: what its largest cells see, none of them twice. */
import { h } from '../../page/dom.js';
import { say } from '../../page/i18n.js';
import { real } from '../../page/format.js';
import { newestWins } from '../../page/frame.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */
/** @typedef {import('../../engine/worker/studies/peaks.js').Peak} Peak */
/** @typedef {{layer: LayerInfo, channel: number}} Wanted */

const MOST = 12;

/**
 * @param {import('../../page/app.js').App} app
 * @param {(wanted: Wanted, y: number, x: number) => void} choose a cell
 */
export function createRegions({ engine }, choose) {
  const text = h('p', { class: 'caption', test: 'regions-text' });
  const list = h('ol', { class: 'regions', test: 'regions' });
  const element = h('section', { label: 'regions.label' }, text, list);

  const ask = newestWins(
    (/** @type {Wanted} */ { layer, channel }) => engine.peaks(layer.index, channel, MOST),
    (found, wanted) => {
      const key = found.length === 0 ? 'regions.none' : found.length < MOST ? 'regions.few' : 'regions.text';
      say(text, key, { field: wanted.layer.receptive_field, count: found.length });
      list.replaceChildren(...found.map((peak) => item(wanted, peak)));
    },
  );

  /** @param {Wanted} wanted @param {Peak} peak */
  function item(wanted, { y, x, value, box }) {
    const canvas = h('canvas', { class: 'region-picture pixels', 'aria-hidden': 'true' });
    drawPiece(canvas, box);
    const button = h(
      'button',
      { class: 'region', type: 'button', test: 'region', 'data-box': [box.x0, box.y0, box.x1, box.y1].join(','), 'data-value': value, on: { click: () => choose(wanted, y, x) } },
      canvas,
      h('span', { class: 'region-value' }, real(value)),
      say(h('span', { class: 'region-where' }), 'regions.where', { y, x }),
    );
    return h('li', {}, button);
  }

  /** The piece as the network sees it; beyond the picture's edge there is nothing. @param {HTMLCanvasElement} canvas @param {import('../../engine/protocol.js').Box} box */
  function drawPiece(canvas, { x0, y0, x1, y1 }) {
    canvas.width = x1 - x0;
    canvas.height = y1 - y0;
    if (engine.seen) canvas.getContext('2d')?.putImageData(engine.seen, -x0, -y0);
  }

  return { element, ask };
}
