/**
 * The page's director: it makes engine and picture follow the state, and turns what people drop
 * into state.
 */
import * as assets from './assets.js';
import { parseRows } from './blocks.js';
import { CENTRE, square } from './crop.js';
import * as early from './early.js';
import { decode, onlyFile, Problem, read } from './intake.js';
import { eachFrame, whenQuiet } from './frame.js';

/** @typedef {{file: string, title: {en: string, zh: string}, credit: string, licence: string, source: string}} Sample */
/** @typedef {import('./intake.js').Picture} Picture */
/** What makes a network: values of the state, and the file where it is one. @typedef {{values: Record<string, any>, file: Blob | null}} Wanted */
/** @typedef {{width: number, height: number, stop: () => void}} Live */
/** One that is not about the picture stays when another picture comes. @typedef {{code: string, params: Record<string, string | number>, retry?: () => void, stays?: boolean}} Notice */

/** A picture that is no sample has this name in the state: it cannot be had again from an address. */
const OWN = 'own';
/** What of the state makes the network, by the kind of model; more than `model` itself. */
const NETWORK_KEYS = /** @type {Record<string, string[]>} */ ({ untrained: ['net', 'rows', 'width', 'size', 'seed'], alike: ['net'] });

export class App {
  /** @type {Picture | null} */ picture = null;
  /** Layers whose rows are on the screen, by index. @type {Set<number>} */ inSight = new Set();
  /** A moving picture that stands in for the still one. @type {Live | null} */ live = null;
  /** @type {Sample[]} */ samples = [];

  /** @type {Blob | null} */ #modelFile = null;
  /** The network last asked for. @type {Wanted | null} */ #wanted = null;
  /** The network that runs. @type {Wanted | null} */ #loaded = null;
  /** @type {Notice | null} */ #notice = null;
  /** @type {Set<() => void>} */ #pictureListeners = new Set();
  /** @type {Set<(samples: Sample[]) => void>} */ #sampleListeners = new Set();
  /** @type {Set<(notice: Notice | null) => void>} */ #noticeListeners = new Set();
  #reading = 0;
  /** How many thumbnails a row has room for. */
  #thumbnails = 12;
  /** @type {() => void} */ #settleSoon;

