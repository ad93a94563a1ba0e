/** The effective receptive field: how it is measured, what its numbers say, and that the look view is left as it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measures, profile } from '../../www/views/field/effective.js';
import { finishedRun, open, useBrowser } from './harness.js';

useBrowser();

// Node has none.
globalThis.ImageData ??= /** @type {typeof ImageData} */ (
  class {
    /** @param {Uint8ClampedArray} data @param {number} width @param {number} height */
    constructor(data, width, height) {
      Object.assign(this, { data, width, height });
    }
  }
);

const SIDE = 8;

/** Of a network with an input and one layer. @param {number} macs of the layer */
const toyLayers = (macs) => /** @type {any} */ ([{ index: 0, macs: 0 }, { index: 1, height: SIDE, width: SIDE, macs }]);

/** A network of one layer whose middle cell is a weighted sum of 5×5 pixels. */
function toyNetwork() {
  const data = new Uint8ClampedArray(SIDE * SIDE * 4).map((_, i) => (i % 4 === 3 ? 255 : (Math.floor(i / 4) * 37) % 256));
  const weights = Array.from({ length: 25 }, (_, i) => Math.max(0, 3 - Math.abs((i % 5) - 2)) * Math.max(0, 3 - Math.abs(Math.floor(i / 5) - 2)));
  const original = new ImageData(data, SIDE, SIDE);
  let seen = original;
  let done = 1;
  const net = {
    runs: 0,
    picture: () => seen,
    set_picture(/** @type {ImageData} */ image) {
      seen = image;
      done = 0;
    },
    step() {
      done += 1;
      return { index: 1, name: 'conv1', ms: 0 };
    },
    run: () => (net.runs += 1),
    receptive_box: () => ({ x0: 2, y0: 2, x1: 7, y1: 7, clipped: { x0: 2, y0: 2, x1: 7, y1: 7 } }),
    cell_values() {
      assert.equal(done, 1, 'read after the layer was computed');
      const sum = weights.reduce((total, weight, i) => total + weight * seen.data[((Math.floor(i / 5) + 2) * SIDE + (i % 5) + 2) * 4], 0);
      return Float32Array.of(sum, -sum, 7);
    },
  };
  return { net, weights, original };
}

/** @param {{advance: () => boolean}} field */
function advanceAll(field) {
  for (let steps = 0; !field.advance(); steps++) assert.ok(steps < 10_000, 'it does not end');
}

test('each block’s change is what it does to the cell, and the network is given back', async () => {
  const { EffectiveField, STEP } = await import('../../www/engine/worker/studies/effective.js');
  const { net, weights, original } = toyNetwork();
  const field = new EffectiveField(/** @type {any} */ (net), toyLayers(1e9), 1);
  advanceAll(field);
  const { side, columns, rows, changes } = field.result;
  assert.deepEqual([side, columns, rows], [1, 5, 5]);
  assert.deepEqual([...changes], weights.map((weight) => 2 * STEP * weight), 'both channels, none clipped at black or white');
  field.giveBack();
  assert.equal(net.picture(), original);
  assert.equal(net.runs, 1);
});

test('a network that computes more gets larger blocks, on any machine and by any clock', async (t) => {
  const { EffectiveField } = await import('../../www/engine/worker/studies/effective.js');
  const exact = performance.now;
  t.after(() => {
    performance.now = exact;
  });
  const found = (/** @type {number} */ macs) => {
    const field = new EffectiveField(/** @type {any} */ (toyNetwork().net), toyLayers(macs), 1);
    advanceAll(field);
    const { side, columns, rows, changes, done } = field.result;
    return { side, columns, rows, changes: [...changes], done };
  };
  const coarse = found(5e10);
  assert.deepEqual([coarse.side, coarse.columns, coarse.rows, coarse.done], [2, 3, 3, 9], 'twelve passes are allowed, and 25 blocks would need as many');
  let now = 0;
  for (const clock of [() => 0, () => (now += 1000), () => Math.floor(exact.call(performance) / 100) * 100]) {
    performance.now = clock;
    assert.deepEqual(found(5e10), coarse);
  }
});

test('the numbers: shares, radius and profile', () => {
  const box = { x0: 0, y0: 0, x1: 8, y1: 8 };
  const base = { box, clipped: box, side: 1, columns: 8, rows: 8, cell: { y: 0, x: 0 }, done: 64, step: 64 };
  const flat = measures({ ...base, changes: new Float32Array(64).fill(2) });
  for (const { change, even } of flat.shares) assert.ok(Math.abs(change - even) < 1e-6);
  assert.deepEqual(flat.shares.map(({ even }) => even), [4 / 64, 16 / 64, 36 / 64, 1]);
  const spot = new Float32Array(64);
  for (const i of [27, 28, 35, 36]) spot[i] = 1;
  const small = measures({ ...base, changes: spot });
  assert.equal(small.shares[0].change, 1);
  assert.ok(Math.abs(small.radius - Math.SQRT1_2) < 1e-6);
  assert.deepEqual(profile({ ...base, changes: spot }), [0, 0, 0, 0.5, 0.5, 0, 0, 0]);
});

