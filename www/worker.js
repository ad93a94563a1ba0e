/**
 * The engine's side of the page: loads the wasm package and a model, cuts the crop out of the picture
 * at its full resolution, runs the network layer by layer and draws what is to be seen. Between two
 * layers it listens, so that a newer order is never further away than one layer.
 *
 * @typedef {import('./core/protocol.js').Order} Order
 * @typedef {import('./core/protocol.js').News} News
 * @typedef {{run: number, live: boolean, drawn?: number[]}} Shown a run, and how its rows are drawn
 * @typedef {Extract<import('./core/protocol.js').Question, {what: 'scores'}>} ScoresQuestion
 * @typedef {{id: number, question: ScoresQuestion, resolve: (scores: import('./core/protocol.js').Scores) => void,
 *   reject: (error: unknown) => void}} PendingScores
 * @typedef {(stage: 'model' | 'build', loaded?: number, total?: number) => void} Report
 */
import { listen, listener, Superseded } from './worker/listen.js';
import { bench } from './worker/bench.js';
import { measure } from './worker/measure.js';
import { startPackage } from './worker/package.js';
import { EffectiveField } from './worker/effective.js';
import { inside } from './worker/inside.js';
import { Occlusion } from './worker/occlusion.js';
import { Rows } from './worker/rows.js';
import { scoresAt } from './worker/scores.js';
import { apply, found } from './worker/switches.js';

const TOP = 5;
/** Time between two news of a download, in ms. */
const TELL_EVERY = 40;
/** Layers that take less together are computed before any of them is drawn, in ms. */
const DRAW_EVERY = 16;

/** The engine's package, once `started` has ended. @type {import('./worker/package.js').Package} */
let vgg;
/** What the page asks for in the worker's address: a message would wait until all modules are there. */
const given = new URLSearchParams(location.search);
const started = startPackage(given).then((loaded) => {
  vgg = loaded.vgg;
  return loaded;
});
// Who awaits it hears of a failure; until somebody does, it is not an uncaught error.
started.catch(() => {});
/** @type {Promise<void> | null} */
let joined = null;
/** All threads compute from then on. The first picture does not wait for them. */
const withThreads = () => (joined ??= started.then(({ join }) => join()).then(() => tell({ type: 'build', build: vgg.build() })));

/** @type {import('./pkg/vgglass.js').Network | null} */
let network = null;
/** @type {import('./core/protocol.js').LayerInfo[]} */
let layers = [];
/** The size that the network is made for. */
let native = 0;
let ticket = 0;
/** @type {AbortController | null} */
let download = null;
/** A network that will be asked for. @type {{url: string, control: AbortController, report: Report, network: Promise<import('./pkg/vgglass.js').Network>} | null} */
let expected = expect(given.get('expected'));

/** @type {ImageBitmap | null} */
let picture = null;
/** @type {OffscreenCanvas} */
const cutter = new OffscreenCanvas(1, 1);

const rows = new Rows();
/** The rows were, or are being, drawn in another way than is now asked for. */
let isOutdated = false;

/** @type {Extract<Order, {type: 'run'}> | null} the newest run asked for and not yet begun */
let waiting = null;
/** The newest scores asked for and not yet begun. @type {PendingScores | null} */
let pending = null;
let running = false;
/** All layers are those of the picture that is shown. */
let isComplete = false;
/** Time in layers of the last whole run. */
let wholeMs = 0;

/** Channels to be switched off. @type {import('./core/protocol.js').Off[]} */
let off = [];
/** They are not yet those of the network. */
let isSwitched = false;
/** What the shown picture is taken for with every channel on, if that is known. @type {Float32Array | null} */
let before = null;

/** Goes on while there is nothing else to do. @type {{id: number, steps: Occlusion | EffectiveField, resolve: (covered: any) => void, reject: (error: unknown) => void} | null} */
let study = null;

/** @param {News} news @param {Transferable[]} [transfer] */
const tell = (news, transfer = []) => postMessage(news, { transfer });

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * A panic in wasm leaves an instance that must not be called again; the page starts a new worker.
 * @param {unknown} error
 */
function isBroken(error) {
  return error instanceof WebAssembly.RuntimeError;
}

/** @param {Extract<Order, {type: 'load'}>} order */
async function load(order) {
  ticket = order.ticket;
  download?.abort();
  const begun = takeExpected(order.source);
  download = begun?.control ?? new AbortController();
  const isStale = () => ticket !== order.ticket;
  try {
    tell({ type: 'progress', ticket, stage: 'engine', loaded: 0, total: 0 });
    const report = reporter(order.ticket);
    if (begun) begun.report = report;
    const next = await (begun?.network ?? make(order.source, download.signal, report));
    if (isStale()) {
      next.free();
      return;
    }
    leaveStudy();
    network?.free();
    network = next;
    isComplete = false;
    layers = next.layers();
    rows.layers = layers;
    native = next.info().input_size;
    rows.shown.clear();
    tell({ type: 'network', ticket, info: next.info(), layers, build: vgg.build() });
    void withThreads();
  } catch (error) {
    if (isBroken(error)) tell({ type: 'broken', message: messageOf(error) });
    else if (!isStale()) tell({ type: 'load-failed', ticket, message: messageOf(error) });
  }
}

