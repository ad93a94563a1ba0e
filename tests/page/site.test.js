/** The site for static hosts, from one that sends no headers. `cargo xtask site` writes it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UNTOUCHED } from './browser.js';
import { everywhere } from './everywhere.js';
import { finishedRun as everyRun, set } from './everywhere/page.js';
import { png } from './files.js';
import { andRun, drop, finishedRun, isPainted, open, overflow, topNames, useBrowser, violations } from './harness.js';
import { built, serve } from './static-server.js';

useBrowser();

const SITE = built('site/', 'cargo xtask site');
const ROOT = '/some/path/';
const ISOLATING = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
/** @param {string} path */
const repository = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** A version of the site that was put up after the first: another word on the page, and another sample picture. */
let next = '';
const NEXT_WORD = 'See what a VGG sees, anew';

before(() => {
  next = mkdtempSync(join(tmpdir(), 'vgglass-next-'));
  const www = join(next, 'www');
  cpSync(repository('www'), www, { recursive: true });
  const words = readFileSync(join(www, 'locale/en.js'), 'utf8');
  writeFileSync(join(www, 'locale/en.js'), words.replace('See what a VGG sees', NEXT_WORD));
  writeFileSync(join(www, 'pictures/coffee.jpg'), readFileSync(join(www, 'pictures/koala.webp')));
  build(www, join(next, 'site'));
});
after(() => rmSync(next, { recursive: true }));

/** @param {string} www the page's folder @param {string} site where it is built @param {string[]} [models] beside it */
function build(www, site, models = []) {
  const { status, stderr } = spawnSync(process.execPath, [repository('xtask/bundle/site.js'), www, repository('pkg'), site, ...models], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

/** Of a built site. @param {string} site @returns {{version: string, files: [path: string, bytes: number, sha256: string, part: string][]}} */
function manifest(site) {
  const [, json] = readFileSync(join(site, 'service-worker.js'), 'utf8').match(/^const SITE = (.*);$/m) ?? [];
  return JSON.parse(json);
}

/** The file's address in a built site. @param {string} site @param {string} path in the sources, or in `scripts/` */
function named(site, path) {
  const [stem, ending] = path.split(/(?=\.\w+$)/);
  const found = manifest(site).files.find(([name]) => name.startsWith(`${stem}-`) && name.length === stem.length + 9 + ending.length);
  assert.ok(found, path);
  return found[0];
}

/**
 * A host with the site, which may be put up anew.
 * @param {import('node:test').TestContext} t @param {import('./static-server.js').Host} [host]
 */
async function put(t, host = {}) {
  const folders = { [ROOT]: SITE };
  const address = `${await serve(t, folders, host)}${ROOT}`;
  return { address, host, deploy: () => void (folders[ROOT] = join(next, 'site')) };
}

/** @param {import('node:test').TestContext} t @param {Partial<Parameters<typeof open>[1]> & {address: string}} options */
async function visit(t, options) {
  const page = await open(t, { untilRun: false, ...options });
  await page.waitForFunction(() => crossOriginIsolated);
  await finishedRun(page);
  return page;
}

/** The build of the engine that runs. @param {import('playwright-core').Page} page */
const engineBuild = (page) => page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.build.name);

/** Until what the page keeps by itself is kept. @param {import('playwright-core').Page} page @param {string} [state] */
const kept = (page, state = 'part') => page.locator(`[data-testid=keeping][data-state=${state}]`).waitFor();

/** Paths of what is kept, each with its hash. @param {import('playwright-core').Page} page @param {string} address */
async function keys(page, address) {
  const urls = await page.evaluate(async () => {
    const names = await caches.keys();
    const all = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)));
    return all.flat();
  });
  return urls.map((url) => url.slice(address.length)).filter((key) => key !== '?former').toSorted();
}

/** @param {string} site @param {(part: string, path: string) => boolean} [isWanted] */
const keysOf = (site, isWanted = () => true) =>
  manifest(site).files.filter(([path, , , part]) => isWanted(part, path)).map(([path, , sha256]) => `${path}?${sha256}`).toSorted();

