/** The samples and a way to open a picture, where there is no room for the whole picture panel. */
import { h } from '../core/dom.js';
import { createSampleTray } from './sample-tray.js';

/**
 * @param {import('../core/app.js').App} app
 * @param {import('../core/scope.js').Scope} scope
 */
export function createPictureChoice(app, scope) {
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
  return h('div', { class: 'picture-choice' }, pick, file, createSampleTray(app, scope));
}
