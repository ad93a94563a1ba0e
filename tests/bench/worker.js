/**
 * One contender in a worker of its own, as in the product. Answers one order at a time; all times are taken here, so
 * that messages do not count.
 */
import { watchMemory } from './memory.js';

const memory = watchMemory();
/** @type {any} */
let contender;
/** @type {Uint8Array} */
let bytes;

/** @type {Record<string, (order: any) => Promise<any>>} */
const orders = {
  /** Library and model to a network ready to run; the model's download does not count. */
  async load({ module, model, options, given }) {
    bytes = new Uint8Array(await (await fetched(model)).arrayBuffer());
    const before = performance.now();
    contender = await import(module);
    await contender.start(options);
    const started = performance.now();
    await contender.load(bytes, given);
    const loaded = performance.now();
    return { start_ms: started - before, load_ms: loaded - started, ...contender.describe(bytes) };
  },
  async run() {
    const before = performance.now();
    const result = await contender.run();
    return { ms: performance.now() - before, ...result };
  },
  /** The same picture at other sizes: the network's map of scores over it. */
  async sized({ size }) {
    return contender.sized(size);
  },
  async peak() {
    return contender.peak();
  },
  async memory() {
    return memory();
  },
};

/** @param {string} url */
async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return response;
}

onmessage = async ({ data: { order, ...given } }) => {
  try {
    postMessage({ result: await orders[order](given) });
  } catch (error) {
    postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};
