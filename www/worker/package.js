/**
 * The engine's package, in the best of its three builds that this browser takes: one with threads, one with relaxed
 * SIMD, and one for every browser. To compare them the page's address can ask for one, `engine=relaxed&threads=2`; the
 * worker's is then `worker.js?build=relaxed&threads=2`.
 */

/** @typedef {typeof import('../pkg/vgglass.js')} Package */

/** @type {Record<string, {isPossible: () => boolean, load: () => Promise<Package>}>} the best first */
const BUILDS = {
  threads: {
    isPossible: () => crossOriginIsolated && navigator.hardwareConcurrency > 1 && hasRelaxedDot(),
    load: () => import('../pkg/threads/vgglass.js'),
  },
  relaxed: { isPossible: hasRelaxedDot, load: () => import('../pkg/relaxed/vgglass.js') },
  base: { isPossible: () => true, load: () => import('../pkg/vgglass.js') },
};

/** More threads than this have nothing to do in a small network. */
const MOST_THREADS = 8;

/**
 * The build asked for, or the best; where it cannot be started, the next. It computes on one thread until `join` has ended,
 * and goes on with that where threads cannot be had; `join` is called once.
 * @param {URLSearchParams} options
 * @returns {Promise<{vgg: Package, join: () => Promise<void>}>}
 */
export async function startPackage(options) {
  const names = Object.keys(BUILDS);
  const first = Math.max(0, names.indexOf(options.get('build') ?? ''));
  const possible = names.slice(first).filter((name) => BUILDS[name].isPossible());
  for (const [i, name] of possible.entries()) {
    try {
      const vgg = await BUILDS[name].load();
      await vgg.default();
      return { vgg, join: () => join(vgg, Number(options.get('threads'))) };
    } catch (error) {
      // Shared memory may be refused, and a host may lack a file: the next build needs less.
      if (i === possible.length - 1) throw error;
    }
  }
  throw new Error('no build of the engine');
}

/** The threads beside this one; a worker that nothing holds may be collected (https://bugzil.la/1702191). @type {Worker[]} */
const workers = [];

/** @param {Package} vgg @param {number} wanted threads in all; 0: as many as there are cores */
async function join(vgg, wanted) {
  if (!('share' in vgg)) return;
  const threads = wanted > 0 ? Math.min(wanted, 64) : Math.min(navigator.hardwareConcurrency, MOST_THREADS);
  const { module, memory } = vgg.share(threads - 1);
  const ready = Array.from({ length: threads - 1 }, (_, i) => {
    const worker = new Worker(new URL('./thread.js', import.meta.url), { type: 'module' });
    workers.push(worker);
    worker.postMessage({ module, memory, number: i + 1 });
    return new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message ?? 'thread.js'));
      };
    });
  });
  try {
    await Promise.all(ready);
    vgg.set_threads(threads);
  } catch {
    for (const worker of workers.splice(0)) worker.terminate();
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
