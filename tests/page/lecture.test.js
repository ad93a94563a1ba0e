/** The lecture's views: tables and figures made of the engine's own numbers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { finishedRun, isPainted, open, useBrowser } from './harness.js';

useBrowser();

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const VIEWS = ['memory'];
const WINDOWS = { phone: [360, 740], tablet: [820, 1180], projector: [1280, 720], wide: [1920, 1080] };

/** A view that has what it needs from the engine. @param {import('node:test').TestContext} t @param {string} view @param {Parameters<typeof open>[1]} [options] */
async function openView(t, view, options = {}) {
  const page = await open(t, { ...options, view });
  await page.locator(`[data-testid=${view}-view][data-ready]`).waitFor();
  return page;
}

/** @param {import('playwright-core').Page} page */
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const view of VIEWS) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    for (const lang of ['en', 'zh']) {
      test(`${view}: axe finds nothing (${colorScheme}, ${lang})`, async (t) => {
        const page = await openView(t, view, { colorScheme, hash: `lang=${lang}` });
        await page.evaluate(AXE);
        const found = await page.evaluate(async () => {
          const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
          const { violations } = await /** @type {any} */ (window).axe.run({ runOnly: tags });
          return violations.flatMap((/** @type {any} */ { id, nodes }) => nodes.map((/** @type {any} */ node) => `${id}: ${node.html.slice(0, 120)}`));
        });
        assert.deepEqual(found, []);
      });
    }
  }

  test(`${view}: nothing scrolls sideways, in either language`, async (t) => {
    const page = await openView(t, view);
    for (const [name, [width, height]] of Object.entries(WINDOWS)) {
      await page.setViewportSize({ width, height });
      for (const lang of ['zh', 'en']) {
        await page.getByTestId(`lang-${lang}`).click();
        assert.equal(await overflow(page), 0, `${name}, ${lang}`);
      }
    }
  });

  test(`${view}: the Chinese page is Chinese throughout`, async (t) => {
    const page = await openView(t, view, { locale: 'zh-CN' });
    const words = (await page.locator('main').innerText()).match(/[a-z]{3,}(?: [a-z]{2,}){2,}/g);
    assert.equal(words, null);
  });
}

test('the views are reached from the header, by mouse, keyboard and Back', async (t) => {
  const page = await open(t);
  for (const view of VIEWS) {
    await page.getByTestId(`view-${view}`).focus();
    await page.keyboard.press('Enter');
    await page.locator(`[data-testid=${view}-view][data-ready]`).waitFor();
    assert.match(page.url(), new RegExp(`#/${view}`));
    assert.equal(await page.getByTestId(`view-${view}`).getAttribute('aria-current'), 'page');
  }
  await page.getByTestId('view-look').click();
  await page.getByTestId('prediction').first().waitFor();
  assert.equal(await page.getByTestId('prediction').count(), 5, 'what was computed is shown again');
  assert.ok(await isPainted(page.locator('[data-testid=layer-row][data-layer=conv1_1]').getByTestId('layer-strip')));
  await page.goBack();
  await page.getByTestId(`${VIEWS.at(-1)}-view`).waitFor();
});

test('memory: the table of VGG-16 adds up to the paper’s parameters and to 15.2 M values', async (t) => {
  const page = await openView(t, 'memory');
  const rows = await page.getByTestId('memory-row').count();
  assert.equal(rows, 22);
  const fc6 = page.locator('[data-testid=memory-row][data-layer=fc6]');
  assert.match(await fc6.innerText(), /7·7·512·4096 \+ 4096 = 102,764,544/);
  const conv1 = page.locator('[data-testid=memory-row][data-layer=conv1_1]');
  assert.match(await conv1.innerText(), /224·224·64 = 3,211,264/);
  const total = await page.getByTestId('memory-total').innerText();
  for (const number of ['15,237,608', '138,357,544', '15,470,264,320']) assert.ok(total.includes(number), number);
  for (const cost of ['values', 'parameters', 'macs']) {
    const cells = await page.locator(`[data-${cost}]`).evaluateAll((all, key) => all.map((cell) => Number(cell.dataset[key])), cost);
    const shown = await page.locator(`[data-cost=${cost}]`).getAttribute('data-total');
    assert.equal(cells.reduce((sum, value) => sum + value, 0), Number(shown), cost);
  }
  assert.match(await page.getByTestId('notes').innerText(), /24M.*15,237,608/s);
});

test('memory: row, width and input are chosen and stand in the address', async (t) => {
  const page = await openView(t, 'memory');
  await page.getByTestId('row-select').selectOption('AlexNet');
  await page.getByTestId('scale-select').selectOption('0.5');
  await page.getByTestId('input-select').selectOption('128');
  await page.locator('[data-testid=memory-view][data-ready="AlexNet,0.5,128"]').waitFor();
  await page.waitForURL(/row=AlexNet/);
  assert.match(await page.getByTestId('memory-title').innerText(), /AlexNet/);
  await page.reload();
  await page.locator('[data-testid=memory-view][data-ready="AlexNet,0.5,128"]').waitFor();
  await finishedRun(page);

  const { NETWORKS } = await import('../../www/core/address.js');
  for (const row of NETWORKS) {
    await page.getByTestId('row-select').selectOption(row);
    for (const [scale, input] of [['0.125', '64'], ['1', '352']]) {
      await page.getByTestId('scale-select').selectOption(scale);
      await page.getByTestId('input-select').selectOption(input);
      await page.locator(`[data-testid=memory-view][data-ready="${row},${scale},${input}"]`).waitFor();
    }
  }
});

test('memory: the table is copied as CSV and as LaTeX', async (t) => {
  const page = await openView(t, 'memory');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const copied = async (/** @type {string} */ button) => {
    await page.getByTestId(button).click();
    await page.getByTestId('copy-status').filter({ hasText: /./ }).waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const lines = (await copied('copy-csv')).trim().split('\n').map((line) => line.split(','));
  assert.equal(lines.length, 24);
  assert.ok(lines.every((line) => line.length === lines[0].length));
  assert.equal(lines.at(-1)[lines[0].indexOf('parameters')], '138357544');
  const latex = await copied('copy-latex');
  assert.match(latex, /\\begin\{tabular\}.*conv1\\_1 & 224\$\\cdot\$224\$\\cdot\$64 & 3\\,211\\,264 &.*\\end\{tabular\}/s);
  const rows = latex.split('\n').filter((line) => line.endsWith('\\\\'));
  assert.ok(rows.every((row) => row.split(' & ').length === 5), 'five columns in every row');
});

test('memory: where the clipboard is refused, the text comes up to be copied', async (t) => {
  const page = await openView(t, 'memory', {
    beforeOpening: (opened) =>
      opened.addInitScript(() => {
        navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
      }),
  });
  await page.getByTestId('copy-csv').click();
  const text = page.getByTestId('copy-text');
  await text.waitFor();
  assert.match(await text.inputValue(), /^layer,kind/);
});
