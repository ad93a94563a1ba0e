/**
 * Weights to a kept network: what the worker does, step by step. It has of its world what it needs, so that it goes without a
 * browser, too. No DOM here.
 *
 * The model file is written as it is made: rows where they belong, in whatever order their weights come; then they are read
 * back, layer by layer, while pictures go through the network; last of all what stands before them. So no more of a network is in memory
 * than what is at work.
 */
import { publishedModel } from '../model-name.js';
import { Problem } from '../problem.js';
import { withHash } from '../published.js';
import { count } from '../../page/format.js';
import { Reader } from './source.js';

/** @typedef {import('../../pkg/convert/vgglass.js').Found} Found */
/** @typedef {import('../../pkg/convert/vgglass.js').Part} Part */
/** @typedef {import('../kept/shelf.js').Kept} Kept */
/** @typedef {import('../kept/shelf.js').Writing} Writing */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/**
 * How far it is.
 * @typedef {{type: 'stage', stage: 'head' | 'weights' | 'calibrate' | 'write'}
 *   | {type: 'bytes', read: number, total: number}
 *   | {type: 'layers', part: number, layer: string}} Progress `bytes` of weights; `part` of calibrating, from 0 to 1
 */
/** An `ImageData`, or what has its fields. @typedef {Pick<ImageData, 'data' | 'width' | 'height'>} Pixels */
/**
 * @typedef {object} World
 * @property {typeof import('../../pkg/convert/vgglass.js')} convert the package, started
 * @property {import('../kept/shelf.js').Shelf} shelf
 * @property {typeof import('../kept/write.js').openToWrite} open how the model file is written and read
 * @property {AbortSignal} signal ends the work
 * @property {() => Promise<void>} turn between two steps: lets orders in, and waits as long as the work is to pause
 * @property {(progress: Progress) => void} tell
 */
/**
 * What is made of weights.
 * @typedef {object} Order
 * @property {string} name that it is to have
 * @property {string} licence of the weights, if it is known
 * @property {string} origin where the file is from, if that says more than its name
 * @property {string} [key] what the address calls it, if it is a published network
 */

/** Letters of what a file says that a message shows. */
const LONGEST = 200;
/** Time between two news, in ms. */
const TELL_EVERY = 100;
const NO_HASH = '0'.repeat(64);

export class Maker {
  #source;
  #world;
  /** @type {import('../../pkg/convert/vgglass.js').Weights | null} */ #weights = null;
  #told = -Infinity;
  /** The SHA-256 of the file, if nobody had said what it should be. @type {string | null} */
  unnamed = null;

  /** @param {import('./source.js').Source} source @param {World} world */
  constructor(source, world) {
    this.#source = source;
    this.#world = world;
  }

