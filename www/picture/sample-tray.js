/** The sample pictures as buttons; the one that is shown is pressed. */
import { pictureUrl } from '../engine/assets.js';
import { h } from '../page/dom.js';
import { language } from '../page/i18n.js';
import { DRAGGED } from './pictures.js';

/** @typedef {import('./pictures.js').Sample} Sample */

/**
 * @param {import('../page/app.js').App} app
 * @param {import('../page/scope.js').Scope} scope
 */
export function createSampleTray({ pictures, store }, scope) {
  const list = h('ul', { class: 'tray', test: 'tray', label: 'picture.samples' });

  function build() {
    list.replaceChildren(
      ...pictures.samples.map(({ file }) => {
        const image = h('img', { src: pictureUrl(file), alt: '', loading: 'lazy', decoding: 'async' });
        const on = { click: () => pictures.choose(file), dragstart: dragsPicture(file) };
        return h('li', {}, h('button', { class: 'sample', type: 'button', test: 'sample', 'data-file': file, draggable: 'true', on }, image));
      }),
    );
    update();
  }
  function update() {
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (list.querySelectorAll('.sample'))) {
      const { title, credit, licence } = /** @type {Sample} */ (pictures.samples.find(({ file }) => file === button.dataset.file));
      button.setAttribute('aria-label', title[language()]);
      button.title = `${title[language()]}\n${credit}, ${licence}`;
      button.setAttribute('aria-pressed', String(pictures.isShown(button.dataset.file ?? '')));
    }
  }
  scope.keep(pictures.on('samples', build));
  scope.keep(pictures.on('shown', update));
  scope.keep(store.listen((state, before) => state.lang !== before.lang && update()));
  build();
  return list;
}

/** A thumbnail that is dragged to the stage, or anywhere on the page, is a choice. @param {string} id */
export const dragsPicture = (id) => (/** @type {DragEvent} */ event) => {
  event.dataTransfer?.setData(DRAGGED, id);
};
