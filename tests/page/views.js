/** What the tests of every view of the lecture share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyLook, open, overflow, violations } from './harness.js';

export const WINDOWS = { phone: [360, 740], tablet: [820, 1180], projector: [1280, 720], wide: [1920, 1080] };

/**
 * A view that shows all that it is to show.
 * @param {import('node:test').TestContext} t @param {string} view @param {Parameters<typeof open>[1]} [options]
 */
export async function openView(t, view, options = {}) {
  const page = await open(t, { ...options, view });
  await page.locator(`[data-testid=${view}-view][data-ready]`).waitFor();
  return page;
}

/**
 * Waits until all workers but the page's own are gone, and their memory with them.
 * @param {import('playwright-core').Page} page
 */
export async function ownWorkerOnly(page) {
  // The threads of an engine's build are workers of its worker, and end with it.
  const engines = () => page.workers().filter((worker) => worker.url().includes('/worker/index.js')).length;
  for (let tries = 0; tries < 50 && engines() > 1; tries++) await page.waitForTimeout(100);
  assert.equal(engines(), 1, 'workers are left over');
}

/**
 * Registers what holds for every view, of a page that is opened once and in Chinese, and that goes through all languages,
 * themes and sizes: nothing found by axe, nothing scrolling sideways, all in one language.
 * @param {string} view
 * @param {(page: import('playwright-core').Page) => Promise<void>} [prepare] brings up what the view shows only then
 */
export function holdsFor(view, prepare = async () => {}) {
  test(`${view}: axe finds nothing, nothing scrolls sideways, and the Chinese is Chinese throughout`, async (t) => {
    const page = await openView(t, view, { locale: 'zh-CN' });
    await prepare(page);
    await isChinese(page);
    await everyLook(page, async (look) => assert.deepEqual(await violations(page), [], look));
    for (const [name, [width, height]] of Object.entries(WINDOWS)) {
      await page.setViewportSize({ width, height });
      for (const lang of ['en', 'zh']) {
        await page.getByTestId(`lang-${lang}`).click();
        assert.equal(await overflow(page), 0, `${name}, ${lang}`);
      }
    }
    await isChinese(page);
  });
}

/** @param {import('playwright-core').Page} page */
async function isChinese(page) {
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  const words = (await page.locator('main').innerText()).match(/[a-z]{3,}(?: [a-z]{2,}){2,}/g);
  assert.equal(words, null);
}
