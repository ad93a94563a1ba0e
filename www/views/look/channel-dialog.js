/** One channel as large as the window allows, beside the picture; open while the state names a channel. */
import { h } from '../../page/dom.js';
import { say } from '../../page/i18n.js';
import { percent } from '../../page/format.js';
import { newestWins } from '../../page/frame.js';
import { canSwitch, isOff, toggled } from './off.js';
import { createChannelPanels } from './channel-panels.js';
import { createMagnifier } from './magnifier.js';
import { classNames } from '../../page/names.js';

/** @typedef {{layer: import('../../engine/protocol.js').LayerInfo, channel: number}} Wanted */

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('./spot.js').Spot} spot
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createChannelDialog(app, spot, scope) {
  const { engine, store } = app;
  const magnifier = createMagnifier(app, spot, scope, { map: 'map-canvas', readout: 'channel-readout' });
  const panels = createChannelPanels(app, spot, scope, magnifier.choose);
  const title = h('h2', { id: 'channel-title', 'aria-live': 'polite' });
  const close = () => store.set({ channel: null });
  const step = (/** @type {number} */ by) => {
    const layer = current();
    const { channel } = store.state;
    if (layer && channel !== null) store.set({ channel: (channel + by + layer.channels) % layer.channels });
  };
  const switchOver = () => {
    const layer = current();
    const { channel, off } = store.state;
    if (layer && canSwitch(layer, engine.network)) store.set({ off: toggled(off, layer.name, channel) });
  };
  const effect = h('p', { class: 'channel-effect', test: 'channel-effect', role: 'status' });
  const power = h('button', { class: 'button', type: 'button', test: 'channel-switch', on: { click: switchOver } });
  const button = (
    /** @type {string} */ test,
    /** @type {import('../../page/i18n.js').Key} */ label,
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
    h('div', { class: 'channel-tools' }, panels.bar, h('div', { class: 'channel-power' }, effect, power)),
    h('div', { class: 'channel-body' }, magnifier.element, panels.body),
    h('p', { class: 'caption', say: 'channel.help' }),
  );

  /** What has become of the first guess, while channels are off. */
  const tell = () => {
    const { before, probabilities, network } = engine;
    if (!element.open || !before || !probabilities || !network) {
      effect.textContent = '';
      return;
    }
    const best = before.indexOf(Math.max(...before));
    const [name] = classNames(network.info, best);
    say(effect, 'off.effect', { name, before: percent(before[best]), now: percent(probabilities[best]) });
  };

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
    const kind = layer.kind !== 'fc' ? '' : layer.relu ? '.unit' : '.class';
    say(title, /** @type {any} */ (`channel.title${kind}`), {
      layer: layer.name,
      channel,
      channels: layer.channels,
      name: classNames(/** @type {NonNullable<typeof engine.network>} */ (engine.network).info, channel)[0],
    });
    const isSilent = isOff(store.state.off, layer.name, channel);
    power.hidden = !canSwitch(layer, engine.network);
    power.setAttribute('aria-pressed', String(isSilent));
    say(power, isSilent ? 'off.on' : 'off.off');
    element.classList.toggle('is-off', isSilent);
    element.classList.toggle('has-panel', panels.show(layer, channel));
    if (!element.open) element.showModal();
    tell();
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
    else if (event.key === 'x') switchOver();
    else return;
    event.preventDefault();
  });

  const chooseHere = () => {
    const { place } = spot;
    if (place && place.layer === current()?.index) store.set({ spot: [place.y, place.x] });
  };
  magnifier.map.addEventListener('click', chooseHere);
  magnifier.map.addEventListener('keydown', ({ key }) => {
    if (key.startsWith('Arrow')) chooseHere();
  });

  scope.keep(engine.on('network', update));
  scope.keep(engine.on('done', tell));
  scope.keep(
    engine.on('layer', ({ index }) => {
      if (store.state.channel !== null && index === current()?.index) update();
    }),
  );
  scope.keep(
    store.listen((state, before) => {
      const keys = ['layer', 'channel', 'map', 'norm', 'values', 'off', 'panel'];
      // Only the arithmetic follows the cell.
      if (state.panel === 'sum') keys.push('spot');
      if (keys.some((key) => state[key] !== before[key])) update();
    }),
  );
  scope.keep(
    store.listen((state, before) => {
      if (state.lang === before.lang) return;
      panels.redraw();
      update();
    }),
  );
  scope.keep(() => element.close());
  return element;
}
