/**
 * Keeps the site for use without a network, and gives every answer the headers that isolate the page, which threads need and
 * many hosts cannot be told to send. `SITE`, the version and the files, is put before this text when the site is built.
 *
 * A file is kept when it is first used, or when a page asks for it, and only if its content is what this version was built
 * with. So a page runs with files of one version: those of a former version stay as long as one of its pages is open, and a
 * new version takes over when it is asked to, with all that it needs.
 */

/**
 * `part` of a file: `page` and `first` are needed for a first view, `base` and `relaxed` by browsers that take those builds of
 * the engine, `rest` by few.
 * @typedef {{path: string, bytes: number, sha256: string, part: 'page' | 'first' | 'base' | 'relaxed' | 'rest'}} SiteFile
 * @typedef {'offline' | 'gone' | 'damaged' | 'full'} Failure no answer; another one than the file; other content; no room
 */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const { scope } = worker.registration;
/** Several sites may share an origin, and so its caches. */
const OWN = `vgglass ${scope} `;
const CACHE = `${OWN}files`;
/** Which windows were open when this version took over. */
const FORMER = `${scope}?former`;

/** @type {Map<string, SiteFile>} */
const FILES = new Map(SITE.files.map(([path, bytes, sha256, part]) => [path, { path, bytes, sha256, part }]));
/** Such a name says what the content is. */
const NAMED = /-[0-9A-Z]{8}(?=\.\w+$)/;

const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'cross-origin',
};

class Missing extends Error {
  /** @param {Failure} failure @param {string} path */
  constructor(failure, path) {
    super(`${path}: ${failure}`);
    this.failure = failure;
  }
}

/** Files on their way into the cache. @type {Map<string, Promise<void>>} */
const coming = new Map();

worker.addEventListener('install', (event) => {
  // A first visit is not kept waiting.
  if (worker.registration.active) event.waitUntil(carryOver());
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([rememberFormer(), worker.clients.claim()]));
});

worker.addEventListener('message', (event) => {
  const { data, ports } = event;
  if (data.ask === 'take over') void worker.skipWaiting();
  else if (data.ask === 'version') ports[0].postMessage(SITE.version);
  else if (data.ask === 'state') event.waitUntil(state().then((kept) => ports[0].postMessage(kept)));
  else if (data.ask === 'keep') event.waitUntil(keepAsked(data.path, ports[0]));
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const path = pathOf(request.url);
  // Everything else is between browser and host: questions about a file, parts of it, and what is not of this site.
  if (path === null || request.method !== 'GET' || request.headers.has('range')) return;
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
  event.respondWith(answer(event, path));
});

/** Which file of the site an address means, if any: the question after it is the page's. @param {string} url */
function pathOf(url) {
  const { origin, pathname } = new URL(url);
  const address = origin + pathname;
  if (!address.startsWith(scope)) return null;
  const path = address.slice(scope.length);
  const name = /(^|\/)$/.test(path) ? `${path}index.html` : path;
  // Some hosts leave a page's ending out.
  return [name, `${name}.html`].find((one) => FILES.has(one)) ?? (NAMED.test(path) ? path : null);
}

/** @param {SiteFile} file */
const keyOf = ({ path, sha256 }) => `${scope}${path}?${sha256}`;

/** @param {FetchEvent} event @param {string} path */
async function answer(event, path) {
  const file = FILES.get(path);
  const cache = await caches.open(CACHE);
  // A page of another version is served as well.
  const kept = await (file ? cache.match(keyOf(file)) : cache.match(scope + path, { ignoreSearch: true }));
  if (kept) return isolating(kept);
  const response = await fetch(event.request);
  if (!file || !response.ok || !response.body) return isolating(response);
  const { body, done } = checked(response, file);
  event.waitUntil(done.catch((error) => (error.failure === 'damaged' && NAMED.test(path) ? keep(file, { cache: 'reload' }) : null)).catch(() => {}));
  return isolating(new Response(body, response), file);
}

/**
 * A file as it comes, kept when it has come whole. With another content than it should have it ends in an error, unless its
 * name may mean another version's file.
 * @param {Response} response @param {SiteFile} file
 */
function checked(response, file) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  /** @type {Promise<void>} */
  let kept = Promise.resolve();
  const through = new TransformStream({
    transform(part, out) {
      parts.push(part);
      out.enqueue(part);
    },
    async flush() {
      const bytes = await new Blob(parts).arrayBuffer();
      if (hex(await crypto.subtle.digest('SHA-256', bytes)) === file.sha256) kept = put(file, bytes, response);
      else if (NAMED.test(file.path)) throw new Missing('damaged', file.path);
      else kept = Promise.reject(new Missing('damaged', file.path));
      kept.catch(() => {});
    },
  });
  const done = /** @type {ReadableStream} */ (response.body).pipeTo(through.writable).then(() => kept);
  const settled = done.catch(() => {});
  coming.set(file.path, settled);
  void settled.then(() => coming.delete(file.path));
  return { body: through.readable, done };
}

