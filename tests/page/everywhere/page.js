/** What tests and other programs do with the page, in any browser. */
import assert from 'node:assert/strict';
import { PAGE } from '../browser.js';

/** @typedef {import('./tab.js').Tab} Tab */

/** The page's address for a view and its state. @param {string} [view] @param {string} [state] @param {string} [page] */
export const address = (view = 'look', state = '', page = PAGE) => `${page}#/${view}?${state}`;

/** How many runs have ended so far. @param {Tab} tab @returns {Promise<number>} */
export const runs = (tab) => tab.evaluate(() => Number(document.documentElement.dataset.runs ?? 0));

/** Waits until more runs than `seen` have ended and none is under way. @param {Tab} tab @param {number} [seen] */
export async function finishedRun(tab, seen = 0) {
  const end = await tab.until((least) => {
    const { engine, run, runs } = document.documentElement.dataset;
    if (engine === 'failed') return 'failed';
    return engine === 'ready' && run === 'done' && Number(runs) > least && 'done';
  }, seen);
  if (end === 'failed') assert.fail(`${tab.browser}: the engine failed: ${await tab.text('[data-testid=notices]')}`);
}

/** Opens an address and waits for its first run. @param {Tab} tab @param {string} url */
export async function goAndRun(tab, url) {
  await tab.go(url);
  await finishedRun(tab);
}

/** Does something and waits for the run that it causes. @param {Tab} tab @param {() => Promise<unknown>} action */
export async function andRun(tab, action) {
  const seen = await runs(tab);
  await action();
  await finishedRun(tab, seen);
}

/** The English names of the five best classes, best first. @param {Tab} tab @returns {Promise<string[]>} */
export const topNames = (tab) =>
  tab.evaluate(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    return engine.top.map((/** @type {any} */ { class: index }) => engine.network.info.classes[index].en);
  });

/** Sets parts of the page's state. @param {Tab} tab @param {Record<string, unknown>} state */
export const set = (tab, state) => tab.evaluate((values) => /** @type {any} */ (window).vgglass.store.set(values), state);

/** @typedef {{name: string, type?: string, bytes: Uint8Array}} File */

/** @param {File} file */
const inText = ({ name, type, bytes }) => ({ name, type, base64: Buffer.from(bytes).toString('base64') });

/** Drops a file on the page, as a file manager would. @param {Tab} tab @param {File} file */
export const drop = (tab, file) =>
  tab.evaluate(({ name, type, base64 }) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }));
    for (const kind of ['dragenter', 'dragover', 'drop']) {
      document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }
  }, inText(file));

/** Pastes a file, as a screenshot would be. @param {Tab} tab @param {File} file */
export const paste = (tab, file) =>
  tab.evaluate(({ name, type, base64 }) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name, { type }));
    // Firefox's constructor takes texts alone.
    const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true });
    document.body.dispatchEvent(Object.defineProperty(event, 'clipboardData', { value: clipboardData }));
  }, inText(file));

/** Waits until a canvas shows more than one colour. @param {Tab} tab @param {string} selector */
export const painted = (tab, selector) =>
  tab.until((wanted) => {
    const shown = /** @type {HTMLCanvasElement} */ (document.querySelector(wanted));
    const copy = document.createElement('canvas');
    copy.width = shown.width;
    copy.height = shown.height;
    const context = /** @type {CanvasRenderingContext2D} */ (copy.getContext('2d'));
    context.drawImage(shown, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer);
    return pixels.some((pixel) => pixel !== pixels[0]);
  }, selector);
