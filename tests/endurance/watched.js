/** The page, served so that it tells what its workers hold: wasm memory and threads. */
import { fileURLToPath } from 'node:url';
import { serve } from '../page/static-server.js';

const folder = (/** @type {string} */ path) => fileURLToPath(new URL(`../../${path}/`, import.meta.url));
const ISOLATING = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const CHANNEL = 'endurance';

/** In every document: how many workers have been started and not ended. */
export const PRELUDE = `
  window.workersAlive = 0;
  window.Worker = class extends Worker {
    #isEnded = false;
    constructor(...given) { super(...given); window.workersAlive += 1; }
    terminate() { super.terminate(); if (!this.#isEnded) window.workersAlive -= 1; this.#isEnded = true; }
  };`;

/** Before the worker's own code: its instances' memories, and the threads that it starts, told to whoever asks. */
const PREAMBLE = `
  {
    const memories = new Set();
    for (const way of ['instantiate', 'instantiateStreaming']) {
      const own = WebAssembly[way].bind(WebAssembly);
      WebAssembly[way] = async (source, imports) => {
        const result = await own(source, imports);
        const { exports } = result.instance ?? result;
        const memory = [...Object.values(exports), ...Object.values(imports ?? {}).flatMap((one) => Object.values(one))].find((one) => one instanceof WebAssembly.Memory);
        if (memory) memories.add(memory);
        return result;
      };
    }
    let threads = 0;
    self.Worker = class extends Worker {
      constructor(...given) { super(...given); threads += 1; }
      terminate() { super.terminate(); threads -= 1; }
    };
    const channel = new BroadcastChannel('${CHANNEL}');
    channel.onmessage = ({ data }) => {
      if (data !== 'ask') return;
      self.gc?.();
      channel.postMessage({ wasm: [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0), threads });
    };
  }
`;

/** @returns {Promise<{address: string, end: () => void}>} */
export async function serveWatched() {
  /** @type {(() => void)[]} */
  const endings = [];
  const context = /** @type {import('node:test').TestContext} */ (/** @type {unknown} */ ({ after: (/** @type {() => void} */ end) => endings.push(end) }));
  const host = await serve(context, { '/pkg/': folder('pkg'), '/': folder('www') }, {
    headers: ISOLATING,
    change: (path, bytes) => (path === 'engine/worker/index.js' ? Buffer.concat([Buffer.from(PREAMBLE), bytes]) : bytes),
  });
  return { address: `${host}/`, end: () => endings.forEach((end) => end()) };
}

/**
 * What the page holds. A worker that computes answers between two layers.
 * @param {import('../page/everywhere/tab.js').Tab} tab
 * @returns {Promise<{heap: number | null, wasm: number, workers: number, threads: number, canvases: number, pixels: number, runs: number, frames: number}>}
 *   `heap` in bytes, of the page without its workers, where the browser tells it
 */
export const held = (tab) =>
  tab.evaluate(async (channel) => {
    /** @type {any} */ (window).gc?.();
    const { memory } = /** @type {any} */ (performance);
    const canvases = [...document.querySelectorAll('canvas')];
    const workers = /** @type {any} */ (window).workersAlive;
    const asking = new BroadcastChannel(channel);
    /** @type {{wasm: number, threads: number}[]} */
    const answers = [];
    await new Promise((resolve) => {
      asking.onmessage = ({ data }) => {
        answers.push(data);
        if (answers.length === workers) resolve(null);
      };
      asking.postMessage('ask');
      setTimeout(resolve, 3000);
    });
    asking.close();
    return {
      heap: memory?.usedJSHeapSize ?? null,
      wasm: answers.reduce((sum, { wasm }) => sum + wasm, 0),
      workers,
      threads: answers.reduce((sum, { threads }) => sum + threads, 0),
      canvases: canvases.length,
      pixels: canvases.reduce((sum, { width, height }) => sum + width * height, 0),
      runs: Number(document.documentElement.dataset.runs ?? 0),
      frames: Number(/** @type {HTMLElement | null} */ (document.querySelector('[data-testid=live-rate]'))?.dataset.frames ?? 0),
    };
  }, CHANNEL);
