/** What native code computes of the sample pictures (`tests/logits.rs`), and the same of a build in a browser. */
import { readFileSync } from 'node:fs';
import { PAGE } from './browser.js';
import { fixture } from './files.js';

/** Small networks with random weights, so that every kernel has its turn. */
const UNTRAINED = /** @type {const} */ ([
  ['A-LRN', { width: 0.3, input_size: 32, fc: 40, classes: 10 }],
  ['C', { width: 0.25, input_size: 64, fc: 64, classes: 20 }],
  ['E', { width: 0.125, input_size: 48, fc: 33, classes: 7 }],
  ['AlexNet', { width: 0.5, input_size: 96, fc: 128, classes: 50 }],
]);
const SEED = 7;
const SIDE = 64;

/** The sample pictures' files, in the tray's order. @returns {string[]} */
export const samples = () =>
  JSON.parse(readFileSync(new URL('../../www/pictures/pictures.json', import.meta.url), 'utf8')).map((/** @type {{file: string}} */ { file }) => file);

/** @param {Buffer} file a `.safetensors` @returns {Record<string, {shape: number[], bytes: Buffer}>} */
function tensors(file) {
  const end = 8 + Number(file.readBigUInt64LE());
  const header = JSON.parse(file.subarray(8, end).toString());
  return Object.fromEntries(
    Object.entries(header).map(([name, { shape, data_offsets: [from, to] }]) => [name, { shape, bytes: file.subarray(end + from, end + to) }]),
  );
}

/** What the network is given of each sample, as RGBA. @returns {Buffer[]} */
export function inputs() {
  const { bytes } = tensors(fixture('inputs.safetensors')).inputs;
  const size = SIDE * SIDE * 4;
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** Bytes of the f32 logits of all samples, by network, `shipped` and the untrained ones. @returns {Record<string, string>} in base64 */
export const nativeLogits = () =>
  Object.fromEntries(Object.entries(tensors(fixture('logits.safetensors'))).map(([name, { bytes }]) => [name, bytes.toString('base64')]));

/** What the network of the page has been given. @param {import('./everywhere/tab.js').Tab} tab @returns {Promise<Buffer>} RGBA */
export const seenPixels = async (tab) =>
  Buffer.from(await tab.evaluate(() => [.../** @type {any} */ (window).vgglass.engine.seen.data]));

/**
 * The logits of the inputs in one build of the engine.
 * @param {import('./everywhere/tab.js').Tab} tab that has the page @param {string} build @param {number} threads
 * @returns {Promise<{build: {name: string, simd: string, threads: number, failed: string[]}, logits: Record<string, string>}>} base64
 */
export function logitsOf(tab, build, threads) {
  const pixels = Buffer.concat(inputs()).toString('base64');
  return tab.evaluate(compute, { address: PAGE, options: `build=${build}&threads=${threads}`, networks: UNTRAINED, seed: SEED, side: SIDE, pixels });
}

/** In the page. @param {{address: string, options: string, networks: typeof UNTRAINED, seed: number, side: number, pixels: string}} given */
function compute(given) {
  const script = `
    const { address, options, networks, seed, side, pixels } = ${JSON.stringify(given)};
    const { startPackage } = await import(address + 'engine/worker/package.js');
    const { vgg, join } = await startPackage(new URLSearchParams(options));
    await join();
    const rgba = Uint8ClampedArray.from(atob(pixels), (c) => c.charCodeAt(0));
    const size = side * side * 4;
    const run = (network) => {
      let bytes = '';
      for (let from = 0; from < rgba.length; from += size) {
        network.set_picture(new ImageData(rgba.slice(from, from + size), side, side));
        network.run();
        for (const byte of new Uint8Array(network.logits().slice().buffer)) bytes += String.fromCharCode(byte);
      }
      network.free();
      return btoa(bytes);
    };
    const model = await (await fetch(address + 'models/vgg16-half-tiny.safetensors')).arrayBuffer();
    const logits = { shipped: run(vgg.Network.from_model(new Uint8Array(model))) };
    for (const [id, options] of networks) logits[id] = run(vgg.Network.untrained(id, options, seed));
    postMessage({ build: vgg.build(), logits });`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), { type: 'module' });
    const end = (/** @type {() => void} */ tell) => {
      worker.terminate();
      tell();
    };
    worker.onmessage = ({ data }) => end(() => resolve(data));
    worker.onerror = ({ message }) => end(() => reject(new Error(message)));
  });
}
