/** This project's engine, in one of its builds. */
import { startPackage } from '../../engine/worker/package.js';
import { inputMean } from '../safetensors.js';

/** @type {import('../../../www/engine/worker/package.js').Package} */
let vgg;
/** @type {import('../../../pkg/vgglass.js').Network} */
let network;
/** @type {ImageData} */
let picture;

/** @param {{build: string, threads: number}} options */
export async function start({ build, threads }) {
  const started = await startPackage(new URLSearchParams({ build, threads: String(threads) }));
  await started.join();
  vgg = started.vgg;
  if (vgg.build().name !== build) throw new Error(`the build ${build} does not run here`);
}

/** @param {Uint8Array} bytes @param {{picture: ImageData}} given */
export function load(bytes, given) {
  network = vgg.Network.from_model(bytes);
  network.set_picture(given.picture);
  picture = network.picture();
}

/**
 * Facts that the report shows, and the input that the other contenders get: pixel minus rounded mean, `[H, W, 3]`.
 * @param {Uint8Array} bytes
 */
export function describe(bytes) {
  const mean = inputMean(bytes);
  const values = [...picture.data].filter((_, i) => i % 4 < 3);
  const { id, width, input_size, parameters, macs, weight_bytes, activation_bytes, simd } = network.info();
  return {
    version: simd,
    facts: { id, width, input_size, parameters, macs, weight_bytes, activation_bytes },
    layers: network.layers(),
    input: Float32Array.from(values, (value, i) => value - mean[i % 3]),
  };
}

/** Picture in, logits out. */
export function run() {
  network.set_picture(picture);
  const layers = network.run();
  return { logits: network.logits(), layers: layers.map(({ index, ms }) => ({ index, ms })) };
}

/** Time at another size, of all layers and of those before the classifier; the next run is at the network's own again. @param {number} size */
export function sized(size) {
  const own = network.info().input_size;
  network.set_size(size);
  network.set_picture(picture);
  const times = network.run();
  const classifier = network.layers().find(({ kind }) => kind === 'fc')?.index ?? Infinity;
  network.set_size(own);
  const sum = (/** @type {{ms: number}[]} */ some) => some.reduce((total, { ms }) => total + ms, 0);
  return { ms: sum(times), maps_ms: sum(times.filter(({ index }) => index < classifier)) };
}

/** Limit of the instruction under the kernels, GMAC/s. */
export function peak() {
  return vgg.peak_gmacs();
}
