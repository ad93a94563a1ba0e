/** Compare: each column is what its network gives on its own, its times add up, and its memory is given back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { andRun, finishedRun, isPainted, open, useBrowser } from './harness.js';
import { holdsFor, openView, ownWorkerOnly } from './views.js';

useBrowser();
holdsFor('compare');

/** @param {import('playwright-core').Page} page @param {number} i */
const column = (page, i) => page.getByTestId('compare-column').nth(i);

/** Classes and probabilities that a column shows. @param {import('playwright-core').Page} page @param {number} i */
const shown = (page, i) =>
  column(page, i)
    .getByTestId('compare-ranking')
    .locator('[data-class]')
    .evaluateAll((all) => all.map(({ dataset }) => [Number(dataset.class), Number(dataset.probability)]));

/** The same of the page's own network. @param {import('playwright-core').Page} page */
const ofPage = (page) => page.evaluate(() => /** @type {any} */ (window).vgglass.engine.top.map((/** @type {any} */ one) => [one.class, one.probability]));

/** @param {import('playwright-core').Page} page @param {string} nets */
const ready = (page, nets) => page.locator(`[data-testid=compare-view][data-ready="${nets}"]`).waitFor();

test('compare: a column says what its network says alone', async (t) => {
  const page = await openView(t, 'compare', { hash: 'nets=shipped,B~0.125~64~5' });
  assert.deepEqual(await shown(page, 0), await ofPage(page));
  assert.match(await column(page, 0).innerText(), /espresso/);
  const alone = await open(t, { hash: 'model=untrained&net=B&width=0.125&size=64&seed=5' });
  assert.deepEqual(await shown(page, 1), await ofPage(alone));
  assert.equal(
    await column(page, 1).locator('[data-parameters]').getAttribute('data-parameters'),
    String(await alone.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.info.parameters)),
  );
});

test('compare: every layer of every column has its time, and the verdict is theirs', async (t) => {
  const page = await openView(t, 'compare', { hash: 'nets=shipped,A-LRN~0.25~64~1,AlexNet~0.25~64~1' });
  await ready(page, 'shipped,A-LRN~0.25~64~1,AlexNet~0.25~64~1');
  const rows = await page.getByTestId('compare-times').locator('tbody tr').evaluateAll((all) =>
    all.map((row) => ({ layer: row.dataset.layer, ms: [...row.querySelectorAll('td')].map(({ dataset }) => dataset.ms ?? null) })),
  );
  const names = rows.map(({ layer }) => layer);
  assert.ok(names.indexOf('lrn1') < names.indexOf('pool1') && names.indexOf('conv3_1') < names.indexOf('conv4_1'));
  /** @type {number[]} */
  const wholes = [];
  for (const [i, layers] of [21, 17, 13].entries()) {
    const times = rows.flatMap(({ ms }) => (ms[i] === null ? [] : Number(ms[i])));
    const whole = Number(await column(page, i).getByTestId('compare-ms').getAttribute('data-ms'));
    assert.equal(times.length, layers, `column ${i}`);
    assert.ok(whole > 0 && times.every((ms) => ms > 0), `column ${i}: ${times} of ${whole}`);
    wholes.push(whole);
  }
  // That these are right, `clocks.test.js` says; here, that they are put together.
  const [slow, fast] = [wholes.indexOf(Math.max(...wholes)), wholes.indexOf(Math.min(...wholes))];
  const factor = (wholes[slow] / wholes[fast]).toFixed(2);
  assert.equal(await page.getByTestId('compare-verdict').innerText(), `Network ${slow + 1} takes ${factor} times as long as network ${fast + 1}.`);
});

test('compare: builds of the engine give the same, bit for bit, or are refused', async (t) => {
  const page = await openView(t, 'compare', { hash: 'nets=shipped~base,shipped~relaxed,shipped~threads' });
  await ready(page, 'shipped~base,shipped~relaxed,shipped~threads');
  const base = await shown(page, 0);
  assert.equal(base.length, 5);
  for (const i of [1, 2]) {
    const state = await column(page, i).getAttribute('data-state');
    if (state === 'done') assert.deepEqual(await shown(page, i), base);
    else assert.match(await column(page, i).innerText(), /does not run here|isolated/);
  }
});