/** Whether everything that the page and its worker have loaded is of that version. @param {import('playwright-core').Page} page @param {string} address @param {string} site */
async function assertWholly(page, address, site) {
  const known = new Set(manifest(site).files.map(([path]) => path));
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name.split('?')[0]));
  const own = [...loaded, ...page.workers().map((worker) => worker.url().split('?')[0])].filter((url) => url.startsWith(address)).map((url) => url.slice(address.length));
  assert.ok(own.some((path) => path.startsWith('scripts/')));
  for (const path of own) assert.ok(path === 'service-worker.js' || path === '' || known.has(path), `${path} is not of this version`);
  assert.equal(await page.evaluate(() => /** @type {any} */ (document.querySelector('meta[name=vgglass-version]')).content), manifest(site).version);
}

/** As in some private windows. @param {import('playwright-core').Page} page */
const withoutServiceWorker = (page) => page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'serviceWorker', { get: () => undefined }));

const word = (/** @type {import('playwright-core').Page} */ page) => page.locator('.tagline').innerText();

test('the site isolates itself under a sub-path, with one reload, and then works offline', async (t) => {
  let loads = 0;
  const { address } = await put(t);
  const page = await visit(t, { address, beforeOpening: async (page) => void page.on('load', () => (loads += 1)) });
  assert.equal((await topNames(page))[0], 'espresso');
  assert.ok(loads <= 2, `${loads} loads`);
  if (await page.evaluate(() => navigator.hardwareConcurrency > 1)) assert.equal(await engineBuild(page), 'threads');
  await kept(page);

  await page.context().setOffline(true);
  await page.reload();
  await finishedRun(page);
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  assert.ok(await isPainted(page.locator('[data-testid=layer-row][data-layer=conv3_1]').getByTestId('layer-strip')));
  await andRun(page, () => page.getByTestId('sample').nth(1).click());
  assert.equal((await topNames(page))[0], 'triumphal arch');
});

test('what a page asks for by itself is named after its content', () => {
  const known = /^(index\.html|element\.js|icon\.svg|manifest\.webmanifest|icons\/\w+\.png|slides\/.*|pictures\/CREDITS\.md)$/;
  for (const [path, , sha256] of manifest(SITE).files) {
    if (known.test(path)) continue;
    assert.match(path, /-[0-9A-Z]{8}\.\w+$/);
    if (!path.startsWith('scripts/')) assert.ok(path.includes(`-${sha256.slice(0, 8).toUpperCase()}.`), path);
  }
  const changed = manifest(join(next, 'site')).files.map(([path]) => path).filter((path) => !manifest(SITE).files.some(([one]) => one === path));
  // What scripts share may lie in several files of one name.
  const names = new Set(changed.map((path) => path.replace(/-[0-9A-Z]{8}\./, '.')));
  assert.deepEqual([...names].toSorted(), ['pictures/coffee.jpg', 'scripts/early.js', 'scripts/main.js', 'scripts/shared.js'], 'the rest is as it was');
});

test('a first visit keeps what a first view needs, and nothing else is fetched', async (t) => {
  const { address, host } = await put(t, { asked: [] });
  const page = await visit(t, { address });
  await kept(page);
  const name = await engineBuild(page);
  const isNeeded = (/** @type {string} */ part) => part === 'page' || part === 'first' || part === (name === 'base' ? 'base' : 'relaxed');
  assert.deepEqual(await keys(page, address), keysOf(SITE, isNeeded));
  const rest = manifest(SITE).files.filter(([, , , part]) => part === 'rest').map(([path]) => path);
  assert.deepEqual(host.asked?.map(({ path }) => path).filter((path) => rest.includes(path)), []);
  t.diagnostic(`${host.asked?.length} requests, ${host.asked?.reduce((sum, { bytes }) => sum + bytes, 0)} bytes`);
  assert.match(await page.getByTestId('keeping-start').innerText(), /^Keep everything for use offline \(\d+\.\d\sMB\)$/);
});

