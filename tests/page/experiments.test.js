/** The paper's results, the conclusions drawn from them, and what this browser adds. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { finishedRun, open, useBrowser } from './harness.js';

useBrowser();

/**
 * Table 3 of the paper as the lecture has it, and Table 4 behind it: errors at one scale and over three.
 * @type {Record<string, [string, number, number, ...([] | [string, number, number])]>}
 */
const TABLES = {
  'A 256': ['256', 29.6, 10.4],
  'A-LRN 256': ['256', 29.7, 10.5],
  'B 256': ['256', 28.7, 9.9, '224, 256, 288', 28.2, 9.6],
  'C 256': ['256', 28.1, 9.4, '224, 256, 288', 27.7, 9.2],
  'C 384': ['384', 28.1, 9.3, '352, 384, 416', 27.8, 9.2],
  'C [256;512]': ['384', 27.3, 8.8, '256, 384, 512', 26.3, 8.2],
  'D 256': ['256', 27.0, 8.8, '224, 256, 288', 26.6, 8.6],
  'D 384': ['384', 26.8, 8.7, '352, 384, 416', 26.5, 8.6],
  'D [256;512]': ['384', 25.6, 8.1, '256, 384, 512', 24.8, 7.5],
  'E 256': ['256', 27.3, 9.0, '224, 256, 288', 26.9, 8.7],
  'E 384': ['384', 26.9, 8.7, '352, 384, 416', 26.7, 8.6],
  'E [256;512]': ['384', 25.5, 8.0, '256, 384, 512', 24.8, 7.5],
};

/** @param {import('node:test').TestContext} t @param {Parameters<typeof open>[1]} [options] */
async function openView(t, options = {}) {
  const page = await open(t, { ...options, view: 'experiments' });
  await page.locator('[data-testid=experiments-view][data-ready]').waitFor();
  return page;
}

test('the table has the paper’s numbers', async (t) => {
  const page = await openView(t);
  const rows = await page.getByTestId('experiments-row').evaluateAll((all) =>
    all.map((row) => /** @type {const} */ ([row.dataset.key ?? '', [...row.querySelectorAll('[data-testing]')].map((cell) => cell.textContent)])),
  );
  assert.equal(rows.length, Object.keys(TABLES).length);
  for (const [key, cells] of rows) {
    const [q, top1, top5, ...several] = TABLES[key];
    const numbers = (/** @type {number[]} */ ...values) => values.map((value) => value.toFixed(1));
    const multi = several.length === 0 ? ['–', '–', '–'] : [several[0], ...numbers(several[1], several[2])];
    assert.deepEqual(cells, [q, ...numbers(top1, top5), ...multi], key);
  }
});

test('each conclusion states the difference of the rows it compares, and the plots show it', async (t) => {
  const page = await openView(t);
  /** @type {[string, number, 'top1' | 'top5', number, string[]][]} */
  const cases = [
    ['lrn', 0, 'top1', 0.1, ['A 256', 'A-LRN 256']],
    ['lrn', 0, 'top5', 0.1, ['A 256', 'A-LRN 256']],
    ['jitter', 0, 'top1', -0.8, ['C 256', 'C [256;512]']],
    ['jitter', 3, 'top1', -1.2, ['D 384', 'D [256;512]']],
    ['depth', 0, 'top1', -0.9, ['A 256', 'B 256']],
    ['depth', 2, 'top5', -0.6, ['C 256', 'D 256']],
    ['depth', 3, 'top1', 0.3, ['D 256', 'E 256']],
    ['depth', 5, 'top1', -2.3, ['A 256', 'E 256']],
    ['scales', 6, 'top1', -0.8, ['D [256;512]']],
  ];
  for (const [claim, pair, metric, points, compared] of cases) {
    const what = `${claim} ${pair} ${metric}`;
    await page.locator(`[data-testid=claim][data-claim=${claim}]`).click();
    await page.locator(`[data-testid=pair][data-pair="${pair}"]:visible`).click();
    await page.getByTestId(`metric-${metric}`).click();
    const said = page.getByTestId('experiments-change');
    assert.equal(await said.getAttribute('data-points'), String(points), what);
    const expected = new RegExp(`${Math.abs(points).toFixed(1)} points ${points < 0 ? 'less' : 'more'} ${metric.replace('p', 'p-')}`);
    assert.match(await said.innerText(), expected, what);
    const marked = await page.locator('[data-testid=experiments-row]:has(.is-compared)').evaluateAll((rows) => rows.map(({ dataset }) => dataset.key));
    assert.deepEqual(marked, compared, what);
    for (const chart of ['error-depth', 'error-scale']) {
      const text = (await page.getByTestId(chart).locator('.error-change').textContent()) ?? '';
      assert.equal(text.replace('−', '-').replace('+', ''), points.toFixed(1), `${what}, ${chart}`);
      assert.equal(await page.getByTestId(chart).locator('.error-ring').count(), 2, `${what}, ${chart}`);
    }
  }
});

