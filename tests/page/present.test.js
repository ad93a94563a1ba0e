/** Presenter mode, the shortcuts and their sheet, the printed page, reduced motion. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, overflow, useBrowser, violations } from './harness.js';

useBrowser();

const PROJECTOR = { width: 1280, height: 720 };
/** What A4 leaves between its margins. */
const PAPER = { width: 703, height: 1032 };
const SMALLEST = 14;

/** @param {import('playwright-core').Page} page */
const views = (page) => page.evaluate(() => /** @type {any} */ (window).vgglass.store.views);
/** @param {import('playwright-core').Page} page */
const view = (page) => page.evaluate(() => /** @type {any} */ (window).vgglass.store.state.view);

/** Shows a view and waits for what it asks the engine for. @param {import('playwright-core').Page} page @param {string} id */
async function show(page, id) {
  await page.evaluate((id) => /** @type {any} */ (window).vgglass.store.set({ view: id, layer: id === 'look' ? 'conv2_2' : null }), id);
  await page.waitForFunction(() => (document.querySelector('main')?.textContent?.length ?? 0) > 300);
  await page.waitForTimeout(600);
}

/** Texts smaller than `least` on the screen, with their sizes. @param {import('playwright-core').Page} page @param {number} least */
const small = (page, least) =>
  page.evaluate((least) => {
    const found = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const element = /** @type {Element} */ (text.parentElement);
      if (!text.textContent?.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest('.visually-hidden')) continue;
      const matrix = element instanceof SVGGraphicsElement ? element.getScreenCTM() : null;
      const size = Number.parseFloat(getComputedStyle(element).fontSize) * (matrix ? Math.hypot(matrix.a, matrix.b) : 1);
      if (size < least - 0.01) found.push(`${size.toFixed(1)} px: ${text.textContent.slice(0, 40)}`);
    }
    return found;
  }, least);

for (const lang of ['en', 'zh']) {
  test(`no text is below 14 px in presenter mode, and nothing scrolls sideways (${lang})`, async (t) => {
    const page = await open(t, { viewport: PROJECTOR, hash: `lang=${lang}&present=1` });
    for (const id of await views(page)) {
      await show(page, id);
      assert.deepEqual(await small(page, SMALLEST), [], id);
      assert.equal(await overflow(page), 0, id);
    }
  });
}

/** What views open besides: state by name. */
const OPENED = {
  sum: { view: 'look', layer: 'conv2_2', channel: 3, panel: 'sum' },
  regions: { view: 'look', layer: 'conv2_2', channel: 3, panel: 'regions' },
  values: { view: 'look', layer: 'conv2_2', channel: 3, panel: 'values' },
  kernels: { view: 'look', layer: 'conv1_1', channel: 3, panel: 'kernels' },
  occlusion: { view: 'look', study: 'occlusion' },
  build: { view: 'networks', mode: 'build' },
};

test('no text is below 14 px in presenter mode, in what views open', async (t) => {
  const page = await open(t, { viewport: PROJECTOR, hash: 'present=1' });
  for (const [name, state] of Object.entries(OPENED)) {
    await page.evaluate((state) => /** @type {any} */ (window).vgglass.store.set(state), { layer: null, channel: null, panel: null, study: null, ...state });
    await page.waitForTimeout(1000);
    assert.deepEqual(await small(page, SMALLEST), [], name);
  }
});

test('presenter mode goes through the views like slides', async (t) => {
  const page = await open(t, { viewport: PROJECTOR });
  const all = await views(page);
  await page.keyboard.press('p');
  await page.getByTestId('presenter-bar').waitFor();
  assert.equal(await page.locator('.page-header').isVisible(), false);
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('PageDown');
  assert.equal(await view(page), all[1]);
  await page.keyboard.press('Space');
  assert.equal(await view(page), all[2]);
  await page.keyboard.press('ArrowRight');
  assert.equal(await view(page), all[3]);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('PageUp');
  await page.keyboard.press('Shift+Space');
  assert.equal(await view(page), all[0]);
  await page.keyboard.press('PageUp');
  assert.equal(await view(page), all[0], 'there is nothing before the first');
  await page.keyboard.press('End');
  assert.equal(await view(page), all.at(-1));
  await page.keyboard.press('Home');
  await page.waitForURL(/present=1/);

  await page.getByTestId('crop-box').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await view(page), all[0], 'the crop has taken the arrow');
  await page.getByTestId('crop-zoom').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await view(page), all[0], 'the slider has taken the arrow');

  await page.getByTestId('present-next').click();
  assert.equal(await view(page), all[1]);
  await page.keyboard.press('Escape');
  await page.getByTestId('presenter-bar').waitFor({ state: 'hidden' });
});

test('the sheet of shortcuts opens, closes and switches single keys off', async (t) => {
  const page = await open(t);
  const all = await views(page);
  await page.keyboard.press('2');
  assert.equal(await view(page), all[1]);
  await page.keyboard.press('1');
  await page.keyboard.press('l');
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  await page.keyboard.press('?');
  const sheet = page.getByTestId('shortcuts');
  await sheet.waitFor();
  assert.match(await sheet.innerText(), /演示模式/);
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('p');
  await page.getByTestId('single-keys').uncheck();
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'hidden' });
  assert.equal(await page.getByTestId('presenter-bar').isVisible(), false, 'a key in the sheet does nothing behind it');
  await page.keyboard.press('2');
  assert.equal(await view(page), all[0]);
  await page.getByTestId('shortcuts-button').click();
  await page.getByTestId('single-keys').check();
  await page.getByTestId('shortcuts-close').click();
  await page.keyboard.press('2');
  assert.equal(await view(page), all[1]);
});

test('every view prints on white, without controls, its tables whole', async (t) => {
  const page = await open(t, { viewport: PAPER, colorScheme: 'dark' });
  for (const id of await views(page)) {
    await page.emulateMedia({ media: 'screen' });
    await show(page, id);
    await page.emulateMedia({ media: 'print' });
    const found = await page.evaluate(() => {
      const isSeen = (/** @type {Element} */ element) => element.checkVisibility({ visibilityProperty: true });
      return {
        paper: getComputedStyle(document.body).backgroundColor,
        controls: [...document.querySelectorAll('.page-header, .page-footer, .button, select, input')].filter(isSeen).map((element) => element.outerHTML.slice(0, 80)),
        cut: [...document.querySelectorAll('main table')]
          .filter((table) => isSeen(table) && !table.closest('.visually-hidden') && table.getBoundingClientRect().right > innerWidth + 2)
          .map((table) => table.className),
      };
    });
    assert.deepEqual(found, { paper: 'rgb(255, 255, 255)', controls: [], cut: [] }, id);
  }
});

test('who wants less motion gets none', async (t) => {
  const page = await open(t);
  for (const id of await views(page)) {
    await show(page, id);
    assert.deepEqual(await page.evaluate(() => document.getAnimations().map((animation) => String(/** @type {any} */ (animation).animationName))), [], id);
  }
});
