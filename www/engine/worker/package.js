/**
 * The engine's package, in the best of its three builds that this browser takes: one with threads, one with relaxed
 * SIMD, and one for every browser. To compare them the page's address can ask for one, `engine=relaxed&threads=2`; the
 * worker's is then `worker/index.js?build=relaxed&threads=2`.
 */

import { LIMITS } from '../table.js';
import { startThreads } from './threads.js';

/** Only the build with threads has what starts them. @typedef {typeof import('../../pkg/threads/vgglass.js')} Threaded */
/** @typedef {Omit<typeof import('../../pkg/vgglass.js'), 'default' | 'initSync'> & {default: () => Promise<unknown>} & Partial<Pick<Threaded, 'share' | 'set_threads' | 'dismiss'>>} Package */
/** @typedef {(asked: import('./threads.js').Asked) => void} Ask */

/** @type {Record<string, {isPossible: () => boolean, load: () => Promise<Package>}>} the best first */
const BUILDS = {
  threads: {
    isPossible: () => crossOriginIsolated && navigator.hardwareConcurrency > 1 && hasRelaxedDot(),
    load: () => import('../../pkg/threads/vgglass.js'),
  },
  relaxed: { isPossible: hasRelaxedDot, load: () => import('../../pkg/relaxed/vgglass.js') },
  base: { isPossible: () => true, load: () => import('../../pkg/vgglass.js') },
};

/** More threads than this have nothing to do in a small network. */
const MOST_THREADS = 8;
/** After so long, in ms, threads that have not started are not waited for. */
const PATIENCE = 10_000;

/**
 * The build asked for, or the best; where it cannot be started, the next. It computes on one thread until `join` has ended,
 * and goes on with that where threads cannot be had in time; `join` is called once. A thread that fails later fails the worker:
 * an uncaught error, or a trap where it waits for that thread.
 * @param {URLSearchParams} options
 * @param {Ask} [ask] has the threads started
 * @returns {Promise<{vgg: Package, join: () => Promise<void>}>}
 */
export async function startPackage(options, ask = (asked) => own.push(...startThreads(asked))) {
  const names = Object.keys(BUILDS);
  const first = Math.max(0, names.indexOf(options.get('build') ?? ''));
  const possible = names.slice(first).filter((name) => BUILDS[name].isPossible());
  for (const [i, name] of possible.entries()) {
    try {
      const vgg = await BUILDS[name].load();
      await vgg.default();
      return { vgg, join: () => join(vgg, Number(options.get('threads')), ask) };
    } catch (error) {
      // Shared memory may be refused, and a host may lack a file: the next build needs less.
      if (i === possible.length - 1) throw error;
    }
  }
  throw new Error('no build of the engine');
}

/** Threads that this worker has started itself. @type {Worker[]} */
const own = [];

/** @param {Package} vgg @returns {vgg is Package & Threaded} */
const isThreaded = (vgg) => 'share' in vgg;

/** @param {Package} vgg @param {number} wanted threads in all; 0: as many as there are cores @param {Ask} ask */
async function join(vgg, wanted, ask) {
  if (!isThreaded(vgg)) return;
  const threads = wanted > 0 ? Math.min(wanted, LIMITS.threads) : Math.min(navigator.hardwareConcurrency, MOST_THREADS);
  const count = threads - 1;
  const { port1: port, port2 } = new MessageChannel();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  try {
    if (count > 0) {
      const ready = new Promise((resolve, reject) => {
        let left = count;
        port.onmessage = ({ data }) => (data.error === undefined ? --left === 0 && resolve(null) : reject(data.error));
        timer = setTimeout(reject, PATIENCE);
      });
      ask({ ...vgg.share(count), count, port: port2 });
      await ready;
    }
    vgg.set_threads(threads);
    port.onmessage = ({ data }) => reportError(new Error(`a thread failed: ${data.error}`));
  } catch {
    // Not terminated: a thread that is ended while it allocates leaves the allocator locked for all.
    vgg.dismiss();
    port.onmessage = null;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Whether the browser takes `i32x4.relaxed_dot_i8x16_i7x16_add_s`. The smallest module that has it: a library that tells
 * features apart would have to be bundled, and the page is served as it is written.
 */
function hasRelaxedDot() {
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const type = [1, 5, 1, 0x60, 0, 1, 0x7b];
  const functions = [3, 2, 1, 0];
  const splat = [0x41, 0, 0xfd, 15];
  const dot = [0xfd, 0x93, 2];
  const body = [0, ...splat, ...splat, ...splat, ...dot, 0x0b];
  const code = [10, body.length + 2, 1, body.length, ...body];
  return WebAssembly.validate(Uint8Array.from([...magic, ...type, ...functions, ...code]));
}
