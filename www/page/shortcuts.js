/** The keys that work everywhere, and a sheet that lists these and all others. */
import { h } from './dom.js';
import { language, setLanguage } from './i18n.js';
import { isFree } from './keys.js';
import { recall, remember } from './storage.js';
import { setTheme } from './theme.js';

/** @typedef {import('./i18n.js').Key} Key */

const ARROWS = ['←', '→', '↑', '↓'];

/**
 * By where they work: keys, of which any one will do, and what they do.
 * @param {number} views how many there are
 * @returns {[Key, [string[], Key][]][]}
 */
const sheet = (views) => [
  ['keys.page', [
    [['?'], 'keys.help'],
    [['1', '…', String(views)], 'keys.view'],
    [['P'], 'keys.present'],
    [['L'], 'keys.language'],
    [['D'], 'keys.theme'],
  ]],
  ['keys.presenter', [
    [['→', 'Page ↓', 'Space'], 'keys.next'],
    [['←', 'Page ↑', '⇧ Space'], 'keys.previous'],
    [['Home'], 'keys.first'],
    [['End'], 'keys.last'],
    [['Esc'], 'keys.leave'],
  ]],
  ['keys.crop', [
    [ARROWS, 'keys.crop.move'],
    [['⇧ ←', '⇧ →', '⇧ ↑', '⇧ ↓'], 'keys.crop.far'],
    [['+', '−'], 'keys.crop.zoom'],
    [['0'], 'keys.crop.reset'],
  ]],
  ['keys.figure', [
    [ARROWS, 'keys.layer'],
    [['Home', 'End'], 'keys.ends'],
    [['Enter'], 'keys.layer.open'],
  ]],
  ['keys.grid', [
    [ARROWS, 'keys.channel'],
    [['Home', 'End'], 'keys.row.ends'],
    [['Ctrl Home', 'Ctrl End'], 'keys.ends'],
    [['Enter'], 'keys.enlarge'],
    [['X'], 'keys.switch'],
  ]],
  ['keys.enlarged', [
    [['Page ↓', 'N'], 'keys.channel.next'],
    [['Page ↑', 'P'], 'keys.channel.previous'],
    [['X'], 'keys.switch'],
    [ARROWS, 'keys.cell'],
    [['Esc'], 'keys.close'],
  ]],
  ['keys.table', [
    [ARROWS, 'keys.block'],
    [['Home', 'End'], 'keys.column.ends'],
    [['Enter'], 'keys.layer.open'],
  ]],
  ['keys.maps', [
    [ARROWS, 'keys.cell'],
    [['⇧ ←', '⇧ →', '⇧ ↑', '⇧ ↓'], 'keys.cell.far'],
  ]],
];

/** @param {import('./store.js').Store} store */
export function createShortcuts(store) {
  const single = h('input', {
    type: 'checkbox',
    id: 'single-keys',
    test: 'single-keys',
    on: { change: () => remember('keys', single.checked ? 'on' : 'off') },
  });
  single.checked = recall('keys') !== 'off';
  const dialog = h(
    'dialog',
    { class: 'dialog shortcuts', test: 'shortcuts', 'aria-labelledby': 'shortcuts-title' },
    h(
      'div',
      { class: 'dialog-head' },
      h('h2', { id: 'shortcuts-title', say: 'keys.title' }),
      h('button', { class: 'button', type: 'button', test: 'shortcuts-close', say: 'dialog.close', on: { click: () => dialog.close() } }),
    ),
    h('p', { class: 'shortcuts-single' }, single, h('label', { for: 'single-keys', say: 'keys.single' })),
    h('div', { class: 'shortcuts-groups', test: 'shortcuts-groups' }, ...sheet(store.views.length).map(([title, keys]) => group(title, keys))),
  );
  const open = () => {
    if (!dialog.open) dialog.showModal();
  };

  /** @type {Record<string, () => void>} */
  const actions = {
    '?': open,
    p: () => store.set({ present: !store.state.present }),
    l() {
      const next = language() === 'zh' ? 'en' : 'zh';
      setLanguage(next, { remember: true });
      store.set({ lang: next });
    },
    d() {
      const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
      setTheme(next, { remember: true });
      store.set({ theme: next });
    },
  };
  store.views.forEach((view, i) => {
    actions[String(i + 1)] = () => store.set({ view }, { step: true });
  });
  addEventListener('keydown', (event) => {
    // Inside another page these keys are that page's.
    if (store.state.embed || !single.checked || !isFree(event)) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
  return { element: dialog, open };
}

/** @param {Key} title @param {[string[], Key][]} keys */
function group(title, keys) {
  return h(
    'section',
    {},
    h('h3', { say: title }),
    h(
      'dl',
      {},
      ...keys.map(([names, meaning]) =>
        h('div', {}, h('dt', {}, ...names.map((name) => (name === '…' ? name : h('kbd', {}, name)))), h('dd', { say: meaning })),
      ),
    ),
  );
}
