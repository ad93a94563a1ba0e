/** Writes kept networks where files are written in workers alone: `Keeper` in `kept.js` asks, one thing at a time. */
import { Problem } from '../problem.js';
import { Shelf } from './shelf.js';
import { hereAndNow } from './world.js';

const shelf = new Shelf(hereAndNow);
/** @type {import('./shelf.js').Writing | null} */
let writing = null;

/** @type {Record<string, (...given: any[]) => Promise<unknown>>} */
const follow = {
  async begin(name, about) {
    writing = await shelf.begin(name, about);
  },
  write: async (bytes, at) => writing?.write(bytes, at),
  finish: async () => writing?.finish(),
  abort: async () => writing?.abort(),
  rename: (id, name) => shelf.rename(id, name),
};

/** @param {MessageEvent<{what: string, given: any[]}>} event */
onmessage = async ({ data: { what, given } }) => {
  try {
    postMessage({ value: await follow[what](...given) });
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    const { code, params } = error instanceof Problem ? error : new Problem('kept-failed', { message });
    postMessage({ problem: { code, params } });
  }
};
