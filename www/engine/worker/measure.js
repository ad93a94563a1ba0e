/** What a network costs on this machine: runs with random weights, in a worker that is given up afterwards. */
import { isKnown } from '../clock.js';
import { timeOf } from './clock.js';

const SEED = 1;

/**
 * @param {import('./package.js').Package} vgg
 * @param {string} id @param {import('../protocol.js').NetworkOptions} options
 * @param {number} tick a step of the clock, in ms
 * @returns {import('../protocol.js').Measured}
 */
export function measure(vgg, id, options, tick) {
  const net = vgg.Network.untrained(id, options, SEED);
  try {
    const time = () => {
      net.set_picture(new ImageData(options.input_size, options.input_size));
      return net.run().reduce((sum, { ms }) => sum + ms, 0);
    };
    // The first run finds the caches cold and the code not yet compiled for speed.
    const once = Math.min(time(), time());
    const ms = isKnown(once, tick) ? once : timeOf((times) => net.repeat(1, net.done(), times), tick).ms;
    const { weight_bytes: weights, activation_bytes: activations } = net.info();
    return { ms, bytes: weights + activations };
  } finally {
    net.free();
  }
}