test('where data is saved, only what was used is kept', async (t) => {
  const { address, host } = await put(t, { asked: [], headers: ISOLATING });
  const page = await visit(t, {
    address,
    beforeOpening: (page) => page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'connection', { get: () => ({ saveData: true }) })),
  });
  await kept(page);
  const asked = host.asked?.map(({ path }) => path) ?? [];
  assert.equal(asked.filter((path) => path === 'index.html').length, 1, 'what came before the service worker is not fetched again');
  assert.ok(!asked.some((path) => path.startsWith('icons/') || path === 'manifest.webmanifest'), 'what is not used is not fetched');
  await page.reload();
  await finishedRun(page);
  const [model] = await Promise.all([named(SITE, 'models/vgg16-half-tiny.safetensors'), kept(page)]);
  const used = await keys(page, address);
  assert.ok(used.some((key) => key.startsWith(model)));
  assert.ok(!used.some((key) => key.startsWith('icons/')), 'icons are the browser’s');
});

test('everything can be kept with one click, and every view then works offline', async (t) => {
  const { address } = await put(t);
  const page = await visit(t, { address });
  await kept(page);
  await page.getByTestId('keeping-start').focus();
  await page.keyboard.press('Enter');
  await kept(page, 'whole');
  assert.match(await page.getByTestId('keeping-status').innerText(), /^Everything is kept on this machine \(3\d\.\d\sMB\)/);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-testid')), 'keeping-status', 'the focus is not lost');
  assert.ok(await page.getByTestId('keeping-start').isHidden());
  assert.deepEqual(await keys(page, address), keysOf(SITE));

  await page.context().setOffline(true);
  await page.reload();
  await finishedRun(page);
  for (const view of await page.evaluate(() => /** @type {any} */ (window).vgglass.store.views)) {
    await page.getByTestId(`view-${view}`).click();
    await page.waitForFunction(() => document.querySelector('main h2')?.textContent !== '');
  }
  for (const net of ['A', 'E', 'AlexNet']) {
    await page.goto(`${address}?${net}#/look?model=alike&net=${net}`);
    await finishedRun(page);
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.info.id), net);
  }
  await page.goto(`${address}?base#/look?engine=base`);
  await finishedRun(page);
  assert.equal(await engineBuild(page), 'base');
  await page.getByTestId('file-input').setInputFiles(repository('tests/fixtures/convert/zip.pth'));
  await andRun(page, () => page.getByTestId('import-start').click());
  await page.waitForURL(/model=kept:zip/);
  await page.goto(`${address}slides/en.html`);
  await page.waitForFunction(() => document.documentElement.classList.contains('reveal-full-page'));
});

test('offline, what is not kept is said, in both languages', async (t) => {
  const { address } = await put(t);
  const page = await visit(t, { address, expectedErrors: /ERR_INTERNET_DISCONNECTED/ });
  await kept(page);
  await page.context().setOffline(true);
  for (const [lang, says] of /** @type {const} */ ([['en', /no connection.*not kept/], ['zh', /网络不通.*没有存在本机/]])) {
    await page.evaluate((lang) => /** @type {any} */ (window).vgglass.store.set({ lang, view: 'look', model: 'alike', net: 'E' }), lang);
    const notice = page.locator('[data-testid=notice][data-code=offline]');
    await notice.waitFor();
    assert.match(await notice.innerText(), says);
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.store.state.model), 'shipped', 'the network that runs stays');
    await page.getByTestId('notice-close').click();
    for (const [net, build] of [['alike-A', null], ['shipped', 'base']]) {
      await page.evaluate(
        ([net, build]) => /** @type {any} */ (window).vgglass.store.set({ view: 'compare', nets: [{ net, width: 0.5, size: 64, seed: 1, build }] }),
        [net, build],
      );
      await page.getByTestId('compare-view').getByText(says).waitFor();
    }
    await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ view: 'look' }));
    await page.getByTestId('file-input').setInputFiles(repository('tests/fixtures/convert/zip.pth'));
    await notice.waitFor();
    await page.getByTestId('notice-close').click();
  }
  await page.getByTestId('keeping-start').click();
  await kept(page, 'offline');
  await page.context().setOffline(false);
  await page.getByTestId('keeping-start').click();
  await kept(page, 'whole');
});

