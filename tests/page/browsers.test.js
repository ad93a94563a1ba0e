/** What the page must do in every browser: the whole way once, in few pages, for starting them is what takes longest. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ADDRESS, PAGE, UNTOUCHED } from './browser.js';
import { everywhere } from './everywhere.js';
import { address, andRun, drop, finishedRun, goAndRun, painted, paste, runs, set, topNames } from './everywhere/page.js';
import { pause } from './everywhere/tab.js';
import { sample } from './files.js';
import { startHub } from './hub-server.js';
import { inputs, logitsOf, nativeLogits, samples, seenPixels } from './native.js';
import { built, serve } from './static-server.js';

/** The builds that a browser runs, the plainest first: WebKitGTK 2.50 has no relaxed SIMD, which two of them use. */
const BUILDS = /** @type {const} */ ({ chromium: ['base', 'relaxed', 'threads'], firefox: ['base', 'relaxed', 'threads'], webkit: ['base'] });

const ARC = { name: 'arc.webp', type: 'image/webp', bytes: sample('arc-de-triomphe.webp') };

const testId = (/** @type {string} */ id) => `[data-testid=${id}]`;

everywhere('every build gives the same pixels and the same logits, bit for bit, as native code', async (tab) => {
  const native = nativeLogits();
  await goAndRun(tab, address('look', 'engine=base&threads=1'));
  for (const [i, file] of samples().entries()) {
    if (i > 0) await andRun(tab, () => set(tab, { picture: file }));
    assert.ok((await seenPixels(tab)).equals(inputs()[i]), `${tab.browser}: ${file} gives the network other pixels`);
  }
  const classes = Buffer.from(native.shipped, 'base64').length / 4 / samples().length;
  const logitAt = (/** @type {number} */ picture, /** @type {number} */ index) => Buffer.from(native.shipped, 'base64').readFloatLE((picture * classes + index) * 4);
  for (const build of BUILDS[tab.browser]) {
    const threads = build === 'threads' ? 2 : 1;
    const { build: ran, logits } = await logitsOf(tab, build, threads);
    assert.deepEqual([ran.name, ran.threads, ran.failed], [build, threads, []], tab.browser);
    assert.deepEqual(Object.keys(logits).toSorted(), Object.keys(native).toSorted());
    for (const [network, bytes] of Object.entries(logits)) assert.ok(bytes === native[network], `${tab.browser}, ${build}: other logits of ${network}`);

    await andRun(tab, () => set(tab, { engine: build, threads, picture: samples()[0] }));
    const page = await tab.evaluate(() => {
      const { engine } = /** @type {any} */ (window).vgglass;
      return { build: engine.network.build.name, top: engine.top };
    });
    assert.equal(page.build, build, tab.browser);
    for (const { class: index, logit } of page.top) assert.equal(Math.fround(logit), logitAt(0, index), `${tab.browser}, ${build}: class ${index}`);
  }
});

/** Windows of a laptop and of a phone. */
const WIDE = /** @type {const} */ ([1440, 900]);
const NARROW = /** @type {const} */ ([390, 844]);

everywhere('every view opens in both languages, wide and narrow', async (tab) => {
  await goAndRun(tab, address());
  const views = await tab.evaluate(() => /** @type {any} */ (window).vgglass.store.views);
  assert.ok(views.length >= 8);
  for (const view of views) {
    for (const [lang, [width, height]] of /** @type {const} */ ([['en', WIDE], ['zh', NARROW]])) {
      await tab.resize(width, height);
      await set(tab, { view, lang, layer: view === 'look' ? 'conv2_2' : null });
      await tab.until(() => {
        const main = /** @type {HTMLElement} */ (document.querySelector('main'));
        return main.innerText.length > 200 && main.querySelector('[data-testid$=-view]:not([data-ready])') === null;
      });
      const title = await tab.text('main h2');
      assert.match(title, lang === 'en' ? /^[^\u4e00-\u9fff]+$/ : /[\u4e00-\u9fff]/, `${tab.browser}: ${view}`);
    }
  }
});

everywhere('a picture is chosen, dropped, picked and pasted', async (tab) => {
  // With its modules one by one, as it is served while it is worked on.
  await goAndRun(tab, address('look', 'picture=astronaut.jpg', ADDRESS));
  await andRun(tab, () => drop(tab, ARC));
  assert.equal((await topNames(tab))[0], 'triumphal arch');
  await andRun(tab, () => tab.pick(testId('file-input'), fileURLToPath(new URL('../../www/pictures/coffee.jpg', import.meta.url))));
  assert.equal((await topNames(tab))[0], 'espresso');
  await andRun(tab, () => paste(tab, ARC));
  assert.equal((await topNames(tab))[0], 'triumphal arch');
  await andRun(tab, () => tab.click('[data-testid=sample][data-file="goldfish.webp"]'));
  assert.equal((await topNames(tab))[0], 'goldfish');
  await drop(tab, { name: 'notes.jpg', type: 'image/jpeg', bytes: Buffer.from('Dear diary') });
  await tab.seen('[data-testid=notice][data-code=not-a-picture]');
});

