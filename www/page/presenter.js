/** Presenter mode: one view at a time in large type, next and previous as with slides; a narrow bar in place of the header. */
import { h } from './dom.js';
import { say } from './i18n.js';
import { isFree } from './keys.js';

/** @typedef {import('./i18n.js').Key} Key */

/** @param {import('./store.js').Store} store @param {() => void} openShortcuts */
export function createPresenter(store, openShortcuts) {
  const last = store.views.length - 1;
  const place = () => store.views.indexOf(store.state.view);
  /** @param {number} to */
  function go(to) {
    const view = store.views[Math.min(Math.max(to, 0), last)];
    if (view !== store.state.view) store.set({ view }, { step: true });
  }
  const leave = () => store.set({ present: false });
  const button = (/** @type {string} */ test, /** @type {Key} */ label, /** @type {string} */ sign, /** @type {() => void} */ click) =>
    h('button', { class: 'switch', type: 'button', test, label, hint: label, on: { click } }, h('span', { 'aria-hidden': 'true' }, sign));
  const previous = button('present-previous', 'keys.previous', '‹', () => go(place() - 1));
  const next = button('present-next', 'keys.next', '›', () => go(place() + 1));
  const name = h('span', {});
  const number = h('span', { class: 'presenter-number' });
  const bar = h(
    'header',
    { class: 'presenter-bar', test: 'presenter-bar' },
    previous,
    next,
    h('div', { class: 'presenter-place', role: 'status' }, h('h1', {}, name, ' ', number)),
    button('present-keys', 'keys.title', '?', openShortcuts),
    button('present-leave', 'keys.leave', '×', leave),
  );

  addEventListener('keydown', (event) => {
    const { present, embed } = store.state;
    if (!present || embed || !isFree(event)) return;
    const action = {
      ArrowRight: () => go(place() + 1),
      PageDown: () => go(place() + 1),
      ' ': () => go(place() + (event.shiftKey ? -1 : 1)),
      ArrowLeft: () => go(place() - 1),
      PageUp: () => go(place() - 1),
      Home: () => go(0),
      End: () => go(last),
      Escape: leave,
    }[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });

  const update = () => {
    bar.hidden = !store.state.present || store.state.embed;
    say(name, /** @type {Key} */ (`view.${store.state.view}`));
    number.textContent = `${place() + 1} / ${last + 1}`;
    // Not disabled, which would throw away the focus of whoever arrives by pressing them.
    previous.setAttribute('aria-disabled', String(place() === 0));
    next.setAttribute('aria-disabled', String(place() === last));
  };
  store.listen(update);
  update();
  return bar;
}