test('a network that is kept runs from the site offline, and where files are written by a worker alone', async (t) => {
  const { address } = await put(t);
  const beforeOpening = (/** @type {import('playwright-core').Page} */ page) =>
    page.addInitScript(() => delete (/** @type {any} */ (FileSystemFileHandle.prototype).createWritable));
  const page = await visit(t, { address, beforeOpening });
  await page.locator('[data-testid=keeping][data-state=part]').waitFor();
  await andRun(page, () => page.getByTestId('file-input').setInputFiles(repository('www/models/alike/AlexNet.safetensors')));
  await page.getByTestId('network-button').click();
  await page.getByTestId('keep-button').click();
  await page.waitForURL(/model=kept:AlexNet/);
  const top = await topNames(page);
  await page.context().setOffline(true);
  await page.reload();
  await finishedRun(page);
  assert.match(page.url(), /model=kept:AlexNet/);
  assert.deepEqual(await topNames(page), top);
});

test('a model that was put up with the site is listed, fetched when it is chosen, and then works offline', async (t) => {
  const name = '讲课 AlexNet';
  const model = join(next, `${name}.safetensors`);
  cpSync(repository('www/models/alike/AlexNet.safetensors'), model);
  const site = join(next, 'with a model');
  build(repository('www'), site, [model]);
  const added = manifest(site).files.filter(([path]) => path.startsWith('models/site/'));
  assert.deepEqual(added.map(([path, , , part]) => [path.replace(/-[0-9A-F]{8}/, ''), part]), [['models/site/1.safetensors', 'rest']]);

  const host = { asked: /** @type {NonNullable<import('./static-server.js').Host['asked']>} */ ([]) };
  const address = `${await serve(t, { [ROOT]: site }, host)}${ROOT}`;
  const fetched = () => host.asked.filter(({ path, bytes }) => path === added[0][0] && bytes > 0).length;
  const title = (/** @type {import('playwright-core').Page} */ page) => page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.info.title);
  const page = await visit(t, { address, hash: 'model=site:other' });
  await page.locator('[data-testid=notice][data-code=site-missing]').filter({ hasText: 'other' }).waitFor();
  await kept(page);
  await page.getByTestId('network-button').click();
  assert.equal(fetched(), 0);
  await page.getByLabel(name).check();
  await andRun(page, () => page.getByTestId('network-apply').click());
  await page.waitForFunction((end) => decodeURIComponent(location.hash).endsWith(end), `model=site:${name}`);
  assert.deepEqual([await title(page), fetched()], ['AlexNet', 1]);
  await page.waitForFunction(async (path) => (await Promise.all((await caches.keys()).map(async (one) => (await (await caches.open(one)).keys()).some(({ url }) => url.includes(path))))).some(Boolean), added[0][0]);
  await page.context().setOffline(true);
  await page.reload();
  await finishedRun(page);
  assert.equal(await title(page), 'AlexNet');
  await page.getByTestId('network-button').click();
  assert.ok(await page.getByLabel(name).isChecked());
});

test('keeping can be stopped and goes on where it was', async (t) => {
  /** @type {(() => void)[]} */
  const held = [];
  const { address } = await put(t, {
    change: async (path, bytes) => {
      if (path.includes('alike/C') && held.length === 0) await new Promise((resolve) => held.push(() => resolve(null)));
      return bytes;
    },
  });
  const page = await visit(t, { address });
  await kept(page);
  await page.getByTestId('keeping-start').click();
  await page.waitForFunction(() => Number(document.querySelector('[data-testid=keeping-progress]')?.getAttribute('aria-valuenow')) > 20);
  for (let tries = 0; held.length === 0; tries++) {
    assert.ok(tries < 3000, 'the file is never asked for');
    await page.waitForTimeout(20);
  }
  await page.getByTestId('keeping-stop').click();
  await kept(page);
  for (const release of held) release();
  const before = await keys(page, address);
  assert.ok(before.length < manifest(SITE).files.length && before.some((key) => key.startsWith('models/alike/A')));
  await page.getByTestId('keeping-start').click();
  await kept(page, 'whole');
});

