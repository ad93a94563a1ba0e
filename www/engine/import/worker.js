/** Imports weights: `import.js` is the page's end. One import for each worker. */
import { listen } from '../worker/listen.js';
import { areTrue, pixelsOf } from '../worker/pixels.js';
import { Shelf } from '../kept/shelf.js';
import { hereAndNow } from '../kept/world.js';
import { openToWrite, wayToWork } from '../kept/write.js';
import { Problem } from '../problem.js';
import { chosenCrops, squareOf } from './crops.js';
import { Maker } from './make.js';
import { Partials } from './partial.js';
import { openSource } from './sources.js';

/** @typedef {import('./import.js').ImportOrder} ImportOrder */
/** @typedef {import('./import.js').ImportNews} ImportNews */

const shelf = new Shelf(hereAndNow);
const partials = new Partials(hereAndNow);
const control = new AbortController();
/** Resolves when the work is to go on. */
let going = Promise.resolve();
let go = () => {};
/** @type {import('./source.js').Source | null} */
let source = null;
/** @type {Maker | null} */
let maker = null;
/** @type {import('./make.js').Found | null} */
let found = null;

/** @param {ImportNews} news */
const tell = (news) => postMessage(news);

async function start() {
  const convert = await import('../../pkg/convert/vgglass.js');
  await convert.default();
  return convert;
}

const starting = start().catch((error) => {
  throw new Problem('import-load', { message: error.message });
});
// Who awaits it hears of a failure.
starting.catch(() => {});

async function turn() {
  await listen();
  await going;
}

/** @param {import('./sources.js').SourceDescription} description */
async function open(description) {
  const convert = await starting;
  // Where there is no storage, the shelf says so.
  const way = await hereAndNow.root().then(wayToWork, () => openToWrite);
  const { signal } = control;
  source = await openSource(description, {
    signal,
    tell: (news) => tell({ type: 'source', news }),
    hash: () => new convert.Sha256(),
    partial: (file) => partials.open(file),
  });
  maker = new Maker(source, { convert, shelf, open: way, signal, turn, tell });
  found = await maker.open();
  tell({ type: 'found', found });
}

/** @param {import('./make.js').Order} order @param {Blob[]} samples */
async function make(order, samples) {
  if (!maker || !found) return;
  const { largest } = found;
  const kept = await maker.make(order, () => pixelsOfCrops(samples, largest));
  // Too late for the one who makes it, but not for us.
  if (control.signal.aborted) await shelf.remove(kept.id);
  control.signal.throwIfAborted();
  await source?.discard?.();
  tell({ type: 'done', kept, unnamed: maker.unnamed });
}

/** @param {Blob[]} samples @param {number} largest values of the network's largest layer */
async function* pixelsOfCrops(samples, largest) {
  if (!(await areTrue)) throw new Problem('pixels-disturbed');
  for (const { picture, crop } of chosenCrops(samples.length, largest)) {
    const bitmap = await createImageBitmap(samples[picture], { imageOrientation: 'from-image', colorSpaceConversion: 'default' });
    const pixels = await pixelsOf(bitmap, squareOf(crop, bitmap.width, bitmap.height));
    bitmap.close();
    yield pixels;
  }
}

/** @param {MessageEvent<ImportOrder>} event */
onmessage = async ({ data }) => {
  try {
    if (data.type === 'open') await open(data.source);
    else if (data.type === 'make') await make(data.order, data.samples);
    else if (data.type === 'pause') going = new Promise((resolve) => (go = () => resolve(undefined)));
    else {
      if (data.type === 'cancel') control.abort();
      go();
    }
  } catch (error) {
    if (control.signal.aborted) {
      await source?.discard?.();
      tell({ type: 'cancelled' });
    } else {
      const { message } = /** @type {Error} */ (error);
      const { code, params } = error instanceof Problem ? error : new Problem('import-failed', { message });
      tell({ type: 'problem', code, params });
    }
  }
};
