/** The main path: a picture, what it is taken for, and every layer's maps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sample } from './files.js';
import { andRun, boxOf, drop, isPainted, open, topNames, useBrowser } from './harness.js';

useBrowser();

/** The shipped network: VGG-16 at half width. Name and channels of every layer. @type {[string, number][]} */
const LAYERS = [
  ['input', 3],
  ['conv1_1', 32], ['conv1_2', 32], ['pool1', 32],
  ['conv2_1', 64], ['conv2_2', 64], ['pool2', 64],
  ['conv3_1', 128], ['conv3_2', 128], ['conv3_3', 128], ['pool3', 128],
  ['conv4_1', 256], ['conv4_2', 256], ['conv4_3', 256], ['pool4', 256],
  ['conv5_1', 256], ['conv5_2', 256], ['conv5_3', 256], ['pool5', 256],
  ['fc6', 512], ['fc7', 512], ['fc8', 200],
];

test('the first sample is recognised and every layer is drawn', async (t) => {
  const page = await open(t);
  assert.equal((await topNames(page))[0], 'espresso');

  const predictions = page.getByTestId('prediction');
  assert.equal(await predictions.count(), 5);
  const first = predictions.first();
  assert.match(await first.innerText(), /espresso/i);
  assert.match(await first.innerText(), /[\u4e00-\u9fff]/, 'the Chinese name stands beside the English one');
  const probabilities = await predictions.evaluateAll((rows) => rows.map((row) => Number(row.dataset.probability)));
  assert.ok(probabilities[0] > 0.5);
  assert.deepEqual(probabilities, probabilities.toSorted((a, b) => b - a));

  const rows = page.getByTestId('layer-row');
  const shown = await rows.evaluateAll((all) => all.map(({ dataset }) => [dataset.layer, Number(dataset.channels)]));
  assert.deepEqual(shown, LAYERS);
  assert.deepEqual(await page.getByTestId('figure-layer').evaluateAll((all) => [...new Set(all.map(({ dataset }) => dataset.state))]), ['done']);
  for (const [i, [name]] of LAYERS.entries()) {
    const row = rows.nth(i);
    assert.equal(await row.getAttribute('data-state'), 'done', name);
    assert.ok(await isPainted(row.getByTestId('layer-strip')), `${name} has a strip with more than one colour`);
    if (i > 0) assert.match(await row.getByTestId('layer-ms').innerText(), /\d/);
  }
});

test('predictions are there before the last rows are drawn', async (t) => {
  const page = await open(t);
  await page.evaluate(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    /** @type {[string, number, number][]} */
    const heard = [];
    Object.assign(window, { heard });
    for (const name of ['top', 'layer', 'done']) engine.on(name, () => heard.push([name, engine.top[0]?.class, engine.runs]));
  });
  await andRun(page, () => drop(page, [{ name: 'arc.webp', type: 'image/webp', bytes: sample('arc-de-triomphe.webp') }]));
  /** @type {[string, number, number][]} */
  const heard = await page.evaluate(() => /** @type {any} */ (window).heard);
  const names = heard.map(([name]) => name);
  const tops = heard.filter(([name]) => name === 'top');
  assert.equal(tops.length, 1, 'once');
  assert.ok(names.indexOf('top') < names.lastIndexOf('layer') && names.at(-1) === 'done', names.join(' '));
  const [, best, runs] = tops[0];
  assert.deepEqual(heard.at(-1)?.slice(1), [best, runs + 1], 'what is told first is what is told at the end');
});

test('a dropped picture is recognised', async (t) => {
  const page = await open(t);
  await andRun(page, () => drop(page, [{ name: 'arc.webp', type: 'image/webp', bytes: sample('arc-de-triomphe.webp') }]));
  assert.equal((await topNames(page))[0], 'triumphal arch');
  assert.match(await page.getByTestId('prediction').first().innerText(), /triumphal arch/i);
});

test('a picked and a pasted picture are recognised', async (t) => {
  const page = await open(t, { hash: 'picture=astronaut.jpg' });
  const espresso = { name: 'cup.jpg', mimeType: 'image/jpeg', buffer: sample('coffee.jpg') };
  await andRun(page, () => page.getByTestId('file-input').setInputFiles(espresso));
  assert.equal((await topNames(page))[0], 'espresso');

  await andRun(page, () =>
    page.evaluate((base64) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([bytes], 'image.webp', { type: 'image/webp' }));
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
    }, sample('arc-de-triomphe.webp').toString('base64')),
  );
  assert.equal((await topNames(page))[0], 'triumphal arch');
});

