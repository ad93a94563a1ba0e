/** Name, views, network, language and theme. */
import { formatAddress } from './address.js';
import { h } from './dom.js';
import { language, setLanguage } from './i18n.js';
import { Scope } from './scope.js';
import { setTheme } from './theme.js';

/**
 * @param {import('./app.js').App} app
 * @param {() => void} openNetworks
 * @param {() => void} openShortcuts
 */
export function createHeader({ store }, openNetworks, openShortcuts) {
  const network = h('button', {
    class: 'button',
    type: 'button',
    test: 'network-button',
    say: 'header.network',
    on: { click: openNetworks },
  });
  const languages = /** @type {const} */ ([['zh', '中文'], ['en', 'English']]).map(([code, name]) =>
    h(
      'button',
      {
        class: 'switch',
        type: 'button',
        test: `lang-${code}`,
        lang: code === 'zh' ? 'zh-CN' : 'en',
        'data-code': code,
        on: {
          click() {
            setLanguage(code, { remember: true });
            store.set({ lang: code });
          },
        },
      },
      name,
    ),
  );
  const theme = h(
    'button',
    {
      class: 'switch',
      type: 'button',
      test: 'theme-toggle',
      label: 'header.theme',
      hint: 'header.theme',
      on: {
        click() {
          const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
          setTheme(next, { remember: true });
          store.set({ theme: next });
        },
      },
    },
    '◐',
  );
  const links = store.views.map((id) =>
    h('a', { class: 'view-link', test: `view-${id}`, say: viewKey(id), on: { click: (event) => follow(event, id) } }),
  );
  /** @param {MouseEvent} event @param {string} id */
  function follow(event, id) {
    // With a key held, the browser opens a tab or a window.
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    store.set({ view: id }, { step: true });
  }
  const views = h('nav', { class: 'views', label: 'header.views' }, ...links);
  /** Where the links are wider than the window, the view's own is brought to the middle. */
  function bringIntoSight() {
    views.classList.toggle('is-wide', views.scrollWidth > views.clientWidth);
    const current = links[store.views.indexOf(store.state.view)];
    if (current) views.scrollLeft = current.offsetLeft - views.offsetLeft - (views.clientWidth - current.offsetWidth) / 2;
  }
  new Scope().size(views, bringIntoSight);
  const update = () => {
    store.views.forEach((id, i) => {
      links[i].setAttribute('href', formatAddress(id, store.state, store.fields));
      if (id === store.state.view) links[i].setAttribute('aria-current', 'page');
      else links[i].removeAttribute('aria-current');
    });
    for (const button of languages) button.setAttribute('aria-pressed', String(button.dataset.code === language()));
    theme.setAttribute('aria-pressed', String(document.documentElement.dataset.theme === 'dark'));
  };
  store.listen((state, before) => {
    update();
    if (state.view !== before.view || state.lang !== before.lang) bringIntoSight();
  });
  update();
  return h(
    'header',
    { class: 'page-header' },
    h('h1', {}, 'vgglass', h('span', { class: 'tagline', say: 'header.tagline' })),
    views,
    network,
    h('div', { class: 'switches', role: 'group', label: 'header.language' }, ...languages),
    h(
      'div',
      { class: 'switches header-tools' },
      theme,
      tool('present-button', 'keys.present', '▷', () => store.set({ present: true })),
      tool('shortcuts-button', 'keys.title', '?', openShortcuts),
    ),
  );
}

/** @param {string} test @param {import('./i18n.js').Key} label @param {string} sign @param {() => void} click */
const tool = (test, label, sign, click) =>
  h('button', { class: 'switch header-tool', type: 'button', test, label, hint: label, on: { click } }, h('span', { 'aria-hidden': 'true' }, sign));

/** @param {string} id of a view */
const viewKey = (id) => /** @type {import('./i18n.js').Key} */ (`view.${id}`);
