/** Looking closer: channels switched off, one value worked out, kernels, histograms, occlusion, exciting regions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { andRun, boxOf, drop, everyLook, isPainted, open, overflow, useBrowser, violations } from './harness.js';

useBrowser();

/** What each panel of a channel brings up, by its test id. */
const PARTS = { sum: 'worked-sum', regions: 'region', values: 'channel-histogram' };

/** @param {import('playwright-core').Page} page */
const engineState = (page) =>
  page.evaluate(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    const { top, rerun, before, probabilities, network } = engine;
    return { top, rerun, before: before && [...before], probabilities: [...probabilities], layers: network.layers.map((/** @type {any} */ layer) => layer.name) };
  });

/** A number as the page writes it. @param {string} text */
const read = (text) => Number(text.replaceAll(',', '').replace('−', '-'));

/** @param {import('playwright-core').Locator} table @returns {Promise<number[]>} */
const numbers = async (table) => (await table.locator('td').allInnerTexts()).map(read);

const sumOf = (/** @type {number[]} */ list) => list.reduce((sum, value) => sum + value, 0);

test('a channel switched off changes the prediction, from its layer on only', async (t) => {
  const page = await open(t, { hash: 'layer=conv3_2&channel=12' });
  const whole = await engineState(page);
  await page.getByTestId('channel-dialog').waitFor();
  await andRun(page, () => page.getByTestId('channel-switch').click());
  const off = await engineState(page);
  const index = whole.layers.indexOf('conv3_2');
  assert.equal(off.rerun.from, index);
  assert.equal(off.rerun.count, whole.layers.length - index);
  assert.deepEqual(off.before, whole.probabilities, 'compared with the run with everything on');
  assert.notDeepEqual(off.probabilities, whole.probabilities);
  await page.waitForURL(/off=conv3_2:12(&|$)/);
  assert.equal(await page.getByTestId('channel-switch').getAttribute('aria-pressed'), 'true');
  const values = await page.evaluate(async (layer) => /** @type {any} */ (window).vgglass.engine.peaks(layer, 12, 4), index);
  assert.deepEqual(values, [], 'the channel gives zeros');

  await page.keyboard.press('Escape');
  assert.match(await page.getByTestId('prediction').first().innerText(), /→/);
  assert.equal(await page.getByTestId('rerun').getAttribute('data-from'), 'conv3_2');
  assert.equal(await page.getByTestId('off-channel').count(), 1);
  await andRun(page, () => page.getByTestId('off-all-on').click());
  assert.deepEqual((await engineState(page)).probabilities, whole.probabilities);
  assert.ok(await page.getByTestId('off-list').isHidden());
  assert.doesNotMatch(await page.getByTestId('prediction').first().innerText(), /→/);
});

test('channels are switched by key in the grid, several at once, and stay off for a new picture and a new page', async (t) => {
  const page = await open(t, { hash: 'layer=conv4_1' });
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=channel-cell]').length === 256);
  await page.locator('[data-testid=channel-cell][data-channel="3"]').focus();
  await andRun(page, () => page.keyboard.press('x'));
  assert.match((await page.locator('[data-testid=channel-cell][data-channel="3"]').getAttribute('aria-label')) ?? '', /switched off/);
  await andRun(page, () => page.getByTestId('off-strongest').click());
  assert.equal(await page.getByTestId('off-channel').count(), 6);

  await andRun(page, () => page.locator('[data-file="arc-de-triomphe.webp"]').click());
  const here = await engineState(page);
  assert.ok(here.before, 'the new picture has its own comparison');
  assert.equal(await page.getByTestId('off-channel').count(), 6);
  await page.waitForFunction(() => location.hash.includes('off=') && location.hash.includes('arc'));

  const again = await open(t, { hash: new URL(page.url()).hash.split('?')[1] });
  const there = await engineState(again);
  assert.deepEqual(there.probabilities, here.probabilities);
  assert.deepEqual(there.before, here.before);
  await andRun(again, () => again.getByTestId('off-channel').first().click());
  assert.equal(await again.getByTestId('off-channel').count(), 5);
});

