/**
 * In the pages of the built site alone, within each of them: the service worker that keeps the site for use without a network
 * and lets the engine have threads, and the word for a page of which a part is gone. Headers that the service worker adds
 * count from the next load on, so a first visit is loaded once more. `ROOT`, the way to the site's root, and `VERSION` are
 * put in when the site is built.
 */
import { container, renew, whyMissing } from './version.js';

const serviceWorker = container();
const address = new URL(`${ROOT}service-worker.js`, location.href).href;

/** Whether this tab has not been loaded anew before; where that cannot be remembered, it never is. */
function isFirst() {
  try {
    if (sessionStorage.getItem('vgglass.reloaded')) return false;
    sessionStorage.setItem('vgglass.reloaded', 'yes');
    return true;
  } catch {
    return false;
  }
}

/** Inside another site's page isolation is that page's to give, and nobody's work is thrown away. */
const mayReload = () => !crossOriginIsolated && top === window && !navigator.userActivation?.hasBeenActive;

/** @param {ServiceWorkerContainer} serviceWorker */
async function register(serviceWorker) {
  serviceWorker.addEventListener('controllerchange', () => {
    if (mayReload() && isFirst()) location.reload();
  });
  await serviceWorker.register(address);
}
// Without it, as in some private windows, the page computes with one thread and needs the network.
if (serviceWorker) register(serviceWorker).catch((error) => console.info(error));

/** In both languages and in few words, since the page may be without its own. */
async function tell() {
  const isOutdated = (await whyMissing(address, VERSION)) === 'outdated';
  const message = document.createElement('p');
  message.setAttribute('role', 'alert');
  message.dataset.testid = 'part-missing';
  message.style.cssText = 'margin: 0; padding: 1em; font: 1rem/1.6 system-ui, sans-serif';
  const again = document.createElement('button');
  again.textContent = 'Load again · 重新加载';
  again.addEventListener('click', () => void renew(address));
  message.append(
    isOutdated
      ? 'A new version of this page has just been put up. 本页刚刚发布了新版本。'
      : 'A part of this page could not be loaded, or arrived damaged. 本页有一部分未能加载，或已损坏。',
    ' ',
    again,
  );
  document.body.prepend(message);
}

/** @param {Event} event of a script or a style that is not there */
function hear({ target }) {
  const isPart = target instanceof HTMLScriptElement || (target instanceof HTMLLinkElement && target.rel === 'stylesheet');
  if (!isPart) return;
  removeEventListener('error', hear, true);
  // The page need not say that it could not be started.
  window.vgglassTold = true;
  if (document.body) void tell();
  else addEventListener('DOMContentLoaded', () => void tell(), { once: true });
}
// From the disk and in a sandbox no part of the page can be loaded, which it says by itself.
if (location.protocol !== 'file:' && origin !== 'null') addEventListener('error', hear, true);
