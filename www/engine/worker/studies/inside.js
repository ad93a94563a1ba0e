/** What can be asked about one layer of the run that is shown. */
import { peaks } from './peaks.js';

/** @typedef {import('../../protocol.js').LayerInfo} LayerInfo */
/** @typedef {import('../../protocol.js').InsideQuestion} InsideQuestion */

/**
 * @param {import('../../../pkg/vgglass.js').Network} net
 * @param {LayerInfo} layer
 * @param {InsideQuestion} question
 */
export function inside(net, layer, question) {
  switch (question.what) {
    case 'peaks':
      return peaks(net.channel_values(layer.index, question.channel), layer, net.size(), question.most);
    case 'arithmetic':
      return workedOut(net, layer, question);
    case 'histogram':
      return net.histogram(layer.index, question.channel);
    case 'kernels':
      return kernels(net, layer);
  }
}

/**
 * One value worked out; where no place is given, the channel's largest.
 * @param {import('../../../pkg/vgglass.js').Network} net
 * @param {LayerInfo} layer
 * @param {Extract<InsideQuestion, {what: 'arithmetic'}>} question
 * @returns {import('../../protocol.js').WorkedOut}
 */
function workedOut(net, { index, height, width }, { channel, place }) {
  const isThere = place !== null && place[0] < height && place[1] < width;
  const [y, x] = isThere ? place : largest(net.channel_values(index, channel), width);
  return { ...net.arithmetic(index, channel, y, x), y, x };
}

/** @param {Float32Array} values @param {number} width @returns {[number, number]} */
function largest(values, width) {
  const i = values.reduce((best, value, at) => (value > values[best] ? at : best), 0);
  return [Math.floor(i / width), i % width];
}

/**
 * All kernels of a layer as real numbers.
 * @param {import('../../../pkg/vgglass.js').Network} net
 * @param {LayerInfo} layer
 * @returns {import('../../protocol.js').Kernels}
 */
function kernels(net, { index, channels, kernel, input_channels }) {
  const each = kernel * kernel * input_channels;
  const values = new Float32Array(channels * each);
  for (let channel = 0; channel < channels; channel++) {
    const { values: integers, scale } = net.weights(index, channel);
    integers.forEach((integer, i) => (values[channel * each + i] = integer * scale));
  }
  return { kernel, input_channels, channels, values };
}
