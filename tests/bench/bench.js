/**
 * Drives a browser through the measurements and saves them as JSON. `cargo xtask bench` makes the models, starts the
 * server and sets the variables.
 *
 *     node bench.js --rounds 15 --out results.json [--peers]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { ADDRESS, CHROME, FLAGS } from '../page/browser.js';

const WASM = new URL('../../pkg/vgglass_bg.wasm', import.meta.url);
/** The small net's runs are short: more of them. */
const SMALL_FACTOR = 5;

const { values: given } = parseArgs({
  options: { rounds: { type: 'string' }, out: { type: 'string' }, peers: { type: 'boolean' } },
});
const { out } = given;
const rounds = Number(given.rounds);
if (!out || !(rounds > 0)) throw new Error('it takes --rounds and --out, as `cargo xtask bench` gives them');

const browser = await chromium.launch({ executablePath: CHROME, args: FLAGS });
try {
  const results = {
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    commit: commit(),
    machine: { cpu: os.cpus()[0].model, cores: os.cpus().length, load: os.loadavg()[0] },
    chromium: browser.version(),
    page: { ...(await opening(ADDRESS, 11)), site: await opening(`${ADDRESS}site/`, 11), wasm_bytes: readFileSync(WASM).length, wasm_gzip_bytes: gzipSync(readFileSync(WASM)).length },
    nets: await nets(),
  };
  writeFileSync(out, `${JSON.stringify(results, null, 1)}\n`);
} finally {
  await browser.close();
}

/**
 * All on one thread, and what can on all cores.
 * @param {string} model path of a model's files on the server, without endings
 * @returns {import('./page.js').Contender[]}
 */
function contenders(model) {
  const cores = os.cpus().length;
  const ours = (/** @type {string} */ build, threads = 1) => ({
    name: `vgglass int8, build ${build}${threads > 1 ? `, ${threads} threads` : ''}`,
    module: './contenders/vgglass.js',
    model: `${model}.safetensors`,
    options: { build, threads },
  });
  const onnx = (/** @type {string} */ name, /** @type {string} */ form, threads = 1) => ({
    name: `onnxruntime-web ${name}${threads > 1 ? `, ${threads} threads` : ''}`,
    module: './contenders/onnxruntime.js',
    model: `${model}.${form}.onnx`,
    options: { threads },
  });
  const tensorflow = { name: 'TensorFlow.js float32', module: './contenders/tensorflow.js', model: `${model}.safetensors` };
  const all = [ours('base'), ours('relaxed'), ours('threads', cores)];
  if (!given.peers) return all;
  return [
    ...all,
    onnx('int8 QDQ', 'qdq'),
    onnx('int8 QOperator', 'qoperator'),
    onnx('float32', 'float'),
    tensorflow,
    onnx('int8 QOperator', 'qoperator', cores),
    onnx('float32', 'float', cores),
  ];
}

async function nets() {
  const page = await watchedPage();
  await page.goto(`${ADDRESS}bench/`);
  await page.waitForFunction('globalThis.compete');
  /** @type {import('./page.js').Net[]} */
  const list = [
    { id: 'shipped', title: 'The shipped net, 64×64', size: 64, rounds: rounds * SMALL_FACTOR, inARow: 4 },
    { id: 'D', title: 'VGG-16 (D), 224×224, random weights', size: 224, rounds, sizes: [224, 256, 288, 320, 384, 448, 512] },
  ].map((net) => ({ ...net, picture: `${ADDRESS}pictures/chelsea.jpg`, contenders: contenders(`models/${net.id}`) }));
  const results = [];
  for (const net of list) {
    results.push(await page.evaluate((one) => /** @type {any} */ (globalThis).compete(one), net));
  }
  await page.close();
  return results;
}

/** Page open to first prediction, with everything in the HTTP cache but for the first time. @param {string} address @param {number} times */
async function opening(address, times) {
  const context = await browser.newContext();
  const ms = [];
  for (let i = 0; i <= times; i++) {
    const page = await context.newPage();
    await page.goto(address);
    const seen = await page.waitForFunction(() => {
      if (document.documentElement.dataset.engine === 'failed') return 'failed';
      return document.querySelector('.predictions [data-probability]') ? performance.now() : null;
    });
    const value = await seen.jsonValue();
    if (typeof value !== 'number') throw new Error('the page could not load the engine or the model');
    ms.push(value);
    await page.close();
  }
  await context.close();
  const [cold, ...warm] = ms;
  return { cold_ms: cold, warm_ms: warm.sort((a, b) => a - b)[times >> 1] };
}

async function watchedPage() {
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  page.on('console', (message) => console.log(message.text()));
  page.on('pageerror', (error) => console.error(error));
  return page;
}

function commit() {
  const git = (/** @type {string[]} */ ...words) => execFileSync('git', words, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', '../../crate');
  return git('rev-parse', '--short', 'HEAD') + (changed ? ' with changes' : '');
}