  /**
   * @param {import('./store.js').Store} store
   * @param {import('./engine.js').Engine} engine
   */
  constructor(store, engine) {
    this.store = store;
    this.engine = engine;
    this.runSoon = eachFrame(() => this.#run(true));
    this.#settleSoon = whenQuiet(() => this.#run(false), 350);
    store.listen((state, before) => this.#follow(state, before));
    engine.on('network', () => {
      this.#loaded = this.#wanted;
      this.#run(false);
    });
    engine.on('failed', (message) => this.#modelFailed(message));
    engine.on('broken', (message) =>
      this.notify({ code: 'engine', params: { message }, retry: () => void this.recover() }),
    );
  }

  async start() {
    this.#sendDisplay();
    this.#sendOff();
    void this.loadNetwork();
    await this.#loadSamples();
    await this.#followPicture(this.store.state.picture);
  }

  /** Layers that somebody may be looking at, by index. */
  get lookedAt() {
    const opened = this.engine.network?.layers.find(({ name }) => name === this.store.state.layer);
    return opened ? [...this.inSight, opened.index] : [...this.inSight];
  }

  /** What the crop lies on. @returns {{width: number, height: number} | null} */
  get scene() {
    return this.live ?? this.picture;
  }

  /** @param {Live | null} live null: the still picture is back */
  setLive(live) {
    this.live = live;
    for (const listener of this.#pictureListeners) listener();
    if (!live) this.#run(false);
  }

  /** @param {() => void} listener @returns {() => void} stops listening */
  onPicture(listener) {
    this.#pictureListeners.add(listener);
    return () => this.#pictureListeners.delete(listener);
  }

  /** @param {(samples: Sample[]) => void} listener @returns {() => void} stops listening */
  onSamples(listener) {
    this.#sampleListeners.add(listener);
    return () => this.#sampleListeners.delete(listener);
  }

  /** @param {(notice: Notice | null) => void} listener null: nothing is wrong any more */
  onNotice(listener) {
    this.#noticeListeners.add(listener);
  }

  /** @param {Notice | null} notice */
  notify(notice) {
    this.#notice = notice;
    for (const listener of this.#noticeListeners) listener(notice);
  }

  /** @param {DataTransfer} transfer */
  takeTransfer(transfer) {
    try {
      const file = onlyFile(transfer);
      void this.takeFile(file, file.name);
    } catch (error) {
      this.#tell(error);
    }
  }

  /** @param {FileList | File[]} files */
  takeFiles(files) {
    if (files.length > 1) this.#tell(new Problem('many-files', { count: files.length }));
    else if (files.length === 1) void this.takeFile(files[0], files[0].name);
  }

  /** @param {Blob} blob @param {string} name */
  async takeFile(blob, name) {
    const taken = await this.#read(blob, name);
    if (!taken) return;
    if ('model' in taken) {
      this.takeModel(taken.model);
      return;
    }
    this.#show(taken.picture, taken.bitmap);
    this.store.set({ picture: OWN, crop: CENTRE });
    this.#run(false);
  }

  /** @param {Blob} blob */
  takeModel(blob) {
    this.#modelFile = blob;
    if (this.store.state.model === 'file') void this.loadNetwork();
    else this.store.set({ model: 'file', layer: null, channel: null });
  }

  /** Loads what the state names; also the way to try again. */
  async loadNetwork() {
    const { model, net, rows, width, size, seed } = this.store.state;
    this.#wanted = { values: { model, net, rows, width, size, seed }, file: this.#modelFile };
    this.notify(null);
    if (model === 'untrained' && seed === null) {
      // The seed has its place in the state; putting it there loads the network.
      this.store.set({ seed: await this.engine.seed() });
    } else if (model === 'file' && !this.#modelFile) {
      this.store.set({ model: 'shipped' });
      this.notify({ code: 'own-model-gone', params: {}, stays: true });
    } else if (model === 'alike' && !assets.hasAlike) {
      this.store.set({ model: 'shipped' });
      this.notify({ code: 'alike-missing', params: {}, stays: true });
    } else {
      this.engine.load(await sourceOf(this.#wanted));
    }
  }

  /** What the network that runs is made from, for whoever runs it once more beside. */
  async source() {
    return this.#loaded && sourceOf(this.#loaded);
  }

  /** Tries again from the start, with a new worker: the old one may be what is broken. */
  async recover() {
    this.engine.restart();
    if (this.picture) this.engine.setPicture(await decode(this.picture.blob));
    this.#sendDisplay();
    this.#sendOff();
    await this.loadNetwork();
  }

  /** @param {import('./store.js').State} state @param {import('./store.js').State} before */
  #follow(state, before) {
    if (state.engine !== before.engine || state.threads !== before.threads) {
      this.engine.choice = { build: state.engine, threads: state.threads };
      void this.recover();
    }
    const changed = (/** @type {string[]} */ ...keys) => keys.some((key) => state[key] !== before[key]);
    const values = this.#wanted?.values;
    const keys = ['model', ...(NETWORK_KEYS[state.model] ?? [])];
    if (!values || keys.some((key) => state[key] !== values[key])) {
      void this.loadNetwork();
      // Another network's channels of the same names are others.
      const isOther = changed('model', 'net', 'width', 'size') || before.seed !== null;
      if (isOther && state.off.length && !changed('off')) this.store.set({ off: [] });
    }
    if (changed('map', 'norm', 'values')) this.#sendDisplay();
    if (changed('off', 'view')) this.#sendOff();
    if (changed('picture') && state.picture !== OWN) void this.#followPicture(state.picture);
    else if (changed('crop') && !changed('picture')) {
      this.runSoon();
      this.#settleSoon();
    }
  }

  /** @param {number} count */
  setThumbnails(count) {
    if (count === this.#thumbnails) return;
    this.#thumbnails = count;
    this.#sendDisplay();
  }

  #sendDisplay() {
    const { map, norm, values } = this.store.state;
    this.engine.setDisplay({ colormap: map, normalise: norm, view: values }, this.#thumbnails);
  }

  /** Only the view that shows them has channels off. */
  #sendOff() {
    const { view, off } = this.store.state;
    this.engine.switchOff(view === 'look' ? off : []);
  }

  /** @param {boolean} live */
  #run(live) {
    if (!this.picture || this.live || this.engine.status !== 'ready') return;
    const { width, height } = this.picture;
    this.engine.run(square(this.store.state.crop, width, height), { live });
  }

  async #loadSamples() {
    try {
      this.samples = await early.samples;
      for (const listener of this.#sampleListeners) listener(this.samples);
    } catch {
      this.notify({ code: 'picture-load', params: { name: 'pictures.json' } });
    }
  }

  /** @param {string | null} wanted a sample's file name */
  async #followPicture(wanted) {
    const named = this.samples.find(({ file }) => file === wanted);
    const sample = named ?? this.samples[0];
    if (!sample) return;
    try {
      const taken = await this.#read(await early.takePicture(sample.file), sample.file);
      if (!taken || !('picture' in taken)) return;
      this.#show(taken.picture, taken.bitmap);
      this.#run(false);
      if (wanted === OWN) this.notify({ code: 'own-picture-gone', params: {} });
      else if (wanted && !named) this.notify({ code: 'picture-load', params: { name: wanted } });
    } catch {
      this.notify({ code: 'picture-load', params: { name: sample.file } });
    }
  }

  /**
   * Reads a file; of two read at once only the later given counts.
   * @param {Blob} blob @param {string} name
   */
  async #read(blob, name) {
    this.#reading += 1;
    const mine = this.#reading;
    try {
      const taken = await read(blob, name);
      return mine === this.#reading ? taken : null;
    } catch (error) {
      if (mine === this.#reading) this.#tell(error);
      return null;
    }
  }

  /** @param {Picture} picture @param {ImageBitmap} bitmap */
  #show(picture, bitmap) {
    this.live?.stop();
    this.picture = picture;
    this.engine.setPicture(bitmap);
    if (picture.animated) this.notify({ code: 'animated', params: { name: picture.name } });
    else if (!this.#notice?.retry && !this.#notice?.stays) this.notify(null);
    for (const listener of this.#pictureListeners) listener();
  }

  /** @param {unknown} error */
  #tell(error) {
    if (error instanceof Problem) this.notify({ code: error.code, params: error.params });
    else throw error;
  }

  /**
   * Where another network runs, it stays, and the state is its own again.
   * @param {string} message
   */
  #modelFailed(message) {
    const failed = this.#wanted;
    const code = ['shipped', 'alike'].includes(failed?.values.model) ? 'model-load' : 'model-file';
    if (!this.#loaded || !this.engine.network) {
      this.notify({ code, params: { message }, retry: () => void this.recover() });
      return;
    }
    this.#wanted = this.#loaded;
    this.#modelFile = this.#loaded.file;
    this.store.set(this.#loaded.values);
    const retry = () => {
      this.#modelFile = failed?.file ?? null;
      this.#wanted = null;
      this.store.set(failed?.values ?? {});
    };
    this.notify({ code, params: { message }, retry });
  }
}

/**
 * @param {Wanted} wanted
 * @returns {Promise<import('./protocol.js').ModelSource>}
 */
export async function sourceOf({ values: { model, net, rows, width, size, seed }, file }) {
  if (model === 'untrained') return { kind: 'untrained', ...rowOf(net, rows, width, size), seed };
  if (model === 'file' && file) return { kind: 'bytes', bytes: await file.arrayBuffer() };
  if (model === 'alike') return assets.alike(inTable(net));
  return assets.model();
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
export const inTable = (net) => (net === 'custom' ? 'D' : net);

/**
 * The paper's classifier, as narrow as the rest.
 * @param {number} width @param {number} size
 * @returns {import('./protocol.js').NetworkOptions}
 */
export function paperOptions(width, size) {
  return { width, input_size: size, fc: Math.round(4096 * width), classes: 1000 };
}
