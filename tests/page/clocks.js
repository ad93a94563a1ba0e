/** Browsers whose clock counts in long steps: Firefox and WebKit where a page is not isolated, and where fingerprints are resisted. */

/** In ms. */
export const STEPS = [1, 1000 / 60, 100];

/** @param {number} step */
const rounded = (step) => `{
  const exact = performance.now.bind(performance);
  performance.now = () => Math.floor(exact() / ${step}) * ${step};
}
`;

/**
 * Rounds the clocks of a page and its workers, before they run.
 * @param {number} step in ms
 * @returns {(page: import('playwright-core').Page) => Promise<void>} for `open`'s `beforeOpening`
 */
export const clockOf = (step) => async (page) => {
  await page.addInitScript(rounded(step));
  // The modules that a worker imports run first. With the first that reads the clock, and again with the worker, which has that
  // one within it where modules are joined: what is rounded twice is the same.
  await page.context().route(/\/worker\/(clock|index)\.js(\?|$)/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: rounded(step) + (await response.text()) });
  });
};
