/** The standalone file, opened from the disk with the network off. `cargo xtask standalone` writes it. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { andRun, isPainted, open, topNames, useBrowser } from './harness.js';

useBrowser();

const FILE = fileURLToPath(new URL('../../dist/vgglass.html', import.meta.url));
const MEGABYTE = 1e6;
const skip = existsSync(FILE) ? false : 'cargo xtask standalone has not been run';

const options = { address: String(pathToFileURL(FILE)), offline: true };

test('the standalone file is under 12 MB', { skip }, () => {
  assert.ok(statSync(FILE).size < 12 * MEGABYTE, `${statSync(FILE).size} bytes`);
});

test('the standalone file predicts and shows maps, from the disk and offline', { skip }, async (t) => {
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

test('every view of the standalone file opens', { skip }, async (t) => {
  const page = await open(t, options);
  const views = await page.evaluate(() => /** @type {any} */ (window).vgglass.store.views);
  for (const view of views) {
    await page.evaluate((id) => /** @type {any} */ (window).vgglass.store.set({ view: id }), view);
    await page.waitForFunction(() => document.querySelector('main h2')?.textContent !== '');
    assert.notEqual(await page.locator('main').innerText(), '', view);
  }
});

test('an untrained network runs in the standalone file', { skip }, async (t) => {
  const page = await open(t, { ...options, hash: 'model=untrained&net=A&width=0.125&seed=7' });
  assert.equal(await page.getByTestId('layer-row').count(), 17);
});

test('the standalone file says that it has no rows trained alike, and offers none', { skip }, async (t) => {
  const page = await open(t, { ...options, hash: 'model=alike&net=A' });
  assert.match(await page.getByTestId('notice').innerText(), /not in this one file/);
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.info.id), 'D');
  assert.equal(await page.getByTestId('choice-alike').count(), 0);
});

test('the element shows the standalone file in a document from the disk', { skip }, async (t) => {
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