test('a mark stands where its error is', async (t) => {
  const page = await openView(t);
  const marks = await page.getByTestId('error-depth').locator('.error-mark').evaluateAll((all) =>
    all.map((mark) => {
      const { row, train } = mark.dataset;
      const box = mark.getBoundingClientRect();
      return { key: `${row} ${train}`, y: box.y + box.height / 2 };
    }),
  );
  assert.equal(marks.length, 12);
  const yOf = (/** @type {string} */ key) => marks.find((mark) => mark.key === key)?.y ?? NaN;
  const pixels = (yOf('D [256;512]') - yOf('A 256')) / (29.6 - 25.6);
  for (const { key, y } of marks) assert.ok(Math.abs(y - yOf('A 256') - (29.6 - TABLES[key][1]) * pixels) < 0.6, key);
});

test('small kernels against a large one: the paper’s seven points, of which it gives no top-5', async (t) => {
  const page = await openView(t, { hash: 'claim=kernels' });
  assert.match(await page.getByTestId('experiments-statement').innerText(), /7 points more top-1 error.*18C².*25C²/s);
  assert.equal(await page.getByTestId('error-depth').locator('.error-change').textContent(), '+7');
  await page.getByTestId('metric-top5').click();
  assert.match(await page.getByTestId('experiments-statement').innerText(), /only a top-1 error/);
  assert.equal(await page.getByTestId('error-depth').locator('.error-change').count(), 0);
});

test('the choice stands in the address, and the keyboard makes it', async (t) => {
  const page = await openView(t);
  await page.locator('[data-testid=claim][data-claim=jitter]').focus();
  await page.keyboard.press('Enter');
  await page.locator('[data-testid=pair][data-pair="4"]:visible').focus();
  await page.keyboard.press('Space');
  await page.waitForURL(/claim=jitter&pair=4/);
  await page.reload();
  await page.locator('[data-testid=experiments-view][data-ready]').waitFor();
  assert.equal(await page.locator('[data-testid=claim][data-claim=jitter]').getAttribute('aria-pressed'), 'true');
  assert.equal(await page.locator('[data-testid=pair][data-pair="4"]:visible').getAttribute('aria-pressed'), 'true');
  await finishedRun(page);
});

