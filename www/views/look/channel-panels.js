/** What the enlarged channel can be asked: how a value comes about, which pieces it answers to, how its values are spread. */
import { h } from '../../page/dom.js';
import { newestWins } from '../../page/frame.js';
import { createArithmetic } from './arithmetic.js';
import { createHistogram } from './histogram.js';
import { createRegions } from './regions.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */

/** @param {LayerInfo} layer whether its values are stored as integers */
export const isStored = ({ kind, relu }) => kind !== 'input' && (kind !== 'fc' || relu);

/** Which panel makes sense for which layer. @type {Record<string, (layer: LayerInfo) => boolean>} */
const HAS = {
  sum: ({ kind }) => kind === 'conv' || kind === 'fc',
  regions: ({ kind }) => kind !== 'fc',
  values: (layer) => isStored(layer) && layer.kind !== 'fc',
};

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('./spot.js').Spot} spot
 * @param {import('../../page/scope.js').Scope} scope
 * @param {(place: [number, number] | null) => void} mark the cell that is worked out
 */
export function createChannelPanels(app, spot, scope, mark) {
  const { engine, store } = app;
  const sum = createArithmetic(app, scope, ({ y, x }, { layer, channel }) => {
    mark([y, x]);
    spot.point({ layer: layer.index, channel, y, x });
  });
  const regions = createRegions(app, (wanted, y, x) => {
    store.set({ spot: [y, x] });
    mark([y, x]);
    spot.point({ layer: wanted.layer.index, channel: wanted.channel, y, x });
  });
  const values = createHistogram(scope, 'channel-histogram');
  const askValues = newestWins(
    (/** @type {{layer: LayerInfo, channel: number}} */ { layer, channel }) => engine.histogram(layer.index, channel),
    (counts, { layer }) => values.show(counts, engine.results[layer.index]?.stats.scale ?? 0),
  );
  const panels = /** @type {Record<string, HTMLElement>} */ ({ sum: sum.element, regions: regions.element, values: values.element });

  const buttons = Object.keys(HAS).map((name) =>
    h('button', {
      class: 'switch',
      type: 'button',
      test: `panel-${name}`,
      'data-panel': name,
      say: /** @type {any} */ (`panel.${name}`),
      on: { click: () => store.set({ panel: store.state.panel === name ? null : name }) },
    }),
  );
  const body = h('div', { class: 'channel-panel', test: 'channel-panel' });

  return {
    bar: h('div', { class: 'panel-bar', role: 'group', label: 'panel.label' }, ...buttons),
    body,
    /** @param {LayerInfo} layer @param {number} channel @returns {boolean} whether a panel is open */
    show(layer, channel) {
      const { panel } = store.state;
      const open = HAS[panel]?.(layer) ? panel : null;
      for (const button of buttons) {
        const name = /** @type {string} */ (button.dataset.panel);
        button.hidden = !HAS[name](layer);
        button.setAttribute('aria-pressed', String(name === open));
      }
      if (!open) body.replaceChildren();
      else if (panels[open].parentElement !== body) body.replaceChildren(panels[open]);
      body.hidden = !open;
      if (open !== 'sum') mark(null);
      if (!engine.results[layer.index]) return open !== null;
      if (open === 'sum') sum.ask({ layer, channel, place: store.state.spot });
      if (open === 'regions') regions.ask({ layer, channel });
      if (open === 'values') askValues({ layer, channel });
      return open !== null;
    },
    redraw: values.redraw,
  };
}
