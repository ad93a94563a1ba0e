/** Any scale: score maps, their means, several scales, and the network's own size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { andRun, boxOf, finishedRun, isPainted, open, topNames, useBrowser } from './harness.js';
import { holdsFor, openView } from './views.js';

useBrowser();
holdsFor('scale', (page) => page.getByText(/as a table|表格形式/).click());

/**
 * The scores of the page's picture at a size.
 * @param {import('playwright-core').Page} page @param {number} size @param {boolean} [crops]
 * @returns {Promise<Pick<import('../../www/engine/protocol.js').Scores, 'rows' | 'columns' | 'jump'> & {map: number[], logits: number[], probabilities: number[]}>}
 */
const scoresAt = (page, size, crops = false) =>
  page.evaluate(async ([q, isCut]) => {
    const { engine } = /** @type {any} */ (window).vgglass;
    const bitmap = await createImageBitmap(await (await fetch('./pictures/coffee.jpg')).blob());
    const side = Math.min(bitmap.width, bitmap.height);
    const square = { x: Math.round((bitmap.width - side) / 2), y: Math.round((bitmap.height - side) / 2), side };
    const { map, logits, probabilities, ...rest } = await engine.scores(square, { size: q, crops: isCut });
    return { ...rest, map: [...map], logits: [...logits], probabilities: [...probabilities] };
  }, /** @type {const} */ ([size, crops]));

/**
 * The logits of a network that has never known another size, for windows of the page's picture scaled to `size`; null:
 * of the picture itself.
 * @param {import('playwright-core').Page} page @param {number | null} size
 * @returns {Promise<number[][]>}
 */
const logitsOfWindows = (page, size) =>
  page.evaluate(async (q) => {
    const vgg = await import(new URL('./pkg/vgglass.js', document.baseURI).href);
    await vgg.default();
    const bytes = new Uint8Array(await (await fetch('./models/vgg16-half-tiny.safetensors')).arrayBuffer());
    const bitmap = await createImageBitmap(await (await fetch('./pictures/coffee.jpg')).blob(), { colorSpaceConversion: 'none' });
    const side = Math.min(bitmap.width, bitmap.height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(side, side).getContext('2d'));
    context.drawImage(bitmap, -Math.round((bitmap.width - side) / 2), -Math.round((bitmap.height - side) / 2));
    const image = context.getImageData(0, 0, side, side);
    const net = vgg.Network.from_model(bytes);
    const logitsOf = (/** @type {ImageData} */ picture) => {
      net.set_picture(picture);
      net.run();
      return [...net.logits()];
    };
    if (q === null) return [logitsOf(image)];
    const scaler = vgg.Network.from_model(bytes);
    scaler.set_size(q);
    scaler.set_picture(image);
    const scaled = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(q, q).getContext('2d', { willReadFrequently: true }));
    scaled.putImageData(scaler.picture(), 0, 0);
    const all = [];
    for (let y = 0; y + 64 <= q; y += 32) for (let x = 0; x + 64 <= q; x += 32) all.push(logitsOf(scaled.getImageData(x, y, 64, 64)));
    return all;
  }, size);

test('scale: at the native size the logits are the single crop’s, every one exactly', async (t) => {
  const page = await openView(t, 'scale');
  const [single] = await logitsOfWindows(page, null);
  await scoresAt(page, 256);
  const dense = await scoresAt(page, 64);
  assert.deepEqual([dense.rows, dense.columns], [1, 1]);
  assert.deepEqual(dense.logits, single);
  assert.deepEqual(dense.map, single);

  /** @type {[number, number][]} */
  const top = await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.top.map((/** @type {any} */ one) => [one.class, one.logit]));
  assert.ok(top.every(([index, logit]) => single[index] === logit), 'the run of the page gives the same');
});

