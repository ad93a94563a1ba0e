/** Which version of the site a page belongs to, and the way to another. For the script within each page, and for the page itself. */

/** How long a service worker may take over a page, in ms; it is loaded anew in any case. */
const PATIENCE = 5000;

/** What has the service workers, if anything has: a frame in a sandbox may not even ask. */
export function container() {
  try {
    return navigator.serviceWorker ?? null;
  } catch {
    return null;
  }
}

/** @param {string} address of the service worker @param {string} version of this page @returns {Promise<'offline' | 'outdated' | null>} why a file of this version may be missing */
export async function whyMissing(address, version) {
  try {
    const answer = await fetch(address, { cache: 'no-store' });
    return answer.ok && !(await answer.text()).includes(version) ? 'outdated' : null;
  } catch {
    return 'offline';
  }
}

/** Loads the page anew, in the newest version that the host has. @param {string} address of the service worker */
export async function renew(address) {
  const serviceWorker = container();
  try {
    const registration = await serviceWorker?.getRegistration(address);
    const waiting = registration && (registration.waiting ?? (await updated(registration)));
    if (serviceWorker && waiting) {
      await new Promise((resolve) => {
        serviceWorker.addEventListener('controllerchange', resolve, { once: true });
        setTimeout(resolve, PATIENCE);
        waiting.postMessage({ ask: 'take over' });
      });
    }
  } catch (error) {
    // Without a network, or with half of a version at the host, the page is loaded as it is kept.
    console.info(error);
  }
  location.reload();
}

/** @param {ServiceWorkerRegistration} registration @returns {Promise<ServiceWorker | null>} the new version's, once it has what it needs */
async function updated(registration) {
  await registration.update();
  const { installing } = registration;
  if (installing) {
    await new Promise((resolve) => {
      installing.addEventListener('statechange', resolve, { once: true });
    });
  }
  return registration.waiting;
}
