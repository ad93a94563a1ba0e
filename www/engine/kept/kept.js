/**
 * The page's kept networks. What can be done right here is; where files are written in workers alone, a worker does that
 * (`worker.js`).
 */
import { startKeeper } from '../assets.js';
import { bytesOf as blobBytes } from '../model-head.js';
import { publishedModel } from '../model-name.js';
import { Problem } from '../problem.js';
import { bytesOf, published } from '../published.js';
import { megabytes } from '../../page/format.js';
import { FOLDER, Shelf } from './shelf.js';
import { hereAndNow } from './world.js';
import { canWrite } from './write.js';

/** @typedef {import('./shelf.js').Kept} Kept */
/** @typedef {import('./shelf.js').About} About */
/** @typedef {import('./shelf.js').News} News */
/** What writes a network; of `Shelf`'s `Writing`. @typedef {{write: (bytes: Uint8Array<ArrayBuffer>, at?: number) => Promise<void>, finish: () => Promise<Kept>, abort: () => Promise<void>}} Writer */

/** Bytes of a file written at a time. */
const PART = 16 << 20;

const shelf = new Shelf(hereAndNow);
/** @type {Set<(news: News) => void>} */
const listeners = new Set();

export const list = () => shelf.list();
export const sweep = () => shelf.sweep();
/** @param {string} id */
export const remove = (id) => shelf.remove(id);
/** @param {string} name @param {(loaded: number, total: number) => void} [onBytes] */
export const read = (name, onBytes) => shelf.read(name, onBytes);

/** @param {string} key of a published network */
export const hasPublished = async (key) => (await list()).some((kept) => kept.key === publishedModel(key) && kept.isWhole);

/**
 * The bytes of a published network.
 * @param {string} key @param {(loaded: number, total: number) => void} [onBytes]
 * @returns {Promise<ArrayBuffer>}
 * @throws {Problem} `published-missing`, `published-unknown`; what `Shelf.readKey` meets
 */
export async function readPublished(key, onBytes) {
  const one = published(key);
  if (!one) throw new Problem('published-unknown', { name: key });
  const bytes = await shelf.readKey(publishedModel(key), onBytes);
  if (!bytes) throw new Problem('published-missing', { name: one.title, size: megabytes(bytesOf(one)) });
  return bytes;
}

/** @param {Kept} kept */
export const fileOf = (kept) => shelf.fileOf(kept);

/** Whether the browser has said that it throws nothing of this away by itself; null where it does not say. @returns {Promise<boolean | null>} */
export const isLasting = async () => (await navigator.storage?.persisted?.().catch(() => null)) ?? null;

/** Before the first network is kept: has the browser promise to throw nothing away. Some ask the person, who may take long. */
export async function askToLast() {
  if ((await list()).length === 0) void navigator.storage.persist?.().catch(() => {});
}

/** @param {(news: News) => void} listener hears of every change, in whichever tab */
export function onChange(listener) {
  listeners.add(listener);
}

try {
  new BroadcastChannel(FOLDER).onmessage = ({ data }) => {
    for (const listener of listeners) listener(data);
  };
} catch {
  // Where storage is refused, there is nothing to hear of either.
}

/**
 * Begins to write a network as it is made; see `Shelf.begin`. The bytes of `write` may be given away.
 * @param {string} name @param {About} about
 * @returns {Promise<Writer>}
 * @throws {Problem}
 */
export async function begin(name, about) {
  await askToLast();
  if (canWrite()) return shelf.begin(name, about);
  const keeper = new Keeper();
  try {
    await keeper.ask('begin', [name, about]);
  } catch (error) {
    keeper.end();
    throw error;
  }
  return {
    write: (bytes, at) => keeper.ask('write', [bytes, at], [bytes.buffer]),
    finish: () => keeper.askLast('finish', []),
    abort: async () => keeper.isEnded || keeper.askLast('abort', []),
  };
}

/** @param {string} id @param {string} name @returns {Promise<string>} the name that it has now @throws {Problem} */
export async function rename(id, name) {
  if (canWrite()) return shelf.rename(id, name);
  return new Keeper().askLast('rename', [id, name]);
}

/**
 * @param {Blob} blob a model's file @param {string} name
 * @param {(loaded: number, total: number) => void} [onBytes]
 * @returns {Promise<Kept>}
 * @throws {Problem}
 */
export async function keep(blob, name, onBytes) {
  const writer = await begin(name, { bytes: blob.size });
  try {
    for (let at = 0; at < blob.size; at += PART) {
      onBytes?.(at, blob.size);
      await writer.write(/** @type {Uint8Array<ArrayBuffer>} */ (await blobBytes(blob.slice(at, at + PART), name)));
    }
    onBytes?.(blob.size, blob.size);
    return await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** The worker that writes, for one network. */
class Keeper {
  #worker = startKeeper();
  isEnded = false;
  /** @type {{resolve: (value: any) => void, reject: (error: unknown) => void} | null} */ #asked = null;

  constructor() {
    this.#worker.onmessage = ({ data: { value, problem } }) => {
      const { resolve, reject } = this.#take();
      if (problem) reject(new Problem(problem.code, problem.params));
      else resolve(value);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#take().reject(new Problem('kept-failed', { message: event.message ?? 'worker.js' }));
    };
  }

  #take() {
    const { resolve = () => {}, reject = () => {} } = this.#asked ?? {};
    this.#asked = null;
    return { resolve, reject };
  }

  /** One question at a time. @param {string} what @param {any[]} given @param {Transferable[]} [transfer] @returns {Promise<any>} */
  ask(what, given, transfer = []) {
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      this.#worker.postMessage({ what, given }, transfer);
    });
  }

  /** @param {string} what @param {any[]} given @returns {Promise<any>} */
  async askLast(what, given) {
    try {
      return await this.ask(what, given);
    } finally {
      this.end();
    }
  }

  end() {
    this.isEnded = true;
    this.#worker.terminate();
  }
}
