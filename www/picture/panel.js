/** Where pictures come from: the stage with its crop, the ways in, the tray of samples. */
import { h } from '../page/dom.js';
import { CENTRE, fit } from './crop.js';
import { isolate, language, t } from '../page/i18n.js';
import { createCropStage } from './crop-stage.js';
import { openCamera } from './camera-dialog.js';
import { createLiveBar } from './live-bar.js';
import { createOwnTray } from './own-tray.js';
import { createPictureInput } from './input.js';
import { createSampleTray } from './sample-tray.js';

/**
 * @param {import('../page/app.js').App} app
 * @param {import('../views/look/spot.js').Spot} spot
 * @param {import('./live.js').Live} live
 * @param {import('../page/scope.js').Scope} scope
 */
export function createPicturePanel(app, spot, live, scope) {
  const input = createPictureInput(app, '.safetensors');
  const button = (
    /** @type {string} */ test,
    /** @type {import('../page/i18n.js').Key} */ key,
    /** @type {() => void} */ click,
  ) => h('button', { class: 'button', type: 'button', test, say: key, on: { click } });

  // Whoever chooses a still picture does not want the camera any more, on or still starting.
  scope.keep(app.pictures.on('chosen', () => live.stop()));
  const liveBar = createLiveBar(live, app.engine, scope);
  return h(
    'section',
    { class: 'picture-panel', label: 'picture.title' },
    createCropStage(app, spot, live, scope),
    createZoom(app, scope),
    h('p', { id: 'crop-help', class: 'visually-hidden', say: 'crop.help' }),
    h(
      'div',
      { class: 'ways-in' },
      button('pick-button', 'picture.open', () => input.click()),
      button('camera-button', 'picture.camera', () => openCamera(app, scope)),
      liveBar.button,
      button('paste-button', 'picture.paste', () => void pasteFromClipboard(app)),
      input,
    ),
    liveBar.element,
    createTray(app, scope),
  );
}

/** @param {import('../page/app.js').App} app @param {import('../page/scope.js').Scope} scope */
function createZoom(app, scope) {
  const { store } = app;
  const range = h('input', {
    type: 'range',
    id: 'crop-zoom',
    test: 'crop-zoom',
    min: 1,
    max: 10,
    step: 0.05,
    on: {
      input() {
        if (!app.scene) return;
        const size = 1 / Number(range.value);
        store.set({ crop: fit({ ...store.state.crop, size }, app.scene.width, app.scene.height) });
      },
    },
  });
  const reset = h('button', {
    class: 'quiet-button',
    type: 'button',
    test: 'crop-reset',
    say: 'crop.reset',
    on: { click: () => store.set({ crop: CENTRE }) },
  });
  const update = () => {
    range.value = String(1 / store.state.crop.size);
    reset.disabled = store.state.crop === CENTRE;
  };
  scope.keep(store.listen(update));
  update();
  return h('div', { class: 'crop-zoom' }, h('label', { for: 'crop-zoom', say: 'crop.zoom' }), range, reset);
}

/** @param {import('../page/app.js').App} app @param {import('../page/scope.js').Scope} scope */
function createTray(app, scope) {
  const { pictures, store } = app;
  const credit = h('p', { class: 'caption' });
  const update = () => {
    const { shown, samples, live } = pictures;
    const sample = samples.find(({ file }) => file === shown?.id);
    if (live) credit.textContent = t('picture.live.credit');
    else credit.textContent = sample ? `${sample.title[language()]} · ${sample.credit} · ${sample.licence}` : isolate(shown?.name ?? '');
  };
  scope.keep(pictures.on('samples', update));
  scope.keep(pictures.on('shown', update));
  scope.keep(store.listen((state, before) => state.lang !== before.lang && update()));
  update();
  return h('div', { class: 'tray-block' }, createSampleTray(app, scope), createOwnTray(app, scope), credit);
}

/** @param {import('../page/app.js').App} app */
async function pasteFromClipboard(app) {
  try {
    const items = await navigator.clipboard.read();
    /** @type {import('./intake.js').Given[]} */
    const given = [];
    for (const item of items) {
      const type = item.types.find((name) => name.startsWith('image/'));
      if (type) given.push({ blob: await item.getType(type), name: t('picture.pasted') });
    }
    if (given.length > 0) void app.pictures.take(given);
    else app.notify({ code: 'clipboard-empty', params: {} });
  } catch {
    app.notify({ code: 'clipboard-denied', params: {} });
  }
}
