/** Imports of weights in the page: a file that is dropped or chosen becomes a network that is kept and runs; all that can get in between. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { text } from './files.js';
import { andRun, boxOf, drop, everyLook, finishedRun, open, runs, shownState, speak, useBrowser, violations } from './harness.js';
import { FOLDER } from '../../www/engine/kept/shelf.js';

useBrowser();

/** @typedef {import('playwright-core').Page} Page */

const path = (/** @type {string} */ name) => new URL(`../fixtures/convert/${name}`, import.meta.url).pathname;
const fixture = (/** @type {string} */ name) => new Uint8Array(readFileSync(path(name)));

/** What runs, and how the state calls it. @param {Page} page */
const network = (page) =>
  page.evaluate(() => {
    const { store, engine } = /** @type {any} */ (window).vgglass;
    return { model: store.state.model, title: engine.network?.info.title, provenance: engine.network?.info.provenance };
  });

/** @param {Page} page @param {string} state */
const panel = (page, state) => page.locator(`[data-testid=importer][data-state=${state}]:not([hidden])`);

/** @param {Page} page @param {string} code */
const notice = (page, code) => page.locator(`[data-testid=notice][data-code=${code}]`);

/** What lies in the folder of kept networks. @param {Page} page @returns {Promise<string[]>} */
const files = (page) =>
  page.evaluate(async (folder) => {
    const root = await navigator.storage.getDirectory();
    const names = [];
    for await (const name of /** @type {any} */ (await root.getDirectoryHandle(folder, { create: true })).keys()) names.push(name);
    return names;
  }, FOLDER);

/** A message is in the language of the page. @param {Page} page @param {import('playwright-core').Locator} place */
async function inBothLanguages(page, place) {
  for (const [lang, letters] of /** @type {const} */ ([['zh', /[\u4e00-\u9fff]/], ['en', /^[^\u4e00-\u9fff]+$/]])) {
    await speak(page, lang);
    assert.match(await place.innerText(), letters);
  }
}

/** Changes the text of the import's worker. @param {(text: string) => string} change */
const workerChanged = (change) => async (/** @type {Page} */ page) => {
  await page.context().unroute('**/import/worker.js');
  await page.context().route('**/import/worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: change(await response.text()) });
  });
};

/** In the import's worker a piece of a file takes so long. @param {number} ms */
const slow = (ms) => `{
  const { arrayBuffer } = Blob.prototype;
  Blob.prototype.arrayBuffer = async function () {
    await new Promise((resolve) => setTimeout(resolve, ${ms}));
    return arrayBuffer.call(this);
  };
}\n`;

const slowly = workerChanged((text) => slow(150) + text);
/** By pieces of so few bytes that there are many. */
const piecemeal = workerChanged((text) => slow(200) + text.replace('PIECE = 4 << 20', 'PIECE = 1 << 10'));

/** Weights have begun to come. In a tab behind another no frame is drawn. @param {Page} page */
const isUnderWay = (page) =>
  page.waitForFunction(() => Number(document.querySelector('[data-testid=import-progress]')?.getAttribute('aria-valuenow')) > 0, null, { polling: 50 });

test('every format becomes a network that is kept and runs, and goes out as a file', async (t) => {
  const page = await open(t);
  for (const [name, title] of [['zip.pth', 'VGG-11'], ['legacy.pth', 'VGG-11'], ['timm.safetensors', 'VGG-11'], ['bf16.safetensors', 'VGG-11'], ['keras.h5', 'VGG-16']]) {
    await page.getByTestId('file-input').setInputFiles(path(name));
    await panel(page, 'found').waitFor();
    const asked = await page.getByTestId('import-text').innerText();
    assert.ok(asked.includes(name) && asked.includes(title), asked);
    await andRun(page, () => page.getByTestId('import-start').click());
    await panel(page, 'done').waitFor();
    const kept = name.replace(/\.\w+$/, '');
    const { provenance, ...runs } = await network(page);
    assert.deepEqual(runs, { model: `kept:${kept}`, title });
    assert.ok(provenance.startsWith(`${name} (`), provenance);
  }
  await page.reload();
  await finishedRun(page);
  assert.equal((await network(page)).model, 'kept:keras');

  await page.getByTestId('network-button').click();
  const row = page.locator('[data-testid=kept-row][data-name=zip]');
  const download = page.waitForEvent('download');
  await row.getByTestId('kept-export').click();
  const exported = new Uint8Array(readFileSync(await (await download).path()));
  await page.getByTestId('network-cancel').click();
  await andRun(page, () => drop(page, [{ name: 'zip.safetensors', bytes: exported }]));
  const { model, title } = await network(page);
  assert.deepEqual([model, title], ['file', 'VGG-11']);
});

