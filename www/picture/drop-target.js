/** The whole page takes what is dropped or pasted. */
import { h } from '../page/dom.js';

/** Longer than between two `dragover`, in ms. */
const PATIENCE = 500;

/** @param {import('../page/app.js').App} app */
export function createDropTarget(app) {
  const veil = h('div', { class: 'drop-veil', hidden: true, 'aria-hidden': 'true' }, h('p', { say: 'drop.here' }));
  // Whether the pointer is still there is not to be told from who was entered and left: what lies under it may be replaced, and
  // is then never left. While it is there, `dragover` comes several times a second.
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let leaving;
  const stay = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    clearTimeout(leaving);
    veil.hidden = false;
  };
  const leave = () => {
    clearTimeout(leaving);
    veil.hidden = true;
  };
  addEventListener('dragenter', stay);
  addEventListener('dragover', stay);
  addEventListener('dragleave', () => {
    clearTimeout(leaving);
    leaving = setTimeout(leave, PATIENCE);
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    leave();
    if (event.dataTransfer) app.takeTransfer(event.dataTransfer);
  });
  addEventListener('paste', (event) => {
    const isTyping = event.target instanceof HTMLInputElement && event.target.type === 'number';
    if (isTyping || !event.clipboardData) return;
    event.preventDefault();
    app.takeTransfer(event.clipboardData);
  });
  return veil;
}
