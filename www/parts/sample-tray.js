/** The sample pictures as buttons; the one that is shown is pressed. */
import { pictureUrl } from '../core/assets.js';
import { h } from '../core/dom.js';
import { CENTRE } from '../core/crop.js';
import { language } from '../core/i18n.js';

/**
 * @param {import('../core/app.js').App} app
 * @param {import('../core/scope.js').Scope} scope
 * @param {object} [options]
 * @param {() => void} [options.beforeChoice]
 * @param {(sample: import('../core/app.js').Sample | undefined) => void} [options.onShown] told which sample is shown, if one is,
 *   whenever that or the language may have changed
 */
export function createSampleTray(app, scope, { beforeChoice, onShown } = {}) {
  const { store } = app;
  const list = h('ul', { class: 'tray', test: 'tray', label: 'picture.samples' });
  const isShown = (/** @type {import('../core/app.js').Sample} */ { file }) =>
    !app.live && store.state.picture !== 'own' && file === app.picture?.name;

  function build() {
    list.replaceChildren(
      ...app.samples.map(({ file }) => {
        const choose = () => {
          beforeChoice?.();
          store.set({ picture: file, crop: CENTRE });
        };
        const image = h('img', { src: pictureUrl(file), alt: '', loading: 'lazy', decoding: 'async' });
        return h('li', {}, h('button', { class: 'sample', type: 'button', test: 'sample', 'data-file': file, on: { click: choose } }, image));
      }),
    );
    update();
  }
  function update() {
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (list.querySelectorAll('.sample'))) {
      const sample = app.samples.find(({ file }) => file === button.dataset.file);
      if (!sample) continue;
      const title = sample.title[language()];
      button.setAttribute('aria-label', title);
      button.title = `${title}\n${sample.credit}, ${sample.licence}`;
      button.setAttribute('aria-pressed', String(isShown(sample)));
    }
    onShown?.(app.samples.find(isShown));
  }
  scope.keep(app.onSamples(build));
  scope.keep(app.onPicture(() => queueMicrotask(update)));
  scope.keep(
    store.listen((state, before) => {
      if (state.lang !== before.lang || state.picture !== before.picture) update();
    }),
  );
  build();
  return list;
}