/** @param {import('playwright-core').Page} page */
const snapshot = (page) =>
  page.evaluate(async () => {
    const { engine } = /** @type {any} */ (window).vgglass;
    const means = [];
    for (const { index } of engine.network.layers) means.push([...(await engine.means(index))]);
    return JSON.stringify({ means, top: engine.top });
  });

test('measured on the loaded network: the middle counts more, and nothing else has changed', async (t) => {
  const page = await open(t, { view: 'field', hash: 'effective=conv2_2' });
  const before = await snapshot(page);
  await page.getByTestId('effective-start').click();
  const panel = page.locator('[data-testid=effective][data-state=done]');
  await panel.waitFor();
  const statement = page.getByTestId('effective-statement');
  const centre = Number(await statement.getAttribute('data-centre'));
  assert.ok(centre > 0.4 && centre < 1, `${centre} of the change in the middle quarter`);
  assert.match(await statement.innerText(), new RegExp(`conv2_2.*${(centre * 100).toFixed(1)}.*reaches 7 px`, 's'));
  assert.match(await page.getByTestId('effective-grid').innerText(), /in \d+×\d+ blocks of (\d+)×\1 pixels/);
  const shares = await page.getByTestId('effective-shares').locator('[data-change]').evaluateAll((all) => all.map(({ dataset }) => Number(dataset.change)));
  assert.ok(shares.every((share, i) => i === 0 || share >= shares[i - 1]));
  assert.ok(Math.abs((shares.at(-1) ?? 0) - 1) < 1e-6);
  const bars = await panel.locator('.profile-bar').evaluateAll((all) => all.map((bar) => Number(bar.getAttribute('height'))));
  assert.ok(Math.max(...bars.slice(4, -4)) === Math.max(...bars), 'highest in the middle');
  assert.equal(await snapshot(page), before);
  await page.getByTestId('view-look').click();
  await page.locator('[data-testid=layer-row][data-layer=fc8][data-state=done]').waitFor();
  assert.equal(await snapshot(page), before);
});

test('it can be cancelled, and leaving the view ends it', async (t) => {
  const page = await open(t, { view: 'field', hash: 'effective=conv5_3' });
  const before = await snapshot(page);
  await page.getByTestId('effective-start').focus();
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=effective-progress][value]').waitFor();
  assert.ok(await page.getByTestId('effective-cancel').evaluate((button) => button === document.activeElement));
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=effective][data-state=none]').waitFor();
  assert.ok(await page.getByTestId('effective-start').evaluate((button) => button === document.activeElement));
  assert.equal(await snapshot(page), before);

  await page.keyboard.press('Enter');
  await page.locator('[data-testid=effective-progress][value]').waitFor();
  await page.getByTestId('view-memory').click();
  await page.locator('[data-testid=memory-view][data-ready]').waitFor();
  assert.equal(await snapshot(page), before);
});

test('a new run ends a measurement; another layer forgets it', async (t) => {
  const page = await open(t, { view: 'field', hash: 'effective=conv5_3' });
  await page.getByTestId('effective-start').click();
  await page.locator('[data-testid=effective-progress][value]').waitFor();
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ picture: 'chelsea.jpg' }));
  await page.locator('[data-testid=effective][data-state=none]').waitFor();
  await finishedRun(page, 1);
  await page.getByTestId('effective-layer').selectOption('conv1_1');
  await page.waitForURL(/effective=conv1_1/);
  await page.getByTestId('effective-start').click();
  await page.locator('[data-testid=effective][data-state=done]').waitFor();
  assert.match(await page.getByTestId('effective-grid').innerText(), /3×3 blocks of 1×1/);
  await page.getByTestId('effective-layer').selectOption('conv1_2');
  await page.locator('[data-testid=effective][data-state=none]').waitFor();
});

test('a field larger than the picture is said to be cut off', async (t) => {
  const page = await open(t, { view: 'field', hash: 'model=untrained&net=A&width=0.125&size=64&seed=3&effective=conv5_2&lang=zh' });
  await page.getByTestId('effective-start').click();
  await page.locator('[data-testid=effective][data-state=done]').waitFor();
  assert.match(await page.getByTestId('effective-grid').innerText(), /134×134 的感受野超出图片边缘/);
});
