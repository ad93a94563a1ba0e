/** How long it takes until published weights run, and how much memory: `node import.js`, see README.md beside it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ADDRESS, CHROME, FLAGS } from '../page/browser.js';
import { NAMES, writePublished } from './published.js';

/** @type {typeof import('playwright-core')} */
const { chromium } = createRequire(new URL('../page/', import.meta.url))('playwright-core');
const { values } = parseArgs({ options: { files: { type: 'string', default: NAMES.join() }, keep: { type: 'string' } } });
const MINUTES = 60_000;

/** The import's worker tells with each of its news how large its module's memory is. */
const TELLING = `{
  let memory;
  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (...given) => {
    const made = await instantiateStreaming.call(WebAssembly, ...given);
    memory = made.instance.exports.memory;
    return made;
  };
  const post = self.postMessage.bind(self);
  self.postMessage = (news) => post({ ...news, memory: memory?.buffer.byteLength ?? 0 });
}\n`;

const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'vgglass-'));
const context = await chromium.launchPersistentContext('', { executablePath: CHROME, args: FLAGS, headless: true });
try {
  await context.route('**/import/worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: TELLING + (await response.text()) });
  });
  console.log('| file | until it is known what it is, s | weights, s | scales, s | stored, s | first prediction, s | wasm, weights, MB | wasm, scales, MB | kept: first prediction, s |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|');
  for (const name of values.files.split(',')) await measure(name);
} finally {
  await context.close();
  if (!values.keep) rmSync(folder, { recursive: true });
}

/** @param {string} name */
async function measure(name) {
  const path = join(folder, name);
  if (!existsSync(path)) writePublished(name, path);
  const page = await context.newPage();
  page.setDefaultTimeout(10 * MINUTES);
  await page.addInitScript(() => {
    const heard = /** @type {{at: number, what: string, memory: number}[]} */ ([]);
    Object.assign(window, { heard });
    window.Worker = class extends Worker {
      /** @param {string | URL} url @param {WorkerOptions} [options] */
      constructor(url, options) {
        super(url, options);
        if (!String(url).includes('/import/')) return;
        this.addEventListener('message', ({ data }) => heard.push({ at: performance.now(), what: data.stage ?? data.type, memory: data.memory }));
      }
    };
  });
  await page.goto(ADDRESS);
  await ran(page, 'shipped');
  const began = await page.evaluate(() => performance.now());
  await page.getByTestId('file-input').setInputFiles(path);
  await page.getByTestId('import-start').click();
  await ran(page, 'kept:');
  const { now, heard } = await page.evaluate(() => ({ now: performance.now(), heard: /** @type {any} */ (window).heard }));
  const at = (/** @type {string} */ what) => heard.find((/** @type {any} */ one) => one.what === what).at;
  const most = (/** @type {string} */ from, /** @type {string} */ to) =>
    Math.max(...heard.filter((/** @type {any} */ one) => one.at >= at(from) && one.at <= at(to)).map((/** @type {any} */ one) => one.memory)) / 1e6;
  const seconds = (/** @type {number} */ from, /** @type {number} */ to) => ((to - from) / 1000).toFixed(2);
  const times = [seconds(began, at('found')), seconds(at('weights'), at('calibrate')), seconds(at('calibrate'), at('write')), seconds(at('write'), at('done')), seconds(began, now)];
  await page.reload();
  await ran(page, 'kept:');
  const kept = seconds(0, await page.evaluate(() => performance.now()));
  console.log(`| ${[name, ...times, most('weights', 'calibrate').toFixed(0), most('calibrate', 'done').toFixed(0), kept].join(' | ')} |`);
  await page.close();
}

/** @param {import('playwright-core').Page} page @param {string} model what the state's begins with, when its first run has ended */
function ran(page, model) {
  return page.waitForFunction((start) => {
    const { store, engine } = /** @type {any} */ (window).vgglass ?? {};
    const { engine: status, run } = document.documentElement.dataset;
    return store?.state.model.startsWith(start) && status === 'ready' && run === 'done' && engine.top.length > 0;
  }, model);
}
