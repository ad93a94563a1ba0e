/**
 * Loads the page over and over, with two pictures each time, and counts the loads that never answer: `node loads.js`, see README.md beside it. It ends
 * with 1 if there is one.
 */
import { parseArgs } from 'node:util';
import { address, set } from '../page/everywhere/page.js';
import { BROWSERS, missing, start } from '../page/everywhere/start.js';
import { busy } from './busy.js';

// Puppeteer ends its browsers when told to stop, and lets the program go on without them.
process.on('SIGTERM', () => process.exit(143));

const { values } = parseArgs({
  options: {
    browsers: { type: 'string', default: BROWSERS.join() },
    loads: { type: 'string', default: '300' },
    state: { type: 'string', default: 'engine=threads&threads=2' },
    within: { type: 'string', default: '60' },
    busy: { type: 'string', default: '0' },
  },
});

/** What the page says of itself when nothing more comes. @param {import('../page/everywhere/tab.js').Tab} tab */
const told = (tab) =>
  tab.evaluate(() => {
    const { build } = /** @type {any} */ (window).vgglass?.engine.network ?? {};
    const notice = /** @type {HTMLElement | null} */ (document.querySelector('[data-testid=notice]'));
    return JSON.stringify({ ...document.documentElement.dataset, build: build && `${build.name}, ${build.threads} threads`, notice: notice?.innerText });
  });

/** In the page: the build that runs, once so many runs have ended. @param {number} least */
const hasRun = (least) => {
  const { engine, run, runs } = document.documentElement.dataset;
  const { build } = /** @type {any} */ (window).vgglass?.engine.network ?? {};
  return engine === 'ready' && run === 'done' && Number(runs) >= least && `${build.name}, ${build.threads} threads`;
};

let isWhole = true;
const end = busy(Number(values.busy));
for (const name of /** @type {import('../page/everywhere/tab.js').BrowserName[]} */ (values.browsers.split(','))) {
  const lack = missing(name);
  if (lack) throw new Error(`${name}: ${lack}`);
  const browser = await start(name);
  const began = performance.now();
  /** @type {number[]} */
  const times = [];
  /** @type {Map<string, number>} */
  const builds = new Map();
  let silent = 0;
  let tab = await browser.open();
  for (let i = 1; i <= Number(values.loads); i++) {
    const before = performance.now();
    try {
      await tab.go(address('look', values.state).replace('#', `?load=${i}#`));
      const within = 1000 * Number(values.within);
      await tab.until(hasRun, 1, within);
      // Threads join while the first picture is computed; the second one has them.
      await set(tab, { picture: 'goldfish.webp' });
      const build = await tab.until(hasRun, 2, within);
      builds.set(build, (builds.get(build) ?? 0) + 1);
      times.push(performance.now() - before);
    } catch (error) {
      silent += 1;
      console.log(`${name}, load ${i}: no answer; ${await told(tab).catch(String)}; console: ${tab.errors.join(' | ')}`);
      await tab.close().catch(() => {});
      tab = await browser.open();
    }
    if (i % 50 === 0) console.log(`${name}: ${i} loads, ${silent} without an answer`);
  }
  await browser.close();
  times.sort((a, b) => a - b);
  const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(1)} s`;
  console.log(
    `${name} (${browser.version}), ${values.state}: ${values.loads} loads, ${silent} without an answer in ${values.within} s; ` +
      `median ${seconds(times[times.length >> 1])}, longest ${seconds(times[times.length - 1])}, all ${seconds(performance.now() - began)}; ` +
      [...builds].map(([build, count]) => `${build}: ${count}`).join('; '),
  );
  if (silent) isWhole = false;
}
end();
process.exit(isWhole ? 0 : 1);