test('scale: windows cut out one by one give what each gives alone, and at the native size the single crop’s', async (t) => {
  const page = await openView(t, 'scale');
  const [single] = await logitsOfWindows(page, null);
  assert.deepEqual((await scoresAt(page, 64, true)).logits, single);
  const windows = await logitsOfWindows(page, 128);
  const { rows, columns, map, logits } = await scoresAt(page, 128, true);
  assert.deepEqual([rows, columns, windows.length], [3, 3, 9]);
  assert.deepEqual(map, windows.flat());
  logits.forEach((logit, i) => assert.ok(Math.abs(logit - windows.reduce((sum, one) => sum + one[i] / 9, 0)) < 1e-5));

  await page.getByTestId('by-select').selectOption('crops');
  await page.locator('[data-testid=scale-view][data-ready="128"]').waitFor();
  await page.waitForURL(/by=crops/);
  const best = await page.getByTestId('scale-dense').locator('[data-class]').first().getAttribute('data-class');
  assert.equal(Number(best), logits.indexOf(Math.max(...logits)));
  assert.match(await page.getByTestId('scale-edge').innerText(), /9 runs/);
});

test('scale: the logits are the mean over the places', async (t) => {
  const page = await openView(t, 'scale');
  for (const [size, side] of [[96, 2], [224, 6], [512, 15]]) {
    const { rows, columns, jump, map, logits } = await scoresAt(page, size);
    assert.deepEqual([rows, columns, jump], [side, side, 32]);
    assert.equal(map.length, side * side * 200);
    for (const index of [0, 61, 199]) {
      const values = map.filter((_, i) => i % 200 === index);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      assert.ok(Math.abs(mean - logits[index]) < 1e-4, `class ${index} at ${size}: ${mean} ${logits[index]}`);
    }
  }
});

test('scale: the view shows the native size as the single crop, and says so', async (t) => {
  const page = await openView(t, 'scale', { hash: 'q=64' });
  const shown = (/** @type {string} */ id) =>
    page.getByTestId(id).locator('[data-class]').evaluateAll((all) => all.map(({ dataset }) => [dataset.class, Number(dataset.probability).toFixed(6)]));
  assert.deepEqual(await shown('scale-dense'), await shown('scale-single'));
  assert.match(await page.getByTestId('scale-verdict').innerText(), /exactly the single crop/);
});

test('scale: slider, class and place are in the address, and the readout tells the map’s numbers', async (t) => {
  const page = await openView(t, 'scale');
  await page.getByTestId('scale-size').focus();
  await page.keyboard.press('ArrowRight');
  await page.locator('[data-testid=scale-view][data-ready="160"]').waitFor();
  await page.getByTestId('scale-dense').locator('button').nth(1).click();
  const chosen = Number(await page.getByTestId('scale-dense').locator('[data-class]').nth(1).getAttribute('data-class'));
  const stage = page.getByTestId('score-stage');
  const box = await boxOf(stage);
  // Place 1, 2 of 4 × 4: its cell begins 16 + 32 and 16 + 64 pixels into the picture.
  await page.mouse.move(box.x + (box.width * 64) / 160, box.y + (box.height * 96) / 160);
  assert.equal(await stage.getAttribute('data-place'), '1,2');
  await stage.focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowUp');
  assert.equal(await stage.getAttribute('data-place'), '2,1');
  const frame = await page.getByTestId('score-window').evaluate((rect) => ['x', 'y', 'width'].map((name) => Number(rect.getAttribute(name))));
  assert.deepEqual(frame, [64, 32, 64]);
  const readout = await page.getByTestId('scale-readout').evaluate(({ dataset }) => ({ ...dataset }));
  assert.equal(Number(readout.class), chosen);
  const { map } = await scoresAt(page, 160);
  const here = map.slice((1 * 4 + 2) * 200, (1 * 4 + 2) * 200 + 200);
  assert.ok(Math.abs(Number(readout.score) - here[chosen]) < 1e-6);
  const temperature = await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.info.temperature);
  const sum = here.reduce((total, logit) => total + Math.exp(logit / temperature), 0);
  assert.ok(Math.abs(Number(readout.probability) - Math.exp(here[chosen] / temperature) / sum) < 1e-5);
  assert.ok(await isPainted(page.getByTestId('score-canvas')));

  await page.waitForURL((url) => ['q=160', `of=${chosen}`, 'place=2,1'].every((part) => url.hash.includes(part)));
  await page.reload();
  await page.locator('[data-testid=scale-view][data-ready="160"]').waitFor();
  assert.equal(await stage.getAttribute('data-place'), '2,1');
  assert.equal(await page.getByTestId('scale-class').inputValue(), String(chosen));
});

