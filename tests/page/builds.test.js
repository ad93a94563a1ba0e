/** The three builds of the engine: which one the page takes, and that all of them compute the same bits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE } from './browser.js';
import { andRun, open, useBrowser } from './harness.js';

useBrowser();

const BUILDS = ['base', 'relaxed', 'threads'];
const PICTURES = 100;

/** Small networks with random weights, so that every kernel has its turn. */
const NETWORKS = [
  ['A-LRN', { width: 0.3, input_size: 32, fc: 40, classes: 10 }],
  ['C', { width: 0.25, input_size: 64, fc: 64, classes: 20 }],
  ['E', { width: 0.125, input_size: 48, fc: 33, classes: 7 }],
  ['AlexNet', { width: 0.5, input_size: 96, fc: 128, classes: 50 }],
];

/**
 * Logits of the shipped network on crops of the samples, and of the networks with random weights, in one build.
 * @param {import('playwright-core').Page} page @param {string} build @param {number} threads
 * @returns {Promise<{build: any, logits: number[][]}>}
 */
function compute(page, build, threads) {
  return page.evaluate(
    ([address, options, pictures, networks]) => {
      const script = `
        const address = ${JSON.stringify(address)};
        const { startPackage } = await import(address + 'engine/worker/package.js');
        const { vgg, join } = await startPackage(new URLSearchParams(${JSON.stringify(options)}));
        await join();
        const get = async (path) => fetch(address + path);
        const samples = await (await get('pictures/pictures.json')).json();
        const bitmaps = await Promise.all(
          samples.map(async ({ file }) => createImageBitmap(await (await get('pictures/' + file)).blob(), { colorSpaceConversion: 'none' })),
        );
        const logits = [];
        const run = (network, count) => {
          for (let i = 0; i < count; i++) {
            const bitmap = bitmaps[i % bitmaps.length];
            const side = Math.min(bitmap.width, bitmap.height) - (i * 3) % 90;
            const canvas = new OffscreenCanvas(side, side).getContext('2d');
            canvas.drawImage(bitmap, -(i % 7), -(i % 11));
            network.set_picture(canvas.getImageData(0, 0, side, side));
            network.run();
            logits.push([...network.logits()]);
          }
          network.free();
        };
        const model = await (await get('models/vgg16-half-tiny.safetensors')).arrayBuffer();
        run(vgg.Network.from_model(new Uint8Array(model)), ${pictures});
        for (const [id, options] of ${JSON.stringify(networks)}) run(vgg.Network.untrained(id, options, 7), 2);
        postMessage({ build: vgg.build(), logits });`;
      return new Promise((resolve, reject) => {
        const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
        const worker = new Worker(url, { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      });
    },
    /** @type {const} */ ([PAGE, `build=${build}&threads=${threads}`, PICTURES, NETWORKS]),
  );
}

test('all builds give the same logits, bit for bit', async (t) => {
  const page = await open(t);
  const base = await compute(page, 'base', 1);
  assert.deepEqual(base.build, { name: 'base', simd: 'simd128', threads: 1, failed: [] });
  assert.equal(base.logits.length, PICTURES + 2 * NETWORKS.length);
  assert.ok(new Set(base.logits.map((logits) => logits.join())).size > PICTURES, 'pictures differ');
  const relaxed = await compute(page, 'relaxed', 1);
  assert.deepEqual(relaxed.build, { name: 'relaxed', simd: 'relaxed SIMD', threads: 1, failed: [] });
  assert.deepEqual(relaxed.logits, base.logits);
  for (const threads of [1, 2, 3]) {
    const shared = await compute(page, 'threads', threads);
    assert.deepEqual(shared.build, { name: 'threads', simd: 'relaxed SIMD', threads, failed: [] });
    assert.deepEqual(shared.logits, base.logits, `${threads} threads`);
  }
});

for (const build of BUILDS) {
  test(`the address asks for the build ${build}`, async (t) => {
    const page = await open(t, { hash: `engine=${build}&threads=2` });
    assert.match(await page.getByTestId('footer-build').innerText(), new RegExp(`“${build}”`));
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.build.name), build);
    assert.ok(await page.getByTestId('footer-build-limits').isHidden(), 'what was asked for is there');
  });
}

