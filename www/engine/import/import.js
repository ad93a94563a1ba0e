/**
 * An import as the page has it: weights become a network that is kept. A worker does it (`worker.js`); what it tells is here, and
 * listeners hear of every change. No DOM here.
 *
 *     head --> found --> weights --> calibrate --> write --> done
 *        |        |         |            |           |
 *        `--------+---------+------------+-----------+--> ended: by a problem, or because nobody wants it any more
 */
import * as assets from '../assets.js';
import { Problem } from '../problem.js';
import { Pace } from './pace.js';

/** @typedef {import('../kept/shelf.js').Kept} Kept */
/** @typedef {import('./make.js').Found} Found */
/** @typedef {import('./make.js').Order} Order */
/** @typedef {import('./sources.js').SourceDescription} SourceDescription */
/** @typedef {'head' | 'found' | 'weights' | 'calibrate' | 'write' | 'done' | 'ended'} Stage */
/** @typedef {{type: 'open', source: SourceDescription} | {type: 'make', order: Order, samples: Blob[]} | {type: 'pause' | 'resume' | 'cancel'}} ImportOrder to the worker */
/**
 * From the worker; `source`: what the source has to tell.
 * @typedef {import('./make.js').Progress | {type: 'found', found: Found} | {type: 'source', news: import('./hub.js').HubNews} | {type: 'done', kept: Kept, unnamed: string | null}
 *   | {type: 'cancelled'} | {type: 'problem', code: string, params: Record<string, string | number>}} ImportNews
 */

/** It was ended because nobody wanted it any more. */
export class Cancelled extends Error {}

export class Import {
  /** @type {Stage} */ stage = 'head';
  isPaused = false;
  /** What the weights are, as soon as it is known. @type {Found | null} */ found = null;
  /** Bytes of weights that have come, of how many. */ read = 0;
  total = 0;
  /** Of calibrating, from 0 to 1, and the layer whose turn it is. */ part = 0;
  layer = '';
  /** What the source told last. @type {import('./hub.js').HubNews | null} */ news = null;

  #hasSpoken = false;
  /** The SHA-256 of a fetched file, if nobody had said what it should be. @type {string | null} */ unnamed = null;

  #pace = new Pace();
  #worker;
  /** @type {Set<() => void>} */ #listeners = new Set();
  /** Who waits for the end of what is under way. @type {{resolve: (value: any) => void, reject: (error: unknown) => void} | null} */ #asked = null;

  /** @param {SourceDescription} source */
  constructor(source) {
    this.source = source;
    const start = /** @type {() => Worker} */ (assets.startImporter);
    this.#worker = start();
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      // What never said a word is not there.
      this.#end(new Problem(this.#hasSpoken ? 'import-failed' : 'import-load', { message: event.message ?? 'worker.js' }));
    };
  }

  /** @param {() => void} listener hears of every change */
  listen(listener) {
    this.#listeners.add(listener);
  }

  /** Reads the head of the file. @returns {Promise<Found>} @throws {Problem} */
  open() {
    return this.#ask({ type: 'open', source: this.source });
  }

  /** After `open`, once. @param {Order} order @returns {Promise<Kept>} @throws {Problem | Cancelled} */
  async make(order) {
    // Before anything of it is seen the stage is another.
    this.stage = 'weights';
    this.#changed();
    try {
      const samples = await Promise.all((await assets.samples()).map(({ file }) => assets.picture(file)));
      // It may have been given up meanwhile.
      if (this.isOver) throw new Cancelled();
      return await this.#ask({ type: 'make', order, samples });
    } catch (error) {
      this.#end(error);
      throw error;
    }
  }

  get isOver() {
    return this.stage === 'done' || this.stage === 'ended';
  }

  /** Bytes a second; null where it cannot be told. */
  get rate() {
    return this.#pace.rate;
  }

  /** Until all weights have come; null where it cannot be told. */
  get secondsLeft() {
    return this.#pace.secondsFor(this.total - this.read);
  }

  pause() {
    this.#turn(true);
  }

  resume() {
    this.#turn(false);
  }

  /** Nothing of it is kept. */
  cancel() {
    if (this.isOver) return;
    // What was written is cleared away by whoever wrote it.
    if (this.#asked && this.stage !== 'head') this.#worker.postMessage({ type: 'cancel' });
    else this.#end(new Cancelled());
  }

  /** @param {boolean} isPaused */
  #turn(isPaused) {
    if (this.isOver || this.isPaused === isPaused) return;
    this.isPaused = isPaused;
    this.#pace.forget();
    this.#worker.postMessage({ type: isPaused ? 'pause' : 'resume' });
    this.#changed();
  }

  /** @param {ImportOrder} order @returns {Promise<any>} */
  #ask(order) {
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      this.#worker.postMessage(order);
    });
  }

  /** @param {ImportNews} news */
  #hear(news) {
    this.#hasSpoken = true;
    switch (news.type) {
      case 'stage':
        this.stage = news.stage;
        break;
      case 'found':
        this.stage = 'found';
        this.found = news.found;
        this.total = news.found.reads;
        this.#answer(news.found);
        break;
      case 'bytes':
        this.total = news.total;
        this.#cameTo(news.read);
        break;
      case 'layers':
        this.part = news.part;
        this.layer = news.layer;
        break;
      case 'source':
        // A piece may be long on its way.
        if (news.news.what === 'came') this.#cameTo(Math.min(news.news.at, this.total));
        else this.news = news.news;
        break;
      case 'done':
        this.stage = 'done';
        this.unnamed = news.unnamed;
        this.#worker.terminate();
        this.#answer(news.kept);
        break;
      case 'cancelled':
        this.#end(new Cancelled());
        break;
      default:
        this.#end(new Problem(news.code, news.params));
    }
    this.#changed();
  }

  /** @param {number} read bytes of weights that have come, or are used */
  #cameTo(read) {
    this.news = null;
    this.read = Math.max(this.read, read);
    if (!this.isPaused) this.#pace.see(this.read, performance.now());
  }

  /** @param {unknown} value */
  #answer(value) {
    this.#asked?.resolve(value);
    this.#asked = null;
  }

  /** @param {unknown} error */
  #end(error) {
    if (this.isOver) return;
    this.stage = 'ended';
    this.#worker.terminate();
    this.#asked?.reject(error);
    this.#asked = null;
    this.#changed();
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }
}
