/**
 * Tests that are written once and run in Chromium, Firefox and WebKit. The browser's name is the first word of the
 * test's: `node --test --test-name-pattern='^webkit'`. What they can do with a page is in `everywhere/tab.js` and
 * `everywhere/page.js`.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { BROWSERS, missing, start } from './everywhere/start.js';
import { PATIENCE } from './everywhere/tab.js';

/** @typedef {import('./everywhere/tab.js').Tab} Tab */
/** @typedef {import('./everywhere/tab.js').BrowserName} BrowserName */

/** @type {Map<string, Promise<import('./everywhere/tab.js').RunningBrowser>>} */
const started = new Map();
after(async () => {
  for (const browser of started.values()) await browser.then((one) => one.close(), () => {});
});

/**
 * Registers a test for each of the browsers, which gets an empty tab in a profile of its own. It fails when the page
 * logs an error or a warning.
 * @param {string} title
 * @param {(tab: Tab, t: import('node:test').TestContext) => Promise<void>} body
 * @param {object} [options]
 * @param {readonly BrowserName[]} [options.browsers] all if not given
 * @param {string | false} [options.skip] why it cannot run
 * @param {RegExp} [options.expectedErrors] messages that this test provokes
 * @param {import('./everywhere/tab.js').OpenOptions} [options.open]
 * @param {import('./everywhere/tab.js').StartOptions} [options.start]
 */
export function everywhere(title, body, { browsers = BROWSERS, skip = false, expectedErrors, open, start: wanted = {} } = {}) {
  for (const name of browsers) {
    test(`${name}: ${title}`, { skip: missing(name) || skip, timeout: 5 * PATIENCE }, async (t) => {
      const key = `${name} ${JSON.stringify(wanted)}`;
      const browser = started.get(key) ?? start(name, wanted);
      started.set(key, browser);
      const tab = await (await browser).open(open);
      try {
        await body(tab, t);
        const unexpected = tab.errors.filter((error) => !expectedErrors?.test(error));
        assert.deepEqual(unexpected, [], `${name}: the page logged errors`);
      } finally {
        await tab.close();
      }
    });
  }
}
