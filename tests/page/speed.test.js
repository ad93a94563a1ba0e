/** Speed: what is measured adds up, is explained with its own numbers, and can be taken away. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { andRun, finishedRun, useBrowser } from './harness.js';
import { holdsFor, openView, ownWorkerOnly } from './views.js';

useBrowser();

/** Measures all builds. @param {import('playwright-core').Page} page */
async function measure(page) {
  await finishedRun(page);
  await page.getByTestId('speed-start').click();
  await page.waitForFunction(() => /** @type {HTMLElement} */ (document.querySelector('[data-testid=speed-view]')).dataset.ready);
}

holdsFor('speed', measure);

test('speed: times, rates and limits of every layer add up; the file has the same numbers', async (t) => {
  const page = await openView(t, 'speed', { hash: 'bench=base' });
  await measure(page);
  /** @type {{info: import('../../www/engine/protocol.js').NetworkInfo, layers: import('../../www/engine/protocol.js').LayerInfo[]}} */
  const network = await page.evaluate(() => {
    const { info, layers } = /** @type {any} */ (window).vgglass.engine.network;
    return { info, layers: layers.slice(1) };
  });
  const base = await page.locator('[data-testid=speed-build][data-build=base]').evaluate(({ dataset }) => ({ ...dataset }));
  const rows = await page.getByTestId('speed-row').evaluateAll((all) => all.map(({ dataset }) => ({ ...dataset })));
  assert.deepEqual(rows.map(({ layer }) => layer), network.layers.map(({ name }) => name));
  const whole = rows.reduce((sum, { ms }) => sum + Number(ms), 0);
  // On a busy machine most rounds have a slow layer, each another: the whole's median is then the larger.
  assert.ok(whole > 0.3 * Number(base.ms) && whole < 2 * Number(base.ms), `medians of layers ${whole}, median of the whole ${base.ms}`);
  for (const [i, { macs, name }] of network.layers.entries()) {
    const { ms, gmacs } = rows[i];
    if (macs) assert.ok(Math.abs((Number(gmacs) * Number(ms) * 1e6) / macs - 1) < 1e-6, name);
    else assert.equal(Number(gmacs), 0, name);
  }
  assert.ok(Number(base.peak) > 1);
  assert.ok(Number(base.rounds) >= 7);
  assert.equal(await page.getByTestId('roof-mark').count(), network.layers.filter(({ macs }) => macs).length);

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('speed-save').click()]);
  const file = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.equal(file.network.parameters, network.info.parameters);
  const saved = file.builds.find((/** @type {any} */ { name }) => name === 'base');
  assert.equal(saved.ms, Number(base.ms));
  assert.equal(saved.peak_gmacs, Number(base.peak));
  assert.ok(saved.plain_loop_gmacs > 0 && saved.plain_loop_gmacs < saved.peak_gmacs, 'one at a time is slower');
  assert.deepEqual(saved.layers.map((/** @type {any} */ { ms }) => ms), rows.map(({ ms }) => Number(ms)));
  assert.equal(saved.layers.reduce((/** @type {number} */ sum, /** @type {any} */ { macs }) => sum + macs, 0), network.info.macs);
  assert.ok((await page.getByTestId('why-simd.text').innerText()).includes(`${saved.plain_loop_gmacs.toFixed(2)} GMAC/s`));
});

test('speed: every build is measured or said to be refused; the address chooses whose layers are shown', async (t) => {
  const page = await openView(t, 'speed');
  await measure(page);
  const builds = await page.getByTestId('speed-build').evaluateAll((/** @type {HTMLElement[]} */ all) =>
    all.map((row) => /** @type {Record<string, string>} */ ({ ...row.dataset, text: row.innerText })),
  );
  assert.deepEqual(builds.map(({ build }) => build), ['base', 'relaxed', 'threads']);
  for (const { build, ms, text } of builds) assert.ok(Number(ms) > 0 || text.length > build.length + 20, build);
  for (const { build } of builds.filter(({ ms }) => ms)) {
    await page.locator(`[data-testid=speed-build][data-build=${build}] button`).click();
    assert.equal(await page.getByTestId('speed-view').getAttribute('data-ready'), build);
    await page.waitForURL(new RegExp(`bench=${build}`));
  }
  await ownWorkerOnly(page);

  const threaded = builds.find(({ build, ms }) => build === 'threads' && ms);
  if (threaded) {
    const steps = await page.getByTestId('speed-scaling').locator('tbody tr').evaluateAll((all) => all.map(({ dataset }) => ({ ...dataset })));
    assert.equal(steps[0].threads, '1');
    assert.ok(steps.length > 1 && steps.every(({ ms }) => Number(ms) > 0));
  }

  await page.getByTestId('view-look').click();
  await page.getByTestId('view-speed').click();
  assert.ok((await page.getByTestId('speed-row').count()) > 0, 'what was measured is still there');
});

test('speed: measuring can be cancelled, by the button and by leaving', async (t) => {
  const page = await openView(t, 'speed');
  await finishedRun(page);
  await page.getByTestId('speed-start').click();
  await page.waitForFunction(() => Number(document.querySelector('[data-testid=speed-view] [role=progressbar]')?.getAttribute('aria-valuenow')) > 0);
  await page.getByTestId('speed-cancel').click();
  await page.getByText('Cancelled.').waitFor();
  await ownWorkerOnly(page);
  assert.equal(await page.getByTestId('speed-row').count(), 0);

  await page.getByTestId('speed-start').click();
  await page.getByTestId('speed-cancel').waitFor();
  await page.getByTestId('view-memory').click();
  await page.locator('[data-testid=memory-view][data-ready]').waitFor();
  await ownWorkerOnly(page);
});

test('speed: another network has its own numbers', async (t) => {
  const page = await openView(t, 'speed');
  await andRun(page, () => page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ model: 'untrained', net: 'A', width: 0.125, size: 64, seed: 3 })));
  assert.equal(await page.getByTestId('speed-row').count(), 0);
  await measure(page);
  assert.equal(await page.getByTestId('speed-row').count(), 16);
  assert.match(await page.getByTestId('why-int8.text').innerText(), /fc8 uses each of its 512.k weights/);
});
