/**
 * Networks kept on this machine: model files in the browser's own file system (the File System Standard's *origin private
 * file system*), which belongs to the page's origin. What is here runs in the page and in workers. No DOM.
 *
 * A network is two files, and no list of all has to agree with them, so that two tabs cannot spoil one for each other:
 *
 *     FOLDER/ID.safetensors    the model
 *     FOLDER/ID.json           its note: `writing` at first; name, length, hash and origin when the model is whole
 *
 * Whoever writes a network holds the lock `FOLDER/ID`. A note of `writing` whose lock is free was left behind by a page that
 * ended before: `sweep`. A model whose note was overwritten by something else is told by its own header.
 */
import { checkModel } from '../model-head.js';
import { Problem } from '../problem.js';
import { megabytes } from '../../page/format.js';
import { freeName, nameFrom } from './names.js';
import { openToWrite } from './write.js';

/** Other pages of the origin may keep things, too. */
export const FOLDER = 'vgglass-networks';

/**
 * Where a network comes from, if that was said when it was kept; null for what was not.
 * @typedef {object} Origin
 * @property {string | null} source an address, or the name of a file
 * @property {string | null} licence of its weights
 * @property {string | null} key what the address calls it, whatever its name is here: `imagenet:vgg16`
 */
/**
 * @typedef {object} KeptFile
 * @property {string} id
 * @property {string} name no other has it
 * @property {number} bytes
 * @property {number} date when it was kept, in ms since 1970
 * @property {string | null} hash of its content (`hashOf`); null where the note is lost
 * @property {boolean} isWhole false: its note is there, its model not, or not all of it
 */
/** @typedef {KeptFile & Origin} Kept */
/** What is known of a network that is about to be written: bytes that it will have, or a little more. @typedef {{bytes: number} & Partial<Origin>} About */
/** @typedef {{state: 'writing' | 'whole', name: string, bytes: number, date: number, hash: string | null} & Origin} Note */
/** @typedef {{id: string, note: Note | null, file: File | null}} Entry */
/** What is told to all tabs: that something is other than before. @typedef {{renamed?: [string, string]}} News */

/** Of a content's hash, each of these many bytes has one of its own: it can be checked as it is read. */
const BLOCK = 4 << 20;
/** Blocks read at once. */
const PART = 4 * BLOCK;
/** Left free beside a network, for its note and what the browser needs itself. */
const MARGIN = 1 << 20;
const LONGEST_NOTE = 10_000;
/** Letters of each text of an origin; of longer ones the beginning. */
const LONGEST_TEXT = 2000;
/** @type {Origin} */
const NO_ORIGIN = { source: null, licence: null, key: null };

/**
 * @typedef {object} World what a shelf has of the browser
 * @property {() => Promise<FileSystemDirectoryHandle>} root of the origin private file system
 * @property {() => Promise<StorageEstimate>} estimate
 * @property {LockManager | undefined} locks
 * @property {(news: News) => void} tell all tabs
 */

export class Shelf {
  #world;

  /** @param {World} world */
  constructor(world) {
    this.#world = world;
  }

  /** Everything that is kept, the newest first. @returns {Promise<Kept[]>} @throws {Problem} */
  async list() {
    const all = [];
    for (const { id, note, file } of await this.#entries()) {
      if (note?.state === 'whole') all.push({ ...note, id, isWhole: file?.size === note.bytes });
      else if (!note && file && (await isModel(file))) {
        all.push({ id, name: `model-${id.slice(0, 4)}`, bytes: file.size, date: file.lastModified, hash: null, isWhole: true, ...NO_ORIGIN });
      }
    }
    // One that was renamed at the same moment in another tab gives way.
    all.sort((a, b) => a.date - b.date || (a.id < b.id ? -1 : 1));
    const taken = new Set();
    for (const one of all) taken.add((one.name = freeName(one.name, taken)));
    return all.reverse().map(({ id, name, bytes, date, hash, isWhole, ...more }) => ({ id, name, bytes, date, hash, isWhole, ...originOf(more) }));
  }

