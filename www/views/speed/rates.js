/** What a measurement says of each layer: rates, limits, the roofline's axes, and a file to take away. No DOM here. */

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */
/** @typedef {import('../../engine/protocol.js').Bench} Bench */
/** @typedef {import('../../engine/protocol.js').NetworkInfo} NetworkInfo */
/**
 * @typedef {object} Timed
 * @property {string} name
 * @property {LayerInfo['kind']} kind
 * @property {string} kernel
 * @property {LayerInfo['algorithm']} algorithm
 * @property {number} gain how many times the peak loop's rate the kernel can reach at most
 * @property {number} macs
 * @property {number} bytes of weights, input and output, each read or written once, a byte a number
 * @property {number | null} ms null, as the two below, where the clock is too coarse
 * @property {number | null} share of the time of all layers
 * @property {number | null} gmacs 10^9 multiply-adds a second; 0 where there are none
 */

/**
 * How many times the peak loop's rate a layer can reach at most. That loop is of the instruction for i16; the one for i8 has a
 * loop of its own.
 * @param {LayerInfo} layer
 * @param {Bench} bench
 */
const gainOf = ({ gain, instruction }, { peak, peak_i8 }) => (peak && peak_i8 && instruction === 'i8' ? (gain * peak_i8) / peak : gain);

/** The loop runs on one thread. @param {Bench} bench */
export const roofOf = ({ peak, build }) => peak && peak * build.threads;

/** @param {LayerInfo[]} layers the input first @param {Bench} bench @returns {Timed[]} all but the input */
export function timed(layers, bench) {
  const sum = bench.layers.includes(null) ? bench.ms : bench.layers.reduce((/** @type {number} */ total, ms) => total + (ms ?? 0), 0);
  return layers.slice(1).map((layer, i) => {
    const { name, kind, algorithm, kernel_name: kernel, macs, parameters, values } = layer;
    const ms = bench.layers[i];
    const bytes = parameters + layers[i].values + values;
    return { name, kind, algorithm, kernel, gain: gainOf(layer, bench), macs, bytes, ms, share: ms && sum && ms / sum, gmacs: macs && ms && macs / ms / 1e6 };
  });
}

/** 10^9 multiply-adds a second over the whole net. @param {Timed[]} layers @param {Bench} bench */
export const rateOf = (layers, { ms }) => ms && layers.reduce((sum, { macs }) => sum + macs, 0) / ms / 1e6;

/** Whether the clock was too coarse for a figure. @param {Bench} bench */
export const hasGap = ({ layers, ms, peak, plain, scaling }) => [...layers, ms, peak, plain, ...scaling.map((one) => one.ms)].includes(null);

/** The layer that its weights hold back most: the largest of the fully connected ones. @param {Timed[]} layers */
export const widest = (layers) => layers.filter(({ kind }) => kind === 'fc').reduce((best, layer) => (layer.bytes > best.bytes ? layer : best));

/** 10^9 bytes a second; null where the time is not known. @param {Timed} layer */
export const reading = ({ bytes, ms }) => ms && bytes / ms / 1e6;

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
      builds: measured.map(({ bench: { build, tick, rounds, ms, peak, peak_i8, plain, scaling }, layers }) => ({
        ...build,
        scaling,
        clock_step_ms: tick,
        rounds,
        ms,
        peak_gmacs: peak,
        peak_i8_gmacs: peak_i8,
        plain_loop_gmacs: plain,
        layers: layers.map(({ algorithm: _, gain: __, share: ___, ...layer }) => layer),
      })),
    },
    null,
    2,
  );
}
