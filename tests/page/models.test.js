/** Networks that come late, not at all, or as something else; a worker that breaks or falls silent: the page stays, and says why. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { PAGE } from './browser.js';
import { safetensors, sample } from './files.js';
import { andRun, drop, finishedRun, open, runs, shownState, topNames, useBrowser } from './harness.js';
import { proxy } from './static-server.js';

useBrowser();

const ALIKE = new URL('../../www/models/alike/A.safetensors', import.meta.url).pathname;
const MODEL = '**/models/*.safetensors';

/** Holds back what the page reads of files, and counts it. @param {import('playwright-core').Page} page */
const holdFiles = (page, least = 0) =>
  page.evaluate((from) => {
    const { arrayBuffer } = Blob.prototype;
    const held = Object.assign(window, { release() {}, bytesRead: 0 });
    const gate = new Promise((resolve) => (held.release = /** @type {any} */ (resolve)));
    Blob.prototype.arrayBuffer = async function () {
      held.bytesRead += this.size;
      if (this.size >= from) await gate;
      return arrayBuffer.call(this);
    };
  }, least);

/** @param {import('playwright-core').Page} page */
const release = (page) => page.evaluate(() => /** @type {any} */ (window).release());

/** @param {import('playwright-core').Page} page */
const network = (page) =>
  page.evaluate(() => {
    const { store, engine } = /** @type {any} */ (window).vgglass;
    return { model: store.state.model, status: engine.status, weights: engine.network?.info.weight_bytes, title: engine.network?.info.title };
  });

/** @param {import('playwright-core').Page} page @param {string} code */
const notice = (page, code) => page.locator(`[data-testid=notice][data-code=${code}]`);

/** @param {import('playwright-core').Page} page */
async function chooseShipped(page) {
  await page.getByTestId('network-button').click();
  await page.getByTestId('choice-shipped').check();
  await page.getByTestId('network-apply').click();
}

/** A folder that goes with the test. @param {import('node:test').TestContext} t */
function folder(t) {
  const made = mkdtempSync(join(tmpdir(), 'vgglass-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The page's workers can be reached as `window.workers`. @param {import('playwright-core').Page} page */
const exposeWorkers = (page) =>
  page.addInitScript(() => {
    const workers = /** @type {Worker[]} */ ([]);
    Object.assign(window, { workers });
    window.Worker = class extends Worker {
      /** @param {string | URL} url @param {WorkerOptions} [options] */
      constructor(url, options) {
        super(url, options);
        workers.push(this);
      }
    };
  });

for (const [name, least] of /** @type {[string, number][]} */ ([['first bytes', 0], ['weights', 2e6]])) {
  test(`a model file whose ${name} come late does not replace a later choice`, async (t) => {
    const page = await open(t);
    const before = await network(page);
    await holdFiles(page, least);
    await page.getByTestId('file-input').setInputFiles(ALIKE);
    if (least) await page.waitForFunction(() => /** @type {any} */ (window).vgglass.store.state.model === 'file');
    await chooseShipped(page);
    await release(page);
    // Whatever was on its way has had its turn when something later has an answer.
    await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.describe('D', { width: 1, input_size: 224, fc: 4096, classes: 1000 }));
    await page.waitForFunction(() => /** @type {any} */ (window).vgglass.engine.status === 'ready');
    await andRun(page, () => page.getByTestId('sample').nth(3).click());
    assert.deepEqual(await network(page), before);
    assert.doesNotMatch(page.url(), /model=file/);
  });
}

test('a model file is kept: it may go from the disk', async (t) => {
  const page = await open(t);
  const path = join(folder(t), 'mine.safetensors');
  copyFileSync(ALIKE, path);
  await andRun(page, () => page.getByTestId('file-input').setInputFiles(path));
  const own = await network(page);
  assert.equal(own.model, 'file');
  rmSync(path);
  await andRun(page, () => page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ engine: 'base' })));
  assert.deepEqual(await network(page), own);
});

test('a model file that is gone before it is read is told, and the network stays', async (t) => {
  const page = await open(t);
  const before = await shownState(page);
  const path = join(folder(t), 'mine.safetensors');
  copyFileSync(ALIKE, path);
  await holdFiles(page, 2e6);
  await page.getByTestId('file-input').setInputFiles(path);
  await page.waitForFunction(() => /** @type {any} */ (window).vgglass.store.state.model === 'file');
  rmSync(path);
  await release(page);
  await notice(page, 'unreadable-file').waitFor();
  assert.equal((await network(page)).model, 'shipped');
  assert.equal(await shownState(page), before);
  await page.waitForFunction(() => !location.hash.includes('model=file'));
  assert.equal(await page.getByTestId('progress').isVisible(), false);
});

