/** What a network costs, layer by layer: sums, shares, and tables to take away. No DOM here. */

import { cellsAfter } from '../engine/blocks.js';
import { LIMITS } from '../engine/table.js';

/** @typedef {import('../engine/protocol.js').LayerInfo} LayerInfo */
/** @typedef {'values' | 'parameters' | 'macs'} Cost */

/** Bytes a number takes. */
export const BYTES = { float32: 4, int8: 1 };

/** @param {LayerInfo[]} layers @param {Cost} cost */
export const sum = (layers, cost) => layers.reduce((total, layer) => total + layer[cost], 0);

/** @param {LayerInfo[]} layers @param {Cost} cost @param {(layer: LayerInfo) => boolean} isPart */
export const share = (layers, cost, isPart) => sum(layers.filter(isPart), cost) / sum(layers, cost);

/** The lecture's early convolutions: the picture and the first two modules. @param {LayerInfo} layer */
export const isEarly = ({ module }) => module <= 2;

/** @param {LayerInfo} layer */
export const isFull = ({ kind }) => kind === 'fc';

/** Most values alive at once where a layer's input is dropped as soon as its output is there. @param {LayerInfo[]} layers */
export const peakValues = (layers) =>
  Math.max(...layers.slice(1).map((layer, i) => layers[i].values + layer.values));

/**
 * The same row made for another input: fc6 covers what is left of it, the other windows stay.
 * @param {LayerInfo[]} layers @param {number} input side of the picture
 * @returns {LayerInfo[]}
 */
export function resized(layers, input) {
  /** @type {LayerInfo[]} */
  const all = [];
  for (const layer of layers) {
    const before = all[all.length - 1];
    const kernel = layer.kind === 'fc' ? before.height : layer.kernel;
    const hasWindow = layer.kind !== 'input' && layer.kind !== 'lrn';
    const side = !before ? input : hasWindow ? cellsAfter(before.height, { ...layer, kernel }) : before.height;
    const fanIn = layer.parameters ? layer.input_channels * kernel * kernel : 0;
    const values = side * side * layer.channels;
    all.push({
      ...layer,
      kernel,
      height: side,
      width: side,
      values,
      parameters: layer.parameters && (fanIn + 1) * layer.channels,
      macs: fanIn * values,
      receptive_field: before && hasWindow ? before.receptive_field + (kernel - 1) * before.jump : (before?.receptive_field ?? 1),
      formula_parameters: kernel === layer.kernel ? layer.formula_parameters : `${kernel > 1 ? `${kernel}·${kernel}·` : ''}${layer.input_channels}·${layer.channels} + ${layer.channels}`,
    });
  }
  return all;
}

/** Whether the engine takes layers of such a size: where the input grows, fc6 has more inputs. @param {LayerInfo[]} layers */
export const isTaken = (layers) => layers.every(({ kernel, input_channels: channels }) => kernel * kernel * channels <= LIMITS.fan_in);

/** @param {LayerInfo[]} layers */
export const biases = (layers) =>
  layers.reduce((total, { parameters, channels }) => total + (parameters ? channels : 0), 0);

/** @param {LayerInfo} layer `224·224·64` */
export const valuesFormula = ({ height, width, channels }) =>
  height * width === 1 ? String(channels) : `${height}·${width}·${channels}`;

/** @param {LayerInfo} layer `3×3`, with its step where that is not 1; empty where there is no window */
export function windowOf({ kind, kernel, stride }) {
  if (kind !== 'conv' && kind !== 'pool') return '';
  return `${kernel}×${kernel}${stride === 1 ? '' : ` / ${stride}`}`;
}

const CSV_HEAD =
  'layer,kind,kernel,stride,height,width,channels,values,parameters_formula,parameters,multiply_adds,receptive_field';

/** @param {LayerInfo[]} layers */
export function toCsv(layers) {
  const rows = layers.map((layer) =>
    [
      layer.name,
      layer.kind,
      layer.kernel,
      layer.stride,
      layer.height,
      layer.width,
      layer.channels,
      layer.values,
      layer.formula_parameters,
      layer.parameters,
      layer.macs,
      layer.receptive_field,
    ].join(','),
  );
  const total = ['total', ...Array(6).fill(''), sum(layers, 'values'), '', sum(layers, 'parameters'), sum(layers, 'macs'), ''];
  return `${[CSV_HEAD, ...rows, total.join(',')].join('\n')}\n`;
}

/** @param {string | number} text */
const tex = (text) =>
  String(text)
    .replace(/[_%&#]/g, '\\$&')
    .replaceAll('·', '$\\cdot$')
    .replaceAll('×', '$\\times$');

/** @param {number} value */
const texCount = (value) => value.toLocaleString('en-US').replaceAll(',', '\\,');

/**
 * A tabular for the booktabs package.
 * @param {LayerInfo[]} layers
 * @param {string[]} heads of the five columns
 * @param {string} total what the last row is called
 */
export function toLatex(layers, heads, total) {
  const rows = layers.map((layer) =>
    [
      tex(layer.name),
      tex(valuesFormula(layer)),
      texCount(layer.values),
      layer.parameters ? `${tex(layer.formula_parameters)} = ${texCount(layer.parameters)}` : '0',
      texCount(layer.macs),
    ].join(' & '),
  );
  const sums = [tex(total), '', ...(/** @type {Cost[]} */ (['values', 'parameters', 'macs'])).map((cost) => texCount(sum(layers, cost)))];
  return [
    '% \\usepackage{booktabs}',
    '\\begin{tabular}{llrrr}',
    '\\toprule',
    `${heads.map(tex).join(' & ')} \\\\`,
    '\\midrule',
    ...rows.map((row) => `${row} \\\\`),
    '\\midrule',
    `${sums.join(' & ')} \\\\`,
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}
