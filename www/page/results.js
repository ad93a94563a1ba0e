/**
 * What the paper measured (Simonyan & Zisserman, ICLR 2015, Tables 3 and 4: errors in % on ILSVRC-2012's validation
 * pictures) and what the lecture concludes from it, each conclusion as pairs of rows to compare. No DOM here.
 */

import { TABLE } from '../engine/table.js';

/** @typedef {'top1' | 'top5'} Metric */
/** How a trained row is tested: at one scale (Table 3) or as the mean over three (Table 4). @typedef {'single' | 'multi'} Testing */
/** @typedef {{test: string, top1: number, top5: number}} Result */
/** @typedef {{key: string, row: string, train: string, single: Result, multi: Result | null}} Trained */

export const JITTER = '[256;512]';
export const TRAIN_SCALES = ['256', '384', JITTER];
/** Layers with weights. @type {Record<string, number>} */
export const DEPTHS = Object.fromEntries(TABLE.map(({ id, depth }) => [id, depth]));

/** Row, S in training, Q in the test, top-1 and top-5; then the scales of the multi-scale test, top-1 and top-5. @type {[string, string, string, number, number, string?, number?, number?][]} */
const MEASURED = [
  ['A', '256', '256', 29.6, 10.4],
  ['A-LRN', '256', '256', 29.7, 10.5],
  ['B', '256', '256', 28.7, 9.9, '224, 256, 288', 28.2, 9.6],
  ['C', '256', '256', 28.1, 9.4, '224, 256, 288', 27.7, 9.2],
  ['C', '384', '384', 28.1, 9.3, '352, 384, 416', 27.8, 9.2],
  ['C', JITTER, '384', 27.3, 8.8, '256, 384, 512', 26.3, 8.2],
  ['D', '256', '256', 27.0, 8.8, '224, 256, 288', 26.6, 8.6],
  ['D', '384', '384', 26.8, 8.7, '352, 384, 416', 26.5, 8.6],
  ['D', JITTER, '384', 25.6, 8.1, '256, 384, 512', 24.8, 7.5],
  ['E', '256', '256', 27.3, 9.0, '224, 256, 288', 26.9, 8.7],
  ['E', '384', '384', 26.9, 8.7, '352, 384, 416', 26.7, 8.6],
  ['E', JITTER, '384', 25.5, 8.0, '256, 384, 512', 24.8, 7.5],
];

/** @type {Trained[]} */
export const RESULTS = MEASURED.map(([row, train, test, top1, top5, scales, mean1, mean5]) => ({
  key: keyOf(row, train),
  row,
  train,
  single: { test, top1, top5 },
  multi: scales === undefined ? null : { test: scales, top1: /** @type {number} */ (mean1), top5: /** @type {number} */ (mean5) },
}));

/** The rows that the paper has results of, in its order. */
export const ROWS = [...new Set(RESULTS.map(({ row }) => row))];

/** @param {string} row @param {string} train */
function keyOf(row, train) {
  return `${row} ${train}`;
}

/** One number of the tables. @typedef {{row: string, train: string, testing: Testing}} Point */

/** @param {string} row @param {string} [train] @param {Testing} [testing] @returns {Point} */
export const point = (row, train = '256', testing = 'single') => ({ row, train, testing });

/** @param {Point} point @param {Metric} metric */
export function errorOf({ row, train, testing }, metric) {
  const found = RESULTS.find(({ key }) => key === keyOf(row, train))?.[testing];
  if (!found) throw new Error(`${row} ${train} ${testing}`);
  return found[metric];
}

/** Points of error from the first to the second, to the table's one decimal. @param {Pair} pair @param {Metric} metric */
export const change = ([before, after], metric) => Math.round((errorOf(after, metric) - errorOf(before, metric)) * 10) / 10;

/** Before and after. @typedef {[Point, Point]} Pair */

/** The conclusions, by the names in the address. @type {Record<string, Pair[]>} */
export const CLAIMS = {
  lrn: [
    [point('A'), point('A-LRN')],
    [point('A'), point('B')],
  ],
  jitter: ['C', 'D', 'E'].flatMap((row) => ['256', '384'].map((train) => /** @type {Pair} */ ([point(row, train), point(row, JITTER)]))),
  depth: [
    [point('A'), point('B')],
    [point('B'), point('C')],
    [point('C'), point('D')],
    [point('D'), point('E')],
    [point('D', JITTER), point('E', JITTER)],
    [point('A'), point('E')],
  ],
  kernels: [],
  scales: ['B', 'C', 'D', 'E'].flatMap((row) =>
    RESULTS.filter((trained) => trained.row === row).map(({ train }) => /** @type {Pair} */ ([point(row, train), point(row, train, 'multi')])),
  ),
};

/** A row as it was trained here: errors in % on Tiny ImageNet's validation pictures. @typedef {{row: string, top1: number, top5: number}} Alike */

/**
 * The rows of `models/alike/`, all trained by the same recipe (`training/README.md`): half the paper's width, 64×64, 200
 * classes, in int8. @type {Alike[]}
 */
export const ALIKE = [
  { row: 'AlexNet', top1: 61.32, top5: 35.65 },
  { row: 'A', top1: 45.62, top5: 21.62 },
  { row: 'A-LRN', top1: 45.03, top5: 21.40 },
  { row: 'B', top1: 43.49, top5: 20.58 },
  { row: 'C', top1: 43.60, top5: 20.05 },
  { row: 'D', top1: 42.17, top5: 19.87 },
  { row: 'E', top1: 43.21, top5: 19.98 },
];

/** @param {string} row @param {Metric} metric */
export function alikeError(row, metric) {
  const found = ALIKE.find((alike) => alike.row === row);
  if (!found) throw new Error(row);
  return found[metric];
}

/** Section 2.3 of the paper: B with one 5×5 in place of each pair of 3×3 is this many points of top-1 error worse, both on a centre crop. */
export const FIVE_BY_FIVE = 7;

/** GluonCV's figures as the lecture's chart has them: accuracy, MB, pictures a second. */
export const GLUON = [
  { row: 'AlexNet', name: 'AlexNet', accuracy: 0.559, megabytes: 202, speed: 13_270 },
  { row: 'D', name: 'VGG-16', accuracy: 0.732, megabytes: 3422, speed: 797 },
];
