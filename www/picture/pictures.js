/**
 * Which picture: wanted -> loading(ticket) -> shown | failed. A choice gets its ticket when it is made, not when its bytes are
 * there; a picture that comes after a later choice is let go, so the last choice of a person stays, and the address names
 * what is shown. Pictures of one's own are kept, with their bytes, while the page is open.
 */
import * as assets from '../engine/assets.js';
import { CENTRE } from './crop.js';
import * as early from '../engine/early.js';
import { t } from '../page/i18n.js';
import { decode, preview, read, thumbnail } from './intake.js';
import { isOwn, ownId } from './own.js';
import { countOn } from '../page/storage.js';
import { Problem } from '../engine/problem.js';

/** @typedef {{file: string, title: {en: string, zh: string}, credit: string, licence: string, source: string}} Sample */
/** @typedef {{width: number, height: number}} Live */
/** What is heard of: a still picture was chosen and is on its way; the scene, the samples, one's own have changed. @typedef {'chosen' | 'shown' | 'samples' | 'own'} Change */
/** @typedef {import('./intake.js').Given} Given */
/** @typedef {import('./intake.js').Opened} Opened */

/**
 * @typedef {object} Picture
 * @property {string} id of a sample its file's name, or one's own
 * @property {string | null} asked what the state said when it was chosen
 * @property {string} name
 * @property {Blob} blob what it can be decoded from again
 * @property {number} width of the whole picture, upright
 * @property {number} height
 * @property {ImageBitmap} preview for the page
 */

/**
 * @typedef {object} Own
 * @property {string} id
 * @property {string} name
 * @property {Blob} blob
 * @property {ImageBitmap} thumbnail
 */

/** What became of files given at once. @typedef {{count: number, taken: number, ids: Set<string>, failed: string[], full: number, gone: number}} Batch */

/** Of one's own pictures so many are kept, */
const MOST_OWN = 100;
/** and so many bytes of them. */
const MOST_OWN_BYTES = 300e6;
/** Type of what a dragged thumbnail carries: its id. */
export const DRAGGED = 'application/x-vgglass-picture';
/** Side of a thumbnail, in pixels. */
const THUMBNAIL = 96;
/** Of the files that were left out, so many are named. */
const NAMED = 3;

export class Pictures {
  /** @type {'none' | 'loading' | 'shown' | 'failed'} */ status = 'none';
  /** @type {Picture | null} */ shown = null;
  /** A moving picture that stands in for the still one. @type {Live | null} */ live = null;
  /** @type {Sample[]} */ samples = [];
  /** @type {Own[]} */ own = [];
  /** Files of one's own that are still to be opened. */ opening = 0;

  /** What the state last asked for. @type {string | null | undefined} */ #wanted;
  #ticket = 0;
  /** Ticket of what the state last asked for. */ #followed = 0;
  /** Pictures given before it are not kept. */ #emptied = 0;
  /** When the camera was last asked for. */ #filmed = 0;
  /** The state is put right, which is nobody's choice. */ #isRestoring = false;
  /** What the state was while the shown picture was the one it names. @type {{picture: string | null, crop: import('./crop.js').Crop} | null} */
  #left = null;
  /** @type {Promise<Sample[]>} */ #listed;
  /** @type {{[K in Change]: Set<() => void>}} */
  #listeners = { chosen: new Set(), shown: new Set(), samples: new Set(), own: new Set() };

  /**
   * @param {object} page
   * @param {import('../page/store.js').Store} page.store
   * @param {import('../engine/engine.js').Engine} page.engine
   * @param {import('../engine/networks.js').Networks} page.networks who gets a model's file, if one was among the files
   * @param {(notice: import('../page/app.js').Notice | null) => void} page.tell null: nothing about a picture is wrong any more
   */
  constructor({ store, engine, networks, tell }) {
    this.store = store;
    this.engine = engine;
    this.networks = networks;
    this.tell = tell;
    this.#listed = early.samples;
    store.listen((state, before) => {
      if (state.picture === before.picture) return;
      if (this.shown && before.picture === this.shown.asked) this.#left = { picture: before.picture, crop: before.crop };
      void this.#follow(state.picture);
    });
  }

  /** Shows what the state names; also the way to try again. */
  async start() {
    const following = this.#follow(this.store.state.picture);
    try {
      this.samples = await this.#listed;
      this.#say('samples');
    } catch {
      // Whoever wants one hears of it.
    }
    await following;
  }

  /** What the crop lies on. @returns {{width: number, height: number} | null} */
  get scene() {
    return this.live ?? this.shown;
  }

  /** Whether it stands still and this is what it is. @param {string} id */
  isShown(id) {
    return !this.live && this.shown?.id === id;
  }

  /** @param {Live | null} live null: the still picture is back */
  setLive(live) {
    this.live = live;
    this.#say('shown');
  }

  /**
   * @param {Change} what
   * @param {() => void} listener
   * @returns {() => void} stops listening
   */
  on(what, listener) {
    this.#listeners[what].add(listener);
    return () => this.#listeners[what].delete(listener);
  }

