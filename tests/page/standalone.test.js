/** The standalone file, opened from the disk with the network off. `cargo xtask standalone` writes it. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { andRun, isPainted, open, topNames, useBrowser } from './harness.js';
import { built } from './static-server.js';

useBrowser();

const FILE = built('vgglass.html', 'cargo xtask standalone');
const MEGABYTE = 1e6;

const options = { address: String(pathToFileURL(FILE)), offline: true };

test('the standalone file is under 12 MB', () => {
  assert.ok(statSync(FILE).size < 12 * MEGABYTE, `${statSync(FILE).size} bytes`);
});

test('the standalone file predicts and shows maps, from the disk and offline', async (t) => {
  const start = performance.now();
  const page = await open(t, options);
  t.diagnostic(`${Math.round(performance.now() - start)} ms from opening to the first prediction`);
  assert.equal((await topNames(page))[0], 'espresso');
  assert.ok(await isPainted(page.locator('[data-testid=layer-row][data-layer=conv3_1]').getByTestId('layer-strip')));
  const thumbnails = await page.getByTestId('sample').locator('img').evaluateAll((images) => images.map((image) => /** @type {HTMLImageElement} */ (image).src.slice(0, 5)));
  assert.ok(thumbnails.length > 5 && thumbnails.every((source) => source === 'data:'));

  await andRun(page, () => page.getByTestId('sample').nth(1).click());
  assert.equal((await topNames(page))[0], 'triumphal arch');
  await page.locator('[data-testid=layer-row][data-layer=conv2_2]').getByTestId('layer-open').click();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=channel-cell]').length === 64);
  await page.waitForURL(/layer=conv2_2/);
});

test('every view of the standalone file opens', async (t) => {
  const page = await open(t, options);
  const views = await page.evaluate(() => /** @type {any} */ (window).vgglass.store.views);
  for (const view of views) {
    await page.evaluate((id) => /** @type {any} */ (window).vgglass.store.set({ view: id }), view);
    await page.waitForFunction(() => document.querySelector('main h2')?.textContent !== '');
    assert.notEqual(await page.locator('main').innerText(), '', view);
  }
});

test('an untrained network runs in the standalone file', async (t) => {
  const page = await open(t, { ...options, hash: 'model=untrained&net=A&width=0.125&seed=7' });
  assert.equal(await page.getByTestId('layer-row').count(), 17);
});

test('the standalone file says that it has no rows trained alike, and offers none', async (t) => {
  const page = await open(t, { ...options, hash: 'model=alike&net=A' });
  assert.match(await page.getByTestId('notice').innerText(), /not in this one file/);
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.info.id), 'D');
  assert.equal(await page.getByTestId('choice-alike').count(), 0);
});

test('the standalone file says that from the disk no network can be kept, and none imported', async (t) => {
  const page = await open(t, { ...options, hash: 'model=kept:VGG' });
  assert.match(await page.locator('[data-testid=notice][data-code=kept-disk]').innerText(), /opened from the disk/);
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.store.state.model), 'shipped');
  await andRun(page, () => page.getByTestId('file-input').setInputFiles(fileURLToPath(new URL('../../www/models/alike/AlexNet.safetensors', import.meta.url))));
  await page.getByTestId('network-button').click();
  await page.getByTestId('keep-status').filter({ hasText: 'opened from the disk' }).waitFor();
  assert.equal(await page.getByTestId('keep-button').isVisible(), false);
  await page.getByTestId('network-cancel').click();
  await page.getByTestId('file-input').setInputFiles(fileURLToPath(new URL('../fixtures/convert/zip.pth', import.meta.url)));
  assert.match(await page.locator('[data-testid=notice][data-code=model-float]').innerText(), /imported first.*cannot do that.*on a server/);
});

test('a standalone file of which a part is missing says that it could not be started', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vgglass-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const half = join(folder, 'half.html');
  const whole = readFileSync(FILE);
  writeFileSync(half, whole.subarray(0, whole.length / 2));
  const page = await open(t, { address: String(pathToFileURL(half)), untilRun: false, offline: true });
  await page.getByRole('alert').waitFor();
  assert.match(await page.getByRole('alert').innerText(), /could not be started.*part of it is missing.*未能启动.*缺少/s);
});

test('networks beside the page’s own start from one text, however many there are', async (t) => {
  const page = await open(t, {
    ...options,
    beforeOpening: (page) =>
      page.addInitScript(() => {
        const { createObjectURL } = URL;
        Object.assign(window, { made: 0 });
        URL.createObjectURL = (/** @type {Blob} */ blob) => {
          if (blob.type === 'text/javascript') /** @type {any} */ (window).made += 1;
          return createObjectURL.call(URL, blob);
        };
      }),
  });
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ view: 'compare' }));
  await page.locator('[data-testid=compare-view][data-ready]').waitFor();
  assert.ok((await page.getByTestId('compare-ranking').nth(1).innerText()) !== '');
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).made), 1);
});

test('the element shows the standalone file in a document from the disk', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vgglass-'));
  t.after(() => rmSync(folder, { recursive: true }));
  copyFileSync(new URL('../../www/element.js', import.meta.url), join(folder, 'element.js'));
  const host = join(folder, 'host.html');
  writeFileSync(
    host,
    `<!doctype html><title>host</title><script src="element.js" data-page="${pathToFileURL(FILE)}"></script>
    <script>keys = []; addEventListener('keydown', ({ key }) => keys.push(key));</script>
    <vgg-glass view="look" picture="koala.webp"></vgg-glass>`,
  );
  const page = await open(t, { address: String(pathToFileURL(host)), untilRun: false, offline: true, expectedErrors: /^foreign request: file:/ });
  const frame = await (await page.waitForSelector('vgg-glass >> iframe')).contentFrame();
  assert.ok(frame);
  await frame.waitForFunction(() => document.documentElement.dataset.run === 'done');
  assert.equal(await frame.evaluate(() => /** @type {any} */ (window).vgglass.store.state.picture), 'koala.webp');
  await frame.getByTestId('pick-button').focus();
  await page.keyboard.press('PageDown');
  await page.waitForFunction(() => /** @type {any} */ (window).keys.join() === 'PageDown');
});
