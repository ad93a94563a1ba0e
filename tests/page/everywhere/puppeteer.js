/** Chromium by its own protocol, and Firefox by WebDriver BiDi. */
import puppeteer from 'puppeteer-core';
import { CHROME, FIREFOX, FLAGS } from '../browser.js';
import { PATIENCE, Tab } from './tab.js';

const CAMERA = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const CAMERA_PREFERENCES = { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true };
const MEASURE = ['--enable-precise-memory-info', '--js-flags=--expose-gc'];

/** @type {Record<'chromium' | 'firefox', (options: import('./tab.js').StartOptions) => import('puppeteer-core').LaunchOptions>} */
const LAUNCH = {
  chromium: ({ measure }) => ({ browser: 'chrome', executablePath: CHROME, args: [...FLAGS, ...CAMERA, ...(measure ? MEASURE : [])] }),
  firefox: ({ prefs }) => ({ browser: 'firefox', executablePath: FIREFOX, extraPrefsFirefox: { ...CAMERA_PREFERENCES, ...prefs } }),
};

/**
 * @param {'chromium' | 'firefox'} name
 * @param {import('./tab.js').StartOptions} options
 * @returns {Promise<import('./tab.js').RunningBrowser>}
 */
export async function startPuppeteer(name, options) {
  const browser = await puppeteer.launch({ ...LAUNCH[name](options), headless: true, protocolTimeout: 2 * PATIENCE });
  return {
    name,
    version: await browser.version(),
    pid: /** @type {number} */ (browser.process()?.pid),
    open: (wanted = {}) => Tab.open(name, (errors) => steer(browser, wanted, errors)),
    close: () => browser.close(),
  };
}

/**
 * @param {import('puppeteer-core').Browser} browser @param {import('./tab.js').OpenOptions} options @param {string[]} errors
 * @returns {Promise<import('./tab.js').Steering>}
 */
async function steer(browser, { width = 1440, height = 900, prelude }, errors) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.setViewport({ width, height });
  if (prelude) await page.evaluateOnNewDocument(prelude);
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) errors.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => errors.push(`uncaught: ${/** @type {Error} */ (error).message}`));
  return {
    go: async (url) => void (await page.goto(url)),
    reload: async () => void (await page.reload()),
    run: (script) => page.evaluate(script),
    click: (selector) => page.click(selector),
    press: (key) => page.keyboard.press(key),
    async pick(selector, paths) {
      const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.$(selector));
      await input.uploadFile(...paths);
    },
    resize: (width, height) => page.setViewport({ width, height }),
    async hide() {
      const other = await context.newPage();
      await other.bringToFront();
    },
    close: () => context.close(),
  };
}
