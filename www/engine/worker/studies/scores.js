/**
 * A class score map, in one of two ways: the network as a fully convolutional net on the whole picture, or at its
 * own size on each window cut out of it.
 */
import { softmax } from '../../softmax.js';
import { listener, Superseded } from '../listen.js';

/** @typedef {import('../../protocol.js').Scores} Scores */
/** @typedef {import('../../../pkg/vgglass.js').Network} Network */

/**
 * Leaves the network with another picture, if windows are cut out.
 * @param {Network} net at that size, with the picture
 * @param {{size: number, crops: boolean}} how
 * @param {() => boolean} isStale
 * @param {(part: number) => void} report how far it is
 * @returns {Promise<Scores>}
 * @throws {Superseded}
 */
export async function scoresAt(net, { size, crops }, isStale, report) {
  const listenNow = listener();
  const goesOn = async (/** @type {number} */ part) => {
    report(part);
    await listenNow();
    if (isStale()) throw new Superseded();
  };
  return crops ? cutOut(net, size, goesOn) : dense(net, size, goesOn);
}

/** @param {Network} net @param {number} size @param {(part: number) => Promise<void>} goesOn @returns {Promise<Scores>} */
async function dense(net, size, goesOn) {
  const layers = net.layers();
  const total = layers.reduce((sum, { macs }) => sum + macs, 0);
  let done = 0;
  let ms = 0;
  for (let step = net.step(); step; step = net.step()) {
    ms += step.ms;
    done += layers[step.index].macs;
    await goesOn(done / total);
  }
  const { height, width, jump } = layers[layers.length - 1];
  return { size, rows: height, columns: width, jump, ms, map: net.score_map(), logits: net.logits(), probabilities: net.probabilities() };
}

/** @param {Network} net @param {number} size @param {(part: number) => Promise<void>} goesOn @returns {Promise<Scores>} */
async function cutOut(net, size, goesOn) {
  const scaled = net.picture();
  const layers = net.layers();
  const { height: rows, width: columns, jump, channels } = layers[layers.length - 1];
  const { input_size: native, temperature } = net.info();
  const places = rows * columns;
  const map = new Float32Array(places * channels);
  let ms = 0;
  net.set_size(native);
  for (let place = 0; place < places; place++) {
    net.set_picture(windowOf(scaled, (place % columns) * jump, Math.floor(place / columns) * jump, native));
    for (let step = net.step(); step; step = net.step()) {
      ms += step.ms;
      await goesOn((place + step.index / layers.length) / places);
    }
    map.set(net.logits(), place * channels);
  }
  const logits = places === 1 ? map : mean(map, places, channels);
  return { size, rows, columns, jump, ms, map, logits, probabilities: Float32Array.from(softmax(logits, temperature ?? 1)) };
}

/** @param {ImageData} image @param {number} left @param {number} top @param {number} side */
function windowOf(image, left, top, side) {
  const cut = new ImageData(side, side);
  for (let y = 0; y < side; y++) {
    const start = 4 * ((top + y) * image.width + left);
    cut.data.set(image.data.subarray(start, start + 4 * side), 4 * y * side);
  }
  return cut;
}

/** @param {Float32Array} map @param {number} places @param {number} channels */
function mean(map, places, channels) {
  const sums = new Float64Array(channels);
  map.forEach((value, i) => (sums[i % channels] += value));
  return Float32Array.from(sums, (sum) => sum / places);
}