/** @param {number} forTicket @returns {Report} */
const reporter = (forTicket) => (stage, loaded = 0, total = 0) => tell({ type: 'progress', ticket: forTicket, stage, loaded, total });

/** Begins what will be asked for. @param {string | null} url of a model's file @returns {typeof expected} */
function expect(url) {
  if (!url) return null;
  const control = new AbortController();
  /** @type {NonNullable<typeof expected>} */
  const one = { url, control, report() {}, network: make({ kind: 'url', url }, control.signal, (...news) => one.report(...news)) };
  // Who asks for it hears of a failure.
  one.network.catch(() => {});
  return one;
}

/** What was expected, if it is this. @param {import('./core/protocol.js').ModelSource} source */
function takeExpected(source) {
  const one = expected;
  expected = null;
  if (!one || (source.kind === 'url' && source.url === one.url)) return one;
  one.control.abort();
  one.network.then((other) => other.free(), () => {});
  return null;
}

/**
 * @param {import('./core/protocol.js').ModelSource} source
 * @param {AbortSignal} signal
 * @param {Report} report
 */
async function make(source, signal, report) {
  // The model comes while the engine starts.
  const [bytes] = await Promise.all([fetched(source, signal, report), started]);
  signal.throwIfAborted();
  if (source.kind !== 'url') {
    report('build');
    await listen();
  }
  if (source.kind === 'untrained') return vgg.Network.untrained(source.id, source.options, source.seed ?? vgg.random_seed());
  return vgg.Network.from_model(/** @type {Uint8Array} */ (bytes));
}

/**
 * The model's file, where there is one.
 * @param {import('./core/protocol.js').ModelSource} source
 * @param {AbortSignal} signal
 * @param {Report} report
 */
async function fetched(source, signal, report) {
  if (source.kind === 'url') return fetchBytes(source.url, signal, report);
  return source.kind === 'bytes' ? new Uint8Array(source.bytes) : null;
}

