/**
 * Where the page's own things come from: they lie beside it. In the standalone file and in the built site other modules take
 * the place of this one: `xtask/bundle/embedded.js`, with everything inside, and `xtask/bundle/hosted.js`.
 */
import { Problem } from './problem.js';
import { fetched, workerAt } from './remote.js';

/**
 * What a host with a service worker adds.
 * @typedef {object} Hosting
 * @property {() => Promise<{path: string, bytes: number, part: 'page' | 'first' | 'base' | 'relaxed' | 'rest', isKept: boolean}[]>} state
 *   the site's files, and which of them are kept on this machine: those of `page` and `first` are needed for a first view,
 *   `base` and `relaxed` by browsers that take those builds of the engine, `rest` by few; where nothing can be kept it never ends
 * @property {(path: string, onBytes: (count: number) => void, signal?: AbortSignal) => Promise<void>} keep rejects with why not:
 *   `offline`, `gone`, `damaged` or `full`
 * @property {(listener: (isUsed: boolean) => void) => Promise<void>} onNewVersion hears of a newer version of the page;
 *   `isUsed`: by another window already
 * @property {() => Promise<void>} renew loads the page anew, in its newest version
 */

/** @type {Hosting | null} */
export const hosting = null;

/**
 * Why something of the page's own is not there, where that can be told.
 * @type {(message?: string) => Promise<'offline' | 'outdated' | null>} `message`: of an error that may have another cause
 */
export const whyNot = async () => null;

/** Whether the rows that were trained alike, to be compared, are at hand. */
export const hasAlike = true;

/** @param {string} path */
const beside = (path) => new URL(path, document.baseURI).href;

/** Of the shipped model, where a worker can fetch it. @type {string | null} */
export const modelUrl = beside('./models/vgg16-half-tiny.safetensors');

/** The shipped model. @returns {Promise<import('./protocol.js').ModelSource>} */
export const model = async () => ({ kind: 'url', url: /** @type {string} */ (modelUrl) });

/** A row of the table as it was trained together with all others. @param {string} row @returns {Promise<import('./protocol.js').ModelSource>} */
export const alike = async (row) => ({ kind: 'url', url: beside(`./models/alike/${row}.safetensors`) });

/** Networks that were added to the site: none to the page itself. @type {{name: string, bytes: number}[]} */
export const addedNetworks = [];

/** One of those. @param {string} name @returns {Promise<import('./protocol.js').ModelSource>} */
export async function added(name) {
  throw new Problem('site-missing', { name });
}

/** A sample picture, as an image's source. @param {string} file */
export const pictureUrl = (file) => beside(`./pictures/${file}`);

/** @returns {Promise<import('../picture/pictures.js').Sample[]>} */
export async function samples() {
  return (await fetched(beside('./pictures/pictures.json'))).json();
}

/** @param {string} file @returns {Promise<Blob>} */
export async function picture(file) {
  return (await fetched(pictureUrl(file))).blob();
}

/** Makes kept networks of published weights; null where the page cannot. @type {(() => Worker) | null} */
export const startImporter = () => new Worker(new URL('./import/worker.js', import.meta.url), { type: 'module' });

/** Writes kept networks where the page may not. */
export const startKeeper = () => new Worker(new URL('./kept/worker.js', import.meta.url), { type: 'module' });

/** @param {import('./engine.js').Choice} choice @param {string | null} [expected] a model's file that it will be asked for */
export const startWorker = (choice, expected = null) => workerAt(new URL('./worker/index.js', import.meta.url), choice, expected);
