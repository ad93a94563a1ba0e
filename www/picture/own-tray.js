/**
 * Pictures of one's own as a row of thumbnails: kept while the page is open, each removable. One stop of the Tab key; inside,
 * the arrow keys go from one to the next and Delete removes.
 */
import { h, layPaper } from '../page/dom.js';
import { isolate, say } from '../page/i18n.js';
import { dragsPicture } from './sample-tray.js';

/**
 * @param {import('../page/app.js').App} app
 * @param {import('../page/scope.js').Scope} scope
 */
export function createOwnTray({ pictures }, scope) {
  const title = h('span', { class: 'own-title', id: 'own-title', 'aria-live': 'polite' });
  const remove = h('button', { class: 'quiet-button', type: 'button', test: 'own-remove', say: 'own.remove', on: { click: removeShown } });
  const clear = h('button', { class: 'quiet-button', type: 'button', test: 'own-clear', say: 'own.clear', on: { click: () => pictures.removeAll() } });
  const list = h('div', { class: 'tray own-tray', test: 'own-tray', role: 'toolbar', 'aria-labelledby': 'own-title' });
  const root = h('div', { class: 'own', hidden: true }, h('div', { class: 'own-head' }, title, remove, clear), list);
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();

  /** @param {import('./pictures.js').Own} own */
  function create({ id, name, thumbnail }) {
    const canvas = h('canvas', { width: thumbnail.width, height: thumbnail.height, 'aria-hidden': 'true' });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    layPaper(context, canvas.width, canvas.height);
    context.drawImage(thumbnail, 0, 0);
    const on = { click: () => pictures.choose(id), dragstart: dragsPicture(id), focus: () => stopAt(id) };
    const button = h('button', { class: 'sample', type: 'button', test: 'own-picture', 'data-id': id, draggable: 'true', title: isolate(name), 'aria-label': isolate(name), on }, canvas);
    buttons.set(id, button);
    return button;
  }

  function build() {
    const focused = list.contains(document.activeElement) ? [...buttons.keys()].findIndex((id) => buttons.get(id) === document.activeElement) : -1;
    for (const [id, button] of buttons) {
      if (pictures.own.some((own) => own.id === id)) continue;
      button.remove();
      buttons.delete(id);
    }
    for (const own of pictures.own) if (!buttons.has(own.id)) list.append(create(own));
    root.hidden = buttons.size === 0;
    const { opening } = pictures;
    say(title, opening > 0 ? 'own.opening' : 'own.title', { count: buttons.size, opening });
    update();
    // The focus stays in its place, not on the page.
    if (focused >= 0 && !list.contains(document.activeElement)) [...buttons.values()][Math.min(focused, buttons.size - 1)]?.focus();
  }

  function update() {
    const shown = pictures.own.find(({ id }) => pictures.isShown(id))?.id;
    for (const [id, button] of buttons) button.setAttribute('aria-pressed', String(id === shown));
    remove.disabled = !shown;
    stopAt(shown ?? buttons.keys().next().value);
  }

  /** Where the Tab key goes. @param {string | undefined} id */
  function stopAt(id) {
    for (const [other, button] of buttons) button.tabIndex = other === id ? 0 : -1;
  }

  function removeShown() {
    const shown = pictures.own.find(({ id }) => pictures.isShown(id));
    if (shown) pictures.remove(shown.id);
  }

  list.addEventListener('keydown', (event) => {
    const ids = [...buttons.keys()];
    const at = ids.findIndex((id) => buttons.get(id) === document.activeElement);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: ids.length - 1 }[event.key];
    if (next !== undefined) buttons.get(ids[Math.min(Math.max(next, 0), ids.length - 1)])?.focus();
    else if (event.key === 'Delete' || event.key === 'Backspace') pictures.remove(ids[at]);
    else return;
    event.preventDefault();
  });

  scope.keep(pictures.on('own', build));
  scope.keep(pictures.on('shown', update));
  build();
  return root;
}