/** Large files, most of them holes. @type {[string, Uint8Array, number, string][]} */
const LARGE = [
  ['vgg16.safetensors', safetensors({ format: 'pt' }, [['features.0.weight', 'F32', 553_430_000]], false), 553_430_000, 'import-size'],
  ['zeros.safetensors', new Uint8Array(16), 3e9, 'model-unknown'],
  ['one.safetensors', new Uint8Array(16), 1e9, 'model-unknown'],
  ['huge.safetensors', safetensors({ format: 'vgglass 1' }, [['conv1_1.weight', 'I8', 3e9]], false), 3e9, 'model-too-large'],
  ['vgg16-397923af.pth', Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19), 553e6, 'import-pickle-instruction'],
];

test('large files are told apart by their heads, in both languages', async (t) => {
  const made = folder(t);
  for (const lang of ['en', 'zh']) {
    const page = await open(t, { hash: `lang=${lang}` });
    const before = await shownState(page);
    const ran = await runs(page);
    await holdFiles(page, Infinity);
    for (const [name, head, size, code] of LARGE) {
      const path = join(made, name);
      writeFileSync(path, head);
      truncateSync(path, name.startsWith('vgg16.') || name.startsWith('huge') ? head.length + size : size);
      await page.getByTestId('file-input').setInputFiles(path);
      await notice(page, code).waitFor();
      const message = await notice(page, code).locator('p').innerText();
      assert.match(message, lang === 'zh' ? /[\u4e00-\u9fff]/ : /^[^\u4e00-\u9fff]+$/);
      assert.ok(message.includes(name), message);
      await page.getByTestId('notice-close').click();
    }
    const read = await page.evaluate(() => /** @type {any} */ (window).bytesRead);
    assert.ok(read < 10e6, `${read} bytes read`);
    assert.equal(await runs(page), ran);
    assert.equal(await shownState(page), before);
  }
});

test('a network that the engine refuses leaves the state as it was, and what is opened', async (t) => {
  const page = await open(t, { hash: 'layer=conv2_1' });
  const before = await network(page);
  await drop(page, [{ name: 'mine.safetensors', bytes: safetensors({ format: 'vgglass 1' }, [['conv1_1.weight', 'I8', 1]]) }]);
  await notice(page, 'model-file').waitFor();
  assert.deepEqual(await network(page), before);
  assert.match(page.url(), /layer=conv2_1/);
  await andRun(page, () => drop(page, [{ name: 'arc.webp', bytes: sample('arc-de-triomphe.webp') }]));
  assert.equal((await topNames(page))[0], 'triumphal arch');
});

test('Back between two model files of one’s own', async (t) => {
  const page = await open(t);
  await andRun(page, () => page.getByTestId('file-input').setInputFiles(ALIKE));
  const first = await network(page);
  await andRun(page, () => page.getByTestId('file-input').setInputFiles(ALIKE.replace('A.safe', 'B.safe')));
  const second = await network(page);
  assert.notDeepEqual(second, first);
  await andRun(page, () => page.goBack());
  assert.deepEqual(await network(page), first);
  await andRun(page, () => page.goForward());
  assert.deepEqual(await network(page), second);
});

test('after the engine broke, another network can be chosen, and nothing that was asked waits for ever', async (t) => {
  const page = await open(t, { beforeOpening: exposeWorkers });
  const answers = await page.evaluate(async () => {
    const { engine } = /** @type {any} */ (window).vgglass;
    const asked = engine.scores({ x: 0, y: 0, side: 64 }, { size: 256, crops: true }).catch((/** @type {Error} */ error) => `rejected: ${error.message}`);
    /** @type {any} */ (window).workers[0].dispatchEvent(new ErrorEvent('error', { message: 'boom' }));
    const later = engine.seed().catch((/** @type {Error} */ error) => `rejected: ${error.message}`);
    return Promise.all([asked, later]);
  });
  assert.match(answers[0], /^rejected/);
  assert.equal(typeof answers[1], 'number', 'what needs no network is asked of the next worker');
  await notice(page, 'engine').waitFor();
  assert.equal((await network(page)).status, 'failed');
  await page.getByTestId('network-button').click();
  await page.getByTestId('choice-alike').check();
  await andRun(page, () => page.getByTestId('network-apply').click());
  assert.equal((await network(page)).model, 'alike');
  assert.equal(await page.getByTestId('notice').count(), 0);
  assert.equal(await page.getByTestId('prediction').count(), 5);
});

