/**
 * What takes longest is begun first: the worker, which takes as long to start as the page does, the shipped model for it,
 * and the picture. `index.html` names this module before all others; it needs few of them.
 */
import * as assets from './assets.js';
import { parseAddress, SHARED } from '../page/address.js';
import { lacking, NoWorker } from './support.js';

/** @typedef {import('./engine.js').Choice} Choice */

const { values } = parseAddress(location.hash, SHARED);

/** @type {{worker: import('./support.js').WorkerLike, choice: Choice} | null} until it is taken, or fails */
let first = null;
/** @type {Promise<import('../picture/pictures.js').Sample[]>} */
export const samples = assets.samples();
/** @type {{file: string, blob: Promise<Blob>} | null} */
let picture = null;

startFirst();
startPicture().catch(() => {
  // Whoever asks for them hears of it.
});

function startFirst() {
  const choice = { build: values.engine, threads: values.threads };
  const worker = start(choice, values.model === 'shipped' ? assets.modelUrl : null);
  first = { worker, choice };
  worker.onerror = (event) => {
    event.preventDefault();
    first = null;
  };
}

/**
 * @param {Choice} choice @param {string | null} [expected] a model's file that it will be asked for
 * @returns {import('./support.js').WorkerLike}
 */
function start(choice, expected = null) {
  const code = lacking();
  if (code) return new NoWorker(code, code);
  try {
    return assets.startWorker(choice, expected);
  } catch (error) {
    return new NoWorker('no-worker', /** @type {Error} */ (error).message);
  }
}

async function startPicture() {
  const list = await samples;
  const { file } = list.find((sample) => sample.file === values.picture) ?? list[0];
  picture = { file, blob: assets.picture(file) };
  await picture.blob;
}

/** A worker that nobody has heard of yet. @param {Choice} choice */
export function takeWorker(choice) {
  const taken = first;
  first = null;
  if (taken && taken.choice.build === (choice.build ?? null) && taken.choice.threads === (choice.threads ?? null)) return taken.worker;
  taken?.worker.terminate();
  return start(choice);
}

/** A sample picture. @param {string} file */
export function takePicture(file) {
  const taken = picture?.file === file ? picture.blob : assets.picture(file);
  picture = null;
  return taken;
}
