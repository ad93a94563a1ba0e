/** Times of every layer on this machine, and beside them what its instructions can do at most. */
import { isKnown } from '../../clock.js';
import { spanOf, timeOf } from '../clock.js';
import { listener } from '../listen.js';

/** Before the rounds, as long as the compiler needs, as a part of the time that they take. */
const WARM_UP = 0.2;
const ROUNDS = { least: 7, most: 100 };
/** Time of the layers that are repeated, as a part of that of the rounds; the whole net, where it is, takes as long. */
const REPEATED = 0.4;
/** With a coarse clock a single layer takes long to time; this is the most that all layers together may take, in ms. */
const LONGEST = 10_000;
/** The loop that multiplies one pair after the other: length of its vectors, and time given to it. */
const LENGTH = 4096;
const LOOP_TIME = 120;

/** @typedef {import('../../../pkg/vgglass.js').Network} Network */
/** @typedef {import('../../protocol.js').Bench} Bench */

/**
 * Ends with all layers computed for the picture.
 * @param {import('../package.js').Package} vgg
 * @param {Network} net
 * @param {ImageData} image
 * @param {number} budget about how long the rounds take together, in ms; a coarse clock takes longer
 * @param {number} tick a step of the clock, in ms
 * @param {(part: number) => void} report
 * @returns {Promise<Bench>}
 */
export async function bench(vgg, net, image, budget, tick, report) {
  const listenNow = listener();
  const round = async () => {
    net.set_picture(image);
    const times = [];
    for (let step = net.step(); step; step = net.step()) {
      times.push(step.ms);
      await listenNow();
    }
    return times;
  };
  const build = vgg.build();
  const start = performance.now();
  const warm = [await round()];
  const length = warm[0].length;
  if (tick === Infinity) return { tick, rounds: 0, layers: Array(length).fill(null), ms: null, peak: null, peak_i8: null, plain: null, build, scaling: [] };
  while (performance.now() - start < WARM_UP * budget) warm.push(await round());
  const rough = warm[0].map((_, i) => mean(warm.map((times) => times[i])));
  const isLong = isKnown(total(rough), tick);
  const expected = expectedTime(rough, budget, tick, build.threads);
  const tell = () => report(Math.min(1, (performance.now() - start) / expected));
  /** @type {{i16: number[], i8: number[]}} */
  const peaks = { i16: [], i8: [] };
  const measurePeaks = () => {
    peaks.i16.push(vgg.peak_gmacs() ?? NaN);
    peaks.i8.push(vgg.peak_i8_gmacs() ?? NaN);
    tell();
  };

  measurePeaks();
  let plain = plainLoop(tick);
  /** @type {number[][]} */
  const all = [];
  const planned = isLong ? Math.min(Math.max(Math.ceil(budget / total(rough)), ROUNDS.least), ROUNDS.most) : 0;
  for (let i = 0; i < planned; i++) {
    all.push(await round());
    // In the middle again, since the machine's clock may change.
    if (i === planned >> 1) measurePeaks();
    tell();
  }
  const repeatAll = (/** @type {number} */ room) => repeated(net, 1, length + 1, tick, room);
  const inRounds = { ms: isLong ? median(all.map(total)) : 0, times: planned };
  const whole = isKnown(inRounds.ms, tick) ? inRounds : repeatAll(REPEATED * budget);
  const layers = layerTimes(net, rough.map((_, i) => (isLong ? median(all.map((times) => times[i])) : 0)), budget, tick, tell);
  measurePeaks();
  // The compiler may have come late to the first, if that was short.
  if (spanOf(tick) < LOOP_TIME) plain = Math.max(plain, plainLoop(tick));
  const scaling = isLong
    ? await measureThreads(vgg, build.threads, budget / 2, ROUNDS.least, async () => total(await round()))
    : await measureThreads(vgg, build.threads, budget / 2, 1, async () => repeatAll(0).ms);
  net.run();
  return { tick, rounds: whole.times, layers, ms: whole.ms, peak: middle(peaks.i16), peak_i8: middle(peaks.i8), plain, build, scaling };
}

/** @param {number[]} rough times of the layers @param {number} budget @param {number} tick @param {number} threads */
function expectedTime(rough, budget, tick, threads) {
  const short = rough.filter((ms) => !isKnown(ms, tick)).length;
  const whole = isKnown(total(rough), tick) ? budget : Math.max(REPEATED * budget, spanOf(tick));
  const counts = threads > 1 ? Math.max(budget / 2, Math.log2(2 * threads) * spanOf(tick)) : 0;
  return WARM_UP * budget + whole + Math.min(LONGEST, Math.max(REPEATED * budget, short * spanOf(tick))) + spanOf(tick) + counts;
}

