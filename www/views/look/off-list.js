/** The channels that are switched off, each a button that switches it on again, and what that cost to compute. */
import { h } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { milliseconds } from '../../page/format.js';
import { toggled } from './off.js';

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createOffList({ engine, store }, scope) {
  const list = h('ul', { class: 'off-layers', label: 'off.title' });
  const all = h('button', { class: 'quiet-button', type: 'button', test: 'off-all-on', say: 'off.all', on: { click: () => store.set({ off: [] }) } });
  const rerun = h('p', { class: 'caption', test: 'rerun' });
  const element = h(
    'div',
    { class: 'off-list', test: 'off-list' },
    h('div', { class: 'off-head' }, h('h3', { say: 'off.title' }), all),
    rerun,
    list,
  );

  const update = () => {
    /** @type {import('../../engine/protocol.js').Off[]} */
    const off = store.state.off;
    element.hidden = off.length === 0;
    const layers = [...new Set(off.map(({ layer }) => layer))];
    list.replaceChildren(
      ...layers.map((layer) =>
        h('li', { class: 'off-layer' }, `${layer} ·`, ...off.filter((one) => one.layer === layer).map(createSwitch)),
      ),
    );
    tell();
  };
  const createSwitch = (/** @type {import('../../engine/protocol.js').Off} */ { layer, channel }) =>
    h(
      'button',
      {
        class: 'off-channel',
        type: 'button',
        test: 'off-channel',
        title: t('off.on'),
        'aria-label': t('off.on.name', { layer, channel }),
        on: { click: () => store.set({ off: toggled(store.state.off, layer, channel) }) },
      },
      `${channel} ×`,
    );
  const tell = () => {
    const { network } = engine;
    rerun.hidden = !engine.rerun;
    if (!engine.rerun || !network) return;
    const { from, count, ms } = engine.rerun;
    Object.assign(rerun.dataset, { from: network.layers[from].name, count });
    say(rerun, 'off.rerun', { from: network.layers[from].name, count, all: network.layers.length - 1, ms: milliseconds(ms, engine.tick) });
  };
  scope.keep(engine.on('done', tell));
  scope.keep(
    store.listen((state, before) => {
      if (state.off !== before.off || state.lang !== before.lang) update();
    }),
  );
  update();
  return element;
}
