/** The whole page takes what is dropped or pasted. */
import { h } from '../core/dom.js';

/** @param {import('../core/app.js').App} app */
export function createDropTarget(app) {
  const veil = h('div', { class: 'drop-veil', hidden: true, 'aria-hidden': 'true' }, h('p', { say: 'drop.here' }));
  // Entering a child fires before leaving its parent, so presence is a count.
  let depth = 0;

  const leave = () => {
    depth = 0;
    veil.hidden = true;
  };
  addEventListener('dragenter', (event) => {
    event.preventDefault();
    depth += 1;
    veil.hidden = false;
  });
  addEventListener('dragleave', () => {
    depth -= 1;
    if (depth <= 0) leave();
  });
  addEventListener('dragover', (event) => event.preventDefault());
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