test('a browser without room says so, and the page goes on', async (t) => {
  const { address } = await put(t);
  const page = await visit(t, { address });
  await kept(page);
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(address).origin, quotaSize: 9e6 });
  await page.getByTestId('keeping-start').click();
  await kept(page, 'full');
  assert.match(await page.getByTestId('keeping-status').innerText(), /no room/);
  await andRun(page, () => page.getByTestId('sample').nth(1).click());
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(address).origin });
  await page.getByTestId('keeping-start').click();
  await kept(page, 'whole');
});

test('a new version is offered, and runs with all its files once it is accepted', async (t) => {
  const { address, host, deploy } = await put(t);
  const page = await visit(t, { address, hash: 'lang=en' });
  await kept(page);
  deploy();
  host.asked = [];
  let loads = 0;
  await page.reload();
  await finishedRun(page);
  await page.getByTestId('version').getByTestId('version-load').waitFor();
  assert.equal(await word(page), 'See what a VGG sees', 'nothing changes before it is accepted');
  await assertWholly(page, address, SITE);
  const asked = host.asked.map(({ path }) => path);
  assert.ok(!asked.some((path) => path.startsWith('models/') || path.startsWith('pkg/')), `what is the same is not fetched again: ${asked}`);
  assert.ok(await page.getByTestId('version-losses').isHidden());

  const other = await page.context().newPage();
  await other.goto(`${address}#/look?lang=en`);
  await finishedRun(other);
  await other.getByTestId('version-load').waitFor();

  page.on('load', () => (loads += 1));
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ view: 'memory', theme: 'dark' }));
  await page.waitForURL(/theme=dark/);
  await page.getByTestId('version-load').click();
  await page.waitForFunction((word) => document.querySelector('.tagline')?.textContent === word, NEXT_WORD);
  await finishedRun(page);
  assert.equal(loads, 1);
  assert.match(page.url(), /#\/memory\?.*theme=dark/);
  await assertWholly(page, address, join(next, 'site'));
  assert.equal(await page.getByTestId('version-load').count(), 0);

  // The other window has worked on, and works on with its own version's files, although the host has them no more.
  await other.locator('[data-testid=version]', { hasText: 'in another window' }).waitFor();
  await andRun(other, () => other.getByTestId('sample').nth(2).click());
  await other.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ engine: 'relaxed' }));
  await other.waitForFunction(() => /** @type {any} */ (window).vgglass.engine.network?.build.name === 'relaxed');
  await finishedRun(other);
  await assertWholly(other, address, SITE);
  await other.getByTestId('version-load').click();
  await other.waitForFunction((word) => document.querySelector('.tagline')?.textContent === word, NEXT_WORD);
  await finishedRun(other);
  await kept(other);

  await page.context().setOffline(true);
  await page.reload();
  await finishedRun(page);
  assert.equal(await word(page), NEXT_WORD);
  const own = new Set(keysOf(join(next, 'site')));
  assert.deepEqual((await keys(page, address)).filter((key) => !own.has(key)), [], 'the former version is forgotten');
});

everywhere(
  'everything is kept, a new version is taken, and all of it works offline',
  async (tab, t) => {
    const { address, host, deploy } = await put(t);
    const site = `${address}#/look?lang=en`;
    await tab.go(site);
    await tab.until(() => crossOriginIsolated);
    await everyRun(tab);
    await tab.seen('[data-testid=keeping][data-state=part]');
    await tab.click('[data-testid=keeping-start]');
    await tab.seen('[data-testid=keeping][data-state=whole]');
    deploy();
    await tab.evaluate(async () => void (await navigator.serviceWorker.getRegistration())?.update());
    await tab.seen('[data-testid=version-load]');
    await tab.click('[data-testid=version-load]');
    await tab.until((word) => document.querySelector('.tagline')?.textContent === word, NEXT_WORD);
    await everyRun(tab);
    await tab.seen('[data-testid=keeping][data-state=whole]');
    host.change = () => null;
    await set(tab, { model: 'alike', net: 'A' });
    await tab.until(() => /** @type {any} */ (window).vgglass.engine.network?.info.id === 'A');
    await tab.go(`${address}?again#/look?lang=en`);
    await everyRun(tab);
    assert.equal(await tab.text('.tagline'), NEXT_WORD);
  },
  {
    open: { prelude: UNTOUCHED },
    // What is asked for while the page goes is refused, which WebKit says in these words.
    expectedErrors: /404|service-worker\.js due to access control checks/,
  },
);