test('with a whole layer off the picture no longer matters, and the former first guess is still shown', async (t) => {
  const off = Array.from({ length: 32 }, (_, channel) => `conv1_1:${channel}`).join();
  const page = await open(t, { hash: `off=${off}` });
  const cup = await engineState(page);
  const rows = page.getByTestId('prediction');
  const best = cup.before.indexOf(Math.max(...cup.before));
  assert.ok(!cup.top.some((/** @type {any} */ one) => one.class === best));
  assert.equal(await rows.count(), 6);
  assert.equal(await rows.last().getAttribute('data-class'), String(best));
  await andRun(page, () => page.locator('[data-file="arc-de-triomphe.webp"]').click());
  assert.deepEqual((await engineState(page)).probabilities, cup.probabilities);
});

test('other views have every channel on, and another network has its own channels', async (t) => {
  const page = await open(t, { hash: 'off=conv3_2:12' });
  assert.ok((await engineState(page)).before);
  await andRun(page, () => page.getByTestId('view-memory').click());
  assert.equal((await engineState(page)).before, null);
  await andRun(page, () => page.getByTestId('view-look').click());
  assert.ok((await engineState(page)).before);
  await andRun(page, () => page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ model: 'untrained', net: 'A', width: 0.125, size: 64, seed: 1 })));
  await page.waitForFunction(() => document.documentElement.dataset.run === 'done');
  assert.ok(await page.getByTestId('off-list').isHidden());
});

for (const [layer, channel, inputs] of /** @type {[string, number, number][]} */ ([['conv1_1', 2, 3], ['conv3_2', 12, 128], ['fc6', 20, 256], ['fc8', 8, 512]])) {
  test(`a value of ${layer} is worked out with numbers that agree`, async (t) => {
    const page = await open(t, { hash: `layer=${layer}&channel=${channel}&panel=sum` });
    const panel = page.getByTestId('arithmetic');
    await panel.locator('[data-testid=worked-sum]').waitFor();
    const data = await panel.evaluate(({ dataset }) => ({ ...dataset }));
    assert.equal(data.layer, layer);

    const rows = await page.getByTestId('worked-bars').locator('tbody tr').evaluateAll((all) => all.map((row) => Number(row.dataset.value)));
    const written = (await page.getByTestId('worked-bars').locator('tbody td:last-child').allInnerTexts()).map(read);
    assert.deepEqual(written, rows);
    assert.equal(rows[rows.length - 1], Number(data.bias));
    assert.equal(sumOf(rows), Number(data.sum), 'contributions and bias add up to the sum');
    assert.equal(read(await page.getByTestId('worked-sum').innerText()), Number(data.sum));
    const options = await page.getByTestId('worked-channel').locator('option').allInnerTexts();
    assert.equal(options.length, inputs);
    const parts = options.map((text) => read(text.split(': ')[1]));
    assert.equal(sumOf(parts) + Number(data.bias), Number(data.sum), 'over all channels, too');
    assert.deepEqual(parts.map(Math.abs), parts.map(Math.abs).toSorted((a, b) => b - a), 'the biggest first');

    const check = async () => {
      const [patch, kernel, products] = await Promise.all(['worked-patch', 'worked-kernel', 'worked-products'].map((id) => numbers(page.getByTestId(id))));
      assert.deepEqual(products, patch.map((value, i) => value * kernel[i] + 0), 'no minus zero');
      return sumOf(products);
    };
    assert.equal(await check(), parts[0]);
    await page.getByTestId('worked-part').nth(1).click();
    assert.equal(await check(), parts[1]);
    assert.equal(await page.getByTestId('worked-part').nth(1).getAttribute('aria-pressed'), 'true');

    const at = await page.evaluate(
      async ([name, number, y, x]) => {
        const { engine } = /** @type {any} */ (window).vgglass;
        const { index } = engine.network.layers.find((/** @type {any} */ one) => one.name === name);
        return { ...(await engine.probe(index, number, y, x)), scale: engine.results[index].stats.scale };
      },
      /** @type {any} */ ([layer, channel, Number(data.y), Number(data.x)]),
    );
    assert.ok(Math.abs(at.value - Number(data.value)) < 1e-5, 'what the map holds');
    if (layer === 'fc8') assert.equal(data.q, '');
    else {
      assert.equal(Number(data.q), at.q);
      const exact = Math.max(0, Number(data.pre)) / at.scale;
      assert.ok(Math.abs(Math.min(127, exact) - Number(data.q)) <= 0.51, 'rounded from what the sum stands for');
    }
  });
}

