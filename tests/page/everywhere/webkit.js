/** WebKitGTK, in a window of its own (`window.py`) on a screen that nobody sees, by WebDriver over HTTP. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PYTHON, WEBKIT_DRIVER, XVFB } from '../browser.js';
import { KEYS, PATIENCE, pause, Tab } from './tab.js';

const WINDOW = fileURLToPath(new URL('window.py', import.meta.url));
/** The name of an element in WebDriver's answers. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** A request takes no longer, in ms: what the driver waits for has a limit of its own, but the driver may hang. */
const LONGEST = 1.5 * PATIENCE;

/** @returns {Promise<import('./tab.js').RunningBrowser>} */
export async function startWebkit() {
  const screen = spawn(XVFB, ['-displayfd', '3', '-screen', '0', '2000x9000x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const display = await new Promise((resolve, reject) => {
    screen.on('error', reject);
    screen.on('exit', (code) => reject(new Error(`${XVFB} ended with ${code}`)));
    screen.stdio[3]?.once('data', (number) => resolve(`:${String(number).trim()}`));
  });
  const root = mkdtempSync(join(tmpdir(), 'vgglass-webkit-'));
  /** Of the tab that is open. @type {Driver | null} */
  let driver = null;
  const end = () => {
    driver?.end();
    screen.kill();
    // The browser's processes end a moment after the driver, and write until then.
    rmSync(root, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
  };
  process.once('exit', end);
  return {
    name: 'webkit',
    version: await versionOf(),
    get pid() {
      return driver?.pid ?? 0;
    },
    open: (wanted = {}) =>
      Tab.open('webkit', async (errors) => {
        driver = await startDriver(display, errors);
        return steer(driver, root, wanted);
      }),
    async close() {
      process.off('exit', end);
      end();
    },
  };
}

/** @typedef {{pid: number, ask: Ask, end: () => void}} Driver */

/**
 * One for each tab, so that what hangs ends with it.
 * @param {string} display @param {string[]} errors gets what the page's console says
 * @returns {Promise<Driver>}
 */
async function startDriver(display, errors) {
  const port = await freePort();
  const driver = spawn(WEBKIT_DRIVER, [`--port=${port}`, '--host=127.0.0.1'], {
    env: { ...process.env, DISPLAY: display, GDK_BACKEND: 'x11', NO_AT_BRIDGE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own, which the browser's processes join.
    detached: true,
  });
  const failed = new Promise((_, reject) => driver.on('error', reject));
  // The page's console comes out here, among what GTK has to say.
  createInterface({ input: driver.stderr }).on('line', (line) => {
    const [, kind, text] = line.match(/CONSOLE (?:[A-Z]+ )*(ERROR|WARN) (.*)/) ?? [];
    if (kind) errors.push(`${kind.toLowerCase()}: ${text}`);
  });
  /** @type {Ask} */
  const ask = (method, path, body) => request(`http://127.0.0.1:${port}${path}`, method, body);
  await Promise.race([ready(ask), failed]);
  const pid = /** @type {number} */ (driver.pid);
  return {
    pid,
    ask,
    end() {
      try {
        process.kill(-pid);
      } catch {
        // It has ended by itself.
      }
    },
  };
}

/** @typedef {(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<any>} Ask */

/** @param {string} url @param {string} method @param {object} [body] */
async function request(url, method, body) {
  const response = await fetch(url, { method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(LONGEST) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}

/** @param {Ask} ask */
async function ready(ask) {
  const end = performance.now() + PATIENCE;
  while (!(await ask('GET', '/status').then(({ ready }) => ready, () => false))) {
    if (performance.now() > end) throw new Error(`${WEBKIT_DRIVER} does not answer`);
    await pause(50);
  }
}

/** @returns {Promise<number>} */
function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** @returns {Promise<string>} */
function versionOf() {
  const python = spawn(PYTHON, [WINDOW, '--version']);
  return new Promise((resolve, reject) => {
    let told = '';
    let wrong = '';
    python.stdout.on('data', (part) => (told += part));
    python.stderr.on('data', (part) => (wrong += part));
    python.on('error', reject);
    python.on('close', (code) => (code === 0 ? resolve(told.trim()) : reject(new Error(`${PYTHON}: ${wrong}`))));
  });
}

/**
 * @param {Driver} driver @param {string} root folder for the profiles @param {import('./tab.js').OpenOptions} options
 * @returns {Promise<import('./tab.js').Steering>}
 */
async function steer(driver, root, { width = 1440, height = 900, prelude }) {
  const { ask } = driver;
  const folder = mkdtempSync(join(root, 'profile-'));
  writeFileSync(join(folder, 'prelude.js'), prelude ?? '');
  const { sessionId } = await ask('POST', '/session', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary: PYTHON, args: [WINDOW, folder] } } },
  });
  const session = `/session/${sessionId}`;
  const post = (/** @type {string} */ path, /** @type {object} */ body = {}) => ask('POST', `${session}/${path}`, body);
  const find = async (/** @type {string} */ selector) => (await post('element', { using: 'css selector', value: selector }))[ELEMENT];
  const resize = (/** @type {number} */ width, /** @type {number} */ height) => post('window/rect', { width, height });
  await post('timeouts', { script: PATIENCE, pageLoad: PATIENCE });
  await resize(width, height);
  return {
    async go(url) {
      await post('url', { url });
      // Where nothing answers, the driver finds nothing wrong.
      if ((await ask('GET', `${session}/url`)) === 'about:blank') throw new Error(`nothing at ${url}`);
    },
    reload: () => post('refresh'),
    async run(script) {
      const body = `const done = arguments[0]; (async () => ${script})().then((value) => done({ value }), (error) => done({ error: String(error) }));`;
      const { value, error } = await post('execute/async', { script: body, args: [] });
      if (error !== undefined) throw new Error(error);
      return value;
    },
    click: async (selector) => post(`element/${await find(selector)}/click`),
    press: (key) => post('actions', { actions: [{ type: 'key', id: 'keyboard', actions: ['keyDown', 'keyUp'].map((type) => ({ type, value: KEYS[key] })) }] }),
    pick: async (selector, paths) => post(`element/${await find(selector)}/value`, { text: paths.join('\n') }),
    resize,
    hide: () => post('window/minimize'),
    async close() {
      await ask('DELETE', session).catch(() => {});
      driver.end();
    },
  };
}
