/**
 * The page's end of the worker: orders go out, what the worker tells is kept here and passed on as
 * events. A worker that broke, or that does not answer any more, is given up; the next load starts another, and on `fresh` it
 * is given again what the last one had.
 */
import { startThreads } from './worker/threads.js';
import { takeWorker } from './early.js';

/**
 * @typedef {import('./protocol.js').News} News
 * @typedef {import('./protocol.js').LayerResult} LayerResult
 * @typedef {{build?: string | null, threads?: number | null}} Choice of the package's builds and of its threads; what is not
 *   given is the best that the browser takes
 * @typedef {'begin' | 'progress' | 'network' | 'build' | 'failed' | 'disturbed' | 'broken' | 'fresh' | 'start' | 'layer' | 'strip' | 'top' | 'done'} EventName
 */

/** How often a worker is asked whether it still listens, in ms. */
const ASK_EVERY = 2_000;
/**
 * A worker that hears nothing for so long is stuck. It listens between two layers, and the longest that it does without
 * is a few seconds on a slow phone.
 */
const PATIENCE = 30_000;
/** Questions that need no network: any worker answers them. @type {Set<import('./protocol.js').Question['what']>} */
const OF_PACKAGE = new Set(['describe', 'problem', 'modules', 'networks', 'seed', 'build']);

export class Engine {
  /** @type {'loading' | 'ready' | 'failed'} */ status = 'loading';
  /** @type {{info: import('./protocol.js').NetworkInfo, layers: import('./protocol.js').LayerInfo[], build: import('./protocol.js').Build} | null} */
  network = null;
  /** What is known of each layer, by index. @type {LayerResult[]} */ results = [];
  /** @type {import('./protocol.js').Prediction[]} */ top = [];
  /** Of every class. @type {Float32Array | null} */ probabilities = null;
  /** The same with every channel on, while some are off and where it is known. @type {Float32Array | null} */ before = null;
  /** What was computed again when channels were last switched. @type {import('./protocol.js').Rerun | null} */ rerun = null;
  /** The picture as the network got it. @type {ImageData | null} */ seen = null;
  /** Time in layers of the last finished run. */ ms = 0;
  /** A step of the clock that times are read off, in ms. */ tick = 0;
  /** Finished runs. */ runs = 0;

  /** Null once it was given up. @type {import('./support.js').WorkerLike | null} */ #worker;
  /** Beside it. @type {Worker[]} */ #threads = [];
  /** @type {Map<EventName, Set<(detail: any) => void>>} */ #listeners = new Map();
  /** @type {Map<number, {question: import('./protocol.js').Question, resolve: (value: any) => void, reject: (error: Error) => void, onPart?: (part: any) => void}>} */
  #asked = new Map();
  #ticket = 0;
  #run = 0;
  #question = 0;
  #isEnded = false;
  #hasSpoken = false;
  #isRunning = false;
  /** The worker was asked whether it listens, and has not said so. */ #isAsked = false;
  /** How long it has been silent while the page was awake, in ms. */ #silence = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #watch;

  /** @param {Choice} [choice] */
  constructor(choice = {}) {
    /** For this worker's successors: it holds for those that are started after it is set. */
    this.choice = choice;
    this.#worker = this.#start();
  }

  /**
   * @param {EventName} name
   * @param {(detail: any) => void} listener
   * @returns {() => void} stops listening
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** A fresh worker with nothing loaded. */
  restart() {
    const asked = [...this.#asked].filter(([, { question }]) => OF_PACKAGE.has(question.what));
    for (const [id] of asked) this.#asked.delete(id);
    this.#giveUp('restarted');
    this.#forget();
    this.network = null;
    this.status = 'loading';
    this.#revive();
    for (const [id, one] of asked) {
      this.#asked.set(id, one);
      this.#order({ type: 'ask', id, question: one.question });
    }
  }

  #revive() {
    this.#worker = this.#start();
    this.#emit('fresh');
  }

