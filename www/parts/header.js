/** Name, network, language and theme. */
import { h } from '../core/dom.js';
import { language, setLanguage } from '../core/i18n.js';
import { setTheme } from '../core/theme.js';

/**
 * @param {import('../core/app.js').App} app
 * @param {() => void} openNetworks
 */
export function createHeader({ store }, openNetworks) {
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
  const update = () => {
    for (const button of languages) button.setAttribute('aria-pressed', String(button.dataset.code === language()));
    theme.setAttribute('aria-pressed', String(document.documentElement.dataset.theme === 'dark'));
  };
  store.listen(update);
  update();
  return h(
    'header',
    { class: 'page-header' },
    h('h1', {}, 'vgglass', h('span', { class: 'tagline', say: 'header.tagline' })),
    network,
    h('div', { class: 'switches', role: 'group', label: 'header.language' }, ...languages),
    theme,
  );
}