  /** The camera was asked for: a picture that was chosen before comes behind it. */
  film() {
    this.#filmed = ++this.#ticket;
  }

  /** @param {{picture: string | null, crop: import('./crop.js').Crop}} left what the state was */
  #restore(left) {
    const isGone = isOwn(left.picture) && !this.own.some(({ id }) => id === left.picture);
    this.#isRestoring = !isGone;
    try {
      this.store.set(isGone ? { picture: null, crop: CENTRE } : left);
    } finally {
      this.#isRestoring = false;
    }
  }

  /** @param {string} id of a sample or of one's own */
  choose(id) {
    this.#say('chosen');
    // Chosen once more, it is a later choice than what was given meanwhile.
    this.#wanted = undefined;
    this.store.set({ picture: id, crop: CENTRE }, { step: true });
    if (this.#wanted === undefined) void this.#follow(id);
  }

  /** The thumbnail that was dragged, if one was. @param {DataTransfer} transfer @returns {string | undefined} its id */
  dragged(transfer) {
    const id = transfer.getData(DRAGGED);
    if (this.own.some((one) => one.id === id)) return id;
    // Where a browser drags a button's picture by itself, it says where that lies.
    const address = transfer.getData('text/uri-list');
    return this.samples.find(({ file }) => file === id || assets.pictureUrl(file) === address)?.file;
  }

  /**
   * Takes files, shows the first that is a picture, and keeps all of them that are.
   * @param {Given[] | Promise<Given[]>} given
   */
  async take(given) {
    const choice = { ticket: ++this.#ticket, moment: this.networks.now() };
    try {
      const files = await given;
      /** @type {Batch} */
      const batch = { count: files.length, taken: 0, ids: new Set(), failed: [], full: 0, gone: 0 };
      this.opening += files.length;
      for (const file of files) {
        if (batch.full > 0) batch.full += 1;
        else if (this.#emptied < choice.ticket) await this.#takeOne(file, batch, choice);
        this.opening -= 1;
        this.#say('own');
      }
      if (this.#emptied < choice.ticket) this.#report(batch);
    } catch (error) {
      this.#tellProblem(error);
    }
  }

  /** @param {string} id of one's own */
  remove(id) {
    const at = this.own.findIndex((one) => one.id === id);
    if (at < 0) return;
    this.own[at].thumbnail.close();
    this.own.splice(at, 1);
    if (this.store.state.picture === id) {
      const next = this.own[at] ?? this.own[at - 1];
      this.store.set({ picture: next?.id ?? null, crop: CENTRE });
    }
    this.#say('own');
  }

  removeAll() {
    this.#emptied = ++this.#ticket;
    for (const { thumbnail } of this.own) thumbnail.close();
    this.own = [];
    if (isOwn(this.store.state.picture)) this.store.set({ picture: null, crop: CENTRE });
    this.#say('own');
  }

  /** Gives the shown picture to an engine that has begun anew. */
  async giveAgain() {
    const { shown } = this;
    if (!shown) return;
    try {
      const bitmap = await decode(shown.blob);
      if (this.shown === shown) this.engine.setPicture(bitmap);
      else bitmap.close();
    } catch {
      if (this.shown === shown) this.#tellProblem(new Problem('corrupt-picture', { name: shown.name, kind: shown.blob.type }));
    }
  }

  /** @param {string | null} wanted what the state names: a sample's file, one of one's own, or the first sample */
  async #follow(wanted) {
    if (wanted === this.#wanted && this.status !== 'failed') return;
    this.#wanted = wanted;
    const ticket = this.#isRestoring ? this.#followed : ++this.#ticket;
    this.#followed = ticket;
    if (this.shown && this.shown.asked === wanted) {
      this.status = 'shown';
      return;
    }
    this.status = 'loading';
    const isStale = () => ticket !== this.#followed;
    try {
      const found = await this.#find(wanted);
      if (isStale()) return;
      const opened = await read(found.file);
      if ('model' in opened) throw new Problem('not-a-picture', { name: found.file.name });
      // Of one's own that is gone nothing comes back by the address either.
      const asked = found.problem === 'own-picture-gone' ? null : wanted;
      await this.#show(opened, { id: found.id, asked, ticket }, isStale);
      if (!isStale() && found.problem) this.tell({ code: found.problem, params: { name: wanted ?? '' } });
    } catch (error) {
      if (!isStale()) this.#fail(error, wanted);
    }
  }

  /**
   * @param {string | null} wanted
   * @returns {Promise<{id: string, file: Given, problem?: 'own-picture-gone' | 'picture-load'}>} another in its place, if there is none such
   */
  async #find(wanted) {
    const own = this.own.find(({ id }) => id === wanted);
    if (own) return { id: own.id, file: own };
    const samples = await this.#listed.catch(() => {
      throw new Problem('picture-load', { name: 'pictures.json' });
    });
    const named = samples.find(({ file }) => file === wanted);
    const { file } = named ?? samples[0];
    const blob = await early.takePicture(file).catch(() => {
      throw new Problem('picture-load', { name: file });
    });
    const problem = named || wanted === null ? undefined : isOwn(wanted) ? 'own-picture-gone' : 'picture-load';
    return { id: file, file: { blob, name: file }, problem };
  }

  /**
   * @param {Given} file @param {Batch} batch
   * @param {{ticket: number, moment: number}} choice
   */
  async #takeOne(file, batch, choice) {
    try {
      const opened = await read(file);
      if ('model' in opened) {
        if (await this.networks.takeFile(opened.model, file.name, choice.moment)) batch.taken += 1;
        else batch.failed.push(file.name);
      } else await this.#keep(opened, batch, choice.ticket);
    } catch (error) {
      if (batch.count === 1) this.#tellProblem(error);
      batch.failed.push(file.name);
    }
  }

  /** @param {Opened} opened @param {Batch} batch @param {number} ticket */
  async #keep(opened, batch, ticket) {
    const { name, blob, bitmap } = opened;
    const small = await thumbnail(bitmap, THUMBNAIL, name);
    if (this.#emptied > ticket || !this.#makeRoom(blob.size, batch)) {
      bitmap.close();
      small.close();
      return;
    }
    const id = this.#newId();
    this.own.push({ id, name, blob, thumbnail: small });
    batch.taken += 1;
    batch.ids.add(id);
    const isStale = () => ticket <= this.#followed || this.#emptied > ticket;
    if (batch.ids.size > 1 || isStale()) bitmap.close();
    else await this.#show(opened, { id, asked: id, ticket }, isStale);
  }

  /**
   * The oldest go, but not for others of the same choice.
   * @param {number} bytes @param {Batch} batch
   */
  #makeRoom(bytes, batch) {
    const isFull = () => this.own.length >= MOST_OWN || this.own.reduce((sum, { blob }) => sum + blob.size, bytes) > MOST_OWN_BYTES;
    while (isFull()) {
      const at = this.own.findIndex(({ id }) => !batch.ids.has(id));
      if (at < 0) break;
      this.own[at].thumbnail.close();
      this.own.splice(at, 1);
      batch.gone += 1;
    }
    const isTaken = batch.ids.size === 0 || !isFull();
    if (!isTaken) batch.full += 1;
    return isTaken;
  }

  /** A name that no address has had in this tab. */
  #newId() {
    const { picture } = this.store.state;
    for (;;) {
      const id = ownId(countOn('own'));
      if (id !== picture) return id;
    }
  }

  /**
   * @param {Opened} opened
   * @param {{id: string, asked: string | null, ticket: number}} choice
   * @param {() => boolean} isStale
   */
  async #show({ name, blob, bitmap, animated }, { id, asked, ticket }, isStale) {
    const { width, height } = bitmap;
    const small = await preview(bitmap, name);
    if (isStale()) {
      bitmap.close();
      small.close();
      return;
    }
    // A camera that was asked for later goes on.
    if (ticket > this.#filmed) this.#say('chosen');
    this.shown?.preview.close();
    this.shown = { id, asked, name, blob, width, height, preview: small };
    this.status = 'shown';
    this.#wanted = asked;
    this.#followed = ticket;
    this.engine.setPicture(bitmap);
    if (asked !== this.store.state.picture) this.store.set({ picture: asked, crop: CENTRE }, { step: asked !== null });
    this.tell(animated ? { code: 'animated', params: { name } } : null);
    this.#say('shown');
  }

  /** What was shown stays, and the state names it. @param {unknown} error @param {string | null} wanted */
  #fail(error, wanted) {
    this.status = 'failed';
    if (this.shown && this.#left) this.#restore(this.#left);
    this.#tellProblem(error, () => {
      if (this.store.state.picture !== wanted) this.store.set({ picture: wanted, crop: CENTRE });
      else {
        if (this.samples.length === 0) this.#listed = assets.samples();
        void this.start();
      }
    });
  }

  /** @param {unknown} error @param {() => void} [retry] */
  #tellProblem(error, retry) {
    const { code, params } = error instanceof Problem ? error : new Problem('picture-failed', { message: String(error) });
    this.tell({ code, params, retry });
  }

  /** All that was left out, in one message. @param {Batch} batch */
  #report({ count, taken, failed, full, gone }) {
    if (count === 1 || failed.length + full + gone === 0) return;
    const rest = failed.length - NAMED;
    const names = failed.slice(0, NAMED).join(', ');
    const why = () =>
      [
        failed.length ? t(rest > 0 ? 'left.failed.more' : 'left.failed', { names, rest }) : '',
        full ? t('left.full', { count: full, most: MOST_OWN, megabytes: MOST_OWN_BYTES / 1e6 }) : '',
        gone ? t('left.gone', { count: gone }) : '',
      ].join(' ');
    this.tell({ code: 'left-out', params: { taken, count, why } });
  }

  /** @param {Change} what */
  #say(what) {
    for (const listener of [...this.#listeners[what]]) listener();
  }
}
