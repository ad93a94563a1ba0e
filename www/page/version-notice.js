/**
 * A hosted page says that there is a newer version of it, and loads it when told to; and of what could not be loaded, whether
 * that is why, or the lack of a connection.
 */
import { h } from './dom.js';
import { say } from './i18n.js';
import { isOwn } from '../picture/own.js';

/** Notices of what did not come, and of what did not come or has another cause, which the browser's message tells. */
const NOT_LOADED = ['model-load', 'picture-load', 'import-load'];
const PERHAPS_NOT_LOADED = ['engine-load', 'engine', 'model-file'];

/** Whether the address lacks something of the state: what is one's own was never in it. @param {Record<string, any>} state */
export const losesOwn = ({ picture, model }) => isOwn(picture) || model === 'file';

/**
 * @param {import('./app.js').App} app
 * @param {import('../engine/assets.js').Hosting} hosting
 * @param {(message?: string) => Promise<'offline' | 'outdated' | null>} whyNot
 */
export function createVersionNotice(app, hosting, whyNot) {
  const { store } = app;
  const root = h('div', { class: 'version', test: 'version', role: 'status' });

  /** @param {boolean} isUsed by another window */
  function show(isUsed) {
    // In slides it is not the page's to speak up.
    if (store.state.embed) return;
    const text = say(h('p', {}), isUsed ? 'version.used' : 'version.ready');
    const losses = h('p', { hidden: true, test: 'version-losses', say: 'version.losses' });
    const load = h('button', { class: 'button', type: 'button', test: 'version-load', say: 'version.load', on: { click: accept } });
    const close = h('button', { class: 'quiet-button', type: 'button', test: 'version-close', label: 'notice.close', on: { click: () => root.replaceChildren() } }, '×');
    root.replaceChildren(h('div', { class: 'notice' }, h('div', { class: 'version-text' }, text, losses), load, close));
    showLosses();

    function accept() {
      load.disabled = true;
      void hosting.renew();
    }
  }

  function showLosses() {
    const losses = /** @type {HTMLElement | null} */ (root.querySelector('[data-testid=version-losses]'));
    if (losses) losses.hidden = !losesOwn(store.state);
  }

  /** @type {import('./app.js').Notice | null} */
  let current = null;
  /** @param {import('./app.js').Notice | null} notice */
  async function explain(notice) {
    current = notice;
    if (!notice || ![...NOT_LOADED, ...PERHAPS_NOT_LOADED].includes(notice.code)) return;
    const why = await whyNot(NOT_LOADED.includes(notice.code) ? undefined : String(notice.params.message));
    if (!why || current !== notice) return;
    if (why === 'outdated') app.notify({ ...notice, code: why, action: 'version.load', retry: () => void hosting.renew() });
    else app.notify({ ...notice, code: why });
  }

  app.onNotice(explain);
  store.listen(showLosses);
  void hosting.onNewVersion(show);
  return root;
}