  /** The model's file, once it is sure that it is what was written. @param {Kept} kept @throws {Problem} `kept-lost`, `kept-damaged` */
  async fileOf(kept) {
    const file = await this.#open(kept);
    await checkHash(file, kept);
    return file;
  }

  /**
   * The bytes of a model, whole and as they were written.
   * @param {string} name
   * @param {(loaded: number, total: number) => void} [onBytes]
   * @returns {Promise<ArrayBuffer>}
   * @throws {Problem} `kept-missing`, `kept-lost`, `kept-damaged`
   */
  async read(name, onBytes) {
    return this.#bytesOf(await this.#find(name), onBytes);
  }

  /**
   * Of those of a key the newest that is there, as `read` gives it.
   * @param {string} key
   * @param {(loaded: number, total: number) => void} [onBytes]
   * @returns {Promise<ArrayBuffer | null>} null: there is none
   * @throws {Problem} `kept-lost`, `kept-damaged`
   */
  async readKey(key, onBytes) {
    const all = (await this.list()).filter((kept) => kept.key === key);
    const kept = all.find(({ isWhole }) => isWhole) ?? all[0];
    return kept ? this.#bytesOf(kept, onBytes) : null;
  }

  /** @param {Kept} kept @param {(loaded: number, total: number) => void} [onBytes] */
  async #bytesOf(kept, onBytes) {
    const file = await this.#open(kept);
    const bytes = new Uint8Array(file.size);
    await checkHash(file, kept, (part, at) => {
      bytes.set(part, at);
      onBytes?.(at + part.length, file.size);
    });
    return bytes.buffer;
  }

  /** Whether so much can be kept, as far as the browser says. @param {number} bytes @throws {Problem} `kept-full`, and where nothing can be kept */
  async checkRoom(bytes) {
    await this.#root();
    const free = await this.#free();
    if (free !== null && free < bytes + MARGIN) throw full(bytes, free);
  }

  /**
   * Begins to write a network. Until it is finished, no list has it; it is gone when the page goes.
   * @param {string} wanted its name; if another has that, it gets a number
   * @param {About} about
   * @param {(handle: FileSystemFileHandle) => Promise<import('./write.js').Output>} [open] how its file is written
   * @returns {Promise<Writing>}
   * @throws {Problem} `kept-full` before anything is written; what `Writing` meets, too: `kept-no-room`
   */
  async begin(wanted, { bytes, ...more }, open = openToWrite) {
    const name = nameFrom(wanted) || 'model';
    await this.sweep();
    await this.checkRoom(bytes);
    const folder = await this.#folder(true);
    const origin = originOf(more);
    const id = crypto.getRandomValues(new Uint32Array(2)).reduce((text, part) => text + part.toString(16).padStart(8, '0'), '');
    const release = await this.#hold(`${FOLDER}/${id}`);
    try {
      await this.#writeNote(folder, id, { state: 'writing', name, bytes, date: Date.now(), hash: null, ...origin });
      const output = await open(await folder.getFileHandle(`${id}.safetensors`, { create: true }));
      return new Writing({
        output,
        finish: (more) => this.#finish(id, name, { ...origin, ...more }),
        undo: () => this.#undo(id),
        release,
        explain: (error) => this.#explain(error, bytes),
      });
    } catch (error) {
      await this.#undo(id);
      release();
      throw await this.#explain(error, bytes);
    }
  }

  /**
   * @param {string} id @param {string} wanted
   * @returns {Promise<string>} the name that it has now
   * @throws {Problem} `kept-missing`, `kept-taken`
   */
  rename(id, wanted) {
    return this.#alone(async () => {
      const all = await this.list();
      const one = all.find((kept) => kept.id === id);
      const name = nameFrom(wanted);
      if (!one) throw new Problem('kept-missing', { name });
      if (!name || name === one.name) return one.name;
      if (all.some((other) => other.name === name)) throw new Problem('kept-taken', { name });
      const { bytes, date, hash } = one;
      await this.#writeNote(await this.#folder(), id, { state: 'whole', name, bytes, date, hash, ...originOf(one) });
      this.#world.tell({ renamed: [one.name, name] });
      return name;
    });
  }

  /** If it is there. @param {string} id */
  async remove(id) {
    await this.#undo(id);
    this.#world.tell({});
  }

  /** Clears away what pages left behind that ended while they wrote. @returns {Promise<string[]>} the names of those that had one and can only be made anew */
  async sweep() {
    const names = [];
    for (const { id, note, file } of await this.#entries()) {
      if (note?.state === 'whole' || (!note && file && (await isModel(file)))) continue;
      const isSwept = await this.#ifFree(`${FOLDER}/${id}`, async () => {
        // It may have been finished meanwhile.
        const now = await this.#note(await this.#folder(), id);
        if (now?.state === 'whole') return false;
        await this.#undo(id);
        return true;
      });
      // Of a published one the list of those says what has come of it.
      if (isSwept && note && note.key === null) names.push(note.name);
    }
    return names;
  }

  /** @param {string} name @returns {Promise<Kept>} */
  async #find(name) {
    const one = (await this.list()).find((kept) => kept.name === name);
    if (!one) throw new Problem('kept-missing', { name });
    return one;
  }

  /** @param {Kept} kept @returns {Promise<File>} */
  async #open({ id, name, isWhole }) {
    const file = isWhole ? await this.#file(await this.#folder(), `${id}.safetensors`) : null;
    if (!file) throw new Problem('kept-lost', { name });
    return file;
  }

  /** @param {string} id @param {string} wanted @param {Origin} origin @returns {Promise<Kept>} */
  async #finish(id, wanted, origin) {
    const folder = await this.#folder();
    const file = await this.#file(folder, `${id}.safetensors`);
    if (!file) throw new Problem('kept-lost', { name: wanted });
    await checkModel(file, wanted);
    const hash = await hashOf(file, wanted);
    return this.#alone(async () => {
      const name = freeName(wanted, (await this.list()).map((kept) => kept.name));
      const note = { bytes: file.size, date: Date.now(), hash, name, ...origin };
      await this.#writeNote(folder, id, { state: 'whole', ...note });
      this.#world.tell({});
      return { id, ...note, isWhole: true };
    });
  }

  /** The model goes first: a note without a model is told, a model without a note would be taken for one. @param {string} id */
  async #undo(id) {
    const folder = await this.#folder().catch(() => null);
    if (!folder) return;
    for (const ending of ['safetensors', 'safetensors.crswap', 'json', 'json.crswap']) {
      await folder.removeEntry(`${id}.${ending}`).catch((error) => {
        if (error.name !== 'NotFoundError') throw asProblem(error);
      });
    }
  }

  /** @param {boolean} [create] @returns {Promise<FileSystemDirectoryHandle>} */
  async #folder(create = false) {
    const root = await this.#root();
    try {
      return await root.getDirectoryHandle(FOLDER, { create });
    } catch (error) {
      throw asProblem(error);
    }
  }

  /** @throws {Problem} `kept-off` where the browser gives pages no files */
  async #root() {
    try {
      return await this.#world.root();
    } catch (error) {
      throw error instanceof Problem ? error : new Problem('kept-off', { message: textOf(error) });
    }
  }

  /** @returns {Promise<Entry[]>} */
  async #entries() {
    const root = await this.#root();
    try {
      const folder = await root.getDirectoryHandle(FOLDER);
      const ids = new Set();
      for await (const name of folder.keys()) {
        // A browser that ends while it writes may leave a file of its own beside ours.
        const [, id] = name.match(/^([0-9a-f]{16})\.(?:safetensors|json)(?:\.crswap)?$/) ?? [];
        if (id) ids.add(id);
      }
      const all = [];
      for (const id of ids) all.push({ id, note: await this.#note(folder, id), file: await this.#file(folder, `${id}.safetensors`) });
      return all;
    } catch (error) {
      // Nothing was kept yet.
      if (/** @type {Error} */ (error).name === 'NotFoundError') return [];
      throw asProblem(error);
    }
  }

  /** @param {FileSystemDirectoryHandle} folder @param {string} name @returns {Promise<File | null>} */
  async #file(folder, name) {
    try {
      return await (await folder.getFileHandle(name)).getFile();
    } catch {
      // It is gone, or is no file.
      return null;
    }
  }

  /** @param {FileSystemDirectoryHandle} folder @param {string} id @returns {Promise<Note | null>} null for what is none */
  async #note(folder, id) {
    const file = await this.#file(folder, `${id}.json`);
    if (!file || file.size > LONGEST_NOTE) return null;
    try {
      return asNote(JSON.parse(await file.text()));
    } catch {
      return null;
    }
  }

  /** @param {FileSystemDirectoryHandle} folder @param {string} id @param {Note} note */
  async #writeNote(folder, id, note) {
    const output = await openToWrite(await folder.getFileHandle(`${id}.json`, { create: true }));
    await output.write(new TextEncoder().encode(JSON.stringify(note)));
    await output.close();
  }

  /** @returns {Promise<number | null>} null where the browser does not say */
  async #free() {
    try {
      const { quota, usage } = await this.#world.estimate();
      return quota === undefined ? null : Math.max(0, quota - (usage ?? 0));
    } catch {
      return null;
    }
  }

  /** @param {unknown} error @param {number} bytes that were to be written */
  async #explain(error, bytes) {
    if (!isFull(error)) return asProblem(error);
    const free = await this.#free();
    // Browsers may tell every page of the same room, whatever there is.
    return free !== null && free < bytes ? full(bytes, free) : new Problem('kept-no-room', { needed: megabytes(bytes) });
  }

  /** Only one tab at a time. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async #alone(work) {
    const { locks } = this.#world;
    return locks ? /** @type {Promise<T>} */ (locks.request(FOLDER, work)) : work();
  }

  /** @param {string} name of a lock @returns {Promise<() => void>} lets it go */
  async #hold(name) {
    const { locks } = this.#world;
    if (!locks) return () => {};
    return new Promise((resolve, reject) => {
      locks.request(name, () => new Promise((release) => resolve(() => release(undefined)))).catch(reject);
    });
  }

  /** Does something unless another holds the lock. @param {string} name @param {() => Promise<boolean>} work */
  async #ifFree(name, work) {
    const { locks } = this.#world;
    // What is being written cannot be removed.
    if (!locks) return work().catch(() => false);
    return locks.request(name, { ifAvailable: true }, (lock) => (lock ? work() : false));
  }
}