/** @param {SiteFile} file @param {ArrayBuffer} bytes @param {Response} response where they came from */
async function put(file, bytes, response) {
  const headers = new Headers({ 'content-length': String(file.bytes) });
  const type = response.headers.get('content-type');
  if (type) headers.set('content-type', type);
  const cache = await caches.open(CACHE);
  try {
    await cache.put(keyOf(file), new Response(bytes, { headers }));
  } catch {
    throw new Missing('full', file.path);
  }
}

/**
 * Sees to it that a file is kept.
 * @param {SiteFile} file
 * @param {{cache?: RequestCache, signal?: AbortSignal, onBytes?: (count: number) => void}} [options]
 * @throws {Missing}
 */
async function keep(file, { cache = NAMED.test(file.path) ? 'default' : 'no-cache', signal, onBytes = () => {} } = {}) {
  await coming.get(file.path);
  if (await (await caches.open(CACHE)).match(keyOf(file))) return;
  const response = await fetch(scope + file.path, { cache, signal }).catch(() => null);
  if (!response) throw new Missing('offline', file.path);
  if (!response.ok || !response.body) throw new Missing('gone', file.path);
  const { body, done } = checked(response, file);
  done.catch(() => {});
  try {
    const reader = body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) onBytes(part.value.length);
    await done;
  } catch (error) {
    throw error instanceof Missing ? error : new Missing('offline', file.path);
  }
}

/** @param {string} path @param {MessagePort} port hears how many bytes have come, then how it ended; whatever comes from there stops it */
async function keepAsked(path, port) {
  const file = FILES.get(path);
  const control = new AbortController();
  port.onmessage = () => control.abort();
  try {
    if (!file) throw new Missing('gone', path);
    await keep(file, { signal: control.signal, onBytes: (count) => port.postMessage({ count }) });
    port.postMessage({ end: null });
  } catch (error) {
    port.postMessage({ end: /** @type {Missing} */ (error).failure ?? String(error) });
  }
}

/** The files, and which of them are kept. */
async function state() {
  await Promise.all(coming.values());
  const cache = await caches.open(CACHE);
  await tidy(cache);
  const keys = new Set((await cache.keys()).map(({ url }) => url));
  return [...FILES.values()].map((file) => ({ path: file.path, bytes: file.bytes, part: file.part, isKept: keys.has(keyOf(file)) }));
}

/** What the former version had, the new one has as well before it takes over; where there is no room, it does without. */
async function carryOver() {
  const cache = await caches.open(CACHE);
  const former = new Set((await cache.keys()).map(({ url }) => plain(url.slice(scope.length).replace(/\?.*/, ''))));
  const isWhole = former.has('index.html');
  const isSaving = /** @type {any} */ (self.navigator).connection?.saveData ?? false;
  for (const file of FILES.values()) {
    const isNeeded = isWhole && (file.part === 'page' || (file.part === 'first' && !isSaving));
    if (!isNeeded && !former.has(plain(file.path))) continue;
    try {
      await keep(file);
    } catch (error) {
      if (/** @type {Missing} */ (error).failure !== 'full') throw error;
      return;
    }
  }
}

/** @param {string} path without what its content is */
const plain = (path) => path.replace(NAMED, '');

async function rememberFormer() {
  const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const cache = await caches.open(CACHE);
  await cache.put(FORMER, new Response(JSON.stringify(windows.map(({ id }) => id))));
  await tidy(cache);
}

/** Forgets the former version's files when none of its pages is open any more. @param {Cache} cache */
async function tidy(cache) {
  const record = await cache.match(FORMER);
  // The next version's files are not this one's to forget.
  if (!record || worker.registration.installing || worker.registration.waiting) return;
  const windows = await Promise.all((await record.json()).map((/** @type {string} */ id) => worker.clients.get(id)));
  if (windows.some(Boolean)) return;
  const own = new Set([...FILES.values()].map(keyOf));
  const keys = await cache.keys();
  await Promise.all(keys.filter(({ url }) => !own.has(url)).map((request) => cache.delete(request)));
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(OWN) && name !== CACHE).map((name) => caches.delete(name)));
}

/** @param {Response} response @param {SiteFile} [file] whose size is known, packed or not */
function isolating(response, file) {
  // A redirect is the browser's to follow, and what another site answered is nobody's to read.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  if (file) {
    headers.set('content-length', String(file.bytes));
    headers.delete('content-encoding');
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** @param {ArrayBuffer} digest */
const hex = (digest) => [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