test('another cell is worked out by click and by key, and stands in the address', async (t) => {
  const page = await open(t, { hash: 'layer=conv4_2&channel=7&panel=sum' });
  const panel = page.getByTestId('arithmetic');
  await panel.locator('[data-testid=worked-sum]').waitFor();
  const map = page.getByTestId('map-canvas');
  const box = await boxOf(map);
  await map.click({ position: { x: (box.width * 2.5) / 8, y: (box.height * 5.5) / 8 } });
  await page.waitForFunction(() => /** @type {HTMLElement} */ (document.querySelector('[data-testid=arithmetic]')).dataset.y === '5');
  assert.equal(await panel.getAttribute('data-x'), '2');
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => /** @type {HTMLElement} */ (document.querySelector('[data-testid=arithmetic]')).dataset.x === '3');
  await page.waitForURL(/spot=5,3/);
});

test('the first layer’s kernels are shown in colour, on one scale', async (t) => {
  const page = await open(t, { hash: 'layer=conv1_1&panel=kernels' });
  const kernels = page.getByTestId('kernel');
  await kernels.first().waitFor();
  assert.equal(await kernels.count(), 32);
  const checked = await page.evaluate(async () => {
    const { engine } = /** @type {any} */ (window).vgglass;
    const { values, kernel } = await engine.kernels(1);
    const most = Math.max(...values.map(Math.abs));
    return [...document.querySelectorAll('[data-testid=kernel] canvas')].every((element, channel) => {
      const canvas = /** @type {HTMLCanvasElement} */ (element);
      const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(0, 0, kernel, kernel);
      return Array.from({ length: 27 }, (_, i) => i).every((i) => {
        const place = i % 9;
        const colour = Math.floor(i / 9);
        return Math.abs(data[place * 4 + colour] - (127.5 + (127.5 * values[channel * 27 + i]) / most)) <= 1;
      });
    });
  });
  assert.ok(checked, 'each pixel is its three weights');
  await kernels.nth(5).click();
  assert.equal(await page.getByTestId('channel-dialog').getAttribute('data-channel'), '5');
});

test('histograms count every value once, of the layer and of a channel', async (t) => {
  const page = await open(t, { hash: 'layer=conv3_2&panel=values' });
  const histogram = page.getByTestId('layer-histogram');
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=layer-histogram] .histogram-bar').length === 128);
  assert.equal(await histogram.getAttribute('data-all'), String(16 * 16 * 128));
  const zeros = Number(await histogram.getAttribute('data-zeros')) / (16 * 16 * 128);
  const stats = await page.evaluate(() => /** @type {any} */ (window).vgglass.engine.results[8].stats);
  assert.ok(Math.abs(zeros - stats.zero_fraction) < 1e-6);
  assert.equal(await histogram.locator('svg').getAttribute('role'), 'img');
  await histogram.locator('summary').click();
  const counts = (await histogram.locator('tbody td:nth-child(3)').allInnerTexts()).map(read);
  assert.equal(sumOf(counts), 16 * 16 * 128, 'the table has them all');

  await page.locator('[data-testid=channel-cell][data-channel="5"]').click();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=channel-histogram] .histogram-bar').length === 128);
  assert.equal(await page.getByTestId('channel-histogram').getAttribute('data-all'), '256');
});

