/** The open layer: what it does, how to draw it, all its channels, and one of them made large. */
import { h } from '../../page/dom.js';
import { say } from '../../page/i18n.js';
import { count, short } from '../../page/format.js';
import { newestWins } from '../../page/frame.js';
import { canSwitch, isOff, MOST } from './off.js';
import { createChannelGrid } from './channel-grid.js';
import { isStored } from './channel-panels.js';
import { createHistogram } from './histogram.js';
import { createKernels, hasColours } from './kernels.js';
import { createMagnifier } from './magnifier.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */

/** Choices of the tool bar: the state's key and its values. @type {[string, string[]][]} */
const CHOICES = [
  ['map', ['viridis', 'grey', 'diverging']],
  ['norm', ['channel', 'layer']],
  ['values', ['activation', 'pre']],
  ['sort', ['number', 'strength']],
  ['cell', ['s', 'm', 'l']],
];

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('./spot.js').Spot} spot
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createLayerDetail(app, spot, scope) {
  const { engine } = app;
  const about = h('p', { class: 'caption detail-about' });
  const figures = h('p', { class: 'caption detail-figures' });
  const magnifier = createMagnifier(app, spot, scope, { map: 'magnifier-map', readout: 'readout' });
  const grid = createChannelGrid(app, spot, scope, magnifier);
  const tools = createTools(app, scope);
  const insights = createInsights(app, scope);
  const element = h(
    'div',
    { class: 'layer-detail', test: 'layer-detail' },
    h('div', { class: 'detail-text' }, about, figures),
    insights.element,
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
      insights.show(layer);
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

/** How many channels are switched off at once. */
const SOME = 5;

/**
 * What can be asked of the whole layer: its values, the first one's kernels; and its strongest channels switched off.
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
function createInsights(app, scope) {
  const { engine, store } = app;
  const values = createHistogram(scope, 'layer-histogram');
  const kernels = createKernels(app, scope);
  const toggle = (/** @type {string} */ name) =>
    h('button', {
      class: 'switch',
      type: 'button',
      test: `layer-${name}`,
      say: /** @type {any} */ (`panel.${name}`),
      on: { click: () => store.set({ panel: store.state.panel === name ? null : name }) },
    });
  const buttons = { values: toggle('values'), kernels: toggle('kernels') };
  const silence = h('button', { class: 'button', type: 'button', test: 'off-strongest', say: 'off.strongest', on: { click: switchOff } });
  say(silence, 'off.strongest', { count: SOME });
  /** @type {LayerInfo | null} */
  let layer = null;

  /** The strongest of those that are still on, so that another click takes the next. */
  async function switchOff() {
    if (!layer) return;
    const { name, index } = layer;
    const means = await engine.means(index).catch(() => null);
    // The layer is being computed anew.
    if (!means) return;
    const { off } = store.state;
    const strongest = [...means.keys()].filter((channel) => !isOff(off, name, channel)).sort((a, b) => means[b] - means[a]);
    const more = strongest.slice(0, SOME).map((channel) => ({ layer: name, channel }));
    store.set({ off: [...off, ...more].slice(-MOST) });
  }

  const ask = newestWins(
    (/** @type {LayerInfo} */ { index }) => engine.histogram(index, null),
    (counts, { index }) => values.show(counts, engine.results[index]?.stats.scale ?? 0),
  );
  const update = () => {
    if (!layer) return;
    const { panel } = store.state;
    /** @type {Record<string, boolean>} */
    const has = { values: isStored(layer), kernels: hasColours(layer) };
    for (const [name, button] of Object.entries(buttons)) {
      button.hidden = !has[name];
      button.setAttribute('aria-pressed', String(panel === name));
    }
    silence.hidden = !canSwitch(layer, engine.network);
    values.element.hidden = panel !== 'values' || !has.values;
    kernels.element.hidden = panel !== 'kernels' || !has.kernels;
    if (!values.element.hidden && engine.results[layer.index]) ask(layer);
    if (!kernels.element.hidden) void kernels.show(layer);
  };
  scope.keep(
    engine.on('layer', ({ index }) => {
      if (index === layer?.index) update();
    }),
  );
  scope.keep(
    store.listen((state, before) => {
      if (state.panel !== before.panel) update();
      if (state.lang !== before.lang) values.redraw();
    }),
  );
  return {
    element: h(
      'div',
      { class: 'insights' },
      h('div', { class: 'panel-bar', role: 'group', label: 'panel.label' }, buttons.values, buttons.kernels, silence),
      values.element,
      kernels.element,
    ),
    /** @param {LayerInfo | null} next */
    show(next) {
      layer = next;
      update();
    },
  };
}

/** @param {import('../../page/app.js').App} app @param {import('../../page/scope.js').Scope} scope */
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