test('what a new version cannot bring back is said, and it can be put off', async (t) => {
  const { address, deploy } = await put(t);
  const page = await visit(t, { address });
  await kept(page);
  deploy();
  await andRun(page, () => drop(page, [{ name: 'own.png', bytes: png(64, 64, (x) => [x * 4, 0, 255 - x * 4, 255]) }]));
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  const notice = page.getByTestId('version');
  await notice.getByTestId('version-losses').waitFor();
  for (const [lang, says] of /** @type {const} */ ([['en', /picture.*opened again/], ['zh', /图片.*重新打开/]])) {
    await page.getByTestId(`lang-${lang}`).click();
    assert.match(await notice.innerText(), says);
    assert.deepEqual(await violations(page), []);
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: 800 });
      assert.equal(await overflow(page), 0, `${lang}, ${width}`);
    }
  }
  await andRun(page, () => page.getByTestId('sample').nth(1).click());
  assert.ok(await notice.getByTestId('version-losses').isHidden());
  await notice.getByTestId('version-close').click();
  assert.equal(await notice.innerText(), '');
});

test('with half of a new version at the host the old one stays whole, until the rest is there', async (t) => {
  let isHalf = true;
  const { address, host, deploy } = await put(t);
  const page = await visit(t, { address, expectedErrors: /404|Failed to update/ });
  await kept(page);
  const coffee = named(join(next, 'site'), 'pictures/coffee.jpg');
  host.change = (path, bytes) => (isHalf && path === coffee ? null : bytes);
  deploy();
  const registered = () => page.evaluate(async () => {
    const registration = /** @type {ServiceWorkerRegistration} */ (await navigator.serviceWorker.getRegistration());
    await registration.update().catch(() => {});
    const { installing } = registration;
    if (installing) await new Promise((resolve) => installing.addEventListener('statechange', resolve, { once: true }));
    return registration.waiting !== null;
  });
  assert.equal(await registered(), false);
  await page.reload();
  await finishedRun(page);
  await assertWholly(page, address, SITE);
  assert.equal(await page.getByTestId('version-load').count(), 0);
  isHalf = false;
  assert.equal(await registered(), true);
  await page.getByTestId('version-load').click();
  await page.waitForFunction((word) => document.querySelector('.tagline')?.textContent === word, NEXT_WORD);
  await finishedRun(page);
  await assertWholly(page, address, join(next, 'site'));
});

test('a version put up between a page and its scripts is said, and loading again gives it', async (t) => {
  const { address, host, deploy } = await put(t);
  const old = readFileSync(join(SITE, 'index.html'));
  deploy();
  // As where a cache on the way still has the old page.
  host.change = (path, bytes) => (path === 'index.html' ? old : bytes);
  // It has been loaded anew for its isolation: that comes when it likes, and would take the message away.
  const beforeOpening = (/** @type {import('playwright-core').Page} */ page) => page.addInitScript(() => sessionStorage.setItem('vgglass.reloaded', 'yes'));
  const page = await open(t, { address, untilRun: false, expectedErrors: /404/, beforeOpening });
  const message = page.getByTestId('part-missing');
  await message.waitFor();
  assert.match(await message.innerText(), /new version.*新版本/);
  await page.waitForFunction(() => document.readyState === 'complete');
  assert.equal(await page.getByRole('alert').count(), 1, 'said once');
  host.change = undefined;
  await message.locator('button').click();
  await page.waitForFunction(() => crossOriginIsolated);
  await finishedRun(page);
  assert.equal(await word(page), NEXT_WORD);
  await assertWholly(page, address, join(next, 'site'));
});

