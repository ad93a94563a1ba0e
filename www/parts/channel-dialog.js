/** One channel as large as the window allows, beside the picture; open while the state names a channel. */
import { h } from '../core/dom.js';
import { say } from '../core/i18n.js';
import { newestWins } from '../core/frame.js';
import { createMagnifier } from './magnifier.js';

/** @typedef {{layer: import('../core/protocol.js').LayerInfo, channel: number}} Wanted */

/**
 * @param {import('../core/app.js').App} app
 * @param {import('../core/spot.js').Spot} spot
 * @param {import('../core/scope.js').Scope} scope
 */
export function createChannelDialog(app, spot, scope) {
  const { engine, store } = app;
  const magnifier = createMagnifier(app, spot, scope, { map: 'map-canvas', readout: 'channel-readout' });
  const title = h('h2', { id: 'channel-title', 'aria-live': 'polite' });
  const close = () => store.set({ channel: null });
  const step = (/** @type {number} */ by) => {
    const layer = current();
    const { channel } = store.state;
    if (layer && channel !== null) store.set({ channel: (channel + by + layer.channels) % layer.channels });
  };
  const button = (
    /** @type {string} */ test,
    /** @type {import('../core/i18n.js').Key} */ label,
    /** @type {string} */ sign,
    /** @type {() => void} */ click,
  ) => h('button', { class: 'button', type: 'button', test, label, on: { click } }, sign);
  const element = h(
    'dialog',
    { class: 'dialog channel-dialog', test: 'channel-dialog', 'aria-labelledby': 'channel-title' },
    h(
      'div',
      { class: 'dialog-head' },
      title,
      button('channel-previous', 'channel.previous', '←', () => step(-1)),
      button('channel-next', 'channel.next', '→', () => step(1)),
      button('channel-close', 'dialog.close', '×', close),
    ),
    magnifier.element,
    h('p', { class: 'caption', say: 'channel.help' }),
  );

  const current = () => engine.network?.layers.find(({ name }) => name === store.state.layer);

  /** @type {ImageBitmap | null} */
  let former = null;
  const fetchMap = newestWins(
    (/** @type {Wanted} */ { layer, channel }) => engine.atlas(layer.index, Uint32Array.of(channel), 1),
    ({ bitmap }, { layer, channel }) => {
      magnifier.show(layer, channel, { bitmap, x: 0, y: 0 });
      former?.close();
      former = bitmap;
    },
  );

  const update = () => {
    const layer = current();
    const { channel } = store.state;
    const isOpen = layer !== undefined && channel !== null && channel < layer.channels;
    if (!isOpen) {
      if (element.open) element.close();
      return;
    }
    element.dataset.channel = String(channel);
    say(title, 'channel.title', { layer: layer.name, channel, channels: layer.channels });
    if (!element.open) element.showModal();
    if (engine.results[layer.index]) fetchMap({ layer, channel });
  };

  element.addEventListener('close', () => {
    if (store.state.channel !== null) close();
  });
  element.addEventListener('click', (event) => {
    if (event.target === element) close();
  });
  element.addEventListener('keydown', (event) => {
    if (event.key === 'PageDown' || event.key === 'n') step(1);
    else if (event.key === 'PageUp' || event.key === 'p') step(-1);
    else return;
    event.preventDefault();
  });

  scope.keep(engine.on('network', update));
  scope.keep(
    engine.on('layer', ({ index }) => {
      if (store.state.channel !== null && index === current()?.index) update();
    }),
  );
  scope.keep(
    store.listen((state, before) => {
      if (['layer', 'channel', 'map', 'norm', 'values'].some((key) => state[key] !== before[key])) update();
    }),
  );
  scope.keep(() => element.close());
  return element;
}