test('accuracy, memory and speed: GluonCV’s figures, and this browser’s own', async (t) => {
  const page = await openView(t);
  const rows = () => page.getByTestId('trade-row').evaluateAll((/** @type {HTMLElement[]} */ all) => all.map((row) => row.innerText.replace(/\s+/g, ' ')));
  const [alexnet, vgg, loaded] = await rows();
  assert.match(alexnet, /AlexNet.*55\.9 %.*202 MB.*13,270/);
  assert.match(vgg, /VGG-16.*73\.2 %.*3422 MB.*797/);
  const { ms, info } = await page.evaluate(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    return { ms: engine.ms, info: engine.network.info };
  });
  assert.match(loaded, new RegExp(`measured in this browser.*${(info.accuracy.top1 * 100).toFixed(1)} %`));
  assert.ok(loaded.includes(`${((info.weight_bytes + info.activation_bytes) / 1e6).toFixed(1)} MB`));
  const speed = 1000 / ms;
  assert.ok(loaded.includes(speed >= 100 ? String(Math.round(speed)) : speed.toPrecision(2)), loaded);
  assert.match(await page.getByTestId('experiments-own').innerText(), new RegExp(`200 classes.*10,000.*${(info.accuracy.top5 * 100).toFixed(1)}`, 's'));

  // The page's own engine would keep VGG-16's memory.
  await page.evaluate(() => (/** @type {any} */ (window).vgglass.engine.measure = () => Promise.reject(new Error('in the page’s own engine'))));
  await page.getByTestId('trade-measure').click();
  await page.locator('[data-testid=trade-row]').nth(4).waitFor();
  const here = (await rows()).slice(2, 4);
  assert.match(here[0], /^AlexNet measured in this browser 55\.9/);
  assert.match(here[1], /^VGG-16 measured in this browser 73\.2/);
  const [small, large] = here.map((row) => Number(row.match(/([\d.]+) MB/)?.[1]));
  assert.ok(small > 62 && small < 140, 'AlexNet’s 62 M weights in int8');
  assert.ok(large > 138 && large < 420, 'VGG-16’s 138 M weights in int8');
});

test('a network without a measured accuracy is marked by its speed only', async (t) => {
  const page = await openView(t, { hash: 'model=untrained&net=A&width=0.125&size=64&seed=3' });
  assert.match(await page.getByTestId('experiments-own').innerText(), /VGG-11 × 0.125.*no measured accuracy/s);
  assert.match((await page.getByTestId('trade-row').last().innerText()).replace(/\s+/g, ' '), /VGG-11.* – /);
});

test('the rows trained here: the numbers are those of the model files, and each of them opens', async (t) => {
  const page = await openView(t);
  const rows = () => page.getByTestId('alike-row').evaluateAll((all) => all.map((row) => [row.dataset.row, ...[...row.querySelectorAll('td')].slice(1, 5).map((cell) => cell.textContent)]));
  const errors = Object.fromEntries(
    ['AlexNet', 'A', 'A-LRN', 'B', 'C', 'D', 'E'].map((row) => {
      const file = readFileSync(new URL(`../../www/models/alike/${row}.safetensors`, import.meta.url));
      const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE())).toString());
      const { top1, top5, images } = JSON.parse(header.__metadata__.accuracy);
      assert.equal(images, 10_000, row);
      const error = (/** @type {number} */ right) => Number((100 - 100 * right).toFixed(2));
      return [row, { top1: error(top1), top5: error(top5) }];
    }),
  );
  /** @type {Record<string, string>} */
  const from = { 'A-LRN': 'A', B: 'A', C: 'B', D: 'C', E: 'D' };
  for (const [metric, i] of /** @type {const} */ ([['top1', 1], ['top5', 2]])) {
    await page.getByTestId(`metric-${metric}`).click();
    const signed = (/** @type {number} */ points) => (points > 0 ? '+' : '') + points.toFixed(1).replace('-', '−');
    const expected = Object.entries(errors).map(([row, own]) => {
      const before = from[row];
      const paper = TABLES[`${row} 256`];
      return [
        row,
        own[metric].toFixed(1),
        before ? `${signed(own[metric] - errors[before][metric])} from ${before}` : '–',
        paper ? paper[i].toFixed(1) : '–',
        before ? signed(paper[i] - TABLES[`${before} 256`][i]) : '–',
      ];
    });
    assert.deepEqual(await rows(), expected, metric);
  }
  assert.equal(await page.getByTestId('alike-chart').locator('circle').count(), 12);

  await page.locator('[data-testid=alike-open][data-row=C]').click();
  await page.waitForURL(/#\/look\?.*model=alike&net=C/);
  await page.waitForFunction(() => /** @type {any} */ (window).vgglass.engine.network?.info.id === 'C');
  await finishedRun(page);
  await page.goBack();
  await page.getByTestId('alike-compare').click();
  await page.waitForURL(/nets=alike-A,alike-D,alike-E/);
});
