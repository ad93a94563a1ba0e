/**
 * A row of one's own: its modules as a short text for the address, its layers' extents, and what is wrong with it.
 * `64,64,p/3x128,lrn,p3s2/11x96s4p2`: modules between slashes, layers between commas; a convolution is its channels,
 * with its kernel before them where that is not 3×3, its step and padding behind them where they are not 1 and half
 * the kernel; `p` is 2×2 max pooling with step 2. No DOM here.
 */

/** @typedef {import('./protocol.js').Op} Op */
/** @typedef {{code: string, module: number | null, op: number | null, params: Record<string, string | number>}} Problem `module` and `op` where it lies; neither: in the fully connected layers */

export const MOST_MODULES = 8;
export const MOST_LAYERS = 64;
const LARGEST_KERNEL = 15;
const LARGEST_STRIDE = 8;
const MOST_CHANNELS = 2048;
/** The engine's limits, which keep its sums in 32 bits and its memory in a browser's. */
const MOST_INPUTS = 66_000;
const MOST_PARAMETERS = 400_000_000;
const MOST_VALUES = 400_000_000;

const CONV = /^(?:(\d{1,2})x)?(\d{1,4})(?:s(\d))?(?:p(\d{1,2}))?$/;
const POOL = /^p(?:(\d{1,2})s(\d))?$/;

const within = (/** @type {number} */ value, /** @type {number} */ most) => value >= 1 && value <= most;
const halfOf = (/** @type {number} */ kernel) => Math.floor(kernel / 2);

/** @param {number} kernel @param {number} channels @returns {Op} a convolution that keeps the size of the map */
export const conv = (kernel, channels) => ({ op: 'conv', kernel, channels, stride: 1, pad: halfOf(kernel) });

/** @returns {Op} */
export const pool = () => ({ op: 'pool', kernel: 2, stride: 2 });

/** @returns {Op} */
export const lrn = () => ({ op: 'lrn' });

/** @param {string} text @returns {Op | null} */
function readOp(text) {
  if (text === 'lrn') return lrn();
  const pooled = POOL.exec(text);
  if (pooled) {
    const [kernel, stride] = [Number(pooled[1] ?? 2), Number(pooled[2] ?? 2)];
    return within(kernel, LARGEST_KERNEL) && within(stride, LARGEST_STRIDE) ? { op: 'pool', kernel, stride } : null;
  }
  const found = CONV.exec(text);
  if (!found) return null;
  const kernel = Number(found[1] ?? 3);
  const channels = Number(found[2]);
  const stride = Number(found[3] ?? 1);
  const pad = Number(found[4] ?? halfOf(kernel));
  const isGood = within(kernel, LARGEST_KERNEL) && within(channels, MOST_CHANNELS) && within(stride, LARGEST_STRIDE) && pad < kernel;
  return isGood ? { op: 'conv', kernel, channels, stride, pad } : null;
}

/** @param {string} text @returns {Op[][] | null} null for what is no row */
export function parseRows(text) {
  const modules = text.split('/').map((module) => module.split(',').map(readOp));
  if (modules.length > MOST_MODULES || modules.flat().length > MOST_LAYERS) return null;
  return modules.flat().every((op) => op !== null) ? /** @type {Op[][]} */ (modules) : null;
}

/** @param {Op} op */
function writeOp(op) {
  if (op.op === 'lrn') return 'lrn';
  if (op.op === 'pool') return op.kernel === 2 && op.stride === 2 ? 'p' : `p${op.kernel}s${op.stride}`;
  const kernel = op.kernel === 3 ? '' : `${op.kernel}x`;
  const stride = op.stride === 1 ? '' : `s${op.stride}`;
  const pad = op.pad === halfOf(op.kernel) ? '' : `p${op.pad}`;
  return `${kernel}${op.channels}${stride}${pad}`;
}

/** @param {Op[][]} modules */
export const formatRows = (modules) => modules.map((ops) => ops.map(writeOp).join(',')).join('/');

