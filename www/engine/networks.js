/**
 * Which network: the one owner of that question. What is wanted follows the state, and so the address; what runs follows the
 * engine. The last choice of a person wins: a choice has its number from the moment when it is made, however long its
 * bytes take.
 *
 *     wanted --> loading --> running
 *                   |
 *                   `--> refused: what ran goes on, or what was loading before is loaded after all, and the state is
 *                        that one's again; failed where there is neither
 *
 * No DOM here.
 */
import { parseRows } from './blocks.js';
import { bytesOf, checkModel } from './model-head.js';
import { keptName, publishedKey, siteName } from './model-name.js';
import { Problem } from './problem.js';
import { PAPER, TABLE } from './table.js';
import { ALIKE } from '../page/results.js';

/** @typedef {import('./protocol.js').ModelSource} ModelSource */
/** @typedef {import('../page/store.js').State} State */
/**
 * What makes a network, as the state has it, and what loading it has to put right afterwards.
 * @typedef {object} Wanted
 * @property {Record<string, any>} values of the state, `KEYS`
 * @property {any} channel that was opened
 * @property {any[] | null} off channels that are off and belong to the network before
 * @property {Wanted | null} before it, if that was still loading
 */
/** A model file that somebody gave; once read, its bytes. @typedef {{name: string, blob: Blob, isRead: boolean}} OwnFile */
/** @typedef {(loaded: number, total: number) => void} OnBytes */
/**
 * The networks kept on this machine, of `kept/kept.js`; published ones by the keys that the address has for them.
 * @typedef {object} KeptNetworks
 * @property {(name: string, onBytes?: OnBytes) => Promise<ArrayBuffer>} read
 * @property {(key: string, onBytes?: OnBytes) => Promise<ArrayBuffer>} readPublished
 * @property {(key: string) => Promise<boolean>} hasPublished
 */
/**
 * @typedef {object} Assets where the page's own models come from
 * @property {boolean} hasAlike
 * @property {() => Promise<ModelSource>} model
 * @property {(row: string) => Promise<ModelSource>} alike
 * @property {(name: string) => Promise<ModelSource>} added by whoever put up the site
 */

const KEYS = ['model', 'net', 'rows', 'width', 'size', 'seed', 'file'];
/** Which of them tell one network from another, by the kind of model. @type {Record<string, string[]>} */
const TELLING = { shipped: [], alike: ['net'], untrained: ['net', 'rows', 'width', 'size', 'seed'], file: ['file'] };
/** Own files that are kept; of more, the oldest go. */
const MOST_FILES = 3;
/** Letters of an error. */
const LONGEST_MESSAGE = 300;
/** Bytes read of a file at a time. */
const PART = 16 << 20;

/** @param {Record<string, any>} a @param {Record<string, any>} b */
const isSame = (a, b) => ['model', ...(TELLING[a.model] ?? [])].every((key) => a[key] === b[key]);

export class Networks {
  /** Last asked for. @type {Wanted | null} */ wanted = null;
  /** What the engine runs, or ran last. @type {Wanted | null} */ running = null;

  /** @type {Map<number, OwnFile>} */ #files = new Map();
  #fileCount = 0;
  #clock = 0;
  /** When the newest choice was made. */
  #newest = 0;
  /** What is set is no person's choice. */
  #isOwnDoing = false;
  /** A published network that is not here, while nothing else was chosen. @type {string | null} */
  #missing = null;

