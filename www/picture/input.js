/** The browser's own dialog for opening files. */
import { h } from '../page/dom.js';

/** Not all systems know these to be pictures. */
const PICTURES = 'image/*,.avif,.heic,.heif,.jxl';

/**
 * @param {import('../page/app.js').App} app
 * @param {string} [also] endings of other files
 * @returns {HTMLInputElement} not seen; `click` it
 */
export function createPictureInput(app, also = '') {
  const input = h('input', {
    type: 'file',
    class: 'visually-hidden',
    test: 'file-input',
    accept: `${PICTURES}${also}`,
    multiple: true,
    label: 'picture.pick',
    tabindex: -1,
    on: {
      change() {
        app.takeFiles([...(input.files ?? [])]);
        input.value = '';
      },
    },
  });
  return input;
}