test('a page whose files are gone with a new version says so, and leads there', async (t) => {
  const { address, host, deploy } = await put(t);
  const page = await visit(t, { address, hash: 'lang=en', expectedErrors: /404/ });
  await kept(page);
  // The row is trained anew: what the page asks for is no more.
  const row = named(SITE, 'models/alike/E.safetensors');
  host.change = (path, bytes) => (path === row ? null : bytes);
  deploy();
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ model: 'alike', net: 'E' }));
  const notice = page.locator('[data-testid=notice][data-code=outdated]');
  await notice.waitFor();
  host.change = undefined;
  await notice.getByTestId('notice-retry').click();
  await page.waitForFunction((word) => document.querySelector('.tagline')?.textContent === word, NEXT_WORD);
  await finishedRun(page);
  await assertWholly(page, address, join(next, 'site'));
});

for (const [what, gone] of /** @type {const} */ ([['worker', /^scripts\/worker/], ['build of the engine', /^pkg\/vgglass-/]])) {
  test(`without a service worker, a ${what} that is gone with a new version is said`, async (t) => {
    const { address, host, deploy } = await put(t);
    const page = await open(t, { address, expectedErrors: /404/, beforeOpening: withoutServiceWorker });
    host.change = (path, bytes) => (gone.test(path) ? null : bytes);
    deploy();
    await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ engine: 'base' }));
    const notice = page.locator('[data-testid=notice][data-code=outdated]');
    await notice.waitFor();
    host.change = undefined;
    await notice.getByTestId('notice-retry').click();
    await page.waitForFunction((word) => document.querySelector('.tagline')?.textContent === word, NEXT_WORD);
    await finishedRun(page);
  });
}

test('a version put up while the site is being kept mixes nothing', async (t) => {
  const { address, host, deploy } = await put(t);
  const page = await visit(t, { address, expectedErrors: /404/ });
  await kept(page);
  const rocket = named(SITE, 'models/alike/B.safetensors');
  host.change = (path, bytes) => {
    if (path === rocket) deploy();
    return path === rocket ? null : bytes;
  };
  await page.getByTestId('keeping-start').click();
  await kept(page, 'outdated');
  const own = new Set([...keysOf(SITE), ...keysOf(join(next, 'site'))]);
  const all = await keys(page, address);
  assert.deepEqual(all.filter((key) => !own.has(key)), [], 'each file is one version’s');
  await page.getByTestId('version-load').waitFor();
  await page.reload();
  await finishedRun(page);
  await assertWholly(page, address, SITE);
});

test('a file with a wrong byte is neither run nor kept, and is mended by the next visit', async (t) => {
  const script = named(SITE, 'scripts/main.js');
  const model = named(SITE, 'models/vgg16-half-tiny.safetensors');
  let damaged = script;
  const { address, host } = await put(t);
  const page = await visit(t, { address, expectedErrors: /damaged|ERR_FAILED|Failed to/ });
  await kept(page);
  const forget = () => page.evaluate(async (path) => {
    const cache = await caches.open((await caches.keys())[0]);
    for (const request of await cache.keys()) if (request.url.includes(path)) await cache.delete(request);
  }, damaged);
  host.headers = { 'cache-control': 'no-store' };
  host.change = (path, bytes) => {
    if (path !== damaged) return bytes;
    const changed = Buffer.from(bytes);
    changed[changed.length >> 1] ^= 1;
    return changed;
  };
  await forget();
  await page.reload();
  await page.getByTestId('part-missing').waitFor();
  assert.match(await page.getByTestId('part-missing').innerText(), /damaged.*损坏/);
  assert.ok(!(await keys(page, address)).some((key) => key.startsWith(damaged)));
  damaged = model;
  await forget();
  await page.getByTestId('part-missing').locator('button').click();
  await page.locator('[data-testid=notice][data-code=model-load]').waitFor();
  assert.ok(!(await keys(page, address)).some((key) => key.startsWith(model)));
  host.change = undefined;
  await page.getByTestId('notice-retry').click();
  await page.waitForFunction(() => document.documentElement.dataset.run === 'done');
  await kept(page);
  assert.ok((await keys(page, address)).some((key) => key.startsWith(model)));
});

