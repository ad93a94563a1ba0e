/** The network as a fully convolutional net: a pass at a size of its own, and the class score map that comes out. */
import { listener, Superseded } from './listen.js';

/**
 * Leaves the network at that size.
 * @param {import('../pkg/vgglass.js').Network} net
 * @param {ImageData} image @param {number} size
 * @param {() => boolean} isStale
 * @param {(part: number) => void} report how far the pass is, by its multiply-adds
 * @returns {Promise<import('../core/protocol.js').Scores>}
 * @throws {Superseded}
 */
export async function scoresAt(net, image, size, isStale, report) {
  net.set_size(size);
  net.set_picture(image);
  const layers = net.layers();
  const total = layers.reduce((sum, { macs }) => sum + macs, 0);
  const listenNow = listener();
  let done = 0;
  let ms = 0;
  for (let step = net.step(); step; step = net.step()) {
    ms += step.ms;
    done += layers[step.index].macs;
    report(done / total);
    await listenNow();
    if (isStale()) throw new Superseded();
  }
  const { height, width, jump } = layers[layers.length - 1];
  return { size, rows: height, columns: width, jump, ms, map: net.score_map(), logits: net.logits(), probabilities: net.probabilities() };
}