  /**
   * What the weights are, and whether there is room for what comes of them.
   * @returns {Promise<Found>}
   * @throws {Problem}
   */
  async open() {
    const { convert, shelf, signal, tell } = this.#world;
    const { length } = this.#source;
    tell({ type: 'stage', stage: 'head' });
    return this.#explained(async () => {
      const opening = new convert.Opening(length);
      for (let wanted = opening.wanted(); wanted; wanted = opening.wanted()) {
        const [start, end] = wanted;
        opening.give(await this.#source.read(start, Math.min(end, length), signal));
      }
      this.#weights = opening.weights();
      const found = this.#weights.found();
      await shelf.checkRoom(found.keeps);
      return found;
    });
  }

  /**
   * After `open`, once.
   * @param {Order} order @param {() => AsyncIterable<Pixels>} pictures that give the scales of the activations
   * @returns {Promise<Kept>}
   * @throws {Problem}
   */
  async make({ name, licence, origin, key }, pictures) {
    const { convert, shelf, open, signal, tell } = this.#world;
    const weights = /** @type {import('../../pkg/convert/vgglass.js').Weights} */ (this.#weights);
    const found = weights.found();
    const provenance = (/** @type {string | undefined} */ sha256) =>
      [
        `${this.#source.name} (${found.format}, names of ${found.naming}, ${this.#source.length} bytes${sha256 ? `, SHA-256 ${sha256}` : ''})`,
        ...(origin ? [`from ${origin}`] : []),
        'quantised by the page as it came, scales of activations by its sample pictures',
      ].join('; ');
    return this.#explained(async () => {
      // First, since there may be none: that should not be known only when all weights have come.
      const shown = new convert.Pictures(found.input_size);
      for await (const pixels of pictures()) {
        shown.set_picture(/** @type {ImageData} */ (pixels));
        await this.#turn();
      }
      // The text's room is set aside before the hash is known.
      const work = weights.import({ licence, provenance: provenance(this.#source.check && NO_HASH) });
      const writing = await shelf.begin(name, { bytes: work.length(), source: origin || this.#source.name, licence, key }, open);
      try {
        tell({ type: 'stage', stage: 'weights' });
        await this.#read(work, writing);
        const checked = await this.#source.check?.(signal);
        if (checked?.isExpected === false) this.unnamed = checked.sha256;
        this.#source.close?.();
        tell({ type: 'stage', stage: 'calibrate' });
        const calibration = work.calibrate(shown);
        await this.#calibrate(calibration, writing);
        tell({ type: 'stage', stage: 'write' });
        await this.#turn();
        const head = calibration.finish({ licence, provenance: provenance(checked?.sha256) });
        await writing.write(head.bytes, head.at);
        // A published file is one, whoever brought it.
        const published = checked && withHash(checked.sha256);
        return await writing.finish(key || !published ? {} : { key: publishedModel(published.key) });
      } catch (error) {
        await writing.abort();
        throw error;
      }
    });
  }

  /** @param {import('../../pkg/convert/vgglass.js').Import} work @param {Writing} writing */
  async #read(work, writing) {
    const reader = new Reader(this.#source, this.#world.signal);
    for (let wanted = work.wanted(); wanted; wanted = work.wanted()) {
      await this.#turn();
      const [start, end] = wanted;
      work.give(await reader.read(start, end));
      await writeParts(work, writing);
      const [read, total] = work.progress();
      this.#tell({ type: 'bytes', read, total }, read === total);
    }
    await reader.settle();
  }

  /** @param {import('../../pkg/convert/vgglass.js').Calibration} calibration @param {Writing} writing */
  async #calibrate(calibration, writing) {
    for (let wanted = calibration.wanted(); wanted; wanted = calibration.wanted()) {
      await this.#turn();
      this.#tell({ type: 'layers', part: calibration.progress(), layer: calibration.layer() });
      const [start, end] = wanted;
      calibration.give(await writing.read(start, end));
      await writeParts(calibration, writing);
    }
  }

  async #turn() {
    await this.#world.turn();
    this.#world.signal.throwIfAborted();
  }

  /** Not more often than it can be seen. @param {Progress} progress @param {boolean} [isLast] */
  #tell(progress, isLast = false) {
    if (!isLast && performance.now() - this.#told < TELL_EVERY) return;
    this.#told = performance.now();
    this.#world.tell(progress);
  }

  /** What the converter throws becomes a problem that can be told. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async #explained(work) {
    try {
      return await work();
    } catch (error) {
      this.#world.signal.throwIfAborted();
      throw asProblem(error, this.#source.name);
    }
  }
}

/** What waits to be written. @param {{part: () => Part | undefined}} from @param {Writing} writing */
async function writeParts(from, writing) {
  for (let part = from.part(); part; part = from.part()) await writing.write(part.bytes, part.at);
}

/** Where nothing can be kept nothing can be imported: that is another message than of a file that runs all the same. */
const OF_STORAGE = new Set(['kept-off', 'kept-insecure']);

/** @param {unknown} error @param {string} file its name */
function asProblem(error, file) {
  if (error instanceof Problem) return OF_STORAGE.has(error.code) ? new Problem(`import-${error.code}`, { file, ...error.params }) : error;
  if (error instanceof Error) return error;
  const { code, ...params } = /** @type {import('../../pkg/convert/vgglass.js').ConvertError} */ (error);
  const shown = Object.entries(params).map(([key, value]) => [key, readable(value)]);
  return new Problem(`import-${code}`, { file, ...Object.fromEntries(shown) });
}

/** @param {string | number} value */
function readable(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? count(value) : String(value);
  return value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;
}