  /**
   * @param {object} world
   * @param {import('../page/store.js').Store} world.store
   * @param {import('./engine.js').Engine} world.engine
   * @param {Assets} world.assets
   * @param {() => Promise<KeptNetworks>} world.kept
   * @param {((source: import('./import/sources.js').SourceDescription) => Promise<void>) | null} world.convert offers to import weights; throws a
   *   `Problem` if they are none that can be; null where nothing can be imported
   * @param {(notice: import('../page/app.js').Notice | null) => void} world.notify
   * @param {() => void} world.recover starts from the beginning, with a new worker
   * @param {(key: string) => void} world.offer a published network that is not here
   */
  constructor({ store, engine, assets, kept, convert, notify, recover, offer }) {
    this.store = store;
    this.engine = engine;
    this.assets = assets;
    this.kept = kept;
    this.convert = convert;
    this.notify = notify;
    this.recover = recover;
    this.offer = offer;
    engine.on('network', () => this.#loaded());
    engine.on('failed', (problem) => this.#refused(problem));
  }

  /** The moment of a choice that is about to be made, for `takeFile`. */
  now() {
    this.#clock += 1;
    return this.#clock;
  }

  /** @param {State} state @param {State} before @param {Partial<State>} change what was set, be it a change or not */
  follow(state, before, change) {
    const isChoice = !this.#isOwnDoing && KEYS.some((key) => key in change);
    if (isChoice) {
      this.#newest = this.now();
      this.#missing = null;
    }
    const isAgain = isChoice && this.engine.status === 'failed';
    if (this.wanted && isSame(this.wanted.values, state) && !isAgain) return;
    void this.load({ channel: before.channel, off: state.off === before.off ? state.off : null });
  }

  /**
   * A file that should be a model.
   * @param {Blob} blob @param {string} name
   * @param {number} moment when it was given: what was chosen since then stays
   * @returns {Promise<boolean>} false if it is none
   */
  async takeFile(blob, name, moment) {
    this.#newest = Math.max(this.#newest, moment);
    try {
      if (await this.#isWeights(blob, name)) {
        await this.convert?.({ kind: 'blob', blob, name });
        if (moment === this.#newest) this.notify(null);
        return true;
      }
    } catch (error) {
      if (moment === this.#newest) this.notify(noticeOf(error));
      return false;
    }
    if (moment !== this.#newest) return true;
    this.#fileCount += 1;
    this.#files.set(this.#fileCount, { name, blob, isRead: false });
    this.#missing = null;
    // Its moment is when it was given.
    this.#set({ model: 'file', file: this.#fileCount, channel: null }, { step: true });
    return true;
  }

  /**
   * Whether a file holds weights that can be imported here; if not, it is a model of ours.
   * @param {Blob} blob @param {string} name
   * @throws {Problem} if it is neither
   */
  async #isWeights(blob, name) {
    try {
      await checkModel(blob, name);
      return false;
    } catch (error) {
      if (this.convert && error instanceof Problem && error.code === 'model-float') return true;
      throw error;
    }
  }

  /**
   * Loads what the state names; also the way to try again.
   * @param {{channel?: any, off?: any[] | null}} [undo] of the state before
   */
  async load({ channel = null, off = null } = {}) {
    const { store, engine, assets } = this;
    const values = Object.fromEntries(KEYS.map((key) => [key, store.state[key]]));
    const before = engine.status === 'loading' && this.wanted && !isSame(this.wanted.values, values) ? { ...this.wanted, before: null } : null;
    this.wanted = { values, channel, off, before };
    if (values.model === 'file' && !this.#files.has(values.file)) return this.#standIn({ code: 'own-model-gone', params: {} });
    if (values.model === 'alike' && !assets.hasAlike) return this.#standIn({ code: 'alike-missing', params: {} });
    const ticket = engine.begin();
    this.notify(null);
    try {
      if (values.model === 'untrained' && values.seed === null) {
        const seed = await engine.seed();
        // The seed has its place in the state; putting it there loads the network.
        if (engine.isNewest(ticket)) this.#set({ seed });
        return;
      }
      const source = await this.#source(values, ticket);
      if (engine.isNewest(ticket)) engine.load(source, { ticket, give: true });
    } catch (error) {
      engine.refuse(ticket, error);
    }
  }

  /** The shipped network takes the place of what is not there. @param {import('../page/app.js').Notice} notice why */
  #standIn(notice) {
    this.wanted = null;
    this.#set({ model: 'shipped', file: null });
    this.notify({ ...notice, stays: true });
  }

  /**
   * The same network is called otherwise from now on, be it what runs or what is wanted.
   * @param {string} before of the state's `model` @param {string} after @param {number | null} [file] the number that it had as a file
   */
  rename(before, after, file = null) {
    const isIt = (/** @type {Record<string, any>} */ values) => values.model === before && (file === null || values.file === file);
    for (const one of [this.wanted, this.running, this.wanted?.before]) {
      if (one && isIt(one.values)) one.values = { ...one.values, model: after, file: null };
    }
    if (isIt(this.store.state)) this.#set({ model: after, file: null });
  }

  /** Something was kept on this machine: it may be what another network stands in for. */
  async look() {
    const model = this.#missing;
    if (model === null || !(await (await this.kept()).hasPublished(/** @type {string} */ (publishedKey(model)))) || this.#missing !== model) return;
    this.#missing = null;
    this.#set({ model, file: null, seed: null });
  }

  /** The file of one's own that runs. @returns {{number: number, name: string, blob: Blob} | null} */
  get file() {
    const { model, file: number } = this.running?.values ?? {};
    const file = model === 'file' ? this.#files.get(number) : undefined;
    return file ? { number, name: file.name, blob: file.blob } : null;
  }

  /** Puts the state right; no choice gives way to that. @param {Partial<State>} change @param {{step?: boolean}} [options] */
  #set(change, options) {
    this.#isOwnDoing = true;
    try {
      this.store.set(change, options);
    } finally {
      this.#isOwnDoing = false;
    }
  }

  /** What the network that runs is made from, for whoever runs it once more beside. */
  async source() {
    return this.running && this.#source(this.running.values, null);
  }

  /**
   * @param {Record<string, any>} values @param {number | null} ticket of the load that it is for, if it is
   * @returns {Promise<ModelSource>}
   * @throws {Problem}
   */
  async #source(values, ticket) {
    const [name, key] = [keptName(values.model), publishedKey(values.model)];
    if (name !== null || key !== null) {
      const kept = await this.kept();
      /** @type {OnBytes} */
      const onBytes = (loaded, total) => ticket !== null && this.engine.progress(ticket, { stage: 'file', loaded, total });
      return { kind: 'bytes', bytes: await (name !== null ? kept.read(name, onBytes) : kept.readPublished(/** @type {string} */ (key), onBytes)) };
    }
    if (values.model !== 'file') return sourceOf(values, this.assets);
    const file = this.#files.get(values.file);
    if (!file) throw new Problem('own-model-gone');
    if (!file.isRead) await this.#read(file, ticket);
    this.#forgetOldFiles(values.file);
    const bytes = await bytesOf(file.blob, file.name);
    return { kind: 'bytes', bytes: /** @type {ArrayBuffer} */ (bytes.buffer) };
  }

  /** The bytes are kept: on the disk they may change or go. @param {OwnFile} file @param {number | null} ticket */
  async #read(file, ticket) {
    const { engine } = this;
    const { blob, name } = file;
    const parts = [];
    for (let at = 0; at < blob.size; at += PART) {
      if (ticket !== null) engine.progress(ticket, { stage: 'file', loaded: at, total: blob.size });
      parts.push(await bytesOf(blob.slice(at, at + PART), name));
    }
    file.blob = new Blob(parts);
    file.isRead = true;
  }

  /** @param {number} used */
  #forgetOldFiles(used) {
    const inUse = [used, this.running?.values.file];
    const old = [...this.#files.keys()].filter((number) => !inUse.includes(number));
    for (const number of old.slice(0, Math.max(0, this.#files.size - MOST_FILES))) this.#files.delete(number);
  }

  #loaded() {
    const { store, wanted, running } = this;
    this.running = wanted;
    if (!wanted) return;
    wanted.before = null;
    const isOther = running !== null && !isSame(running.values, wanted.values);
    // Another network's channels of the same names are others.
    if (isOther && wanted.off?.length && store.state.off === wanted.off) store.set({ off: [] });
  }

  /** @param {unknown} problem */
  #refused(problem) {
    const { store, engine, wanted } = this;
    const model = wanted?.values.model ?? '';
    const notice = this.#offering(noticeOf(problem, model), model);
    const back = engine.network ? this.running : (wanted?.before ?? null);
    if (wanted && !back && [keptName, publishedKey, siteName].some((name) => name(model) !== null)) {
      this.#standIn(notice);
      return;
    }
    if (!wanted || !back) {
      this.notify({ ...notice, retry: () => this.recover() });
      return;
    }
    const retry = () => {
      this.wanted = null;
      store.set(wanted.values);
    };
    this.wanted = back === this.running ? back : null;
    this.#set({ ...back.values, channel: store.state.channel ?? wanted.channel });
    this.notify({ retry, ...notice });
  }

  /** What is not here and can be got is offered. @param {import('../page/app.js').Notice} notice @param {string} model @returns {import('../page/app.js').Notice} */
  #offering(notice, model) {
    if (notice.code !== 'published-missing') return notice;
    this.#missing = model;
    return { ...notice, stays: true, action: 'notice.get', retry: () => this.offer(/** @type {string} */ (publishedKey(model))) };
  }
}

/**
 * @param {unknown} problem @param {string} [model] the kind of model that could not be had
 * @returns {import('../page/app.js').Notice}
 */
export function noticeOf(problem, model = '') {
  if (problem instanceof Problem) return { code: problem.code, params: problem.params };
  const { code, message: whole } = /** @type {{code?: unknown, message: string}} */ (problem);
  // It may quote the file.
  const message = whole.length > LONGEST_MESSAGE ? `${whole.slice(0, LONGEST_MESSAGE)} …` : whole;
  // Those of the browser's own errors are numbers.
  const own = typeof code === 'string' ? code : null;
  return { code: own ?? (['shipped', 'alike'].includes(model) || siteName(model) !== null ? 'model-load' : 'model-file'), params: { message } };
}

/**
 * Of every kind but an own file and one that is kept.
 * @param {Record<string, any>} values of the state
 * @param {Assets} assets
 * @returns {Promise<ModelSource>}
 */
export async function sourceOf({ model, net, rows, width, size, seed }, assets) {
  if (model === 'untrained') return { kind: 'untrained', ...rowOf(net, rows, width, size), seed };
  if (model === 'alike') return assets.alike(alikeOf(net));
  const added = siteName(model ?? '');
  return added === null ? assets.model() : assets.added(added);
}

/**
 * A row of the table, or one of one's own; D stands in where that is missing.
 * @param {string} net @param {string | null} rows @param {number} width @param {number} size
 * @returns {{id: string, options: import('./protocol.js').NetworkOptions}}
 */
export function rowOf(net, rows, width, size) {
  const options = paperOptions(width, size);
  const modules = net === 'custom' ? parseRows(rows ?? '') : null;
  if (modules) return { id: net, options: { ...options, modules } };
  return { id: inTable(net), options };
}

/** A row of the table for any. @param {string} net */
const inTable = (net) => (net === 'custom' ? 'D' : net);

/** The row that stands for this one where the papers' rows are side by side. @param {string} id */
export const formOf = (id) => TABLE.find((row) => row.id === id)?.formOf ?? id;

/** The row that this one is a change of. @param {string} id */
export const changedFrom = (id) => TABLE.find((row) => row.id === id)?.changedFrom;

/** The row trained alike that stands for any network; not every row was. @param {string} net */
export const alikeOf = (net) => ALIKE.find(({ row }) => row === formOf(net))?.row ?? 'D';

/**
 * The paper's classifier, as narrow as the rest.
 * @param {number} width @param {number} size
 * @returns {import('./protocol.js').NetworkOptions}
 */
export function paperOptions(width, size) {
  return { width, input_size: size, fc: Math.round(PAPER.fc * width), classes: PAPER.classes };
}