test('a grey square shows what the prediction rests on, and leaves the run as it was', async (t) => {
  const page = await open(t, { hash: 'layer=conv3_2' });
  const before = await engineState(page);
  const probe = () => page.evaluate(() => /** @type {any} */ (window).vgglass.engine.probe(8, 5, 4, 4));
  const cell = await probe();
  await page.getByTestId('occlusion-button').click();
  const dialog = page.getByTestId('occlusion-dialog');
  await page.locator('[data-testid=occlusion-dialog][data-state=running]').waitFor();
  // A question comes in between and is answered for the shown picture.
  assert.deepEqual(await probe(), cell);
  await page.locator('[data-testid=occlusion-dialog][data-state=idle][data-done="256"]').waitFor();
  assert.ok(await isPainted(page.getByTestId('occlusion-map')));
  assert.match(await page.getByTestId('occlusion-summary').innerText(), /espresso/);
  await page.getByTestId('occlusion-map').focus();
  await page.keyboard.press('ArrowUp');
  assert.match(await page.getByTestId('occlusion-readout').innerText(), /→/);
  assert.deepEqual((await engineState(page)).probabilities, before.probabilities);
  assert.deepEqual(await probe(), cell);

  await page.getByTestId('occlusion-stride').selectOption('8');
  await page.locator('[data-testid=occlusion-dialog][data-state=idle][data-done="64"]').waitFor();
  await page.waitForURL(/study=occlusion/);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });

  // A picture with the square painted on it is taken for the same.
  const { covered, png } = await page.evaluate(async () => {
    const { engine } = /** @type {any} */ (window).vgglass;
    const { probabilities } = await engine.occlude(16, 8, () => {}).covered;
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 64;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.putImageData(engine.seen, 0, 0);
    context.fillStyle = 'rgb(128 128 128)';
    // Place (3, 4): its middle is at 28, 36.
    context.fillRect(36 - 8, 28 - 8, 16, 16);
    return { covered: [...probabilities.slice((3 * 8 + 4) * 200, (3 * 8 + 5) * 200)], png: canvas.toDataURL().split(',')[1] };
  });
  await andRun(page, () => drop(page, [{ name: 'covered.png', type: 'image/png', bytes: Buffer.from(png, 'base64') }]));
  assert.deepEqual((await engineState(page)).probabilities, covered);
});

/** Opens the dialog as if a run had taken so many ms, and had so many multiply-adds. @param {import('playwright-core').Page} page @param {number} ms @param {number} [macs] */
const occludeAfter = (page, ms, macs) =>
  page.evaluate(([ms, macs]) => {
    const { engine, store } = /** @type {any} */ (window).vgglass;
    engine.ms = ms;
    engine.network.info.macs = macs ?? engine.network.info.macs;
    store.set({ study: 'occlusion' });
  }, [ms, macs]);

test('occlusion that takes long is estimated, and begun when it is asked for', async (t) => {
  const page = await open(t, { hash: 'lang=en' });
  await occludeAfter(page, 500, 1e10);
  const dialog = page.locator('[data-testid=occlusion-dialog][data-state=idle]');
  await dialog.getByTestId('occlusion-summary').filter({ hasText: 'The network will run 256 times: about 2 min.' }).waitFor();
  await dialog.getByTestId('occlusion-stride').selectOption('8');
  await dialog.getByTestId('occlusion-summary').filter({ hasText: '64 times: about 32 s' }).waitFor();
  await page.getByTestId('occlusion-start').click();
  await page.locator('[data-testid=occlusion-dialog][data-state=idle][data-done="64"]').waitFor();
  assert.match(await page.getByTestId('occlusion-start').innerText(), /again/);
});