/** @param {string} url @param {AbortSignal} signal @param {Report} report */
async function fetchBytes(url, signal, report) {
  const response = await fetch(url, { signal });
  if (!response.ok || !response.body) throw new Error(`${response.status} ${response.statusText}`);
  const total = Number(response.headers.get('content-length') ?? 0);
  const parts = [];
  let loaded = 0;
  let told = performance.now();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    loaded += value.length;
    if (performance.now() - told < TELL_EVERY) continue;
    told = performance.now();
    report('model', loaded, total);
  }
  // A blob would do it, by way of another process.
  const bytes = new Uint8Array(loaded);
  for (let at = 0; parts.length; ) {
    const part = /** @type {Uint8Array} */ (parts.shift());
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Runs what is waiting, draws what is outdated and computes what is asked for, until there is nothing left to do. */
async function work() {
  if (running) return;
  running = true;
  try {
    while (network && (waiting ? (waiting.frame ?? picture) : isOutdated || mustSwitch() || (pending && picture) || study)) {
      if (waiting) {
        const order = waiting;
        waiting = null;
        leaveStudy();
        await run(order, network, order.frame ?? picture);
      } else if (isOutdated) {
        study?.steps.giveBack();
        await redraw(network);
      } else if (mustSwitch()) {
        study?.steps.giveBack();
        leaveStudy();
        await switchOver(network, { run: 0, live: true });
      } else if (pending && picture) {
        const asked = pending;
        pending = null;
        leaveStudy();
        await score(asked, network, picture);
      } else {
        await goOn(study);
      }
    }
  } catch (error) {
    tell({ type: 'broken', message: messageOf(error) });
  } finally {
    running = false;
  }
}

/**
 * A live run is not cut short by the next live one, or nothing would ever finish while the crop is
 * dragged over a slow network.
 * @param {Extract<Order, {type: 'run'}>} order
 * @param {import('./pkg/vgglass.js').Network} net
 * @param {ImageBitmap} from
 */
async function run(order, net, from) {
  const isStale = () => network !== net || (waiting !== null && !(order.live && waiting.live));
  isComplete = false;
  isSwitched = false;
  const wanted = found(layers, off);
  // A still picture is first seen with every channel on, to have something to compare with.
  const isCompared = wanted.length > 0 && !order.live;
  apply(net, isCompared ? [] : wanted);
  net.set_size(native);
  net.set_picture(cut(from, order.square));
  order.frame?.close();
  tell({ type: 'run-start', run: order.run, seen: net.picture(), live: order.live });
  const former = new Map(rows.shown);
  rows.shown.clear();
  const input = show(net, 0, 0, order, former);
  const end = isCompared ? Math.min(...wanted.map(({ layer }) => layer)) : layers.length;
  const whole = await compute(net, order, former, isStale, end, ({ top, probabilities, ms }) => {
    if (!isCompared && !order.live) tell({ type: 'run-top', run: order.run, top, probabilities, ms });
  });
  await input;
  if (!whole) return;
  const { top, probabilities, ms } = whole;
  isComplete = true;
  wholeMs = ms;
  before = wanted.length === 0 || isCompared ? probabilities : null;
  if (isCompared) await switchOver(net, { run: order.run, live: false });
  else tell({ type: 'run-done', run: order.run, top, probabilities, before: null, rerun: null, ms, live: order.live });
}

/**
 * Computes the layers that are left. Rows are drawn and sent while the next layers are computed; those of a network that is
 * fast, after it.
 * @param {import('./pkg/vgglass.js').Network} net
 * @param {Shown} order
 * @param {Map<number, Uint32Array>} former
 * @param {() => boolean} isStale
 * @param {number} [end] from this layer on nothing is shown
 * @param {(computed: Computed) => void} [onComputed] before the last rows are drawn
 * @returns {Promise<Computed | null>} null if it was not to the end
 *
 * @typedef {{top: import('./core/protocol.js').Prediction[], probabilities: Float32Array, ms: number, count: number}} Computed
 */
async function compute(net, order, former, isStale, end = layers.length, onComputed = () => {}) {
  const sent = [];
  /** @type {{index: number, ms: number}[]} */
  let undrawn = [];
  let drawn = performance.now();
  const listenNow = listener();
  let ms = 0;
  let count = 0;
  while (!isStale()) {
    const step = net.step();
    if (step) {
      ms += step.ms;
      count += 1;
      if (step.index < end) undrawn.push(step);
    }
    const computed = step ? null : { top: net.top(TOP), probabilities: net.probabilities(), ms, count };
    if (computed) onComputed(computed);
    if (computed || performance.now() - drawn > DRAW_EVERY) {
      for (const one of undrawn) {
        sent.push(show(net, one.index, one.ms, order, former));
        await listenNow();
        if (isStale()) break;
      }
      undrawn = [];
      drawn = performance.now();
    }
    if (computed) {
      await Promise.all(sent);
      return isStale() ? null : computed;
    }
    await listenNow();
  }
  await Promise.all(sent);
  return null;
}

const mustSwitch = () => isSwitched && isComplete;

/**
 * Switches channels off or on and runs on from the first layer that this changes.
 * @param {import('./pkg/vgglass.js').Network} net
 * @param {Shown} order
 */
async function switchOver(net, order) {
  isSwitched = false;
  apply(net, found(layers, off));
  const from = net.done();
  const former = new Map(rows.shown);
  isComplete = false;
  const rest = await compute(net, order, former, () => network !== net || waiting !== null);
  if (!rest) return;
  isComplete = true;
  const { top, probabilities, ms, count } = rest;
  const isChanged = net.switched_off().length > 0;
  const rerun = isChanged && count > 0 ? { from, count, ms } : null;
  tell({ type: 'run-done', run: order.run, top, probabilities, before: isChanged ? before : null, rerun, ms: wholeMs, live: false });
}

/** @param {Extract<import('./core/protocol.js').Question, {what: 'occlusion' | 'effective'}>} question @param {import('./pkg/vgglass.js').Network} net */
const stepsOf = (question, net) =>
  question.what === 'occlusion' ? new Occlusion(net, question.side, question.stride) : new EffectiveField(net, layers[question.layer], question.budget);

/** A little of the study; then whoever speaks is heard. @param {NonNullable<typeof study>} one */
async function goOn({ id, steps, resolve }) {
  if (steps.advance()) {
    steps.giveBack();
    study = null;
    resolve(steps.result);
    return;
  }
  const part = steps.news();
  if (part) tell({ type: 'part', id, part });
  await listen();
}

function leaveStudy() {
  study?.reject(new Superseded());
  study = null;
}

/**
 * Another size forgets the layers; the next run is at the native one again.
 * @param {PendingScores} asked
 * @param {import('./pkg/vgglass.js').Network} net
 * @param {ImageBitmap} from
 */
async function score({ id, question, resolve, reject }, net, from) {
  const isStale = () => network !== net || waiting !== null || pending !== null;
  const report = (/** @type {number} */ part) => tell({ type: 'part', id, part });
  rows.shown.clear();
  isComplete = false;
  isSwitched = false;
  apply(net, found(layers, off));
  try {
    resolve(await scoresAt(net, cut(from, question.square), question, isStale, report));
  } catch (error) {
    reject(error);
  }
}

/**
 * The crop's own pixels. The canvas copies them one to one; scaling is the engine's, because
 * browsers' filters differ and move the result.
 * @param {ImageBitmap} from @param {import('./core/protocol.js').Square} square
 */
function cut(from, { x, y, side }) {
  cutter.width = side;
  cutter.height = side;
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
    cutter.getContext('2d', { willReadFrequently: true })
  );
  context.drawImage(from, -x, -y);
  return context.getImageData(0, 0, side, side);
}