/**
 * In the page: how much pixels differ that lie under one cell of the occlusion map, which has one colour, at most in
 * lightness and at most in colour. @param {number} columns of the map
 */
function underCells(columns) {
  const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('[data-testid=occlusion-map]'));
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (copy.getContext('2d'));
  context.drawImage(canvas, 0, 0);
  const { data, width } = context.getImageData(0, 0, canvas.width, canvas.height);
  const side = width / columns;
  const pixel = (/** @type {number} */ x, /** @type {number} */ y) => data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3);
  let light = 0;
  let colour = 0;
  // The middle of each cell: its edges may be mixed with the next one's.
  const middles = Array.from({ length: columns }, (_, i) => [Math.ceil((i + 0.25) * side), Math.floor((i + 0.75) * side)]);
  for (const [top, bottom] of middles) {
    for (const [left, right] of middles) {
      const first = pixel(left, top);
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const [r, g, b] = [...pixel(x, y)].map((value, channel) => value - first[channel]);
          light = Math.max(light, Math.abs(g));
          colour = Math.max(colour, Math.abs(r - g), Math.abs(g - b));
        }
      }
    }
  }
  return { light, colour };
}

everywhere('a layer, a channel, the occlusion map and the presenter', async (tab) => {
  await goAndRun(tab, address('look', 'picture=goldfish.webp'));
  await tab.seen('.layers-title');
  await tab.click('[data-testid=layer-row][data-layer=conv2_2] [data-testid=layer-open]');
  await tab.until(() => document.querySelectorAll('[data-testid=channel-cell]').length === 64);
  await tab.until(() => /layer=conv2_2/.test(location.hash));
  await painted(tab, testId('grid-canvas'));
  await tab.click('[data-testid=channel-cell][data-channel="3"]');
  await tab.seen('[data-testid=channel-dialog][data-channel="3"]');
  await tab.until(() => /** @type {HTMLCanvasElement} */ (document.querySelector('[data-testid=map-canvas]')).width > 100);
  await painted(tab, testId('map-canvas'));
  await tab.press('Escape');
  await tab.gone(testId('channel-dialog'));

  await set(tab, { study: 'occlusion', stride: '8' });
  await tab.until(() => {
    const { state, done } = /** @type {HTMLElement} */ (document.querySelector('[data-testid=occlusion-dialog]')).dataset;
    return state === 'idle' && done === '64';
  });
  assert.match(await tab.text(testId('occlusion-summary')), /goldfish/);
  const { light, colour } = await tab.evaluate(underCells, 8);
  assert.ok(light > 20, `${tab.browser}: the picture shows through the map, ${light}`);
  assert.ok(colour <= 4, `${tab.browser}: the map lies over a grey picture, ${colour}`);
  await tab.press('Escape');
  await tab.gone(testId('occlusion-dialog'));

  await tab.press('p');
  await tab.seen(testId('presenter-bar'));
  await tab.press('PageDown');
  await tab.until(() => /** @type {any} */ (window).vgglass.store.state.view !== 'look');
  await tab.press('PageUp');
  await tab.until(() => /** @type {any} */ (window).vgglass.store.state.view === 'look');
  await tab.press('Escape');
  await tab.gone(testId('presenter-bar'));
});

everywhere('the network follows the camera, until the page is hidden', async (tab) => {
  await goAndRun(tab, address());
  const before = await runs(tab);
  await tab.click(testId('live-button'));
  await tab.until(() => Number(/** @type {HTMLElement} */ (document.querySelector('[data-testid=live-rate]')).dataset.frames) >= 5);
  assert.ok((await runs(tab)) >= before + 5);
  await tab.hide();
  await tab.until(() => document.hidden && document.querySelector('[data-testid=live-button][aria-pressed=false]') !== null);
});

everywhere('a network is kept, runs after a reload under its new name, and is removed; weights become one', async (tab) => {
  await goAndRun(tab, address());
  await andRun(tab, () => tab.pick(testId('file-input'), fileURLToPath(new URL('../../www/models/alike/AlexNet.safetensors', import.meta.url))));
  const top = await topNames(tab);
  await tab.click(testId('network-button'));
  await tab.seen(testId('keep-button'));
  await tab.click(testId('keep-button'));
  await tab.seen('[data-testid=kept-row][data-name=AlexNet]');
  await tab.click(testId('kept-rename'));
  await tab.evaluate(() => void Object.assign(/** @type {HTMLInputElement} */ (document.querySelector('[data-testid=kept-input]')), { value: '网络' }));
  await tab.click(testId('kept-save'));
  await tab.until(() => location.hash.endsWith(encodeURIComponent('网络')));
  await tab.reload();
  await finishedRun(tab);
  assert.deepEqual(await topNames(tab), top);
  assert.equal(await tab.evaluate(() => /** @type {any} */ (window).vgglass.store.state.model), 'kept:网络');
  await tab.click(testId('network-button'));
  await tab.seen('[data-testid=kept-row][data-name="网络"]');
  await tab.click(testId('kept-remove'));
  await tab.click(testId('kept-really'));
  await tab.until(() => document.querySelectorAll('[data-testid=kept-row]').length === 0);
  await tab.reload();
  await tab.seen('[data-testid=notice][data-code=kept-missing]');
  await finishedRun(tab);
  await tab.pick(testId('file-input'), fileURLToPath(new URL('../fixtures/convert/zip.pth', import.meta.url)));
  await tab.seen('[data-testid=importer][data-state=found]');
  await andRun(tab, () => tab.click(testId('import-start')));
  await tab.seen('[data-testid=importer][data-state=done]');
  assert.equal(await tab.evaluate(() => /** @type {any} */ (window).vgglass.store.state.model), 'kept:zip');
});

