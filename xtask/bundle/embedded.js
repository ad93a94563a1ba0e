/**
 * Takes the place of `www/engine/assets.js` in the standalone file: what the page needs stands in the file itself,
 * as elements with base64 in them.
 */
import workerText from 'standalone:worker';
import { Problem } from '../../www/engine/problem.js';
import list from '../../www/pictures/pictures.json';

const MODEL = 'models/vgg16-half-tiny.safetensors';

/** @param {string} path */
function element(path) {
  const found = /** @type {HTMLElement | null} */ (document.querySelector(`script[data-file="${CSS.escape(path)}"]`));
  if (!found) throw new Error(path);
  return found;
}

/** @param {string} path @returns {Blob} */
function blob(path) {
  const { textContent, dataset } = element(path);
  const binary = atob(textContent ?? '');
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Blob([bytes], { type: dataset.type });
}

export const hosting = null;

/** Nothing of the file can be missing. */
export const whyNot = async () => null;

export const modelUrl = null;

/** In bytes: the worker of a file from the disk may not fetch even a blob's address. */
export const model = async () => ({ kind: 'bytes', bytes: await blob(MODEL).arrayBuffer() });

/** The one file holds the shipped model alone. */
export const hasAlike = false;

export const alike = model;

/** Nor are there others. @type {{name: string, bytes: number}[]} */
export const addedNetworks = [];

/** @param {string} name @returns {Promise<never>} */
export async function added(name) {
  throw new Problem('site-missing', { name });
}

/** @param {string} file */
export function pictureUrl(file) {
  const { textContent, dataset } = element(`pictures/${file}`);
  return `data:${dataset.type};base64,${textContent}`;
}

export const samples = async () => list;

/** @param {string} file */
export const picture = async (file) => blob(`pictures/${file}`);

/** What is imported is kept. @type {(() => Worker) | null} */
export const startImporter = null;

/** Nothing is kept from the disk. @returns {Worker} */
export function startKeeper() {
  throw new Error('kept');
}

/** Made once: it is as large as the engine, and lasts as long as the page. @type {string | null} */
let workerUrl = null;

/** A file from the disk may start only classic workers, made of text. There is one build of the engine inside. */
export function startWorker() {
  workerUrl ??= URL.createObjectURL(new Blob([workerText], { type: 'text/javascript' }));
  return new Worker(workerUrl);
}
