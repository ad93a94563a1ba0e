/**
 * The forward pass, layer by layer. What is to be seen of a layer is drawn and sent while the next ones are computed; those of a
 * network that is fast, after it.
 */
import { listener, Superseded } from './listen.js';
import { setPicture } from './pixels.js';
import { scoresAt } from './studies/scores.js';
import { apply, found } from './switches.js';
import { tell } from './tell.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./session.js').Network} Network */
/** @typedef {{run: number, live: boolean, drawn?: number[]}} Shown a run, and how its strips are drawn */
/** @typedef {{top: import('../protocol.js').Prediction[], probabilities: Float32Array, ms: number, count: number}} Computed */
/** Whether something newer has come. @typedef {() => boolean} IsStale */

const TOP = 5;
/** Layers that take less together are computed before any of them is drawn, in ms. */
const DRAW_EVERY = 16;

/**
 * @param {Session} session @param {Network} net
 * @param {Extract<import('../protocol.js').Order, {type: 'run'}>} order
 * @param {ImageBitmap} from
 * @param {IsStale} isStale
 */
export async function run(session, net, order, from, isStale) {
  const { layers, strips } = session;
  session.isComplete = false;
  session.isSwitched = false;
  const wanted = found(layers, session.off);
  // A still picture is first seen with every channel on, to have something to compare with.
  const isCompared = wanted.length > 0 && !order.live;
  apply(net, isCompared ? [] : wanted);
  net.set_size(session.native);
  const isSet = await setPicture(net, from, order.square, () => session.network === net);
  order.frame?.close();
  if (!isSet) return;
  tell({ type: 'run-start', run: order.run, seen: net.picture(), live: order.live });
  const former = new Map(strips.shown);
  strips.shown.clear();
  const input = show(session, net, { index: 0, ms: 0 }, order, former);
  const end = isCompared ? Math.min(...wanted.map(({ layer }) => layer)) : layers.length;
  const whole = await compute(session, net, order, former, isStale, end, ({ top, probabilities, ms }) => {
    if (!isCompared && !order.live) tell({ type: 'run-top', run: order.run, top, probabilities, ms });
  });
  await input;
  if (!whole) return;
  const { top, probabilities, ms } = whole;
  session.isComplete = true;
  session.wholeMs = ms;
  session.before = wanted.length === 0 || isCompared ? probabilities : null;
  if (isCompared) await switchOver(session, net, { run: order.run, live: false }, isStale);
  else tell({ type: 'run-done', run: order.run, top, probabilities, before: null, rerun: null, ms, live: order.live });
}

/**
 * Computes the layers that are left.
 * @param {Session} session @param {Network} net
 * @param {Shown} order
 * @param {Map<number, Uint32Array>} former
 * @param {IsStale} isStale
 * @param {number} [end] from this layer on nothing is shown
 * @param {(computed: Computed) => void} [onComputed] before the last strips are drawn
 * @returns {Promise<Computed | null>} null if it was not to the end
 */
async function compute(session, net, order, former, isStale, end = session.layers.length, onComputed = () => {}) {
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
        sent.push(show(session, net, one, order, former));
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

/**
 * Switches channels off or on and runs on from the first layer that this changes.
 * @param {Session} session @param {Network} net
 * @param {Shown} order
 * @param {IsStale} isStale
 */
export async function switchOver(session, net, order, isStale) {
  session.isSwitched = false;
  apply(net, found(session.layers, session.off));
  const from = net.done();
  const former = new Map(session.strips.shown);
  session.isComplete = false;
  const rest = await compute(session, net, order, former, isStale);
  if (!rest) return;
  session.isComplete = true;
  const { top, probabilities, ms, count } = rest;
  const isChanged = net.switched_off().length > 0;
  const rerun = isChanged && count > 0 ? { from, count, ms } : null;
  tell({ type: 'run-done', run: order.run, top, probabilities, before: isChanged ? session.before : null, rerun, ms: session.wholeMs, live: false });
}

/**
 * Another size forgets the layers; the next run is at the native one again.
 * @param {Session} session @param {Network} net
 * @param {Extract<import('../protocol.js').Question, {what: 'scores'}>} question
 * @param {ImageBitmap} from
 * @param {IsStale} isStale
 * @param {(part: number) => void} report how far it is
 * @throws {Superseded}
 */
export async function scores(session, net, question, from, isStale, report) {
  session.strips.shown.clear();
  session.isComplete = false;
  session.isSwitched = false;
  apply(net, found(session.layers, session.off));
  net.set_size(question.size);
  if (!(await setPicture(net, from, question.square, () => session.network === net))) throw new Superseded();
  return scoresAt(net, question, isStale, report);
}

/**
 * @param {Session} session @param {Network} net
 * @param {{index: number, ms: number}} computed
 * @param {Shown} order
 * @param {Map<number, Uint32Array>} former
 */
async function show(session, net, { index, ms }, order, former) {
  const { strips } = session;
  const channels = strips.choose(net, index, order.live ? former.get(index) : undefined);
  if (order.live && order.drawn && !order.drawn.includes(index)) return;
  const stats = net.stats(index);
  const strip = await strips.strip(net, index, channels);
  if (session.network !== net) return;
  tell({ type: 'layer', run: order.run, result: { index, ms, stats, strip } }, [strip.bitmap]);
}

/** Draws all strips again, because the way of drawing changed. @param {Session} session @param {Network} net @param {IsStale} isStale */
export async function redraw(session, net, isStale) {
  const { strips } = session;
  session.isOutdated = false;
  for (const index of [...strips.shown.keys()]) {
    const strip = await strips.strip(net, index, strips.choose(net, index, undefined));
    if (isStale() || session.isOutdated) return;
    tell({ type: 'strip', index, strip }, [strip.bitmap]);
  }
}