test('occlusion is cancelled, and gives way to a new picture', async (t) => {
  const page = await open(t, { hash: 'stride=32' });
  await occludeAfter(page, 5);
  await page.locator('[data-testid=occlusion-dialog][data-state=running]').waitFor();
  await page.getByTestId('occlusion-cancel').click();
  await page.locator('[data-testid=occlusion-dialog][data-state=idle]').waitFor();
  assert.ok(Number(await page.getByTestId('occlusion-dialog').getAttribute('data-done')) < 1024);
  await page.getByTestId('occlusion-start').click();
  await page.locator('[data-testid=occlusion-dialog][data-state=running]').waitFor();
  await andRun(page, () => page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ picture: 'arc-de-triomphe.webp', stride: '8' })));
  await page.locator('[data-testid=occlusion-dialog][data-state=idle][data-done="64"]').waitFor();
  assert.match(await page.getByTestId('occlusion-summary').innerText(), /triumphal arch/);
});

test('the regions that excite a channel most differ from one another', async (t) => {
  const page = await open(t, { hash: 'layer=conv3_2&channel=12&panel=regions' });
  const regions = page.getByTestId('region');
  await regions.first().waitFor();
  const shown = await regions.evaluateAll((all) => all.map(({ dataset }) => ({ value: Number(dataset.value), box: (dataset.box ?? '').split(',').map(Number) })));
  assert.ok(shown.length >= 3);
  assert.deepEqual(shown.map(({ value }) => value), shown.map(({ value }) => value).toSorted((a, b) => b - a));
  const area = (/** @type {number[]} */ [x0, y0, x1, y1]) => Math.max(0, x1 - x0) * Math.max(0, y1 - y0);
  const inside = (/** @type {number[]} */ box) => box.map((v) => Math.min(64, Math.max(0, v)));
  for (const [i, { box }] of shown.entries()) {
    assert.equal(box[2] - box[0], 32);
    for (const other of shown.slice(0, i)) {
      const [a, b] = [inside(box), inside(other.box)];
      const shared = area([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
      assert.ok(shared / (area(a) + area(b) - shared) <= 0.4);
    }
  }
  for (let i = 0; i < shown.length; i++) assert.ok(await isPainted(regions.nth(i).locator('canvas')));
  await regions.nth(1).click();
  await page.waitForURL(/spot=\d+,\d+/);
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-testid')), 'region', 'the focus stays');
});

test('axe finds nothing in what looks closer', async (t) => {
  const page = await open(t, { hash: 'layer=conv1_1&panel=kernels&off=conv3_2:12,fc6:3' });
  const isClean = (/** @type {string} */ what) => everyLook(page, async (look) => assert.deepEqual(await violations(page), [], `${what}, ${look}`));
  await page.getByTestId('kernel').first().waitFor();
  await isClean('kernels, channels off');
  await page.getByTestId('layer-values').click();
  await page.getByTestId('layer-histogram').locator('summary').click();
  await isClean('histogram');
  await page.getByTestId('channel-cell').nth(4).click();
  for (const [panel, part] of Object.entries(PARTS)) {
    await page.getByTestId(`panel-${panel}`).click();
    await page.getByTestId(part).first().waitFor();
    await isClean(panel);
  }
  await page.getByTestId('channel-close').click();
  await page.getByTestId('occlusion-button').click();
  await page.locator('[data-testid=occlusion-dialog][data-state=idle][data-done="256"]').waitFor();
  await isClean('occlusion');
});

for (const [name, [width, height]] of Object.entries({ phone: [360, 740], projector: [1280, 720] })) {
  test(`nothing that looks closer scrolls sideways on a ${name}`, async (t) => {
    const page = await open(t, { viewport: { width, height }, hash: 'layer=conv1_1&panel=kernels&off=conv3_2:12' });
    await page.getByTestId('kernel').first().waitFor();
    assert.equal(await overflow(page), 0, 'kernels');
    for (const [panel, part] of Object.entries(PARTS)) {
      await page.evaluate((wanted) => /** @type {any} */ (window).vgglass.store.set({ layer: 'conv2_1', channel: 4, panel: wanted }), panel);
      await page.getByTestId(part).first().waitFor();
      assert.equal(await overflow(page), 0, panel);
    }
    await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ channel: null, study: 'occlusion' }));
    await page.getByTestId('occlusion-dialog').waitFor();
    assert.equal(await overflow(page), 0, 'occlusion');
  });
}
