/** The site for static hosts, from one that sends no headers. `cargo xtask site` writes it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { andRun, finishedRun, isPainted, open, topNames, useBrowser } from './harness.js';
import { serve } from './static-server.js';

useBrowser();

const SITE = fileURLToPath(new URL('../../dist/site/', import.meta.url));
const skip = existsSync(SITE) ? false : 'cargo xtask site has not been run';

/** @param {import('node:test').TestContext} t */
const address = async (t) => `${await serve(t, { '/some/path/': SITE })}/some/path/`;

/** The build of the engine that runs. @param {import('playwright-core').Page} page */
const build = (page) => page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.build.name);

/** Until every file of the site is kept. @param {import('playwright-core').Page} page */
function kept(page) {
  const [, json] = readFileSync(`${SITE}service-worker.js`, 'utf8').match(/^const SITE = (.*);$/m) ?? [];
  return page.waitForFunction(async (all) => {
    const [name] = await caches.keys();
    return name && (await (await caches.open(name)).keys()).length === all;
  }, JSON.parse(json).files.length);
}

test('the site isolates itself under a sub-path, with one reload, and then works offline', { skip }, async (t) => {
  let loads = 0;
  const page = await open(t, {
    address: await address(t),
    untilRun: false,
    beforeOpening: async (page) => void page.on('load', () => (loads += 1)),
  });
  await page.waitForFunction(() => crossOriginIsolated);
  await finishedRun(page);
  assert.equal((await topNames(page))[0], 'espresso');
  assert.ok(loads <= 2, `${loads} loads`);
  if (await page.evaluate(() => navigator.hardwareConcurrency > 1)) assert.equal(await build(page), 'threads');
  await kept(page);

  await page.context().setOffline(true);
  await page.reload();
  await finishedRun(page);
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  assert.ok(await isPainted(page.locator('[data-testid=layer-row][data-layer=conv3_1]').getByTestId('layer-strip')));
  await andRun(page, () => page.getByTestId('sample').nth(1).click());
  assert.equal((await topNames(page))[0], 'triumphal arch');
});

test('the site is installable', { skip }, async (t) => {
  const page = await open(t, { address: await address(t), untilRun: false });
  await page.waitForFunction(() => crossOriginIsolated);
  await finishedRun(page);
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

test('without service workers the site works on one thread', { skip }, async (t) => {
  const page = await open(t, {
    address: await address(t),
    beforeOpening: (page) =>
      page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'serviceWorker', { get: () => undefined })),
  });
  assert.equal(await page.evaluate(() => crossOriginIsolated), false);
  assert.notEqual(await build(page), 'threads');
  assert.equal((await topNames(page))[0], 'espresso');
});

test('a browser that does not isolate is not loaded over and over', { skip }, async (t) => {
  let loads = 0;
  const page = await open(t, {
    address: await address(t),
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
});
