/**
 * A row of one's own: its modules as a short text for the address, and how it is edited.
 * `64,64,p/3x128,lrn,p3s2/11x96s4p2`: modules between slashes, layers between commas; a convolution is its channels,
 * with its kernel before them where that is not 3×3, its step and padding behind them where they are not 1 and half
 * the kernel; `p` is 2×2 max pooling with step 2. No DOM here.
 */

import { LIMITS } from './table.js';

/** @typedef {import('./protocol.js').Op} Op */

/** As many as the page has room for; the engine takes more. */
export const MOST_MODULES = 8;
export const MOST_LAYERS = LIMITS.layers;

const CONV = /^(?:(\d+)x)?(\d+)(?:s(\d+))?(?:p(\d+))?$/;
const POOL = /^p(?:(\d+)s(\d+))?$/;

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
    return within(kernel, LIMITS.kernel) && within(stride, LIMITS.stride) ? { op: 'pool', kernel, stride } : null;
  }
  const found = CONV.exec(text);
  if (!found) return null;
  const kernel = Number(found[1] ?? 3);
  const channels = Number(found[2]);
  const stride = Number(found[3] ?? 1);
  const pad = Number(found[4] ?? halfOf(kernel));
  const isGood = within(kernel, LIMITS.kernel) && within(channels, LIMITS.channels) && within(stride, LIMITS.stride) && pad < kernel;
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

/** Where a layer stands in a row, as modules and their layers count from 0; null for the fully connected ones. @param {Op[][]} modules @param {number} layer as `LayerInfo` counts, the input being 0 */
export function placeOf(modules, layer) {
  let op = layer - 1;
  for (const [module, ops] of modules.entries()) {
    if (op < ops.length) return { module, op };
    op -= ops.length;
  }
  return null;
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
