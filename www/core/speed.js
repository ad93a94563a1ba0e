/** What a measurement says of each layer: rates, limits, the roofline's axes, and a file to take away. No DOM here. */

/** @typedef {import('./protocol.js').LayerInfo} LayerInfo */
/** @typedef {import('./protocol.js').Bench} Bench */
/** @typedef {import('./protocol.js').NetworkInfo} NetworkInfo */
/**
 * @typedef {object} Timed
 * @property {string} name
 * @property {LayerInfo['kind']} kind
 * @property {string} kernel
 * @property {number} gain how many times the peak loop's rate the kernel can reach at most
 * @property {number} macs
 * @property {number} bytes of weights, input and output, each read or written once, a byte a number
 * @property {number} ms
 * @property {number} share of the time of all layers
 * @property {number} gmacs 10^9 multiply-adds a second; 0 where there are none
 */

/**
 * How many times the peak loop's rate a kernel can reach at most: Winograd's F(4×4) has 36 multiplications where the
 * definition has 144, F(2×2) 16 where it has 36; the relaxed instruction for int8 has a peak loop of its own.
 * @param {string} kernel
 * @param {Bench} bench
 */
function gainOf(kernel, { peak, peak_i8 }) {
  if (kernel.includes('F(4×4)')) return 4;
  if (kernel.includes('F(2×2)')) return 2.25;
  return peak_i8 !== null && kernel.includes(' i8 ') ? peak_i8 / peak : 1;
}

/** The loop runs on one thread. @param {Bench} bench */
export const roofOf = ({ peak, build }) => peak * build.threads;

/** @param {LayerInfo[]} layers the input first @param {Bench} bench @returns {Timed[]} all but the input */
export function timed(layers, bench) {
  const sum = bench.layers.reduce((total, ms) => total + ms, 0);
  return layers.slice(1).map(({ name, kind, kernel_name: kernel, macs, parameters, values }, i) => {
    const ms = bench.layers[i];
    const bytes = parameters + layers[i].values + values;
    return { name, kind, kernel, gain: gainOf(kernel, bench), macs, bytes, ms, share: ms / sum, gmacs: macs && ms ? macs / ms / 1e6 : 0 };
  });
}

/** 10^9 multiply-adds a second over the whole net. @param {Timed[]} layers @param {Bench} bench */
export const rateOf = (layers, bench) => layers.reduce((sum, { macs }) => sum + macs, 0) / bench.ms / 1e6;

/** The layer that its weights hold back most: the largest of the fully connected ones. @param {Timed[]} layers */
export const widest = (layers) => layers.filter(({ kind }) => kind === 'fc').reduce((best, layer) => (layer.bytes > best.bytes ? layer : best));

/** 10^9 bytes a second. @param {Timed} layer */
export const reading = ({ bytes, ms }) => bytes / ms / 1e6;

/**
 * @param {NetworkInfo} info
 * @param {{bench: Bench, layers: Timed[]}[]} measured
 */
export function toJson(info, measured) {
  const { id, title, width, input_size, fc, class_count, trained, seed, parameters, macs } = info;
  return JSON.stringify(
    {
      made: new Date().toISOString(),
      browser: navigator.userAgent,
      cores: navigator.hardwareConcurrency,
      network: { id, title, width, input_size, fc, class_count, trained, seed, parameters, macs },
      builds: measured.map(({ bench: { build, rounds, ms, peak, peak_i8, plain, scaling }, layers }) => ({
        ...build,
        scaling,
        rounds,
        ms,
        peak_gmacs: peak,
        peak_i8_gmacs: peak_i8,
        plain_loop_gmacs: plain,
        layers: layers.map(({ gain: _, share: __, ...layer }) => layer),
      })),
    },
    null,
    2,
  );
}
