/** Look inside: the picture and what it is taken for on one side, the network and its layers on the other. */
import { choice, name, whole } from '../../page/address.js';
import { h } from '../../page/dom.js';
import { off } from './off.js';
import { say } from '../../page/i18n.js';
import { megabytes, percent, short } from '../../page/format.js';
import { Live } from '../../picture/live.js';
import { Spot } from './spot.js';
import { titleOf } from '../../page/names.js';
import { createChannelDialog } from './channel-dialog.js';
import { createLayerList } from './layer-list.js';
import { createNetworkFigure } from './network-figure.js';
import { createOcclusionDialog } from './occlusion-dialog.js';
import { createPicturePanel } from '../../picture/panel.js';
import { createPredictions } from './predictions.js';
import { createWhyDialog, METHOD_NAMES } from './why-dialog.js';

/** @type {import('../index.js').View} */
export const look = {
  id: 'look',
  fields: {
    off,
    panel: choice(/** @type {any} */ (null), ['sum', 'regions', 'values', 'kernels']),
    spot: {
      initial: /** @type {any} */ (null),
      read: (text) => (/^\d{1,4},\d{1,4}$/.test(text) ? text.split(',').map(Number) : undefined),
      write: (place) => place.join(','),
      same: (a, b) => String(a) === String(b),
    },
    study: choice(/** @type {any} */ (null), ['occlusion', 'why']),
    square: choice('4', ['2', '3', '4', '8']),
    stride: choice('16', ['8', '16', '32']),
    of: whole(null, 0, 1e5),
    versus: name(null),
    method: choice('gradcam', METHOD_NAMES),
    cam: name(null),
    sign: choice('for', ['for', 'both']),
    opacity: whole(65, 0, 100),
  },
  mount,
};

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
function mount(app, scope) {
  const spot = new Spot(app.engine, scope);
  const live = new Live(app, scope);
  const enlarged = createChannelDialog(app, spot, scope);
  const network = h(
    'div',
    { class: app.engine.network ? 'look-main' : 'look-main is-empty' },
    createSummary(app, scope),
    createNetworkFigure(app, scope),
    h('h2', { class: 'layers-title', say: 'layers.title' }),
    h('p', { class: 'caption', say: 'layers.caption' }),
    createLayerList(app, spot, scope),
  );
  scope.keep(app.engine.on('network', () => network.classList.remove('is-empty')));
  const view = h(
    'div',
    { class: 'look' },
    h(
      'aside',
      { class: 'look-side', label: 'look.side' },
      createPicturePanel(app, spot, live, scope),
      createPredictions(app, scope),
    ),
    network,
    enlarged,
    createOcclusionDialog(app, live, scope),
    createWhyDialog(app, live, scope),
  );
  return view;
}

/**
 * What network this is, in one sentence.
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
function createSummary(app, scope) {
  const { engine } = app;
  const title = h('h2', { class: 'network-title' });
  const text = h('p', { class: 'network-text' });
  const retry = h('button', {
    class: 'button button-main',
    type: 'button',
    test: 'network-retry',
    say: 'notice.retry',
    on: { click: () => app.recover() },
  });
  const update = () => {
    retry.hidden = engine.status !== 'failed';
    if (engine.status === 'failed') {
      say(title, 'summary.none');
      say(text, 'summary.none.text');
    }
    if (!engine.network) {
      if (engine.status === 'loading') say(title, 'summary.loading');
      return;
    }
    const { info, layers } = engine.network;
    const deep = layers.filter(({ kind }) => kind === 'conv' || kind === 'fc').length;
    const params = {
      name: titleOf(info),
      width: info.width,
      size: info.input_size,
      seed: info.seed ?? '',
      deep,
      parameters: short(info.parameters),
      macs: short(info.macs),
      weights: megabytes(info.weight_bytes),
      top1: info.accuracy ? percent(info.accuracy.top1) : '',
      top5: info.accuracy ? percent(info.accuracy.top5) : '',
    };
    say(title, info.trained ? 'summary.trained' : 'summary.untrained', params);
    say(text, info.accuracy ? 'summary.text.measured' : 'summary.text', params);
  };
  scope.keep(engine.on('network', update));
  scope.keep(engine.on('failed', update));
  scope.keep(engine.on('broken', update));
  update();
  return h('div', { class: 'network-summary' }, title, text, retry);
}