/**
 * The times of the layers; those that the rounds do not tell are repeated, which finds their weights in the cache. Where the
 * time is not enough for all, those that compute most come first, and the others stay unknown.
 * @param {Network} net @param {number[]} inRounds @param {number} budget @param {number} tick @param {() => void} tell
 * @returns {Bench['layers']}
 */
function layerTimes(net, inRounds, budget, tick, tell) {
  /** @type {Bench['layers']} */
  const layers = inRounds.map((ms) => (isKnown(ms, tick) ? ms : null));
  const infos = net.layers();
  const left = [...layers.keys()].filter((i) => layers[i] === null).map((i) => infos[i + 1]);
  // What memory delivers is read off the largest of the fully connected layers.
  const widest = infos.reduce((best, layer) => (layer.kind === 'fc' && layer.parameters >= best.parameters ? layer : best), { index: 0, parameters: 0 });
  left.sort((a, b) => Number(b.index === widest.index) - Number(a.index === widest.index) || b.macs - a.macs);
  const end = performance.now() + LONGEST;
  for (const { index } of left) {
    if (performance.now() + spanOf(tick) > end) break;
    net.run();
    layers[index - 1] = repeated(net, index, index + 1, tick, (REPEATED * budget) / left.length).ms;
    tell();
  }
  return layers;
}

/**
 * Layers timed together and again: three times at least, or once where that takes long.
 * @param {Network} net @param {number} first @param {number} end @param {number} tick @param {number} room in ms
 */
function repeated(net, first, end, tick, room) {
  const until = performance.now() + room;
  const least = spanOf(tick) < LOOP_TIME ? 3 : 1;
  const spans = [];
  do {
    spans.push(timeOf((times) => net.repeat(first, end, times), tick));
  } while (spans.length < least || (performance.now() + spanOf(tick) < until && spans.length < ROUNDS.least));
  return { ms: median(spans.map(({ ms }) => ms)), times: total(spans.map(({ times }) => times)) };
}

/**
 * The whole net on fewer threads, each number in turn in every round; empty where there is only one.
 * @param {import('../package.js').Package} vgg @param {number} threads
 * @param {number} budget @param {number} least rounds @param {() => Promise<number>} whole
 * @returns {Promise<Bench['scaling']>}
 */
async function measureThreads(vgg, threads, budget, least, whole) {
  if (!vgg.set_threads || threads < 2) return [];
  const counts = [...[1, 2, 4, 8, 16, 32].filter((count) => count < threads), threads];
  /** @type {number[][]} */
  const times = counts.map(() => []);
  const end = performance.now() + budget;
  do {
    for (const [i, count] of counts.entries()) {
      vgg.set_threads(count);
      times[i].push(await whole());
    }
  } while (performance.now() < end || times[0].length < least);
  return counts.map((count, i) => ({ threads: count, ms: median(times[i]) }));
}

/** Multiply-adds of int8 numbers a second, one at a time, in units of 10^9. @param {number} tick */
function plainLoop(tick) {
  const a = Int8Array.from({ length: LENGTH }, (_, i) => (i * 7) % 255);
  const b = Int8Array.from({ length: LENGTH }, (_, i) => (i * 13) % 255);
  let sum = 0;
  let best = Infinity;
  const end = performance.now() + LOOP_TIME;
  do {
    const { ms } = timeOf((times) => {
      for (let i = 0; i < times; i++) sum = (sum + dot(a, b)) | 0;
    }, tick);
    best = Math.min(best, ms);
  } while (performance.now() < end);
  // Used, so that no compiler leaves the loop out.
  return sum === 0.5 ? 0 : LENGTH / best / 1e6;
}

/** @param {Int8Array} a @param {Int8Array} b */
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum = (sum + Math.imul(a[i], b[i])) | 0;
  return sum;
}

/** @param {number[]} values */
const total = (values) => values.reduce((sum, value) => sum + value, 0);

/** @param {number[]} values */
const mean = (values) => total(values) / values.length;

/** @param {number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Of those that are known. @param {number[]} values */
function middle(values) {
  const known = values.filter((value) => value > 0 && Number.isFinite(value));
  return known.length ? median(known) : null;
}
