/** Starts a browser by its name. */
import { existsSync } from 'node:fs';
import { CHROME, FIREFOX, PYTHON, WEBKIT_DRIVER, XVFB } from '../browser.js';
import { startPuppeteer } from './puppeteer.js';
import { startWebkit } from './webkit.js';

/** @typedef {import('./tab.js').BrowserName} BrowserName */

export const BROWSERS = /** @type {const} */ (['chromium', 'firefox', 'webkit']);

/** @type {Record<BrowserName, string[]>} what each needs on this machine */
const NEEDS = { chromium: [CHROME], firefox: [FIREFOX], webkit: [WEBKIT_DRIVER, XVFB, PYTHON] };

/** @param {BrowserName} name @param {import('./tab.js').StartOptions} [options] @returns {Promise<import('./tab.js').RunningBrowser>} */
export const start = (name, options = {}) => (name === 'webkit' ? startWebkit() : startPuppeteer(name, options));

/** What this machine lacks for a browser, in words. @param {BrowserName} name */
export function missing(name) {
  const absent = NEEDS[name].filter((path) => !existsSync(path));
  return absent.length ? `not installed: ${absent.join(', ')}` : false;
}