test('parts of files, questions about them and redirects pass the service worker', async (t) => {
  const { address, host } = await put(t);
  const page = await visit(t, { address, expectedErrors: /404/ });
  await kept(page);
  const picture = named(SITE, 'pictures/koala.webp');
  const bytes = readFileSync(join(SITE, picture));
  const part = await page.evaluate(async (path) => {
    const answer = await fetch(path, { headers: { range: 'bytes=10-19' } });
    return { status: answer.status, bytes: [...new Uint8Array(await answer.arrayBuffer())] };
  }, picture);
  assert.deepEqual(part, { status: 206, bytes: [...bytes.subarray(10, 20)] });
  host.asked = [];
  const head = await page.evaluate(async (path) => {
    const answer = await fetch(path, { method: 'HEAD' });
    return { status: answer.status, length: Number(answer.headers.get('content-length')) };
  }, picture);
  assert.deepEqual(head, { status: 200, length: bytes.length });
  assert.deepEqual(host.asked.map(({ path, method }) => [path, method]), [[picture, 'HEAD']]);
  host.redirects = { 'elsewhere.html': 'slides/en.html', 'slides/zh.html': 'en.html' };
  await page.goto(`${address}slides/zh.html`);
  assert.equal(page.url(), `${address}slides/en.html`);
  await page.goto(`${address}elsewhere.html`);
  assert.ok(page.url().startsWith(`${address}slides/en.html`));
  const missing = await page.goto(`${address}nothing-here`);
  assert.equal(missing?.status(), 404);
  assert.equal(missing?.headers()['cross-origin-embedder-policy'], undefined, 'what is not of the site is left alone');
  await page.goto('about:blank');
});

test('a host that sends the headers itself gets no second loading', async (t) => {
  let loads = 0;
  const { address } = await put(t, { headers: ISOLATING });
  const page = await visit(t, { address, beforeOpening: async (page) => void page.on('load', () => (loads += 1)) });
  await kept(page);
  assert.equal(loads, 1);
  await page.context().setOffline(true);
  await page.reload();
  await finishedRun(page);
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
});

test('the site is installable', async (t) => {
  const { address } = await put(t);
  const page = await visit(t, { address });
  await kept(page);
  const manifest = await page.evaluate(async () => {
    const href = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel=manifest]')).href;
    const content = await (await fetch(href)).json();
    const icons = await Promise.all(content.icons.map(async (/** @type {{src: string}} */ { src }) => (await fetch(new URL(src, href))).ok));
    return { ...content, start: new URL(content.start_url, href).href, icons };
  });
  assert.equal(manifest.start, page.url().split('#')[0]);
  assert.equal(manifest.display, 'standalone');
  assert.deepEqual(new Set(manifest.icons), new Set([true]));
});

test('without service workers the site works on one thread', async (t) => {
  const { address } = await put(t);
  const page = await open(t, { address, beforeOpening: withoutServiceWorker });
  assert.equal(await page.evaluate(() => crossOriginIsolated), false);
  assert.notEqual(await engineBuild(page), 'threads');
  assert.equal((await topNames(page))[0], 'espresso');
  assert.ok(await page.getByTestId('keeping').isHidden(), 'nothing is offered that cannot be had');
});

test('a refused service worker leaves the page as it is', async (t) => {
  const { address } = await put(t, { change: (path, bytes) => (path === 'service-worker.js' ? null : bytes) });
  const page = await open(t, { address, expectedErrors: /404|bad HTTP response code/ });
  assert.equal((await topNames(page))[0], 'espresso');
  assert.ok(await page.getByTestId('keeping').isHidden());
});

test('a browser that does not isolate is not loaded over and over', async (t) => {
  let loads = 0;
  const { address } = await put(t);
  const page = await open(t, {
    address,
    beforeOpening: async (page) => {
      page.on('load', () => (loads += 1));
      await page.addInitScript(() => Object.defineProperty(window, 'crossOriginIsolated', { get: () => false }));
    },
  });
  await page.waitForFunction(() => navigator.serviceWorker.controller);
  await finishedRun(page);
  await page.waitForTimeout(500);
  assert.ok(loads <= 2, `${loads} loads`);
  await page.reload();
  await finishedRun(page);
  await page.waitForTimeout(500);
  assert.ok(loads <= 3, `${loads} loads`);
});

test('the development server has no service worker', async (t) => {
  const page = await open(t);
  assert.equal(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  assert.equal(await page.getByTestId('keeping').count(), 0);
});
