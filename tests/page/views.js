/** What the tests of every view of the lecture share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, violations } from './harness.js';

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

/** @param {import('playwright-core').Page} page */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/**
 * Waits until all workers but the page's own are gone, and their memory with them.
 * @param {import('playwright-core').Page} page
 */
export async function ownWorkerOnly(page) {
  // The threads of an engine's build are workers of its worker, and end with it.
  const engines = () => page.workers().filter((worker) => worker.url().includes('/worker.js')).length;
  for (let tries = 0; tries < 50 && engines() > 1; tries++) await page.waitForTimeout(100);
  assert.equal(engines(), 1, 'workers are left over');
}

/**
 * Registers what holds for every view: nothing found by axe, nothing scrolling sideways, all in one language.
 * @param {string} view
 * @param {(page: import('playwright-core').Page) => Promise<void>} [prepare] brings up what the view shows only then
 */
export function holdsFor(view, prepare = async () => {}) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    for (const lang of ['en', 'zh']) {
      test(`${view}: axe finds nothing (${colorScheme}, ${lang})`, async (t) => {
        const page = await openView(t, view, { colorScheme, hash: `lang=${lang}` });
        await prepare(page);
        assert.deepEqual(await violations(page), []);
      });
    }
  }

  test(`${view}: nothing scrolls sideways, in either language`, async (t) => {
    const page = await openView(t, view);
    await prepare(page);
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
    await prepare(page);
    const words = (await page.locator('main').innerText()).match(/[a-z]{3,}(?: [a-z]{2,}){2,}/g);
    assert.equal(words, null);
  });
}