test('that the engine stopped is told again after something else was', async (t) => {
  const page = await open(t, { hash: 'lang=en', beforeOpening: exposeWorkers });
  await page.evaluate(() => /** @type {any} */ (window).workers[0].dispatchEvent(new ErrorEvent('error', { message: 'boom' })));
  await notice(page, 'engine').waitFor();
  await drop(page, [{ name: 'notes.txt', bytes: new TextEncoder().encode('Dear diary') }]);
  await notice(page, 'not-a-picture').waitFor();
  await page.getByTestId('notice-close').click();
  await andRun(page, () => notice(page, 'engine').getByTestId('notice-retry').click());
  assert.equal(await page.getByTestId('notice').count(), 0);
});

test('an engine that does not answer is replaced, on one thread', async (t) => {
  const page = await open(t, { beforeOpening: exposeWorkers });
  const seen = await runs(page);
  await page.clock.install();
  // It hears nothing any more; the page is not told.
  await page.evaluate(() => /** @type {any} */ (window).workers[0].terminate());
  await page.getByTestId('sample').nth(2).click();
  for (let second = 0; second < 60 && !(await notice(page, 'stuck-anew').count()); second++) await page.clock.runFor(1000);
  await notice(page, 'stuck-anew').waitFor();
  await page.clock.resume();
  await finishedRun(page, seen);
  assert.equal(await page.evaluate(async () => (await /** @type {any} */ (window).vgglass.engine.build()).threads), 1);
});

test('an engine with nothing to do is not asked anything', async (t) => {
  const page = await open(t, { beforeOpening: exposeWorkers });
  await page.evaluate(() => {
    const worker = /** @type {any} */ (window).workers[0];
    const { postMessage } = worker;
    Object.assign(window, { asked: 0 });
    worker.postMessage = (/** @type {any[]} */ ...given) => {
      /** @type {any} */ (window).asked += 1;
      postMessage.apply(worker, given);
    };
  });
  await page.clock.install();
  await page.clock.runFor(4000);
  const soon = await page.evaluate(() => /** @type {any} */ (window).asked);
  await page.clock.runFor(60_000);
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).asked), soon);
});

test('where the engine does not come, the model’s progress ends too', async (t) => {
  /** @type {() => void} */
  let letGo = () => {};
  const page = await open(t, {
    untilRun: false,
    beforeOpening: async (opened) => {
      await opened.route('**/pkg/**/*.wasm', (route) => route.fulfill({ status: 404 }));
      await opened.route(MODEL, async (route) => {
        await new Promise((resolve) => (letGo = () => resolve(null)));
        await route.continue().catch(() => {});
      });
    },
    expectedErrors: /Failed to load resource|WebAssembly|MIME/,
  });
  await notice(page, 'engine-load').waitFor();
  assert.equal(await page.getByTestId('progress').isVisible(), false);
  letGo();
  await page.unroute('**/pkg/**/*.wasm');
  await page.unroute(MODEL);
  // Another choice is as good as trying again.
  await page.getByTestId('network-button').click();
  await page.getByTestId('choice-alike').check();
  await page.getByTestId('network-apply').click();
  await page.waitForFunction(() => document.documentElement.dataset.engine === 'ready');
  await finishedRun(page);
});

test('of a compressed transfer the progress does not count beyond the whole', async (t) => {
  const address = await proxy(t, PAGE, (path, bytes) =>
    path.endsWith('.safetensors') ? { bytes: gzipSync(bytes), headers: { 'content-encoding': 'gzip' } } : { bytes },
  );
  const page = await open(t, {
    address,
    beforeOpening: (opened) =>
      opened.addInitScript(() => {
        const texts = /** @type {string[]} */ ([]);
        Object.assign(window, { texts });
        const look = () => texts.push(document.querySelector('.progress-text')?.textContent ?? '');
        new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
      }),
  });
  const texts = await page.evaluate(() => /** @type {any} */ (window).texts);
  assert.ok(texts.some((/** @type {string} */ text) => /[\d.]+\u00a0MB/.test(text)), 'it was told');
  for (const text of texts) {
    const [loaded, total] = [...text.matchAll(/([\d.]+)\u00a0MB/g)].map(([, number]) => Number(number));
    if (total !== undefined) assert.ok(loaded <= total, text);
  }
});

test('what no part of the page expected is told', async (t) => {
  const page = await open(t, { expectedErrors: /boom|bang/ });
  await page.evaluate(() => void Promise.reject(new Error('boom')));
  await notice(page, 'unexpected').getByText('boom').waitFor();
  await page.evaluate(() => void setTimeout(() => { throw new Error('bang'); }));
  await notice(page, 'unexpected').getByText('bang').waitFor();
});
