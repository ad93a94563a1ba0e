/** Whether the page stays as small and as quiet as it begins: `node endurance.js`, see README.md beside it. */
import { parseArgs } from 'node:util';
import { readFileSync } from 'node:fs';
import { address, andRun, drop, goAndRun, set } from '../page/everywhere/page.js';
import { BROWSERS, missing, start } from '../page/everywhere/start.js';
import { pause } from '../page/everywhere/tab.js';
import { taken } from './processes.js';
import { held, PRELUDE, serveWatched } from './watched.js';

/** @typedef {import('../page/everywhere/tab.js').Tab} Tab */

// Puppeteer ends its browsers when told to stop, and lets the program go on without them.
process.on('SIGTERM', () => process.exit(143));

const { values } = parseArgs({
  options: {
    browsers: { type: 'string', default: BROWSERS.join() },
    live: { type: 'string', default: '10' },
    pictures: { type: 'string', default: '300' },
    networks: { type: 'string', default: '60' },
    hidden: { type: 'string', default: '10' },
  },
});
const MINUTE = 60_000;
/** Samples of each, about. */
const SAMPLES = 20;
/** What settles first is not counted. */
const SETTLED = MINUTE;

const PICTURES = JSON.parse(readFileSync(new URL('../../www/pictures/pictures.json', import.meta.url), 'utf8')).map((/** @type {{file: string}} */ { file }) => file);
/** Networks to go through: a small one and large ones, trained and not, of other input sizes. */
const NETWORKS = [
  { model: 'untrained', net: 'A', width: 0.125, size: 64 },
  { model: 'shipped' },
  { model: 'alike', net: 'AlexNet' },
  { model: 'untrained', net: 'D', width: 0.5, size: 128 },
  { model: 'alike', net: 'E' },
  { model: 'untrained', net: 'E', width: 0.25, size: 224 },
];

const megabytes = (/** @type {number | null} */ bytes) => (bytes === null ? '–' : (bytes / 1e6).toFixed(1));

/** @typedef {Awaited<ReturnType<typeof held>> & {minute: number, memory: number, osThreads: number}} Sample */
/** @type {[string, (sample: Sample) => string | number][]} */
const COLUMNS = [
  ['minute', ({ minute }) => minute.toFixed(1)],
  ['runs', ({ runs }) => runs],
  ['frames', ({ frames }) => frames],
  ['heap MB', ({ heap }) => megabytes(heap)],
  ['wasm MB', ({ wasm }) => megabytes(wasm)],
  ['processes MB', ({ memory }) => megabytes(memory)],
  ['canvases', ({ canvases }) => canvases],
  ['canvas MB', ({ pixels }) => megabytes(4 * pixels)],
  ['workers', ({ workers, threads }) => `${workers}+${threads}`],
  ['OS threads', ({ osThreads }) => osThreads],
];

/** Prints what is held, now and again. */
class Watch {
  #began = performance.now();
  /** @type {Sample[]} */ #samples = [];

  /** @param {string} what @param {Tab} tab @param {number} pid */
  constructor(what, tab, pid) {
    this.what = what;
    this.tab = tab;
    this.pid = pid;
    console.log(`\n${what}\n\n| ${COLUMNS.map(([name]) => name).join(' | ')} |\n|${COLUMNS.map(() => ' --: |').join('')}`);
  }

