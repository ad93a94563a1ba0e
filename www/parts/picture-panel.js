/** Where pictures come from: the stage with its crop, the ways in, the tray of samples. */
import { h } from '../core/dom.js';
import { CENTRE, fit } from '../core/crop.js';
import { language, t } from '../core/i18n.js';
import { createCropStage } from './crop-stage.js';
import { openCamera } from './camera-dialog.js';
import { createLiveBar } from './live-bar.js';
import { createSampleTray } from './sample-tray.js';

/**
 * @param {import('../core/app.js').App} app
 * @param {import('../core/spot.js').Spot} spot
 * @param {import('../core/live.js').Live} live
 * @param {import('../core/scope.js').Scope} scope
 */
export function createPicturePanel(app, spot, live, scope) {
  const file = h('input', {
    type: 'file',
    class: 'visually-hidden',
    test: 'file-input',
    accept: 'image/*,.safetensors',
    label: 'picture.pick',
    tabindex: -1,
    on: {
      change() {
        app.takeFiles([...(file.files ?? [])]);
        file.value = '';
      },
    },
  });
  const button = (
    /** @type {string} */ test,
    /** @type {import('../core/i18n.js').Key} */ key,
    /** @type {() => void} */ click,
  ) => h('button', { class: 'button', type: 'button', test, say: key, on: { click } });

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
      button('pick-button', 'picture.open', () => file.click()),
      button('camera-button', 'picture.camera', () => {
        live.stop();
        void openCamera(app);
      }),
      liveBar.button,
      button('paste-button', 'picture.paste', () => void pasteFromClipboard(app)),
      file,
    ),
    liveBar.element,
    createTray(app, live, scope),
  );
}

/** @param {import('../core/app.js').App} app @param {import('../core/scope.js').Scope} scope */
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

/**
 * @param {import('../core/app.js').App} app
 * @param {import('../core/live.js').Live} live
 * @param {import('../core/scope.js').Scope} scope
 */
function createTray(app, live, scope) {
  const { store } = app;
  const credit = h('p', { class: 'caption' });
  const list = createSampleTray(app, scope, {
    beforeChoice: () => live.stop(),
    onShown(sample) {
      if (sample) credit.textContent = `${sample.title[language()]} · ${sample.credit} · ${sample.licence}`;
      if (app.live) credit.textContent = t('picture.live.credit');
      else if (store.state.picture === 'own') credit.textContent = app.picture?.name ?? '';
    },
  });
  return h('div', { class: 'tray-block' }, list, credit);
}

/** @param {import('../core/app.js').App} app */
async function pasteFromClipboard(app) {
  try {
    const items = await navigator.clipboard.read();
    for (const item of items) {
      const type = item.types.find((name) => name.startsWith('image/'));
      if (type) {
        await app.takeFile(await item.getType(type), t('picture.pasted'));
        return;
      }
    }
    app.notify({ code: 'clipboard-empty', params: {} });
  } catch {
    app.notify({ code: 'clipboard-denied', params: {} });
  }
}
