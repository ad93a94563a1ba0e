/** How the page starts where browsers, frames and servers give it less than it is used to. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { ADDRESS } from './browser.js';
import { open as openPage, useBrowser } from './harness.js';

useBrowser();

/** Of the page's own modules, one by one. @type {typeof openPage} */
const open = (t, options) => openPage(t, { address: ADDRESS, ...options });

const PAGE = join(import.meta.dirname, '../../www/');
const HOST = `${ADDRESS}host.html`;
/** Messages of browsers that something was not loaded or not allowed. */
const REFUSED = /CORS|net::ERR|Failed to load|404|sandbox|origin 'null'|blocked|non-JS module/i;

/** The sentence that stands where there is no page, in both languages. @param {import('playwright-core').Page | import('playwright-core').Frame} page @param {RegExp} en @param {RegExp} zh */
async function saysWhy(page, en, zh) {
  await page.locator('main [role=alert]').waitFor();
  assert.match(await page.locator('main p[lang=en]').innerText(), en);
  assert.match(await page.locator('main p[lang=zh-CN]').innerText(), zh);
}

/**
 * A document of somebody's own with a frame in it; the frame.
 * @param {import('node:test').TestContext} t @param {string} frame its attributes
 * @param {{beforeOpening?: (page: import('playwright-core').Page) => Promise<unknown>, expectedErrors?: RegExp}} [options]
 */
async function framed(t, frame, { beforeOpening, expectedErrors } = {}) {
  const page = await open(t, { untilRun: false, expectedErrors });
  await beforeOpening?.(page);
  await page.route(HOST, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html><title>host</title><iframe width="1200" height="800" ${frame}></iframe>` }),
  );
  await page.goto(HOST);
  const inside = await (await page.waitForSelector('iframe')).contentFrame();
  assert.ok(inside);
  return inside;
}

/** The state of the page in a frame. @param {import('playwright-core').Frame} frame */
const viewOf = (frame) => frame.evaluate(() => /** @type {any} */ (window).vgglass.store.state.view);

test('index.html from the disk says what to open instead', async (t) => {
  const folder = pathToFileURL(PAGE).href;
  const ofFolder = new RegExp(`${REFUSED.source}|^foreign request: ${folder}`, REFUSED.flags);
  const page = await open(t, { address: `${folder}index.html`, untilRun: false, expectedErrors: ofFolder });
  await saysWhy(page, /vgglass\.html.*cargo xtask serve/, /vgglass\.html.*cargo xtask serve/);
});

test('a sandboxed frame that can load nothing says why', async (t) => {
  const frame = await framed(t, `sandbox="allow-scripts" src="${ADDRESS}"`, { expectedErrors: REFUSED });
  await saysWhy(frame, /sandboxed frame.*allow-same-origin/, /sandbox.*allow-same-origin/);
});

test('a sandboxed frame that may start no worker says so, and its links work', async (t) => {
  const frame = await framed(t, `sandbox="allow-scripts" src="${ADDRESS}"`, {
    expectedErrors: REFUSED,
    // As a host that lets any page have its parts.
    beforeOpening: (page) =>
      page.context().route(`${ADDRESS}**`, async (route) => {
        const response = await route.fetch();
        /** @type {Record<string, string>} */
        const headers = { ...response.headers(), 'access-control-allow-origin': '*' };
        for (const name of Object.keys(headers).filter((name) => name.startsWith('cross-origin-'))) delete headers[name];
        await route.fulfill({ response, headers });
      }),
  });
  await frame.locator('[data-testid=notice][data-code=no-worker]').waitFor();
  await frame.getByTestId('view-memory').click();
  assert.equal(await viewOf(frame), 'memory');
  await frame.getByTestId('theme-toggle').click();
  assert.equal(await frame.evaluate(() => document.documentElement.dataset.theme), 'dark', 'what cannot be remembered holds for now');
});

test('in a srcdoc frame, which has no address, links and choices work', async (t) => {
  const source = readFileSync(join(PAGE, 'index.html'), 'utf8').replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const frame = await framed(t, `srcdoc="${source}"`);
  await frame.waitForFunction(() => document.documentElement.dataset.run === 'done');
  await frame.getByTestId('view-memory').click();
  assert.equal(await viewOf(frame), 'memory');
  await frame.getByTestId('row-select').selectOption('A');
  await frame.getByTestId('view-look').click();
  await frame.locator('[data-file="arc-de-triomphe.webp"]').click();
  await frame.waitForFunction(() => /** @type {any} */ (window).vgglass.engine.top[0].class === /** @type {any} */ (window).vgglass.engine.network.info.classes.findIndex((/** @type {any} */ { en }) => en === 'triumphal arch'));
});

test('state changes where history refuses', async (t) => {
  const page = await open(t);
  await page.evaluate(() => {
    const refuse = () => {
      throw new DOMException('no', 'SecurityError');
    };
    Object.assign(history, { pushState: refuse, replaceState: refuse });
  });
  await page.getByTestId('view-memory').click();
  assert.equal(await viewOf(page.mainFrame()), 'memory');
  await page.waitForTimeout(400);
});

test('the page starts without a language, a memory, or a number of cores', async (t) => {
  const page = await open(t, {
    beforeOpening: (opened) =>
      opened.addInitScript(() => {
        Object.defineProperty(Navigator.prototype, 'language', { get: () => undefined });
        Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => undefined });
        for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
          Object.defineProperty(window, name, {
            get() {
              throw new DOMException('no', 'SecurityError');
            },
          });
        }
      }),
  });
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await page.getByTestId('lang-zh').click();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
});

test('a browser that does not understand the modules is told to be too old', async (t) => {
  const page = await open(t, {
    untilRun: false,
    expectedErrors: /SyntaxError|Unexpected/,
    beforeOpening: (opened) => opened.route('**/main.js', (route) => route.fulfill({ contentType: 'text/javascript', body: 'class { newer syntax }' })),
  });
  await saysWhy(page, /too old.*Chrome or Edge 111/, /版本太旧/);
});

test('a page without all its parts says so', async (t) => {
  const page = await open(t, {
    untilRun: false,
    expectedErrors: REFUSED,
    beforeOpening: (opened) => opened.route('**/page/store.js', (route) => route.fulfill({ status: 404 })),
  });
  await saysWhy(page, /could not be started/, /未能启动/);
});

for (const [code, how] of /** @type {[string, () => void][]} */ ([
  ['no-simd', () => (WebAssembly.validate = () => false)],
  ['no-webassembly', () => delete (/** @type {any} */ (window).WebAssembly)],
  [
    'no-worker',
    () => {
      Object.assign(window, {
        Worker: class {
          constructor() {
            throw new DOMException('no', 'SecurityError');
          }
        },
      });
    },
  ],
])) {
  test(`what the engine lacks is a sentence, and nothing is waited for (${code})`, async (t) => {
    const page = await open(t, { untilRun: false, beforeOpening: (opened) => opened.addInitScript(how) });
    await page.locator(`[data-testid=notice][data-code=${code}]`).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.engine), 'failed');
    assert.ok(await page.locator('.progress').isHidden());
    for (const view of await page.evaluate(() => /** @type {any} */ (window).vgglass.store.views)) {
      await page.evaluate((id) => /** @type {any} */ (window).vgglass.store.set({ view: id }), view);
      await page.waitForTimeout(100);
    }
    assert.ok(await page.locator(`[data-testid=notice][data-code=${code}]`).isVisible());
  });
}
