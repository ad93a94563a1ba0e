/**
 * The page's director: it makes engine and picture follow the state, and turns what people drop
 * into state.
 */
import * as assets from '../engine/assets.js';
import { square } from '../picture/crop.js';
import { eachFrame, whenQuiet } from './frame.js';
import { filesOf } from '../picture/intake.js';
import { keptModel, publishedModel } from '../engine/model-name.js';
import { Networks } from '../engine/networks.js';
import { Pictures } from '../picture/pictures.js';
import { Problem } from '../engine/problem.js';

/**
 * One that is not about the picture stays when another picture comes; `action` is what `retry` is called.
 * @typedef {{code: string, params: import('./i18n.js').Params, retry?: () => void, action?: import('./i18n.js').Key,
 *   stays?: boolean, about?: 'picture'}} Notice
 */

export class App {
  /** Layers whose rows are on the screen, by index. @type {Set<number>} */ inSight = new Set();

  /** @type {Notice | null} */ #notice = null;
  /** That the engine stopped, and the way on: it comes back after whatever else is told. @type {Notice | null} */ #stopped = null;
  /** @type {Set<(notice: Notice | null) => void>} */ #noticeListeners = new Set();
  /** Something was to be run while a network was being loaded. */ #isMissed = false;
  /** How many thumbnails a row has room for. */
  #thumbnails = 12;
  /** @type {() => void} */ #settleSoon;
  /** @type {Promise<typeof import('./later.js')> | null} */ #later = null;
  /** @type {import('./importer.js').Importer | null} */ #importer = null;
  /** Opens the network dialog, at a published network if its key is given. @type {(key?: string) => void} */ openNetworks = () => {};