test('every sample in the tray can be chosen', async (t) => {
  const page = await open(t);
  const samples = page.getByTestId('sample');
  const files = await samples.evaluateAll((all) => all.map(({ dataset }) => dataset.file));
  assert.ok(files.length >= 8);
  for (const [i, file] of files.entries()) {
    if (i > 0) await andRun(page, () => samples.nth(i).click());
    assert.equal(await samples.nth(i).getAttribute('aria-pressed'), 'true', file);
  }
});

for (const [layer, channels] of /** @type {[string, number][]} */ ([['conv1_2', 32], ['pool2', 64], ['conv3_2', 128], ['conv5_3', 256], ['fc7', 512]])) {
  test(`${layer} opens into a grid of its ${channels} channels`, async (t) => {
    const page = await open(t);
    await page.locator(`[data-testid=layer-row][data-layer=${layer}]`).getByTestId('layer-open').click();
    const grid = page.getByTestId('channel-grid');
    await page.waitForFunction((count) => document.querySelectorAll('[data-testid=channel-cell]').length === count, channels);
    assert.equal(await grid.getAttribute('data-channels'), String(channels));
    assert.ok(await isPainted(page.getByTestId('grid-canvas')));
    const numbers = await page.getByTestId('channel-cell').evaluateAll((cells) => cells.map(({ dataset }) => Number(dataset.channel)));
    assert.deepEqual(numbers.toSorted((a, b) => a - b), Array.from({ length: channels }, (_, i) => i));
    await page.waitForURL(new RegExp(`layer=${layer}`));
  });
}

test('a cell under the mouse shows its value and its receptive field', async (t) => {
  const page = await open(t, { hash: 'layer=conv3_2' });
  const cell = page.locator('[data-testid=channel-cell][data-channel="5"]');
  await cell.scrollIntoViewIfNeeded();
  const box = await boxOf(cell);
  // A hair inside the top left quarter, away from the border between two cells of the map.
  await page.mouse.move(box.x + box.width * 0.34, box.y + box.height * 0.28);
  const readout = page.locator('[data-testid=readout][data-layer=conv3_2][data-channel="5"]').first();
  await readout.waitFor();
  const { x, y, q, value } = await readout.evaluate(({ dataset }) => ({ ...dataset }));
  assert.deepEqual([Number(x), Number(y)], [5, 4], 'the map has 16 x 16 cells');
  assert.ok(Number.isInteger(Number(q)) && Number(q) >= 0 && Number(q) <= 127);
  const scale = await page.evaluate(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    return engine.results[engine.network.layers.find((/** @type {any} */ layer) => layer.name === 'conv3_2').index].stats.scale;
  });
  assert.ok(Math.abs(Number(value) - Number(q) * scale) < 1e-4);

  // conv3_2 sees 32 pixels, in steps of 4; its cell (x, y) starts at 4x - 14.
  const field = page.getByTestId('receptive-field');
  await page.waitForFunction(() => document.querySelector('[data-testid=receptive-field]')?.getAttribute('visibility') === 'visible');
  assert.equal(await field.getAttribute('data-box'), '6,2,38,34');

  await page.mouse.move(2, 2);
  await page.waitForFunction(() => document.querySelector('[data-testid=receptive-field]')?.getAttribute('visibility') === 'hidden');
});

test('a channel is enlarged by a click and leafed through', async (t) => {
  const page = await open(t, { hash: 'layer=conv2_1' });
  const cell = page.locator('[data-testid=channel-cell][data-channel="63"]');
  await cell.click();
  const dialog = page.getByTestId('channel-dialog');
  await dialog.waitFor();
  assert.equal(await dialog.getAttribute('data-channel'), '63');
  await page.waitForFunction(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('[data-testid=map-canvas]'));
    return canvas.width > 100;
  });
  assert.ok(await isPainted(page.getByTestId('map-canvas')));
  await page.getByTestId('channel-next').click();
  assert.equal(await dialog.getAttribute('data-channel'), '0', 'after the last comes the first');
  await page.getByTestId('channel-previous').click();
  assert.equal(await dialog.getAttribute('data-channel'), '63');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
});