test('scale: several scales are the mean of their softmax outputs', async (t) => {
  const page = await openView(t, 'scale', { hash: 'scales=64,128' });
  await page.locator('[data-testid=scale-toggle][data-size="96"]').click();
  await page.locator('[data-testid=scale-toggle][data-size="64"]').click();
  await page.waitForURL(/scales=96,128/);
  await page.locator('[data-testid=scale-mean]').waitFor();
  const sizes = await page.getByTestId('scale-sizes').locator('tbody tr').evaluateAll((all) => all.map(({ dataset }) => [dataset.size, Number(dataset.ms) > 0]));
  assert.deepEqual(sizes, [['96', true], ['128', true]]);
  const [a, b] = [await scoresAt(page, 96), await scoresAt(page, 128)];
  const shown = await page.getByTestId('scale-several').locator('[data-class]').evaluateAll((all) => all.map(({ dataset }) => [Number(dataset.class), Number(dataset.probability)]));
  assert.equal(shown.length, 5);
  for (const [index, probability] of shown) {
    assert.ok(Math.abs(probability - (a.probabilities[index] + b.probabilities[index]) / 2) < 1e-6);
  }
  const best = a.probabilities.map((value, i) => value + b.probabilities[i]);
  assert.equal(shown[0][0], best.indexOf(Math.max(...best)));
});

test('scale: the table has the numbers of the map', async (t) => {
  const page = await openView(t, 'scale', { hash: 'q=128&as=probability&of=3' });
  await page.getByText('as a table').click();
  await page.getByTestId('score-table').locator('tbody td').first().waitFor();
  const cells = await page.getByTestId('score-table').locator('tbody td').allInnerTexts();
  assert.equal(cells.length, 9);
  assert.ok(cells.every((text) => /%$/.test(text)));
  assert.deepEqual([await page.getByTestId('scale-low').innerText(), await page.getByTestId('scale-high').innerText()].map((text) => parseFloat(text)), [0, 100]);
});

test('scale: leaving the view gives the layers back at their own size', async (t) => {
  const page = await openView(t, 'scale', { hash: 'q=256' });
  const top = () => page.evaluate(() => JSON.stringify(/** @type {any} */ (window).vgglass.engine.top));
  const before = await top();
  await andRun(page, () => page.getByTestId('view-look').click());
  assert.equal(await top(), before);
  assert.equal((await topNames(page))[0], 'espresso');
  await page.locator('[data-testid=layer-row][data-layer=conv3_2]').getByTestId('layer-open').click();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=channel-cell]').length === 128);
  assert.ok(await isPainted(page.getByTestId('grid-canvas')));
});

test('scale: another picture, another network; of many sizes asked for only the last counts', async (t) => {
  const page = await openView(t, 'scale');
  const single = () => page.getByTestId('scale-single').locator('[data-class]').first().innerText();
  assert.match(await single(), /espresso/);
  await andRun(page, () => page.getByTestId('sample').nth(1).click());
  await page.locator('[data-testid=scale-view][data-ready]').waitFor();
  assert.match(await single(), /triumphal arch/);

  await page.evaluate(() => {
    const { store } = /** @type {any} */ (window).vgglass;
    for (let q = 512; q >= 192; q -= 32) store.set({ q });
  });
  await page.locator('[data-testid=scale-view][data-ready="192"]').waitFor();

  await andRun(page, () => page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ model: 'untrained', net: 'A', width: 0.125, size: 128, seed: 3 })));
  await page.locator('[data-testid=scale-view][data-ready="192"]').waitFor();
  assert.equal(await page.getByTestId('scale-size').getAttribute('min'), '128');
  assert.match(await page.locator('main').innerText(), /fc6 is a 4×4 convolution/);
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ q: 64 }));
  await page.locator('[data-testid=scale-view][data-ready="128"]').waitFor();
});

test('scale: the tab of the view is in sight on a phone', async (t) => {
  const page = await open(t, { viewport: { width: 360, height: 740 } });
  await finishedRun(page);
  const views = await page.evaluate(() => /** @type {any} */ (window).vgglass.store.views);
  for (const lang of ['zh', 'en']) {
    await page.getByTestId(`lang-${lang}`).click();
    for (const view of [...views.toReversed(), ...views]) {
      await page.evaluate((id) => /** @type {any} */ (window).vgglass.store.set({ view: id }), view);
      const box = await boxOf(page.getByTestId(`view-${view}`));
      assert.ok(box.x >= 0 && box.x + box.width <= 360, `${view}, ${lang}`);
    }
  }
});