/** A network that is being written. What goes wrong ends it, and nothing of it stays. */
export class Writing {
  #parts;
  #isEnded = false;

  /**
   * @param {object} parts
   * @param {import('./write.js').Output} parts.output
   * @param {(more: Partial<Origin>) => Promise<Kept>} parts.finish
   * @param {() => Promise<void>} parts.undo
   * @param {() => void} parts.release
   * @param {(error: unknown) => Promise<unknown>} parts.explain
   */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * One at a time.
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {number} [at] where in the file; behind what was written last if left out
   * @throws {Problem}
   */
  write(bytes, at) {
    return this.#do(() => this.#parts.output.write(bytes, at));
  }

  /**
   * What was written.
   * @param {number} start @param {number} end
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   * @throws {Problem}
   */
  read(start, end) {
    return this.#do(() => this.#parts.output.read(start, end));
  }

  /**
   * The model is whole: from now on it is in the list.
   * @param {Partial<Origin>} [more] that was not known when it was begun
   * @returns {Promise<Kept>}
   * @throws {Problem} if it is none of ours
   */
  async finish(more = {}) {
    const kept = await this.#do(async () => {
      await this.#parts.output.close();
      return this.#parts.finish(more);
    });
    this.#isEnded = true;
    this.#parts.release();
    return kept;
  }

  /** It shall not be kept after all. */
  async abort() {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { output, undo, release } = this.#parts;
    await output.abort().catch(() => {});
    await undo().catch(() => {});
    release();
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async #do(work) {
    if (this.#isEnded) throw new Error('ended');
    try {
      return await work();
    } catch (error) {
      const problem = await this.#parts.explain(error);
      await this.abort();
      throw problem;
    }
  }
}

