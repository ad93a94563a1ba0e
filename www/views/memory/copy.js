/** Buttons that put a text in the clipboard; where the browser refuses, the text itself comes up, selected. */
import { h } from '../../page/dom.js';
import { say } from '../../page/i18n.js';

/** @param {[import('../../page/i18n.js').Key, string, () => string][]} choices label, test id and text of each */
export function createCopy(choices) {
  const status = h('span', { class: 'caption', role: 'status', test: 'copy-status' });
  const text = h('textarea', { class: 'copy-text', test: 'copy-text', rows: 8, readonly: true, label: 'copy.text', hidden: true });
  const copy = async (/** @type {string} */ content) => {
    try {
      await navigator.clipboard.writeText(content);
      text.hidden = true;
      say(status, 'copy.done');
    } catch {
      text.value = content;
      text.hidden = false;
      text.select();
      say(status, 'copy.refused');
    }
  };
  const buttons = choices.map(([label, test, content]) =>
    h('button', { class: 'button', type: 'button', test, say: label, on: { click: () => void copy(content()) } }),
  );
  return { element: h('div', { class: 'copy' }, status, ...buttons, text) };
}
