/** Builds the page: the frame that all views share, the store, the engine, and the view that the address names. */
import { SHARED } from './page/address.js';
import { App } from './page/app.js';
import { hosting, whyNot } from './engine/assets.js';
import { h } from './page/dom.js';
import { Engine } from './engine/engine.js';
import { preferredLanguage, setLanguage, t } from './page/i18n.js';
import { Scope } from './page/scope.js';
import { Store } from './page/store.js';
import { onSystemTheme, preferredTheme, setTheme } from './page/theme.js';
import { createDropTarget } from './picture/drop-target.js';
import { passKeysOn } from './page/embedding.js';
import { createFooter } from './page/footer.js';
import { createHeader } from './page/header.js';
import { createNetworkDialog } from './page/network-dialog.js';
import { createNotices } from './page/notices.js';
import { createPresenter } from './page/presenter.js';
import { createProgress } from './page/progress.js';
import { createShortcuts } from './page/shortcuts.js';
import { createVersionNotice } from './page/version-notice.js';
import { VIEWS } from './views/index.js';

const fields = Object.assign({}, SHARED, ...VIEWS.map((view) => view.fields));
const store = new Store(fields, VIEWS.map(({ id }) => id));
const { engine: build, threads } = store.state;
const engine = new Engine({ build, threads });
const app = new App(store, engine);

const main = /** @type {HTMLElement} */ (document.getElementById('main'));
let scope = new Scope();

function showView() {
  scope.end();
  scope = new Scope();
  const view = VIEWS.find(({ id }) => id === store.state.view) ?? VIEWS[0];
  main.replaceChildren(view.mount(app, scope));
}

function applyLook() {
  setTheme(store.state.theme ?? preferredTheme());
  setLanguage(store.state.lang ?? preferredLanguage());
  const { present, embed } = store.state;
  document.documentElement.toggleAttribute('data-present', present);
  document.documentElement.toggleAttribute('data-embed', embed);
  nameView();
}

/** The window is called after its view, so that bookmarks and tabs can be told apart. */
function nameView() {
  document.title = `${t(/** @type {import('./page/i18n.js').Key} */ (`view.${store.state.view}`))} · vgglass`;
}

// Before any part listens: when a part hears of a new language, it is already spoken.
store.listen((state, before) => {
  if (['lang', 'theme', 'present', 'embed'].some((key) => state[key] !== before[key])) applyLook();
});
applyLook();
onSystemTheme(applyLook);

const dialog = createNetworkDialog(app);
app.openNetworks = dialog.open;
const shortcuts = createShortcuts(store);
document.body.prepend(
  h('a', { class: 'skip-link', href: '#main', say: 'page.skip', on: { click: skip } }),
  createHeader(app, () => dialog.open(), shortcuts.open),
  createPresenter(store, shortcuts.open),
);
main.before(createProgress(app));
document.body.append(createFooter(app, shortcuts.open), createNotices(app), dialog.element, shortcuts.element, createDropTarget(app));
if (hosting) document.body.append(createVersionNotice(app, hosting, whyNot));
showView();
store.listen((state, before) => {
  // Drawings are laid out for the size of their words.
  if (state.view === before.view && state.present === before.present) return;
  nameView();
  showView();
  scrollTo(0, 0);
});

/** The address belongs to the state, so the link moves the focus by hand. @param {Event} event */
function skip(event) {
  event.preventDefault();
  main.focus();
}

// What nobody expected is told too; the console has it with its place.
addEventListener('unhandledrejection', ({ reason }) => app.notify({ code: 'unexpected', params: { message: String(reason?.message ?? reason) } }));
addEventListener('error', ({ error }) => {
  if (error) app.notify({ code: 'unexpected', params: { message: String(error.message ?? error) } });
});

passKeysOn(store);
void app.start();

// For tests, and for whoever looks from the console.
Object.assign(window, { vgglass: { store, engine } });