/** @param {Blob} file @param {Kept} kept @param {(part: Uint8Array, at: number) => void} [onPart] @throws {Problem} */
async function checkHash(file, { name, hash }, onPart) {
  const found = await hashOf(file, name, onPart);
  if (hash !== null && hash !== found) throw new Problem('kept-damaged', { name });
}

/**
 * SHA-256 of the SHA-256 of every block of 4 MiB, in hexadecimal digits.
 * @param {Blob} blob @param {string} name
 * @param {(part: Uint8Array, at: number) => void} [onPart] gets the bytes as they are read
 * @throws {Problem} `kept-lost` where the bytes cannot be read
 */
async function hashOf(blob, name, onPart) {
  /** @type {ArrayBuffer[]} */
  const hashes = [];
  /** Those of the part before are made while the next is read. @type {Promise<ArrayBuffer>[]} */
  let making = [];
  for (let at = 0; at < blob.size; at += PART) {
    const part = await blob.slice(at, at + PART).arrayBuffer().catch(() => {
      throw new Problem('kept-lost', { name });
    });
    hashes.push(...(await Promise.all(making)));
    making = [];
    for (let from = 0; from < part.byteLength; from += BLOCK) {
      making.push(crypto.subtle.digest('SHA-256', new Uint8Array(part, from, Math.min(BLOCK, part.byteLength - from))));
    }
    onPart?.(new Uint8Array(part), at);
  }
  hashes.push(...(await Promise.all(making)));
  const all = new Uint8Array(hashes.length * 32);
  hashes.forEach((hash, i) => all.set(new Uint8Array(hash), i * 32));
  const whole = new Uint8Array(await crypto.subtle.digest('SHA-256', all));
  return [...whole].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {any} value of a note's file, which something else may have written @returns {Note | null} */
function asNote(value) {
  const { state, name, bytes, date, hash, ...more } = value ?? {};
  const isOne =
    (state === 'writing' || state === 'whole') &&
    typeof name === 'string' && nameFrom(name) !== '' &&
    [bytes, date].every((number) => Number.isFinite(number) && number >= 0) &&
    (hash === null || typeof hash === 'string');
  return isOne ? { state, name: nameFrom(name), bytes, date, hash, ...originOf(more) } : null;
}

/** What of it is said in texts. @param {Record<string, any>} given @returns {Origin} */
function originOf({ source, licence, key }) {
  const [a, b, c] = [source, licence, key].map((text) => (typeof text === 'string' && text !== '' ? text.slice(0, LONGEST_TEXT) : null));
  return { source: a, licence: b, key: c };
}

/** @param {File} file */
const isModel = (file) => checkModel(file, '').then(() => true, () => false);

/** @param {unknown} error */
const isFull = (error) => /** @type {Error} */ (error)?.name === 'QuotaExceededError';

/** @param {number} needed @param {number} free in bytes */
const full = (needed, free) => new Problem('kept-full', { needed: megabytes(needed), free: megabytes(free) });

/** What a file system says of itself. @param {unknown} error */
const asProblem = (error) => (error instanceof Problem ? error : new Problem('kept-failed', { message: textOf(error) }));

/** @param {unknown} error */
function textOf(error) {
  const { name, message } = /** @type {Error} */ (error);
  return message || name;
}
