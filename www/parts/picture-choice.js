/** The samples and a way to open a picture, where there is no room for the whole picture panel. */
import { pictureUrl } from '../core/assets.js';
import { h } from '../core/dom.js';
import { CENTRE } from '../core/crop.js';
import { language } from '../core/i18n.js';

/**
 * @param {import('../core/app.js').App} app
 * @param {import('../core/scope.js').Scope} scope
 */
export function createPictureChoice(app, scope) {
  const { store } = app;
  const list = h('ul', { class: 'tray', label: 'picture.samples' });
  const file = h('input', {
    type: 'file',
    class: 'visually-hidden',
    accept: 'image/*',
    label: 'picture.pick',
    tabindex: -1,
    on: {
      change() {
        app.takeFiles([...(file.files ?? [])]);
        file.value = '';
      },
    },
  });
  const pick = h('button', { class: 'button', type: 'button', say: 'picture.pick', on: { click: () => file.click() } });

  function build() {
    list.replaceChildren(
      ...app.samples.map(({ file: name }) =>
        h(
          'li',
          {},
          h(
            'button',
            { class: 'sample', type: 'button', test: 'sample', 'data-file': name, on: { click: () => store.set({ picture: name, crop: CENTRE }) } },
            h('img', { src: pictureUrl(name), alt: '', loading: 'lazy', decoding: 'async' }),
          ),
        ),
      ),
    );
    update();
  }
  function update() {
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (list.querySelectorAll('.sample'))) {
      const sample = app.samples.find(({ file: name }) => name === button.dataset.file);
      if (!sample) continue;
      const title = sample.title[language()];
      button.setAttribute('aria-label', title);
      button.title = `${title}\n${sample.credit}, ${sample.licence}`;
      button.setAttribute('aria-pressed', String(store.state.picture !== 'own' && sample.file === app.picture?.name));
    }
  }
  scope.keep(app.onSamples(build));
  scope.keep(app.onPicture(() => queueMicrotask(update)));
  scope.keep(
    store.listen((state, before) => {
      if (state.lang !== before.lang || state.picture !== before.picture) update();
    }),
  );
  build();
  return h('div', { class: 'picture-choice' }, pick, file, list);
}
