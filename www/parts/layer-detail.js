/** The open layer: what it does, how to draw it, all its channels, and one of them made large. */
import { h } from '../core/dom.js';
import { say } from '../core/i18n.js';
import { count, short } from '../core/format.js';
import { createChannelGrid } from './channel-grid.js';
import { createMagnifier } from './magnifier.js';

/** @typedef {import('../core/protocol.js').LayerInfo} LayerInfo */

/** Choices of the tool bar: the state's key and its values. @type {[string, string[]][]} */
const CHOICES = [
  ['map', ['viridis', 'grey', 'diverging']],
  ['norm', ['channel', 'layer']],
  ['values', ['activation', 'pre']],
  ['sort', ['number', 'strength']],
  ['cell', ['s', 'm', 'l']],
];

/**
 * @param {import('../core/app.js').App} app
 * @param {import('../core/spot.js').Spot} spot
 * @param {import('../core/scope.js').Scope} scope
 */
export function createLayerDetail(app, spot, scope) {
  const { engine } = app;
  const about = h('p', { class: 'caption detail-about' });
  const figures = h('p', { class: 'caption detail-figures' });
  const magnifier = createMagnifier(app, spot, scope, { map: 'magnifier-map', readout: 'readout' });
  const grid = createChannelGrid(app, spot, scope, magnifier);
  const tools = createTools(app, scope);
  const element = h(
    'div',
    { class: 'layer-detail', test: 'layer-detail' },
    h('div', { class: 'detail-text' }, about, figures),
    tools.element,
    h('div', { class: 'detail-body' }, grid.element, h('div', { class: 'detail-side' }, magnifier.element)),
  );

  return {
    element,
    /** @param {LayerInfo | null} layer */
    show(layer) {
      spot.point(null);
      magnifier.clear();
      grid.show(layer);
      if (!layer || !engine.network) return;
      element.dataset.layer = layer.name;
      const before = engine.network.layers[layer.index - 1];
      const isScores = layer.kind === 'fc' && !layer.relu;
      say(about, isScores ? 'about.scores' : `about.${layer.kind}`, {
        channels: layer.channels,
        from: layer.input_channels,
        before: before?.name ?? '',
        kernel: `${layer.kernel}×${layer.kernel}`,
        stride: layer.stride,
        field: layer.receptive_field,
      });
      say(figures, layer.parameters ? 'figures.weights' : 'figures.plain', {
        formula: layer.formula_parameters,
        parameters: count(layer.parameters),
        macs: short(layer.macs),
        values: count(layer.values),
      });
      tools.setLayer(layer);
    },
  };
}

/** @param {import('../core/app.js').App} app @param {import('../core/scope.js').Scope} scope */
function createTools({ store }, scope) {
  const selects = CHOICES.map(([key, values]) =>
    h(
      'select',
      { id: `tool-${key}`, test: `${key}-select`, on: { change: (/** @type {Event} */ event) => choose(key, event) } },
      ...values.map((value) => h('option', { value, say: /** @type {any} */ (`tool.${key}.${value}`) })),
    ),
  );
  const choose = (/** @type {string} */ key, /** @type {Event} */ event) => {
    const { value } = /** @type {HTMLSelectElement} */ (event.target);
    // Signed values want a map with a middle.
    const isSigned = key === 'values' && value === 'pre' && store.state.map === 'viridis';
    store.set({ [key]: value, ...(isSigned ? { map: 'diverging' } : {}) });
  };
  /** @type {LayerInfo | null} */
  let layer = null;
  const indexOf = (/** @type {string} */ key) => CHOICES.findIndex(([name]) => name === key);
  const low = h('span', {});
  const high = h('span', {});
  const ramp = h('span', { class: 'ramp' });
  const update = () => {
    CHOICES.forEach(([key], i) => {
      selects[i].value = store.state[key];
    });
    const { map, norm, values } = store.state;
    const isFlat = layer?.kind === 'fc';
    const isSigned = layer?.kind === 'input' || (isFlat && !layer?.relu) || (layer?.relu && values === 'pre');
    ramp.dataset.map = map;
    say(low, isSigned || map === 'diverging' ? 'legend.low' : 'legend.zero');
    say(high, norm === 'layer' || isFlat ? 'legend.layer' : 'legend.channel');
    selects[indexOf('norm')].disabled = isFlat;
    selects[indexOf('values')].disabled = !layer?.relu;
  };
  scope.keep(store.listen(update));
  update();
  const element = h(
    'div',
    { class: 'tools', role: 'group', label: 'tool.label' },
    ...CHOICES.map(([key], i) =>
      h('div', { class: 'tool' }, h('label', { for: `tool-${key}`, say: /** @type {any} */ (`tool.${key}`) }), selects[i]),
    ),
    h('p', { class: 'legend caption' }, low, ramp, high),
  );
  return {
    element,
    /** @param {LayerInfo} next */
    setLayer(next) {
      layer = next;
      update();
    },
  };
}
