/** Times of every layer on this machine, and beside them what its instructions can do at most. */
import { listener } from './listen.js';

/** Before the rounds, as long as the compiler needs, as a part of the time that they take. */
const WARM_UP = 0.2;
const ROUNDS = { least: 7, most: 100 };
/** The loop that multiplies one pair after the other: length of its vectors, and time given to it. */
const LENGTH = 4096;
const LOOP_TIME = 120;

/**
 * Ends with all layers computed for the picture.
 * @param {typeof import('../pkg/vgglass.js')} vgg
 * @param {import('../pkg/vgglass.js').Network} net
 * @param {ImageData} image
 * @param {number} budget about how long the rounds take together, in ms
 * @param {(part: number) => void} report
 * @returns {Promise<import('../core/protocol.js').Bench>}
 */
export async function bench(vgg, net, image, budget, report) {
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
  const start = performance.now();
  let warm = await round();
  while (performance.now() - start < WARM_UP * budget) warm = await round();
  /** @type {{i16: number[], i8: number[]}} */
  const peaks = { i16: [], i8: [] };
  const measurePeaks = () => {
    peaks.i16.push(vgg.peak_gmacs());
    const i8 = vgg.peak_i8_gmacs();
    if (i8 !== undefined) peaks.i8.push(i8);
  };
  measurePeaks();
  let plain = plainLoop();
  const planned = Math.ceil(budget / total(warm));
  const rounds = Math.min(Math.max(planned, ROUNDS.least), ROUNDS.most);
  /** @type {number[][]} */
  const all = [];
  for (let i = 0; i < rounds; i++) {
    all.push(await round());
    // In the middle and at the end again, since the machine's clock may change.
    if (i === rounds >> 1 || i === rounds - 1) measurePeaks();
    report((i + 1) / rounds);
  }
  // The compiler may have come late to the first.
  plain = Math.max(plain, plainLoop());
  const build = vgg.build();
  const scaling = await measureThreads(vgg, build.threads, budget / 2, round);
  const layers = warm.map((_, i) => median(all.map((times) => times[i])));
  const peak_i8 = peaks.i8.length ? median(peaks.i8) : null;
  return { rounds, layers, ms: median(all.map(total)), peak: median(peaks.i16), peak_i8, plain, build, scaling };
}

/**
 * The whole net on fewer threads, each number in turn in every round; empty where there is only one.
 * @param {typeof import('../pkg/vgglass.js')} vgg @param {number} threads
 * @param {number} budget @param {() => Promise<number[]>} round
 * @returns {Promise<import('../core/protocol.js').Bench['scaling']>}
 */
async function measureThreads(vgg, threads, budget, round) {
  if (!vgg.set_threads || threads < 2) return [];
  const counts = [...[1, 2, 4, 8, 16, 32].filter((count) => count < threads), threads];
  /** @type {number[][]} */
  const times = counts.map(() => []);
  const end = performance.now() + budget;
  while (performance.now() < end || times[0].length < ROUNDS.least) {
    for (const [i, count] of counts.entries()) {
      vgg.set_threads(count);
      times[i].push(total(await round()));
    }
  }
  return counts.map((count, i) => ({ threads: count, ms: median(times[i]) }));
}

/** Multiply-adds of int8 numbers a second, one at a time, in units of 10^9. */
function plainLoop() {
  const a = Int8Array.from({ length: LENGTH }, (_, i) => (i * 7) % 255);
  const b = Int8Array.from({ length: LENGTH }, (_, i) => (i * 13) % 255);
  let best = 0;
  let sum = 0;
  const end = performance.now() + LOOP_TIME;
  for (let now = performance.now(); now < end; ) {
    for (let times = 0; times < 40; times++) sum = (sum + dot(a, b)) | 0;
    const after = performance.now();
    best = Math.max(best, (40 * LENGTH) / (after - now) / 1e6);
    now = after;
  }
  // Used, so that no compiler leaves the loop out.
  return sum === 0.5 ? 0 : best;
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
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