  /**
   * @param {import('./store.js').Store} store
   * @param {import('../engine/engine.js').Engine} engine
   */
  constructor(store, engine) {
    this.store = store;
    this.engine = engine;
    this.runSoon = eachFrame(() => this.#run(true));
    this.#settleSoon = whenQuiet(() => this.#run(false), 350);
    this.networks = new Networks({
      store,
      engine,
      assets,
      kept: async () => (await this.later()).kept,
      convert: assets.startImporter && (async (source) => (await this.importer()).offer(source)),
      notify: (notice) => this.notify(notice),
      recover: () => this.recover(),
      offer: (key) => this.#offer(key),
    });
    this.pictures = new Pictures({ store, engine, networks: this.networks, tell: (notice) => this.#tellOfPicture(notice) });
    this.pictures.on('shown', () => this.#run(false));
    store.listen((state, before, change) => this.#follow(state, before, change));
    engine.on('begin', () => {
      this.#stopped = null;
    });
    engine.on('network', () => this.#run(false));
    engine.on('failed', () => this.#isMissed && this.#run(false));
    engine.on('disturbed', () => {
      this.notify({ code: 'pixels-disturbed', params: {}, stays: true });
      // Firefox offers to allow it once the page itself, not a worker, has tried.
      document.createElement('canvas').getContext('2d')?.getImageData(0, 0, 1, 1);
    });
    engine.on('broken', (what) => this.#broke(what));
    engine.on('fresh', () => void this.#giveAgain());
  }

  async start() {
    this.#sendDisplay();
    this.#sendOff();
    void this.networks.load();
    await this.pictures.start();
  }

  /** What the page begins without. @returns {Promise<typeof import('./later.js')>} */
  later() {
    this.#later ??= this.#loadLater();
    return this.#later;
  }

  async #loadLater() {
    try {
      const later = await import('./later.js');
      later.kept.onChange(({ renamed }) => {
        if (renamed) this.networks.rename(keptModel(renamed[0]), keptModel(renamed[1]));
        else void this.networks.look().catch(() => {});
      });
      return later;
    } catch (error) {
      // It can be asked for again.
      this.#later = null;
      throw error;
    }
  }

  /** What imports weights. @returns {Promise<import('./importer.js').Importer>} */
  async importer() {
    const { createImporter } = await this.later();
    this.#importer ??= createImporter(this);
    return this.#importer;
  }

  /** In another page there is little room: it is got in a window of its own, if there may be one, and found here once it is kept. @param {string} key */
  #offer(key) {
    const page = `${location.href.replace(/#.*/, '')}#/look?model=${publishedModel(key)}`;
    if (!this.store.state.embed || !window.open(page)) this.openNetworks(key);
  }

  /** Layers that somebody may be looking at, by index. */
  get lookedAt() {
    const opened = this.engine.network?.layers.find(({ name }) => name === this.store.state.layer);
    return opened ? [...this.inSight, opened.index] : [...this.inSight];
  }

  /** The one that is shown. */
  get picture() {
    return this.pictures.shown;
  }

  get live() {
    return this.pictures.live;
  }

  /** What the crop lies on. */
  get scene() {
    return this.pictures.scene;
  }

  /** @param {import('../picture/pictures.js').Live | null} live null: the still picture is back */
  setLive(live) {
    this.pictures.setLive(live);
  }

  /** @param {() => void} listener @returns {() => void} stops listening */
  onPicture(listener) {
    return this.pictures.on('shown', listener);
  }

  /** @param {(notice: Notice | null) => void} listener null: nothing is wrong any more */
  onNotice(listener) {
    this.#noticeListeners.add(listener);
  }

  /** @param {Notice | null} notice */
  notify(notice) {
    this.#notice = notice ?? this.#stopped;
    for (const listener of this.#noticeListeners) listener(this.#notice);
  }

  /** The notice was read. */
  dismiss() {
    if (this.#notice === this.#stopped) this.#stopped = null;
    this.notify(null);
  }

  /** Of a picture that is shown or could not be. @param {Notice | null} notice null: all is well */
  #tellOfPicture(notice) {
    const { about, retry, stays } = this.#notice ?? {};
    if (notice) this.notify({ ...notice, about: 'picture' });
    else if (about === 'picture' || !(retry || stays)) this.notify(null);
  }

  /** @param {DataTransfer} transfer */
  takeTransfer(transfer) {
    const dragged = this.pictures.dragged(transfer);
    if (dragged) this.pictures.choose(dragged);
    else this.#take(() => filesOf(transfer));
  }

  /** @param {() => import('../picture/intake.js').Given[] | Promise<import('../picture/intake.js').Given[]>} given */
  #take(given) {
    try {
      void this.pictures.take(given());
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.notify({ code: error.code, params: error.params });
    }
  }

  /** @param {FileList | File[]} files */
  takeFiles(files) {
    if (files.length > 0) void this.pictures.take([...files].map((blob) => ({ blob, name: blob.name })));
  }

  /** @param {Blob} blob @param {string} name */
  takeFile(blob, name) {
    return this.pictures.take([{ blob, name }]);
  }

  /** Tries again from the start, with a new worker: the old one may be what is broken. */
  recover() {
    this.engine.restart();
    void this.networks.load();
  }

  /** Gives a new worker what the last one had. */
  async #giveAgain() {
    this.#sendDisplay();
    this.#sendOff();
    await this.pictures.giveAgain();
    this.#run(false);
  }

  /** @param {{code: 'engine' | 'stuck', message: string}} what */
  #broke({ code, message }) {
    const { engine } = this;
    const retry = () => this.recover();
    // Threads are what waits for one another: one alone goes on, once, without being asked.
    if (code === 'stuck' && engine.choice.threads !== 1) {
      engine.choice = { ...engine.choice, threads: 1 };
      this.recover();
      this.notify({ code: 'stuck-anew', params: { time: message }, stays: true });
    } else {
      this.#stopped = { code, params: code === 'stuck' ? { time: message } : { message }, retry };
      this.notify(this.#stopped);
    }
  }

  /** @param {import('./store.js').State} state @param {import('./store.js').State} before @param {Partial<import('./store.js').State>} change */
  #follow(state, before, change) {
    const changed = (/** @type {string[]} */ ...keys) => keys.some((key) => state[key] !== before[key]);
    if (changed('engine', 'threads')) {
      this.engine.choice = { build: state.engine, threads: state.threads };
      this.recover();
    }
    this.networks.follow(state, before, change);
    if (changed('map', 'norm', 'values')) this.#sendDisplay();
    if (changed('off', 'view')) this.#sendOff();
    if (changed('crop') && !changed('picture')) {
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
    this.#isMissed = this.engine.status === 'loading';
    if (!this.picture || this.live || this.engine.status !== 'ready') return;
    const { width, height } = this.picture;
    this.engine.run(square(this.store.state.crop, width, height), { live });
  }

}