  async sample() {
    const now = await held(this.tab);
    const { memory, threads } = taken(this.pid);
    const sample = { ...now, minute: (performance.now() - this.#began) / MINUTE, memory, osThreads: threads };
    this.#samples.push(sample);
    console.log(`| ${COLUMNS.map(([, of]) => of(sample)).join(' | ')} |`);
  }

  /** How much more there is at the end than when it had settled: medians of the first and of the last quarter after that. */
  end() {
    const settled = this.#samples.filter(({ minute }) => minute * MINUTE >= SETTLED);
    const quarter = Math.max(1, settled.length >> 2);
    const median = (/** @type {Sample[]} */ some, /** @type {(sample: Sample) => number} */ of) => some.map(of).toSorted((a, b) => a - b)[some.length >> 1];
    const grown = (/** @type {(sample: Sample) => number} */ of) => median(settled.slice(-quarter), of) - median(settled.slice(0, quarter), of);
    const errors = this.tab.errors.length ? `; console: ${[...new Set(this.tab.errors)].join(' | ')}` : '';
    if (settled.length < 2) console.log(`\n${this.what}: too short to tell${errors}`);
    else
      console.log(
        `\n${this.what}: after the first minute heap ${megabytes(settled[0].heap === null ? null : grown(({ heap }) => heap ?? 0))} MB more, wasm ${megabytes(grown(({ wasm }) => wasm))}, ` +
          `processes ${megabytes(grown(({ memory }) => memory))}, canvases ${grown(({ canvases }) => canvases)}, workers ${grown(({ workers, threads }) => workers + threads)}, OS threads ${grown(({ osThreads }) => osThreads)}${errors}`,
      );
  }
}

/** @param {Tab} tab @param {Watch} watch @param {number} minutes */
async function live(tab, watch, minutes) {
  await tab.click('[data-testid=live-button]');
  for (let i = 0; i < SAMPLES; i++) {
    await pause((minutes * MINUTE) / SAMPLES);
    await watch.sample();
  }
  await tab.click('[data-testid=live-button]');
}

/** @param {Tab} tab @param {Watch} watch @param {number} changes */
async function pictures(tab, watch, changes) {
  for (let i = 1; i <= changes; i++) {
    const name = PICTURES[i % PICTURES.length];
    // Every tenth is one's own.
    const change = i % 10 ? () => set(tab, { picture: name }) : () => drop(tab, { name, bytes: readFileSync(new URL(`../../www/pictures/${name}`, import.meta.url)) });
    await andRun(tab, change);
    if (i % Math.max(1, Math.floor(changes / SAMPLES)) === 0) await watch.sample();
  }
}

/** @param {Tab} tab @param {Watch} watch @param {number} changes */
async function networks(tab, watch, changes) {
  for (let i = 0; i < changes; i++) {
    const values = { net: 'D', width: 0.5, size: 64, seed: i + 1, ...NETWORKS[i % NETWORKS.length] };
    await andRun(tab, () => set(tab, values));
    // Of one network the samples can be compared.
    if (i % NETWORKS.length === 1) await watch.sample();
  }
}

/** @param {number} pid @param {number} minutes @returns {Promise<string>} CPU time that the browser took meanwhile */
async function atRest(pid, minutes) {
  const before = taken(pid).seconds;
  await pause(minutes * MINUTE);
  const seconds = taken(pid).seconds - before;
  return `${seconds.toFixed(2)} s in ${minutes} min, ${((100 * seconds) / (60 * minutes)).toFixed(2)} % of a core`;
}

/** @param {import('../page/everywhere/tab.js').RunningBrowser} browser @param {string} url @param {number} minutes */
async function hidden(browser, url, minutes) {
  const short = Math.min(minutes, 2);
  const empty = await browser.open();
  await empty.go(`${url}icon.svg`);
  await pause(5000);
  console.log(`${browser.name}, a picture alone, to compare: ${await atRest(browser.pid, short)}`);
  await empty.close();

  const tab = await browser.open();
  await goAndRun(tab, address('look', '', url));
  await pause(10_000);
  console.log(`${browser.name}, the page open and seen, nothing done: ${await atRest(browser.pid, short)}`);
  // The camera goes off by itself.
  await tab.click('[data-testid=live-button]');
  await tab.until(() => Number(/** @type {HTMLElement} */ (document.querySelector('[data-testid=live-rate]')).dataset.frames) > 5);
  await tab.hide();
  await tab.until(() => document.hidden && document.querySelector('[data-testid=live-button][aria-pressed=false]') !== null);
  await pause(10_000);
  console.log(`${browser.name}, the page hidden while the camera ran: ${await atRest(browser.pid, minutes)}`);
  await tab.close();
}

const served = await serveWatched();
for (const name of /** @type {import('../page/everywhere/tab.js').BrowserName[]} */ (values.browsers.split(','))) {
  const lack = missing(name);
  if (lack) throw new Error(`${name}: ${lack}`);
  for (const [kind, act] of /** @type {const} */ ([['live', live], ['pictures', pictures], ['networks', networks]])) {
    if (Number(values[kind]) === 0) continue;
    const browser = await start(name, { measure: true });
    try {
      const tab = await browser.open({ prelude: PRELUDE });
      await goAndRun(tab, address('look', '', served.address));
      const watch = new Watch(`${name} (${browser.version}), ${kind}: ${values[kind]}${kind === 'live' ? ' minutes' : ' changes'}`, tab, browser.pid);
      await watch.sample();
      await act(tab, watch, Number(values[kind]));
      watch.end();
    } catch (error) {
      console.log(`\n${name}, ${kind}: ${error}`);
      process.exitCode = 1;
    } finally {
      await browser.close();
    }
  }
  if (Number(values.hidden) === 0) continue;
  const browser = await start(name);
  try {
    console.log();
    await hidden(browser, served.address, Number(values.hidden));
  } catch (error) {
    console.log(`\n${name}, hidden: ${error}`);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}
served.end();