test('another build in the address starts the engine again, with the same result', async (t) => {
  const page = await open(t, { hash: 'engine=base' });
  const logits = () => page.evaluate(() => /** @type {any} */ (window).vgglass.engine.top);
  const before = await logits();
  await andRun(page, () => page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ engine: 'threads', threads: 2 })));
  assert.equal((await settledBuild(page)).threads, 2);
  assert.deepEqual(await logits(), before);
});

test('where memory cannot be shared, one thread is used, and the page says so', async (t) => {
  const page = await open(t, {
    beforeOpening: (opened) =>
      opened.context().route('**/*', async (route) => {
        const response = await route.fetch();
        const headers = response.headers();
        delete headers['cross-origin-opener-policy'];
        delete headers['cross-origin-embedder-policy'];
        await route.fulfill({ response, headers });
      }),
  });
  assert.match(await page.getByTestId('footer-build').innerText(), /one thread/);
  assert.match(await page.getByTestId('footer-build-limits').innerText(), /COOP and COEP/);
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.build.name), 'relaxed');
});

test('a build whose file is missing is passed over', async (t) => {
  const page = await open(t, {
    expectedErrors: /ERR_FAILED|Failed to fetch|dynamically imported/,
    beforeOpening: (opened) => opened.context().route('**/pkg/threads/*', (route) => route.abort()),
  });
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.build.name), 'relaxed');
});

/** Opens the page with another script for the engine's threads. @param {import('node:test').TestContext} t @param {string | null} body null: none @param {RegExp} [expectedErrors] */
const openWithThread = (t, body, expectedErrors) =>
  open(t, {
    hash: 'engine=threads&threads=2',
    expectedErrors,
    beforeOpening: (opened) =>
      opened.context().route('**/worker/thread.js', (route) =>
        body === null ? route.fulfill({ status: 404 }) : route.fulfill({ contentType: 'text/javascript', body, headers: { 'cross-origin-embedder-policy': 'require-corp', 'cross-origin-resource-policy': 'same-origin' } }),
      ),
  });

/** What the engine's worker says of itself once threads have joined, or have not. @param {import('playwright-core').Page} page */
const settledBuild = (page) => page.evaluate(() => /** @type {any} */ (window).vgglass.engine.build());

const NEVER_STARTS = {
  'is silent': 'onmessage = () => {};',
  'has no script': null,
  'throws as it starts': "throw new Error('no thread');",
  'fails to join': "onmessage = () => postMessage({ error: 'no memory' });",
};
for (const [how, body] of Object.entries(NEVER_STARTS)) {
  test(`a thread that ${how} is not waited for: one goes on, with the same result`, async (t) => {
    const page = await openWithThread(t, body, /404|no thread/);
    assert.deepEqual(await settledBuild(page), { name: 'threads', simd: 'relaxed SIMD', threads: 1, failed: [] });
    const top = () => page.evaluate(() => /** @type {any} */ (window).vgglass.engine.top);
    const alone = await top();
    await andRun(page, () => page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ engine: 'base', threads: null })));
    assert.deepEqual(await top(), alone);
  });
}

test('a thread that traps later is told', async (t) => {
  const { readFile } = await import('node:fs/promises');
  const script = await readFile(new URL('../../www/engine/worker/thread.js', import.meta.url), 'utf8');
  // Without its element section a module's function table is empty: the first indirect call traps.
  const broken = `async function broken() {
    const bytes = new Uint8Array(await (await fetch(new URL('../../pkg/threads/vgglass_bg.wasm', import.meta.url))).arrayBuffer());
    const length = (at) => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        value |= (bytes[at] & 127) << shift;
        if (bytes[at++] < 128) return [value, at];
      }
    };
    for (let at = 8; at < bytes.length; ) {
      const [size, body] = length(at + 1);
      if (bytes[at] === 9) return WebAssembly.compile(new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(body + size)]));
      at = body + size;
    }
  }`;
  assert.ok(script.includes('module_or_path: module'));
  const page = await open(t, {
    hash: 'engine=threads&threads=2',
    untilRun: false,
    beforeOpening: (opened) =>
      opened.context().route('**/worker/thread.js', (route) =>
        route.fulfill({
          contentType: 'text/javascript',
          body: script.replace('module_or_path: module', 'module_or_path: await broken()') + broken,
          headers: { 'cross-origin-embedder-policy': 'require-corp', 'cross-origin-resource-policy': 'same-origin' },
        }),
      ),
  });
  await page.waitForFunction(() => document.documentElement.dataset.engine === 'failed');
  assert.match(await page.getByTestId('notices').innerText(), /\S/);
});