/**
 * Cells along one side after a window; less than 1 where the window does not fit.
 * @param {number} cells @param {{kernel: number, stride: number, pad: number}} window
 */
export const cellsAfter = (cells, { kernel, stride, pad }) => Math.floor((cells + 2 * pad - kernel) / stride) + 1;

/**
 * The first thing that keeps a row from being built, or null.
 * @param {Op[][]} modules @param {import('./protocol.js').NetworkOptions} options
 * @returns {Problem | null}
 */
export function problemOf(modules, { width, input_size: size, fc, classes }) {
  const ops = modules.flat();
  if (ops[0]?.op !== 'conv') return { code: 'first', module: 0, op: ops.length ? 0 : null, params: {} };
  let cells = size;
  let channels = 3;
  let parameters = 0;
  let values = 3 * size * size;
  for (const [module, row] of modules.entries()) {
    for (const [index, op] of row.entries()) {
      const at = { module, op: index };
      if (op.op === 'conv') {
        const inputs = channels * op.kernel * op.kernel;
        if (inputs > MOST_INPUTS) return { code: 'inputs', ...at, params: { inputs, most: MOST_INPUTS } };
        channels = Math.max(1, Math.round(op.channels * width));
        parameters += (inputs + 1) * channels;
      }
      if (op.op !== 'lrn') {
        const after = cellsAfter(cells, { pad: 0, ...op });
        if (after < 1) return { code: 'vanish', ...at, params: { cells, kernel: op.kernel, size } };
        cells = after;
      }
      values += channels * cells * cells;
    }
  }
  const inputs = channels * cells * cells;
  const where = { module: null, op: null };
  if (inputs > MOST_INPUTS) return { code: 'fc6', ...where, params: { inputs, most: MOST_INPUTS, cells, channels } };
  parameters += (inputs + 1) * fc + (fc + 1) * fc + (fc + 1) * classes;
  if (parameters > MOST_PARAMETERS) return { code: 'parameters', ...where, params: { parameters, most: MOST_PARAMETERS } };
  return values > MOST_VALUES ? { code: 'values', ...where, params: { values, most: MOST_VALUES } } : null;
}

/**
 * What is new against the row it came from: the third convolution of a module is set against that row's third, a
 * pooling against its pooling.
 * @param {Op[][]} modules @param {Op[][]} base
 * @returns {('added' | 'changed' | null)[][]}
 */
export function changes(modules, base) {
  return modules.map((ops, module) =>
    ops.map((op, index) => {
      const place = ops.slice(0, index).filter((other) => other.op === op.op).length;
      const former = (base[module] ?? []).filter((other) => other.op === op.op)[place];
      if (!former) return 'added';
      return writeOp(former) === writeOp(op) ? null : 'changed';
    }),
  );
}

/** Modules with one layer more, behind those that it belongs behind: a pooling ends a module. @param {Op[][]} modules @param {number} module @param {Op} op @returns {[Op[][], number]} and the new layer's place */
export function withOp(modules, module, op) {
  const ops = modules[module];
  const last = ops.findLastIndex((other) => other.op !== 'pool');
  const place = op.op === 'pool' ? ops.length : last + 1;
  return [modules.with(module, ops.toSpliced(place, 0, op)), place];
}

/** Modules with one layer less; a module that has none left goes, too. @param {Op[][]} modules @param {number} module @param {number} index */
export function withoutOp(modules, module, index) {
  const ops = modules[module].toSpliced(index, 1);
  return ops.length ? modules.with(module, ops) : modules.toSpliced(module, 1);
}

/** Channels that come out of a module, at width 1. @param {Op[][]} modules @param {number} module */
export function channelsAfter(modules, module) {
  const last = modules.slice(0, module + 1).flat().findLast((op) => op.op === 'conv');
  return last?.op === 'conv' ? last.channels : 64;
}
