/**
 * A browser with the page in it, watched: a test fails when the page logs an error or asks for
 * anything that is not its own. `cargo xtask test page` starts the server and sets the variables.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { FLAGS, HEADLESS_SHELL, PAGE, UNTOUCHED } from './browser.js';

/** Generous, for slow machines on which other things run. */
const PATIENCE = 60_000;

/** @type {import('playwright-core').Browser} */
let browser;

/** Starts the browser of a test file and ends it afterwards. @param {string[]} [flags] besides the usual ones */
export function useBrowser(flags = []) {
  before(async () => {
    browser = await chromium.launch({ executablePath: HEADLESS_SHELL, args: [...FLAGS, ...flags] });
  });
  after(() => browser?.close());
}

/**
 * Opens the page in a profile of its own.
 * @param {import('node:test').TestContext} t
 * @param {object} [options]
 * @param {string} [options.view] the view, `look` if none is given
 * @param {string} [options.hash] the address after `#/look?`
 * @param {{width: number, height: number}} [options.viewport]
 * @param {'light' | 'dark'} [options.colorScheme]
 * @param {string} [options.locale]
 * @param {boolean} [options.hasTouch]
 * @param {(page: import('playwright-core').Page) => Promise<unknown>} [options.beforeOpening]
 * @param {RegExp} [options.expectedErrors] messages that this test provokes
 * @param {boolean} [options.untilRun] wait for the first run (the default)
 * @param {string} [options.address] of the page; if none is given, of the one whose modules are joined. `ADDRESS` has them one by one, each under its name
 * @param {boolean} [options.offline]
 */
export async function open(t, options = {}) {
  const { view = 'look', hash = '', viewport, colorScheme, locale = 'en-GB', hasTouch, beforeOpening, expectedErrors, untilRun = true, address = PAGE, offline } = options;
  const context = await browser.newContext({
    viewport: viewport ?? { width: 1440, height: 900 },
    colorScheme,
    locale,
    hasTouch,
    reducedMotion: 'reduce',
    offline,
  });
  t.after(() => context.close());
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const errors = watch(page, address);
  t.after(() => {
    const unexpected = errors.filter((error) => !expectedErrors?.test(error));
    assert.deepEqual(unexpected, [], 'the page logged errors or asked for what is not its own');
  });
  await page.addInitScript(UNTOUCHED);
  await page.addInitScript(hurry, HURRY);
  await beforeOpening?.(page);
  await page.goto(hash || view !== 'look' ? `${address}#/${view}?${hash}` : address);
  if (untilRun) await finishedRun(page);
  return page;
}

/** Measuring gets this part of the time that the page gives it, which is for figures of two digits: no test asks for those. */
const HURRY = 0.1;

/** In the page, before it. @param {number} part */
function hurry(part) {
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (/** @type {any} */ message, /** @type {any} */ options) {
    const { question } = message ?? {};
    if (question?.what === 'bench') message.question = { ...question, budget: part * question.budget };
    post.call(this, message, options);
  };
}

/** @param {import('playwright-core').Page} page @param {string} address all that the page may ask for begins with it */
function watch(page, address) {
  /** @type {string[]} */
  const errors = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => errors.push(`uncaught: ${error.message}`));
  page.context().on('request', (request) => {
    const url = request.url();
    if (!/^(blob|data):/.test(url) && !url.startsWith(address)) errors.push(`foreign request: ${url}`);
  });
  return errors;
}

/** How many runs have ended so far. @param {import('playwright-core').Page} page */
export const runs = (page) => page.evaluate(() => Number(document.documentElement.dataset.runs ?? 0));

/**
 * Waits until more runs than `seen` have ended and none is under way.
 * @param {import('playwright-core').Page} page
 */
export async function finishedRun(page, seen = 0) {
  const end = await page.waitForFunction(
    (least) => {
      const { engine, run, runs } = document.documentElement.dataset;
      if (engine === 'failed') return 'failed';
      return engine === 'ready' && run === 'done' && Number(runs) > least ? 'done' : null;
    },
    seen,
    { timeout: PATIENCE },
  );
  if ((await end.jsonValue()) === 'failed') assert.fail(`the engine failed: ${await page.getByTestId('notices').innerText()}`);
}

/** Does something and waits for the run that it causes. @param {import('playwright-core').Page} page @param {() => Promise<unknown>} action */
export async function andRun(page, action) {
  const seen = await runs(page);
  await action();
  await finishedRun(page, seen);
}

/** The English and Chinese names of the five best classes, best first. @param {import('playwright-core').Page} page */
export const topNames = (page) =>
  page.evaluate(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    return engine.top.map((/** @type {any} */ { class: index }) => engine.network.info.classes[index].en);
  });