  /**
   * Another network was chosen: whatever was being loaded is not waited for any more. What runs goes on running.
   * @returns {number} the ticket for `load`
   */
  begin() {
    if (!this.#worker) this.restart();
    this.#ticket += 1;
    this.status = 'loading';
    this.#order({ type: 'begin', ticket: this.#ticket });
    this.#emit('begin');
    return this.#ticket;
  }

  /** Whether no other network was chosen since. @param {number} ticket */
  isNewest(ticket) {
    return ticket === this.#ticket;
  }

  /**
   * @param {import('./protocol.js').ModelSource} source
   * @param {{ticket?: number, give?: boolean}} [options] `ticket`: of `begin`; `give`: bytes of the source are given away
   */
  load(source, { ticket = this.begin(), give = false } = {}) {
    if (!this.isNewest(ticket)) return;
    this.#worker?.postMessage({ type: 'load', ticket, source }, give && source.kind === 'bytes' ? [source.bytes] : []);
  }

  /** The network chosen cannot be had. @param {number} ticket @param {unknown} problem */
  refuse(ticket, problem) {
    if (this.isNewest(ticket)) this.#fail(problem);
  }

  /** @param {number} ticket @param {{stage: 'file', loaded: number, total: number}} how far it is */
  progress(ticket, { stage, loaded, total }) {
    if (this.isNewest(ticket)) this.#emit('progress', { stage, loaded, total });
  }

  /** @param {ImageBitmap} bitmap given away */
  setPicture(bitmap) {
    this.#forgetResults();
    if (this.#worker) this.#worker.postMessage({ type: 'picture', bitmap }, [bitmap]);
    else bitmap.close();
  }

  /**
   * @param {import('../picture/crop.js').Square} square
   * @param {{live?: boolean}} [options] `live`: one of many, while the crop moves
   */
  run(square, { live = false } = {}) {
    this.#run += 1;
    this.#order({ type: 'run', run: this.#run, square, live });
  }

  /**
   * Runs a frame of a moving picture, cut to the square already.
   * @param {ImageBitmap} frame given away
   * @param {{live: boolean, drawn: number[]}} options `drawn`: the layers that are looked at
   * @returns {number} the run's number, which `done` tells of
   */
  runFrame(frame, { live, drawn }) {
    this.#run += 1;
    const square = { x: 0, y: 0, side: frame.width };
    if (this.#worker) this.#worker.postMessage({ type: 'run', run: this.#run, square, live, frame, drawn }, [frame]);
    else frame.close();
    return this.#run;
  }

  /** @param {import('./protocol.js').Display} display @param {number} thumbnails channels in a row */
  setDisplay(display, thumbnails) {
    this.#order({ type: 'display', display, thumbnails });
  }

  /** @param {import('./protocol.js').Off[]} off channels that give zeros from now on */
  switchOff(off) {
    this.#order({ type: 'switch', off });
  }

  /**
   * @param {number} layer @param {number} channel @param {number} most
   * @returns {Promise<import('./worker/studies/peaks.js').Peak[]>} where the channel is largest
   */
  peaks(layer, channel, most) {
    return this.#ask({ what: 'peaks', layer, channel, most });
  }

  /**
   * @param {number} layer @param {number} channel
   * @param {[number, number] | null} place row and column; the channel's largest value if none
   * @returns {Promise<import('./protocol.js').WorkedOut>}
   */
  workOut(layer, channel, place) {
    return this.#ask({ what: 'arithmetic', layer, channel, place });
  }

  /**
   * @param {number} layer @param {number | null} channel null for the whole layer
   * @returns {Promise<Uint32Array>} how often each stored integer occurs
   */
  histogram(layer, channel) {
    return this.#ask({ what: 'histogram', layer, channel });
  }

  /** @param {number} layer @returns {Promise<import('./protocol.js').Kernels>} */
  kernels(layer) {
    return this.#ask({ what: 'kernels', layer });
  }

  /**
   * Slides a grey square of that side over the picture.
   * @param {number} side in input pixels @param {number} stride
   * @param {(part: {first: number, probabilities: Float32Array}) => void} onPart places as they are done
   * @returns {{covered: Promise<import('./protocol.js').Covered>, cancel: () => void}}
   */
  occlude(side, stride, onPart) {
    const covered = this.#ask({ what: 'occlusion', side, stride }, onPart);
    const id = this.#question;
    return { covered, cancel: () => this.#order({ type: 'cancel', id }) };
  }

  /**
   * What speaks for a class, as the gradient of its logit says: cells of a layer, or pixels.
   * @param {string} method `gradcam`, which takes a layer, `saliency`, `gradient-input` or `guided`
   * @param {number} layer @param {number} index of the class
   * @returns {Promise<import('./protocol.js').Attribution>}
   */
  attribution(method, layer, index) {
    return this.#ask({ what: 'attribution', method, layer, class: index });
  }

  /**
   * The saliency's mean over noisy copies of the picture.
   * @param {number} index of the class
   * @param {(part: import('./protocol.js').Attribution) => void} onPart of the copies so far
   * @returns {{map: Promise<import('./protocol.js').Attribution>, cancel: () => void}}
   */
  smoothGrad(index, onPart) {
    const map = this.#ask({ what: 'smoothgrad', class: index }, onPart);
    const id = this.#question;
    return { map, cancel: () => this.#order({ type: 'cancel', id }) };
  }

  /**
   * Measures what the layer's middle cell sees of the picture.
   * @param {number} layer
   * @param {(part: import('./protocol.js').Effective) => void} onPart what is known so far
   * @returns {{field: Promise<import('./protocol.js').Effective>, cancel: () => void}}
   */
  effective(layer, onPart) {
    const field = this.#ask({ what: 'effective', layer }, onPart);
    const id = this.#question;
    return { field, cancel: () => this.#order({ type: 'cancel', id }) };
  }

  /**
   * @param {number} layer @param {Uint32Array} channels @param {number} columns
   * @returns {Promise<import('./protocol.js').Atlas>}
   */
  atlas(layer, channels, columns) {
    return this.#ask({ what: 'atlas', layer, channels, columns });
  }

  /**
   * @param {number} layer @param {number} channel @param {number} y @param {number} x
   * @returns {Promise<import('./protocol.js').Probe>}
   */
  probe(layer, channel, y, x) {
    return this.#ask({ what: 'probe', layer, channel, y, x });
  }

  /** @param {number} layer @returns {Promise<Float32Array>} the mean of each channel */
  means(layer) {
    return this.#ask({ what: 'means', layer });
  }

  /**
   * @param {string} id @param {import('./protocol.js').NetworkOptions} options
   * @returns {Promise<import('./protocol.js').LayerInfo[]>}
   */
  describe(id, options) {
    return this.#ask({ what: 'describe', id, options });
  }

  /**
   * @param {string} id @param {import('./protocol.js').NetworkOptions} options
   * @returns {Promise<import('./protocol.js').NetworkProblem | undefined>} why such a network cannot be built
   */
  problem(id, options) {
    return this.#ask({ what: 'problem', id, options });
  }

  /** @param {string} id @returns {Promise<import('./protocol.js').Op[][]>} a row's modules at width 1 */
  modules(id) {
    return this.#ask({ what: 'modules', id });
  }

  /** @returns {Promise<import('./protocol.js').NetworkSummary[]>} every row at the paper's numbers */
  networks() {
    return this.#ask({ what: 'networks' });
  }

  /**
   * The picture at a test size. Whoever asks runs the picture again afterwards: the layers of the last run are
   * forgotten. Of two asked for, and after a new run, only the newer is answered.
   * @param {import('../picture/crop.js').Square} square
   * @param {{size: number, crops: boolean}} how the size is the native one or larger; `crops`: each window is cut out
   *   and run alone, else the network is a fully convolutional one
   * @param {(part: number) => void} [onPart] hears how far it is
   * @returns {Promise<import('./protocol.js').Scores>}
   */
  scores(square, { size, crops }, onPart) {
    return this.#ask({ what: 'scores', square, size, crops }, onPart);
  }

  /**
   * Runs a row with random weights, beside the loaded network.
   * @param {string} id @param {import('./protocol.js').NetworkOptions} options
   * @returns {Promise<import('./protocol.js').Measured>}
   */
  measure(id, options) {
    return this.#ask({ what: 'measure', id, options });
  }

  /** @returns {Promise<import('./protocol.js').Build>} the build that runs, which need not be the one asked for */
  build() {
    return this.#ask({ what: 'build' });
  }

  /**
   * Times the loaded network on the picture. Nothing else may be asked meanwhile.
   * @param {import('../picture/crop.js').Square} square @param {number} budget about how long it measures, in ms
   * @param {(part: number) => void} [onPart]
   * @returns {Promise<import('./protocol.js').Bench>}
   */
  bench(square, budget, onPart) {
    return this.#ask({ what: 'bench', square, budget }, onPart);
  }

  /** Gives the worker up, and all its memory with it. What it told stays. */
  end() {
    this.#isEnded = true;
    this.#giveUp('ended');
  }

  /** @returns {Promise<number>} */
  seed() {
    return this.#ask({ what: 'seed' });
  }

  #start() {
    const worker = takeWorker(this.choice);
    worker.onmessage = ({ data }) => this.#hear(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#hear({ type: 'broken', message: event.message ?? 'worker.js' });
    };
    return worker;
  }

  /** @param {string} why for whoever waits for an answer */
  #giveUp(why) {
    this.#stopWatching();
    this.#hasSpoken = false;
    this.#isRunning = false;
    if (this.#worker) this.#worker.onmessage = this.#worker.onerror = null;
    for (const worker of [this.#worker, ...this.#threads.splice(0)]) worker?.terminate();
    this.#worker = null;
    // A load that was under way is nobody's any more.
    this.#ticket += 1;
    for (const { reject } of this.#asked.values()) reject(new Error(why));
    this.#asked.clear();
  }

  /**
   * Asks the worker from time to time whether it listens, while it has something to do. It is asked after its first word:
   * before that its modules may still be on their way.
   */
  #watchOver() {
    if (this.#watch || !this.#hasSpoken) return;
    this.#watch = setInterval(() => {
      if (document.hidden) {
        // What sleeps with the page is not stuck.
        this.#silence = 0;
      } else if (this.#isAsked) {
        this.#silence += ASK_EVERY;
        if (this.#silence >= PATIENCE) this.#break('stuck', `${PATIENCE / 1000}\u00a0s`);
      } else {
        this.#isAsked = true;
        this.#order({ type: 'listening' });
      }
    }, ASK_EVERY);
  }

  #stopWatching() {
    clearInterval(this.#watch);
    this.#watch = undefined;
    this.#silence = 0;
    this.#isAsked = false;
  }

  /** @param {import('./protocol.js').Order} order */
  #order(order) {
    this.#worker?.postMessage(order);
    if (order.type !== 'listening') this.#watchOver();
  }

  /** @param {import('./protocol.js').Question} question @param {(part: any) => void} [onPart] @returns {Promise<any>} */
  #ask(question, onPart) {
    this.#question += 1;
    const id = this.#question;
    return new Promise((resolve, reject) => {
      if (this.#isEnded) {
        reject(new Error('ended'));
        return;
      }
      if (!this.#worker) this.#revive();
      this.#asked.set(id, { question, resolve, reject, onPart });
      this.#order({ type: 'ask', id, question });
    });
  }

  /** @param {EventName} name @param {any} [detail] */
  #emit(name, detail) {
    for (const listener of this.#listeners.get(name) ?? []) listener(detail);
  }

  /** @param {News} news */
  #hear(news) {
    this.#hasSpoken = true;
    if ('ticket' in news && !this.isNewest(news.ticket)) return;
    switch (news.type) {
      case 'progress':
        this.#emit('progress', news);
        break;
      case 'network':
        this.status = 'ready';
        this.network = { info: news.info, layers: news.layers, build: news.build };
        this.tick = news.tick;
        this.#forget();
        this.#emit('network', this.network);
        break;
      case 'threads':
        this.#threads.push(...startThreads(news.asked));
        break;
      case 'build':
        if (this.network) this.network.build = news.build;
        this.#emit('build');
        break;
      case 'load-failed':
        // A worker whose engine did not start will not start it at the next load either.
        if (news.code) this.#giveUp(news.message);
        this.#fail(news);
        break;
      case 'run-start':
        this.#isRunning = true;
        this.seen = news.seen;
        this.#emit('start', { live: news.live });
        break;
      case 'layer':
        this.results[news.result.index]?.strip.bitmap.close();
        this.results[news.result.index] = news.result;
        this.#emit('layer', news.result);
        break;
      case 'strip':
        this.#replaceStrip(news.index, news.strip);
        break;
      case 'run-top':
        this.top = news.top;
        this.probabilities = news.probabilities;
        this.ms = news.ms;
        this.#emit('top');
        break;
      case 'run-done':
        this.top = news.top;
        this.probabilities = news.probabilities;
        this.before = news.before;
        this.rerun = news.rerun;
        this.ms = news.ms;
        this.runs += 1;
        this.#isRunning = false;
        this.#emit('done', { run: news.run, top: news.top, ms: news.ms, live: news.live });
        break;
      case 'part':
        this.#asked.get(news.id)?.onPart?.(news.part);
        break;
      case 'answer':
        this.#settle(news);
        break;
      case 'listening':
        this.#isAsked = false;
        this.#silence = 0;
        if (this.status !== 'loading' && !this.#isRunning && this.#asked.size === 0) this.#stopWatching();
        break;
      case 'disturbed':
        this.#emit('disturbed');
        break;
      case 'broken':
        this.#break('engine', news.message);
        break;
    }
  }

  /** @param {unknown} problem */
  #fail(problem) {
    // Nothing more is told of it.
    this.#ticket += 1;
    this.status = this.network ? 'ready' : 'failed';
    this.#emit('failed', problem);
  }

  /** @param {'engine' | 'stuck'} code @param {string} message */
  #break(code, message) {
    this.#giveUp(message);
    this.status = 'failed';
    this.network = null;
    this.#forget();
    this.#emit('broken', { code, message });
  }

  /** @param {Extract<News, {type: 'answer'}>} news */
  #settle({ id, value, error }) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (error === undefined) asked?.resolve(value);
    else asked?.reject(new Error(error));
  }

  /** @param {number} index @param {import('./protocol.js').Strip} strip */
  #replaceStrip(index, strip) {
    const result = this.results[index];
    if (!result) {
      strip.bitmap.close();
      return;
    }
    result.strip.bitmap.close();
    result.strip = strip;
    this.#emit('strip', result);
  }

  #forgetResults() {
    for (const result of this.results) result?.strip.bitmap.close();
    this.results = [];
  }

  #forget() {
    this.#forgetResults();
    this.top = [];
    this.probabilities = null;
    this.before = null;
    this.rerun = null;
    this.seen = null;
  }
}
