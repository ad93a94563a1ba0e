/**
 * Keeps the site for use without a network, and gives every answer the headers that isolate the page, which
 * threads need and many hosts cannot be told to send. `SITE`, the version and the files, is put before this text
 * when the site is built.
 */

/** @type {{version: string, files: string[]}} */
const { version, files } = SITE;
const { scope } = self.registration;
/** Several sites may share an origin, and so its caches. */
const OWN = `vgglass ${scope} `;
const CACHE = OWN + version;
const FILES = new Set(files.map((path) => new URL(path, scope).href));

const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'cross-origin',
};

/** Files on their way into the cache. @type {Set<string>} */
const coming = new Set();

self.addEventListener('install', (event) => {
  // A first visit is not kept waiting; a new version replaces the old one when it is complete.
  if (self.registration.active) event.waitUntil(fill());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([forgetOthers(), self.clients.claim()]));
});

self.addEventListener('message', (event) => {
  if (event.data === 'fill') event.waitUntil(fill());
});

self.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  if (method === 'GET' && url.startsWith(scope)) event.respondWith(answer(event));
});

/** Fetches what is not there yet. */
async function fill() {
  const cache = await caches.open(CACHE);
  for (const file of FILES) {
    if (coming.has(file) || (await cache.match(file))) continue;
    const response = await fetch(file, { cache: 'no-cache' });
    if (!response.ok) throw new Error(`${file}: ${response.status}`);
    await cache.put(file, response);
  }
}

/** @param {FetchEvent} event */
async function answer(event) {
  const file = fileOf(event.request.url);
  const cache = await caches.open(CACHE);
  const kept = await cache.match(file);
  if (kept) return isolating(kept);
  if (FILES.has(file)) coming.add(file);
  try {
    const response = await fetch(event.request);
    if (response.ok && FILES.has(file)) event.waitUntil(keep(cache, file, response.clone()));
    else coming.delete(file);
    return isolating(response);
  } catch (error) {
    coming.delete(file);
    throw error;
  }
}

/** @param {Cache} cache @param {string} file @param {Response} response */
async function keep(cache, file, response) {
  try {
    await cache.put(file, response);
  } finally {
    coming.delete(file);
  }
}

/** Which file an address means: the question after it is the page's. @param {string} url */
function fileOf(url) {
  const { origin, pathname } = new URL(url);
  return origin + (pathname.endsWith('/') ? `${pathname}index.html` : pathname);
}

/** @param {Response} response */
function isolating(response) {
  // A redirect is the browser's to follow.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(OWN) && name !== CACHE).map((name) => caches.delete(name)));
}