/** Everything about the picture, its predictions and its maps that a bad file must leave as it was. @param {import('playwright-core').Page} page */
export const shownState = (page) =>
  page.evaluate(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    const strips = [...document.querySelectorAll('[data-testid=layer-strip]')];
    return JSON.stringify({
      top: engine.top,
      seen: [...(engine.seen?.data ?? [])],
      strips: strips.map((/** @type {any} */ canvas) => canvas.toDataURL().length),
      rows: [...document.querySelectorAll('[data-testid=layer-row]')].map((row) => /** @type {any} */ (row).dataset.state),
    });
  });

/**
 * Drops files on the page, as a file manager would.
 * @param {import('playwright-core').Page} page
 * @param {{name: string, type?: string, bytes: Uint8Array}[]} files
 */
export async function drop(page, files) {
  const given = files.map(({ name, type, bytes }) => ({ name, type, base64: Buffer.from(bytes).toString('base64') }));
  const transfer = await page.evaluateHandle((list) => {
    const made = new DataTransfer();
    for (const { name, type, base64 } of list) {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      made.items.add(new File([bytes], name, { type }));
    }
    return made;
  }, given);
  await dispatchDrop(page, transfer);
}

/** Drags a text onto the page. @param {import('playwright-core').Page} page @param {string} text @param {string} [type] */
export async function dropText(page, text, type = 'text/plain') {
  const transfer = await page.evaluateHandle(
    ([content, kind]) => {
      const made = new DataTransfer();
      made.setData(kind, content);
      return made;
    },
    [text, type],
  );
  await dispatchDrop(page, transfer);
}

/** @param {import('playwright-core').Page} page @param {import('playwright-core').JSHandle<DataTransfer>} dataTransfer */
async function dispatchDrop(page, dataTransfer) {
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('body', type, { dataTransfer });
}

/**
 * Whether a canvas shows more than one colour, or will in a moment.
 * @param {import('playwright-core').Locator} canvas
 */
export async function isPainted(canvas) {
  for (let tries = 0; tries < 50; tries++) {
    if (await hasColours(canvas)) return true;
    await canvas.page().waitForTimeout(100);
  }
  return false;
}

/** @param {import('playwright-core').Locator} canvas */
const hasColours = (canvas) =>
  canvas.evaluate((/** @type {HTMLCanvasElement} */ element) => {
    const copy = document.createElement('canvas');
    copy.width = element.width;
    copy.height = element.height;
    const context = /** @type {CanvasRenderingContext2D} */ (copy.getContext('2d'));
    context.drawImage(element, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer);
    return pixels.some((pixel) => pixel !== pixels[0]);
  });

/** Where an element is that has to be there. @param {import('playwright-core').Locator} element */
export async function boxOf(element) {
  const box = await element.boundingBox();
  assert.ok(box, `${element} takes no place`);
  return box;
}

/**
 * By how many pixels the page or an open dialog is wider than what is seen of it.
 * @param {import('playwright-core').Page} page
 */
export const overflow = (page) =>
  page.evaluate(async () => {
    // What is as wide as its place is told of a new size in the next frame.
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    const all = [document.documentElement, ...document.querySelectorAll('dialog[open]')];
    return Math.max(...all.map((element) => element.scrollWidth - element.clientWidth));
  });

/**
 * Does something in both languages, light and dark, of an open page that has no theme of its own; it ends light and in the last language.
 * @param {import('playwright-core').Page} page
 * @param {(look: string) => Promise<void>} action gets the theme's name and the language's
 * @param {readonly ('en' | 'zh')[]} [languages]
 */
export async function everyLook(page, action, languages = ['en', 'zh']) {
  for (const colorScheme of /** @type {const} */ (['dark', 'light'])) {
    await page.emulateMedia({ colorScheme });
    await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme);
    for (const lang of languages) {
      await speak(page, lang);
      await action(`${colorScheme}, ${lang}`);
    }
  }
}

/** Has the page in a language, whatever lies over the buttons for that. @param {import('playwright-core').Page} page @param {'en' | 'zh'} lang */
export async function speak(page, lang) {
  await page.evaluate((lang) => /** @type {any} */ (window).vgglass.store.set({ lang }), lang);
  await page.waitForFunction((lang) => document.documentElement.lang.startsWith(lang), lang);
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds at levels A and AA, one line an element. @param {import('playwright-core').Page} page */
export async function violations(page) {
  // It takes what has scrolled half under the header for a target too small to hit.
  await page.evaluate(() => scrollTo(0, 0));
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  return page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await /** @type {any} */ (window).axe.run({ runOnly: tags, resultTypes: ['violations'] });
    return violations.flatMap((/** @type {any} */ { id, nodes }) => nodes.map((/** @type {any} */ node) => `${id}: ${node.html.slice(0, 120)}`));
  });
}
