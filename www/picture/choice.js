/** The pictures and a way to open more, where there is no room for the whole picture panel. */
import { h } from '../page/dom.js';
import { createOwnTray } from './own-tray.js';
import { createPictureInput } from './input.js';
import { createSampleTray } from './sample-tray.js';

/**
 * @param {import('../page/app.js').App} app
 * @param {import('../page/scope.js').Scope} scope
 */
export function createPictureChoice(app, scope) {
  const input = createPictureInput(app);
  const pick = h('button', { class: 'button', type: 'button', say: 'picture.pick', on: { click: () => input.click() } });
  return h('div', { class: 'picture-choice' }, pick, input, createSampleTray(app, scope), createOwnTray(app, scope));
}