test('colour map, normalisation and values change what the grid shows', async (t) => {
  const page = await open(t, { hash: 'layer=conv4_1' });
  const pixels = () => page.getByTestId('grid-canvas').evaluate((/** @type {HTMLCanvasElement} */ canvas) => canvas.toDataURL());
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=channel-cell]').length === 256);
  let former = await pixels();
  for (const [control, choice] of [['map-select', 'grey'], ['norm-select', 'layer'], ['values-select', 'pre'], ['cell-select', 'l']]) {
    await page.getByTestId(control).selectOption(choice);
    await page.waitForFunction((data) => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('[data-testid=grid-canvas]'));
      return canvas.toDataURL() !== data;
    }, former);
    former = await pixels();
  }
});

test('an untrained network runs, and its seed makes it the same again', async (t) => {
  const page = await open(t);
  await page.getByTestId('network-button').click();
  await page.getByTestId('choice-untrained').check();
  await page.getByTestId('net-select').selectOption('A-LRN');
  await page.getByTestId('width-select').selectOption('0.125');
  await page.getByTestId('size-select').selectOption('64');
  await page.getByTestId('seed-input').fill('2014');
  await andRun(page, () => page.getByTestId('network-apply').click());
  const top = () => page.evaluate(() => JSON.stringify(/** @type {any} */ (window).vgglass.engine.top));
  const first = await top();
  assert.equal(await page.locator('[data-testid=layer-row][data-layer=conv1_1]').getAttribute('data-channels'), '8');
  await page.waitForURL(/seed=2014/);

  const again = await open(t, { hash: new URL(page.url()).hash.split('?')[1] });
  assert.equal(await again.evaluate(() => JSON.stringify(/** @type {any} */ (window).vgglass.engine.top)), first);
});

test('a row trained alike is chosen in the dialog, stands in the address and says how often it is right', async (t) => {
  const page = await open(t);
  await page.getByTestId('network-button').click();
  await page.getByTestId('alike-select').selectOption('AlexNet');
  assert.ok(await page.getByTestId('choice-alike').isChecked());
  await andRun(page, () => page.getByTestId('network-apply').click());
  await page.waitForURL(/model=alike&net=AlexNet/);
  const { info, top } = await page.evaluate(() => {
    const { network, top: five } = /** @type {any} */ (window).vgglass.engine;
    return { info: network.info, top: five };
  });
  assert.deepEqual([info.id, info.class_count, info.input_size], ['AlexNet', 200, 64]);
  assert.match(await page.locator('main').innerText(), new RegExp(`${(100 * info.accuracy.top1).toFixed(1)}\u00a0%`));
  await page.getByTestId('network-button').click();
  assert.equal(await page.getByTestId('alike-select').inputValue(), 'AlexNet');
  await page.keyboard.press('Escape');

  const again = await open(t, { hash: new URL(page.url()).hash.split('?')[1] });
  assert.deepEqual(await again.evaluate(() => /** @type {any} */ (window).vgglass.engine.top), top);
});

test('an address with a model file that is not there any more says so, and the shipped network stands in', async (t) => {
  const page = await open(t, { hash: 'model=file&picture=koala.webp' });
  assert.equal(await page.getByTestId('notice').getAttribute('data-code'), 'own-model-gone');
  await page.waitForURL((url) => !url.hash.includes('model='));
  await andRun(page, () => page.getByTestId('sample').first().click());
  assert.equal((await topNames(page))[0], 'espresso');
});

test('the paper’s own network runs at full size without freezing the page', async (t) => {
  const page = await open(t, { hash: 'model=untrained&net=D&width=1&size=224&seed=1', untilRun: false });
  await page.evaluate(() => {
    let last = performance.now();
    let longest = 0;
    const tick = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      Object.assign(window, { longest });
      requestAnimationFrame(tick);
    };
    tick();
  });
  await page.waitForFunction(() => document.documentElement.dataset.run === 'done', undefined, { timeout: 180_000 });
  assert.equal(await page.getByTestId('prediction').count(), 5);
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.info.parameters), 138_357_544);
  const longest = await page.evaluate(() => /** @type {any} */ (window).longest);
  assert.ok(longest < 3000, `the page stood still for ${Math.round(longest)} ms`);
});
