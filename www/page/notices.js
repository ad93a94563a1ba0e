/** One message at a time: what went wrong, in the page's language, and a way to try again where there is one. */
import { h } from './dom.js';
import { say } from './i18n.js';

/** @param {import('./app.js').App} app */
export function createNotices(app) {
  const root = h('div', { class: 'notices', test: 'notices', role: 'alert' });

  /** @param {import('./app.js').Notice | null} notice */
  const show = (notice) => {
    root.replaceChildren();
    if (!notice) return;
    const text = say(h('p', {}), /** @type {any} */ (`problem.${notice.code}`), notice.params);
    const retry = notice.retry
      ? h('button', { class: 'button', test: 'notice-retry', say: notice.action ?? 'notice.retry', on: { click: notice.retry } })
      : null;
    const close = h(
      'button',
      { class: 'quiet-button', test: 'notice-close', label: 'notice.close', on: { click: () => app.dismiss() } },
      '×',
    );
    root.append(h('div', { class: 'notice', test: 'notice', 'data-code': notice.code }, text, retry, close));
    document.dispatchEvent(new CustomEvent('vgglass:problem', { detail: { code: notice.code } }));
  };
  app.onNotice(show);
  return root;
}
