/** What a network costs on this machine: a run of its own, with random weights, beside the loaded network. */

const SEED = 1;

/**
 * @param {typeof import('../pkg/vgglass.js')} vgg
 * @param {string} id @param {import('../core/protocol.js').NetworkOptions} options
 * @returns {import('../core/protocol.js').Measured}
 */
export function measure(vgg, id, options) {
  const net = vgg.Network.untrained(id, options, SEED);
  try {
    const time = () => {
      net.set_picture(new ImageData(options.input_size, options.input_size));
      return net.run().reduce((sum, { ms }) => sum + ms, 0);
    };
    // The first run finds the caches cold and the code not yet compiled for speed.
    const ms = Math.min(time(), time());
    const { weight_bytes: weights, activation_bytes: activations } = net.info();
    return { ms, bytes: weights + activations };
  } finally {
    net.free();
  }
}