everywhere('the standalone file predicts from the disk', async (tab) => {
  await goAndRun(tab, address('look', '', String(pathToFileURL(built('vgglass.html', 'cargo xtask standalone')))));
  assert.equal((await topNames(tab))[0], 'espresso');
  await painted(tab, '[data-testid=layer-row][data-layer=conv3_1] [data-testid=layer-strip]');
  await andRun(tab, () => tab.click('[data-testid=sample][data-file="arc-de-triomphe.webp"]'));
  assert.equal((await topNames(tab))[0], 'triumphal arch');
  await tab.click('[data-testid=layer-row][data-layer=conv2_2] [data-testid=layer-open]');
  await tab.until(() => document.querySelectorAll('[data-testid=channel-cell]').length === 64);
});

everywhere(
  'the site isolates itself, and its second visit needs no network',
  async (tab, t) => {
    const folder = built('site/', 'cargo xtask site');
    let site = '';
    // The server ends with the visit.
    await t.test(`${tab.browser}: the first visit`, async (visit) => {
      site = `${await serve(visit, { '/some/path/': folder })}/some/path/`;
      await tab.go(site);
      await tab.until(() => crossOriginIsolated);
      await finishedRun(tab);
      await tab.seen('[data-testid=keeping][data-state=part]');
      for (const deck of ['en', 'zh']) {
        // The slide that looks inside.
        await tab.go(`${site}slides/${deck}.html#/5`);
        await tab.until(() =>
          [...document.querySelectorAll('vgg-glass')].some((view) => view.shadowRoot?.querySelector('iframe')?.contentDocument?.documentElement.dataset.run === 'done'),
        );
      }
    });
    for (let tries = 0; await fetch(site).catch(() => null); tries++) {
      assert.ok(tries < 600, 'the server is still there');
      await pause(100);
    }
    await tab.go(site);
    await finishedRun(tab);
    assert.equal(await tab.evaluate(() => crossOriginIsolated), true);
    assert.equal((await topNames(tab))[0], 'espresso');
    await andRun(tab, () => tab.click('[data-testid=sample][data-file="arc-de-triomphe.webp"]'));
    assert.equal((await topNames(tab))[0], 'triumphal arch');
  },
  // Views of a deck that is left may ask for the newest version when there is no server any more; WebKit says so in these words.
  { expectedErrors: /service-worker\.js due to access control checks/, open: { prelude: UNTOUCHED } },
);

everywhere(
  'a file of a hub comes over a connection that breaks, by one range at a time, for which no browser asks beforehand',
  async (tab, t) => {
    const file = new Uint8Array(randomBytes(8_000_000));
    const hub = await startHub(t, { '/model': file }, { breaksAt: [3_000_000], lingers: 500 });
    await goAndRun(tab, address());
    const hash = await tab.evaluate(
      async ({ module, url, length }) => {
        const { openHub } = await import(module);
        const { signal } = new AbortController();
        const world = { hash: () => ({ update() {}, digest: () => new Uint8Array(32) }), pauses: [20, 50, 100, 200], patience: 20_000 };
        const source = await openHub({ kind: 'hub', url, name: 'model' }, world, signal);
        const bytes = new Uint8Array(length);
        bytes.set(await source.read(0, 1000, signal));
        bytes.set(await source.read(length - 1000, length, signal), length - 1000);
        for (let at = 1000; at < length - 1000; at += 1_000_000) bytes.set(await source.read(at, Math.min(at + 1_000_000, length - 1000), signal), at);
        await source.check(signal);
        return [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      },
      { module: `${PAGE}engine/import/hub.js`, url: `${hub.address}/model`, length: file.length },
    );
    assert.equal(hash, createHash('sha256').update(file).digest('hex'));
    assert.deepEqual(hub.asked.map(({ method, range }) => [method, range?.replace(/=[1-9]\d*/, '=N')]), [
      ['GET', undefined],
      ['GET', 'bytes=N-7999999'],
      ['GET', 'bytes=N-'],
    ]);
  },
  { expectedErrors: /ERR_(CONTENT_LENGTH_MISMATCH|INCOMPLETE)/ },
);
