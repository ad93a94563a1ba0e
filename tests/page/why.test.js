/** Why this class: maps of what speaks for it, by gradients. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreement, endOf, valueAt, whereIn } from '../../www/views/look/why-map.js';
import { andRun, open, runs, useBrowser, violations } from './harness.js';

useBrowser();

/** @typedef {import('playwright-core').Page} Page */

/** @param {number} side @param {(y: number, x: number) => number} of */
const map = (side, of) => ({ width: side, height: side, values: Float32Array.from({ length: side * side }, (_, i) => of(Math.floor(i / side), i % side)) });

test('where most of it lies is said by thirds, be there cells or pixels', () => {
  assert.deepEqual(whereIn(map(9, (y, x) => Number(y < 3 && x > 5))), { places: ['top-right'], share: 1 });
  assert.deepEqual(whereIn(map(64, (y, x) => Number(y > 30 && y < 34 && x < 3)))?.places, ['left']);
  // Cells of which three do not go into a third: their middles count.
  assert.deepEqual(whereIn(map(4, (y, x) => Number(y === 0 && x === 0)))?.places, ['top-left']);
  assert.deepEqual(whereIn(map(2, (y, x) => Number(y === 1 && x === 0)))?.places, ['bottom-left']);
  assert.deepEqual(whereIn(map(9, (y, x) => Number(y > 2 && y < 6 && x < 6)))?.places, ['left', 'middle']);
  assert.deepEqual(whereIn(map(9, () => 1))?.places, []);
  // Corners are no neighbours.
  assert.deepEqual(whereIn(map(9, (y, x) => (y < 3 && x < 3 ? 0.3 : y > 5 && x > 5 ? 0.3 : 0.2)))?.places, []);
  assert.equal(whereIn(map(9, () => -1)), null);
  assert.equal(whereIn(map(9, () => 0)), null);
});

test('the scale leaves few out of many values and none of few, and a point is read where it lies', () => {
  assert.equal(endOf(map(3, (y, x) => 3 * y + x).values, false), 8);
  assert.equal(endOf(map(100, (y, x) => (y === 0 && x < 3 ? 1000 : 1)).values, false), 1);
  assert.equal(endOf(map(3, () => -5).values, true), 5);
  assert.equal(endOf(map(3, () => -5).values, false), 0);
  const one = map(4, (y, x) => 4 * y + x);
  assert.deepEqual([valueAt(one, 0, 0), valueAt(one, 0.99, 0.99), valueAt(one, 0.5, 0.25)], [0, 15, 9]);
});

test('maps of different sizes agree as far as the coarser one tells', () => {
  const coarse = map(2, (y, x) => y - x);
  assert.ok(Math.abs((agreement(coarse, map(8, (y, x) => Number(y > 3) - Number(x > 3))) ?? 0) - 1) < 1e-9);
  assert.ok(Math.abs((agreement(coarse, map(2, (y, x) => x - y)) ?? 0) + 1) < 1e-9);
  assert.equal(agreement(coarse, map(4, () => 7)), null);
  // Sizes of which one does not go into the other.
  assert.ok((agreement(map(14, (y, x) => y + x), map(64, (y, x) => y + x)) ?? 0) > 0.999);
});

/** @param {Page} page @param {string} [state] of the dialog */
const idle = (page, state = 'idle') => page.locator(`[data-testid=why-dialog][data-state=${state}]:has([data-testid=why-map-0][data-state=done])`).waitFor();

/** The pixels that are seen. @param {Page} page @param {number} [which] */
const pixels = (page, which = 0) => page.evaluate((which) => /** @type {HTMLCanvasElement} */ (document.querySelector(`[data-testid=why-map-${which}]`)).toDataURL(), which);