test('the dialog takes such a file; by the keyboard alone it is imported, and what was chosen meanwhile stays', async (t) => {
  const page = await open(t, { beforeOpening: slowly });
  await page.getByTestId('network-button').click();
  await page.getByTestId('model-file-input').setInputFiles(path('zip.pth'));
  await page.getByTestId('network-apply').click();
  await panel(page, 'found').waitFor();
  await page.waitForFunction(() => document.activeElement?.getAttribute('data-testid') === 'import-start');
  await page.keyboard.press('Enter');
  await panel(page, 'weights').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-testid')), 'import-pause');
  await andRun(page, () => page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ model: 'alike', net: 'A' })));
  await panel(page, 'kept').waitFor();
  assert.equal((await network(page)).model, 'alike');
  await inBothLanguages(page, page.getByTestId('import-text'));
  await andRun(page, () => page.getByTestId('import-run').click());
  assert.equal((await network(page)).model, 'kept:zip');
  await page.getByTestId('import-close').click();
  assert.equal(await page.getByTestId('importer').isVisible(), false);
});

test('it can be paused, gone on with and cancelled; another has to wait; the page goes on', async (t) => {
  const page = await open(t, { beforeOpening: piecemeal });
  const before = await network(page);
  await drop(page, [{ name: 'mine.pth', bytes: fixture('zip.pth') }]);
  await panel(page, 'found').waitFor();
  await inBothLanguages(page, page.getByTestId('import-text'));
  await page.getByTestId('import-start').click();
  await panel(page, 'weights').waitFor();
  await inBothLanguages(page, page.getByTestId('import-text'));
  await isUnderWay(page);
  await page.getByTestId('import-pause').click();
  const amount = page.getByTestId('import-amount');
  await amount.filter({ hasText: 'paused' }).waitFor();
  await inBothLanguages(page, amount);
  // A piece may have been on its way.
  await page.waitForTimeout(300);
  const read = await page.getByTestId('import-progress').getAttribute('aria-valuenow');
  await page.waitForTimeout(400);
  assert.equal(await page.getByTestId('import-progress').getAttribute('aria-valuenow'), read);

  await drop(page, [{ name: 'other.pth', bytes: fixture('legacy.pth') }]);
  await notice(page, 'import-busy').waitFor();
  await inBothLanguages(page, notice(page, 'import-busy').locator('p'));
  await page.getByTestId('notice-close').click();
  await andRun(page, () => page.getByTestId('sample').nth(2).click());
  await everyLook(page, async (look) => {
    assert.deepEqual(await violations(page), [], look);
    for (const [width, height] of [[360, 740], [1280, 720]]) {
      await page.setViewportSize({ width, height });
      const box = await boxOf(page.getByTestId('importer'));
      assert.ok(box.x >= 0 && box.x + box.width <= width && box.y + box.height <= height, `${look}, ${width}: ${JSON.stringify(box)}`);
    }
  }, ['zh']);

  await speak(page, 'en');
  assert.equal((await files(page)).length, 2);
  await page.getByTestId('import-resume').click();
  await page.waitForFunction((past) => document.querySelector('[data-testid=import-progress]')?.getAttribute('aria-valuenow') !== past, read);
  await page.getByTestId('import-cancel').click();
  await page.getByTestId('importer').waitFor({ state: 'hidden' });
  await page.getByTestId('import-live').filter({ hasText: '“mine.pth” was cancelled' }).waitFor({ state: 'attached' });
  assert.deepEqual(await files(page), []);
  assert.deepEqual(await network(page), before);

  // After it the other has its turn.
  await drop(page, [{ name: 'other.pth', bytes: fixture('legacy.pth') }]);
  await panel(page, 'found').waitFor();
  await page.getByTestId('import-cancel').click();
  await page.getByTestId('importer').waitFor({ state: 'hidden' });
});

