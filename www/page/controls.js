/** What the lecture's views have in common: controls bound to the address, footnotes, wide tables. */
import { h } from './dom.js';
import { say } from './i18n.js';

/** @typedef {import('./i18n.js').Key} Key */

/**
 * A select for a value of the state.
 * @param {import('./store.js').Store} store
 * @param {import('./scope.js').Scope} scope
 * @param {string} key of the state
 * @param {Key} label
 * @param {[any, string][]} choices value and text
 */
export function control(store, scope, key, label, choices) {
  const select = h(
    'select',
    { test: `${key}-select`, on: { change: () => store.set({ [key]: choices[select.selectedIndex][0] }) } },
    ...choices.map(([value, text]) => h('option', { value }, text)),
  );
  const update = () => {
    select.selectedIndex = choices.findIndex(([value]) => value === store.state[key]);
  };
  scope.keep(store.listen(update));
  update();
  return h('label', { class: 'control' }, h('span', { say: label }), select);
}

/**
 * A numbered list of footnotes.
 * @param {readonly Key[]} keys
 */
export function notes(keys) {
  const items = new Map(keys.map((key) => [key, h('li', { 'data-note': key, say: key })]));
  return {
    element: h('section', { class: 'notes', test: 'notes', label: 'lecture.notes' }, h('h3', { say: 'lecture.notes' }), h('ol', {}, ...items.values())),
    /** @param {import('./i18n.js').Params} params of all notes together */
    set(params) {
      for (const [key, item] of items) say(item, key, params);
    },
    /** @param {Key} key @param {boolean} isShown */
    only(key, isShown) {
      const item = items.get(key);
      if (item) item.hidden = !isShown;
    },
  };
}

/**
 * Room for what may be wider than the page; it scrolls by itself, also by keyboard.
 * @param {Key} label @param {Node} content
 */
export const region = (label, content) => h('div', { class: 'wide', role: 'region', label, tabindex: 0 }, content);