test('what speaks for a class is shown by every method, beside another class and beside covering', async (t) => {
  const page = await open(t, { hash: 'picture=goldfish.webp&lang=en' });
  await page.getByTestId('why-button').click();
  await idle(page);
  assert.equal(await page.getByTestId('why-caption-0').innerText(), 'goldfish');
  assert.match(await page.getByTestId('why-summary').innerText(), /^[\d.]+.% of what speaks for goldfish lies .*\.$/);
  assert.ok(await page.getByTestId('why-map-1').isHidden());
  assert.deepEqual(await violations(page), []);
  // The map is Grad-CAM's: values of the last convolution, each channel's times one factor.
  const { cam, most } = await page.evaluate(async () => {
    const { engine } = /** @type {any} */ (window).vgglass;
    const layer = engine.network.layers.findLast((/** @type {any} */ { kind }) => kind === 'conv');
    const { width, height, values } = await engine.attribution('gradcam', layer.index, engine.top[0].class);
    return { cam: [width, height, values.length, layer.width, layer.height], most: Math.max(...values) };
  });
  assert.deepEqual(cam, [4, 4, 16, 4, 4]);
  assert.ok(most > 0);
  const seen = new Set([await pixels(page)]);
  for (const method of ['saliency', 'smoothgrad', 'gradient-input', 'guided']) {
    await page.getByTestId('why-method').selectOption(method);
    await page.waitForFunction((method) => /** @type {any} */ (window).vgglass.store.state.method === method, method);
    await idle(page);
    seen.add(await pixels(page));
    assert.equal(await page.getByTestId('why-cam').isVisible(), false, 'pixels have no layer');
    assert.equal(await page.getByTestId('why-sign').isVisible(), ['gradient-input', 'guided'].includes(method));
  }
  assert.equal(seen.size, 5, 'five methods, five maps');
  await page.getByTestId('why-sign').selectOption('both');
  seen.add(await pixels(page));
  assert.equal(seen.size, 6);
  await page.getByTestId('why-method').selectOption('gradcam');
  await page.getByTestId('why-versus').selectOption('covered');
  await page.getByTestId('why-map-1').and(page.locator('[data-state=done]')).waitFor();
  await page.getByTestId('why-agreement').filter({ hasText: /correlate by −?[01]\.\d\d/ }).waitFor();
  await page.getByTestId('why-map-0').focus();
  await page.keyboard.press('ArrowRight');
  assert.match(await page.getByTestId('why-readout').innerText(), /^Here: .*% of the largest value on the left, .*%/);
  await page.getByTestId('why-versus').selectOption('3');
  await page.getByTestId('why-caption-1').filter({ hasNotText: 'covering' }).waitFor();
  await idle(page);
  // The address says all of it; another picture is asked about anew; Escape ends it.
  await page.waitForURL(/study=why.*versus=3/);
  const before = await pixels(page);
  await andRun(page, () => page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ picture: 'koala.webp' })));
  await idle(page);
  assert.notEqual(await pixels(page), before);
  const download = page.waitForEvent('download');
  await page.getByTestId('why-save').click();
  assert.match((await download).suggestedFilename(), /^gradcam-.*\.png$/);
  await page.keyboard.press('Escape');
  await page.getByTestId('why-dialog').waitFor({ state: 'hidden' });
  await page.waitForURL((url) => !url.hash.includes('study'));
});

test('an address asks why of a class and a layer; what the network has not got is left out', async (t) => {
  const page = await open(t, { hash: 'study=why&method=gradcam&of=5&cam=conv3_3&lang=zh' });
  await idle(page);
  const name = await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.info.classes[5].zh);
  assert.equal(await page.getByTestId('why-caption-0').innerText(), name);
  assert.equal(await page.getByTestId('why-cam').inputValue(), 'conv3_3');
  const seen = await runs(page);
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ model: 'alike', net: 'A', of: 99_999, cam: 'conv3_3', versus: 'nobody' }));
  await page.waitForFunction((seen) => Number(document.documentElement.dataset.runs) > seen && document.documentElement.dataset.run === 'done', seen);
  await idle(page);
  assert.equal(await page.getByTestId('why-cam').inputValue(), '', 'A has no conv3_3: its last convolution');
  assert.ok(await page.getByTestId('why-map-1').isHidden());
  // A network that knows nothing says something of its classes, too.
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ model: 'untrained', net: 'A-LRN', seed: 5 }));
  await page.waitForFunction(() => /** @type {any} */ (window).vgglass.engine.network.info.id === 'A-LRN' && document.documentElement.dataset.run === 'done');
  await idle(page);
  assert.match(await page.getByTestId('why-summary').innerText(), /\S/);
});

test('where no gradient comes through, that is said', async (t) => {
  const page = await open(t, { hash: 'study=why&method=saliency&lang=en' });
  await idle(page);
  // All channels of the last pooling give zeros: nothing depends on the picture.
  await page.evaluate(() => {
    const { engine, store } = /** @type {any} */ (window).vgglass;
    const { channels } = engine.network.layers.find((/** @type {any} */ { name }) => name === 'pool5');
    store.set({ off: Array.from({ length: channels }, (_, channel) => ({ layer: 'pool5', channel })) });
  });
  await page.getByTestId('why-summary').filter({ hasText: 'The gradient is zero everywhere' }).waitFor();
});