/**
 * @param {import('./pkg/vgglass.js').Network} net
 * @param {number} index @param {number} ms
 * @param {Shown} order
 * @param {Map<number, Uint32Array>} former
 */
async function show(net, index, ms, order, former) {
  const channels = rows.choose(net, index, order.live ? former.get(index) : undefined);
  if (order.live && order.drawn && !order.drawn.includes(index)) return;
  const stats = net.stats(index);
  const strip = await rows.strip(net, index, channels);
  if (network !== net) return;
  tell({ type: 'layer', run: order.run, result: { index, ms, stats, strip } }, [strip.bitmap]);
}

/**
 * Draws all rows again, because the way of drawing changed.
 * @param {import('./pkg/vgglass.js').Network} net
 */
async function redraw(net) {
  isOutdated = false;
  for (const index of [...rows.shown.keys()]) {
    const strip = await rows.strip(net, index, rows.choose(net, index, undefined));
    if (network !== net || waiting || isOutdated) return;
    tell({ type: 'strip', index, strip }, [strip.bitmap]);
  }
}

/** @param {Extract<Order, {type: 'ask'}>} order */
async function answer({ id, question }) {
  try {
    await started;
    const value = await reply(question, id);
    tell({ type: 'answer', id, value }, value?.bitmap ? [value.bitmap] : []);
  } catch (error) {
    tell({ type: 'answer', id, error: messageOf(error) });
    if (isBroken(error)) tell({ type: 'broken', message: messageOf(error) });
  }
}

/** @param {import('./core/protocol.js').Question} question @param {number} id */
async function reply(question, id) {
  if (question.what === 'describe') return vgg.describe(question.id, question.options);
  if (question.what === 'modules') return vgg.modules(question.id);
  if (question.what === 'networks') return vgg.networks();
  if (question.what === 'seed') return vgg.random_seed();
  if (['measure', 'bench', 'build'].includes(question.what)) await withThreads();
  if (question.what === 'measure') return measure(vgg, question.id, question.options);
  if (question.what === 'build') return vgg.build();
  if (question.what === 'bench') {
    if (!network || !picture) throw new Error('nothing to run');
    return bench(vgg, network, cut(picture, question.square), question.budget, (part) => tell({ type: 'part', id, part }));
  }
  if (question.what === 'scores') {
    return new Promise((resolve, reject) => {
      pending?.reject(new Superseded());
      pending = { id, question, resolve, reject };
      void work();
    });
  }
  if (question.what === 'occlusion' || question.what === 'effective') {
    if (!isComplete) throw new Error('not computed');
    return new Promise((resolve, reject) => {
      study?.steps.giveBack();
      leaveStudy();
      study = { id, steps: stepsOf(question, network), resolve, reject };
      void work();
    });
  }
  if (!network || !rows.shown.has(question.layer)) throw new Error('not computed');
  study?.steps.giveBack();
  if (question.what === 'means') return network.channel_means(question.layer);
  if (question.what === 'probe') {
    const { layer, channel, y, x } = question;
    return { ...network.value(layer, channel, y, x), box: network.receptive_box(layer, y, x) };
  }
  if (question.what !== 'atlas') return inside(network, layers[question.layer], question);
  const { layer, channels, columns } = question;
  return { bitmap: await rows.draw(network, layer, channels, columns), columns };
}

/** @param {MessageEvent<Order>} event */
onmessage = ({ data: order }) => {
  if (order.type === 'load') void load(order).then(work);
  else if (order.type === 'ask') void answer(order);
  else if (order.type === 'picture') {
    picture?.close();
    picture = order.bitmap;
  } else if (order.type === 'run') {
    waiting?.frame?.close();
    waiting = order;
    void work();
  } else if (order.type === 'switch') {
    off = order.off;
    isSwitched = true;
    void work();
  } else if (order.type === 'cancel') {
    if (study?.id !== order.id) return;
    study.steps.giveBack();
    leaveStudy();
  } else {
    rows.display = order.display;
    rows.thumbnails = order.thumbnails;
    isOutdated = true;
    void work();
  }
};