test('a tab that is closed amid an import leaves nothing, and another tab imports meanwhile', async (t) => {
  const page = await open(t, { beforeOpening: piecemeal });
  const other = await page.context().newPage();
  await other.goto(page.url());
  await finishedRun(other);
  for (const tab of [page, other]) {
    await drop(tab, [{ name: 'mine.pth', bytes: fixture('zip.pth') }]);
    await panel(tab, 'found').waitFor();
    await tab.getByTestId('import-start').click();
    await panel(tab, 'weights').waitFor();
  }
  for (const tab of [page, other]) await isUnderWay(tab);
  assert.equal((await files(other)).length, 4);
  await page.close();
  await panel(other, 'done').waitFor();
  assert.equal((await network(other)).model, 'kept:mine');
  await other.getByTestId('network-button').click();
  await other.getByTestId('kept-row').waitFor();
  assert.equal((await files(other)).length, 2, 'what the other left is cleared away');
});

test('what cannot be imported is told, in both languages, and all is as before', async (t) => {
  const page = await open(t);
  const before = await shownState(page);
  const ran = await runs(page);
  const pickle = (/** @type {string} */ words) => Uint8Array.of(0x80, 2, ...text(words));
  for (const [name, bytes, code] of /** @type {[string, Uint8Array, string][]} */ ([
    ['evil.pth', pickle('cos\nsystem\nX\x00\x00\x00\x00\x85R.'), 'import-pickle-call'],
    ['script.pt', fixture('script.pt'), 'import-torch-script'],
    ['cut.pth', fixture('zip.pth').subarray(0, 20_000), 'import-zip'],
    ['cut.safetensors', fixture('tv.safetensors').subarray(0, 10_000), 'import-truncated'],
    ['page.pth', text('<!DOCTYPE html><title>404</title>'), 'model-html'],
  ])) {
    await drop(page, [{ name, bytes }]);
    await notice(page, code).waitFor();
    const place = notice(page, code).locator('p');
    await inBothLanguages(page, place);
    assert.ok((await place.innerText()).includes(name));
    await page.getByTestId('notice-close').click();
  }
  assert.equal(await page.getByTestId('importer').isVisible(), false);

  // Amid the weights.
  const nan = fixture('tv.safetensors');
  nan.set([0, 0, 0xc0, 0x7f], nan.length - 4);
  await drop(page, [{ name: 'nan.safetensors', bytes: nan }]);
  await panel(page, 'found').waitFor();
  await page.getByTestId('import-start').click();
  await panel(page, 'failed').waitFor();
  await inBothLanguages(page, page.getByTestId('import-text'));
  assert.match(await page.getByTestId('import-text').innerText(), /“nan.safetensors” element \d+ of the tensor/);
  await page.getByTestId('import-again').click();
  await panel(page, 'failed').waitFor();
  await page.getByTestId('import-close').click();
  assert.deepEqual(await files(page), []);
  assert.equal(await runs(page), ran);
  assert.equal(await shownState(page), before);
});

test('where nothing can be kept, or too little, that is said before anything is read', async (t) => {
  const page = await open(t);
  for (const [code, spoilt] of [
    ['kept-full', 'StorageManager.prototype.estimate = async () => ({ quota: 1_010_000, usage: 1_000_000 });'],
    ['import-kept-off', "StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('denied', 'SecurityError'));"],
  ]) {
    await workerChanged((text) => `${spoilt}\n${text}`)(page);
    await drop(page, [{ name: 'mine.pth', bytes: fixture('zip.pth') }]);
    await notice(page, code).waitFor();
    await inBothLanguages(page, notice(page, code).locator('p'));
  }
  assert.equal(await page.getByTestId('importer').isVisible(), false);
});