test('compare: columns are added, changed and removed; the address has them, and the focus stays', async (t) => {
  const page = await openView(t, 'compare', { hash: 'nets=shipped' });
  assert.equal(await page.getByTestId('compare-remove').count(), 0, 'one stays');
  await page.getByTestId('compare-add').click();
  await ready(page, 'shipped,alike-A');
  await column(page, 1).getByTestId('compare-net').selectOption('A');
  await ready(page, 'shipped,A~0.5~64~1');
  const width = column(page, 1).getByTestId('compare-width');
  await width.focus();
  await width.selectOption('0.125');
  await ready(page, 'shipped,A~0.125~64~1');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-testid')), 'compare-width');
  await column(page, 1).getByTestId('compare-seed').fill('9');
  await page.keyboard.press('Enter');
  await ready(page, 'shipped,A~0.125~64~9');
  await page.waitForURL(/nets=shipped,A~0\.125~64~9/);
  await page.getByTestId('depth-select').selectOption('5');
  assert.equal(await column(page, 1).getByTestId('compare-maps').getAttribute('data-layer'), 'conv5_2');
  assert.equal(await column(page, 0).getByTestId('compare-maps').getAttribute('data-layer'), 'conv5_3');
  assert.ok(await isPainted(column(page, 0).getByTestId('compare-maps')));
  await page.waitForURL(/depth=5/);

  await page.reload();
  await ready(page, 'shipped,A~0.125~64~9');
  await finishedRun(page);
  await page.getByTestId('compare-remove').first().click();
  await ready(page, 'A~0.125~64~9');
  await page.goBack();
  await ready(page, 'shipped,A~0.125~64~9');
});

test('compare: another picture runs all again; the workers are given up, also when the view is left', async (t) => {
  const page = await openView(t, 'compare');
  await ownWorkerOnly(page);
  await andRun(page, () => page.getByTestId('sample').nth(1).click());
  await page.waitForFunction(() => /triumphal arch/.test(/** @type {HTMLElement} */ (document.querySelector('[data-testid=compare-column]')).innerText));
  await page.locator('[data-testid=compare-view][data-ready]').waitFor();
  assert.deepEqual(await shown(page, 0), await ofPage(page));
  await page.getByTestId('compare-add').click();
  await page.locator('[data-testid=compare-column][data-state=running]').waitFor();
  await page.getByTestId('view-memory').click();
  await ownWorkerOnly(page);
});

test('compare: the network of the page can be a column', async (t) => {
  const page = await openView(t, 'compare', { hash: 'nets=page,shipped&model=untrained&net=A&width=0.125&size=64&seed=2' });
  await ready(page, 'page,shipped');
  assert.deepEqual(await shown(page, 0), await ofPage(page));
  assert.match(await column(page, 1).innerText(), /espresso/);
});

test('compare: rows trained alike are beside each other, each with its own accuracy', async (t) => {
  const page = await openView(t, 'compare', { hash: 'nets=alike-A,alike-E' });
  await ready(page, 'alike-A,alike-E');
  for (const [i, row, weights] of /** @type {const} */ ([[0, 'A', 11], [1, 'E', 19]])) {
    const alone = await open(t, { hash: `model=alike&net=${row}` });
    assert.deepEqual(await shown(page, i), await ofPage(alone), row);
    const { accuracy } = await alone.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.info);
    assert.ok(accuracy.images === 10_000 && accuracy.top1 > 0.5, row);
    assert.equal(await column(page, i).getByTestId('compare-accuracy').innerText(), `${(100 * accuracy.top1).toFixed(1)}\u00a0%`);
    assert.match(await column(page, i).getByTestId('compare-title').innerText(), new RegExp(`VGG-${weights}`));
  }
});

test('compare: columns in an address are read strictly, and written as they are read', async () => {
  const { formatColumns, merged, parseColumns } = await import('../../www/page/columns.js');
  for (const text of ['shipped', 'alike-A,alike-A-LRN~base', 'shipped~threads,D~1~224~0', 'page,A-LRN~0.125~96~4294967295~relaxed,AlexNet~0.5~64~1', 'kept:my%20net%2C%20%7E%20(2)~base,kept:%E7%BD%91%E7%BB%9C']) {
    assert.equal(formatColumns(/** @type {any} */ (parseColumns(text))), text);
  }
  for (const text of ['', 'F~1~64~1', 'D', 'D~3~64~1', 'D~1~65~1', 'D~1~64~-1', 'shipped~fast', 'alike-F', 'alike-A~0.5~64~1', 'kept:', 'kept:%', 'kept:a~0.5~64~1', 'shipped,shipped,shipped,shipped']) {
    assert.equal(parseColumns(text), undefined, text);
  }
  const named = (/** @type {string} */ names) => names.split(' ').map((name) => ({ name, module: Number(name.replace(/\D/g, '')[0]) }));
  assert.deepEqual(merged([named('conv1_1 pool1 conv2_1'), named('conv1_1 lrn1 conv1_2 pool1 conv2_1 conv2_2')]), ['conv1_1', 'lrn1', 'conv1_2', 'pool1', 'conv2_1', 'conv2_2']);
  assert.deepEqual(merged([named('conv1_1 pool1'), named('conv1_1 lrn1 pool1'), named('conv1_1 conv1_2 pool1')]), ['conv1_1', 'conv1_2', 'lrn1', 'pool1']);
});
