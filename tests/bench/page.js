/**
 * Runs the contenders against one another: all loaded in one page, each in its worker, one run of each a round, in an
 * order that moves on from round to round, so that whatever else the machine does meets them alike.
 *
 * @typedef {{name: string, module: string, model: string, options?: {build?: string, threads?: number}}} Contender
 * @typedef {{id: string, title: string, size: number, rounds: number, picture: string, contenders: Contender[], inARow?: number, sizes?: number[]}} Net
 *   `inARow`: runs that follow each measured one at once
 *   the first contender is vgglass, with which the others' logits are compared
 *
 * @typedef {{name: string, version: string, start_ms: number, load_ms: number, first_ms: number, ms: number, row_ms: number | null, runs: number[],
 *   memory_bytes: number, top1: number, correlation: number}} Outcome
 * @typedef {{name: string, kind: string, kernel: string, macs: number, ms: number, gmacs: number}} LayerOutcome
 * @typedef {{id: string, title: string, rounds: number, peak_gmacs: number, layers: LayerOutcome[], contenders: Outcome[], sizes: {size: number, ms: number, maps_ms: number}[],
 *   facts: {id: string, width: number, input_size: number, parameters: number, macs: number, weight_bytes: number,
 *   activation_bytes: number}, failures: {name: string, error: string}[]}} NetOutcome
 */

/** Before every run: threads of the contender before may still look for work, and would take a core from this one. */
const PAUSE_MS = 100;

/** A worker asked one thing at a time. */
class Bench {
  constructor() {
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  }

  /** @param {string} order @param {object} [given] @returns {Promise<any>} */
  ask(order, given = {}) {
    return new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data: { result, error } }) => (error ? reject(new Error(error)) : resolve(result));
      this.worker.onerror = (event) => reject(new Error(event.message || 'the worker could not start'));
      this.worker.postMessage({ order, ...given });
    });
  }

  close() {
    this.worker.terminate();
  }
}

/**
 * A contender ready to run, with the worker's answers.
 * @typedef {{ms: number, logits: Float32Array, layers?: {index: number, ms: number}[]}} Run
 * @typedef {{contender: Contender, bench: Bench, loaded: any, first: Run, runs: Run[], following: Run[]}} Loaded
 */

/** @param {Net} net @returns {Promise<NetOutcome>} */
export async function compete(net) {
  /** @type {Loaded[]} */
  const field = [];
  const failures = [];
  /** What contenders get to know of the input; the first, vgglass, adds the values that it makes of the picture. */
  let given = /** @type {{picture: ImageData, size: number, input?: Float32Array}} */ ({ picture: await pixels(net.picture, net.size), size: net.size });
  for (const contender of net.contenders) {
    const bench = new Bench();
    try {
      const [module, model] = [contender.module, contender.model].map((path) => new URL(path, import.meta.url).href);
      const loaded = await bench.ask('load', { module, model, options: contender.options, given });
      given = { ...given, input: loaded.input ?? given.input };
      const first = await bench.ask('run');
      field.push({ contender, bench, loaded, first, runs: [], following: [] });
      console.info(`${net.id} ${contender.name}: first run ${first.ms.toFixed(1)} ms`);
    } catch (error) {
      bench.close();
      failures.push({ name: contender.name, error: String(error) });
      console.info(`${net.id} ${contender.name}: ${error}`);
    }
  }
  const ours = field[0];
  if (ours?.contender !== net.contenders[0]) throw new Error(failures[0].error);

  const peaks = [];
  for (let round = 0; round < net.rounds; round++) {
    peaks.push(await ours.bench.ask('peak'));
    for (let turn = 0; turn < field.length; turn++) {
      const { bench, runs, following } = field[(turn + round) % field.length];
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      runs.push(await bench.ask('run'));
      for (let i = 0; i < (net.inARow ?? 0); i++) following.push(await bench.ask('run'));
    }
  }
  const { id, title, rounds } = net;
  const { facts } = ours.loaded;
  /** @type {NetOutcome} */
  const outcome = { id, title, rounds, facts, peak_gmacs: median(peaks), layers: layerOutcomes(ours), sizes: [], contenders: [], failures };
  for (const one of field) {
    outcome.contenders.push(contenderOutcome(one, await one.bench.ask('memory'), ours.first.logits));
  }
  // After the memory: larger pictures need more of it.
  outcome.sizes = await atSizes(ours.bench, net.sizes ?? [], rounds);
  for (const { bench } of field) bench.close();
  return outcome;
}

/** All sizes in turn, in every round. @param {Bench} bench @param {number[]} sizes @param {number} rounds */
async function atSizes(bench, sizes, rounds) {
  /** @type {{ms: number, maps_ms: number}[][]} */
  const all = sizes.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, size] of sizes.entries()) all[i].push(await bench.ask('sized', { size }));
  }
  return sizes.map((size, i) => ({ size, ms: median(all[i].map(({ ms }) => ms)), maps_ms: median(all[i].map(({ maps_ms }) => maps_ms)) }));
}

/** @param {Loaded} ours @returns {LayerOutcome[]} all but the input */
function layerOutcomes({ loaded, runs }) {
  const layers = /** @type {import('../../pkg/vgglass.js').LayerInfo[]} */ (loaded.layers);
  return layers.slice(1).map(({ index, name, kind, kernel_name, macs }) => {
    const ms = median(runs.map((run) => layerTime(run, index)));
    return { name, kind, kernel: kernel_name, macs, ms, gmacs: macs / ms / 1e6 };
  });
}

/** @param {Run} run @param {number} index of the layer */
function layerTime({ layers }, index) {
  const layer = layers?.find((one) => one.index === index);
  if (!layer) throw new Error(`a run does not tell the time of layer ${index}`);
  return layer.ms;
}

/** @param {Loaded} one @param {number} memory_bytes @param {Float32Array} reference @returns {Outcome} */
function contenderOutcome({ contender, loaded, first, runs, following }, memory_bytes, reference) {
  const { version, start_ms, load_ms } = loaded;
  const all = runs.map(({ ms }) => ms);
  return {
    name: contender.name,
    version,
    start_ms,
    load_ms,
    first_ms: first.ms,
    ms: median(all),
    row_ms: following.length ? median(following.map(({ ms }) => ms)) : null,
    runs: all,
    memory_bytes,
    top1: first.logits.indexOf(Math.max(...first.logits)),
    correlation: correlation(reference, first.logits),
  };
}

/** @param {number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Pearson's. @param {Float32Array} a @param {Float32Array} b */
function correlation(a, b) {
  const mean = (/** @type {Float32Array} */ of) => of.reduce((sum, value) => sum + value, 0) / of.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, squareA, squareB] = [0, 0, 0];
  a.forEach((value, i) => {
    both += (value - meanA) * (b[i] - meanB);
    squareA += (value - meanA) ** 2;
    squareB += (b[i] - meanB) ** 2;
  });
  return both / Math.sqrt(squareA * squareB);
}

/** @param {string} url @param {number} size */
async function pixels(url, size) {
  const bitmap = await createImageBitmap(await (await fetch(url)).blob());
  const side = Math.min(bitmap.width, bitmap.height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(size, size).getContext('2d'));
  context.drawImage(bitmap, 0, 0, side, side, 0, 0, size, size);
  return context.getImageData(0, 0, size, size);
}
