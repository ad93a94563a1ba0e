/** Answers to the page's questions; each gets exactly one. */
import { bench } from './studies/bench.js';
import { EffectiveField } from './studies/effective.js';
import { inside } from './studies/inside.js';
import { Occlusion } from './studies/occlusion.js';
import { SmoothGrad } from './studies/smooth.js';
import { Superseded } from './listen.js';
import { measure } from './measure.js';
import { areTrue, setPicture } from './pixels.js';
import { started, tick, withThreads } from './started.js';
import { isBroken, messageOf, tell, tellBroken } from './tell.js';

/** @typedef {import('./session.js').Session} Session */

/**
 * @param {Session} session @param {import('./queue.js').Queue} queue
 * @param {Extract<import('../protocol.js').Order, {type: 'ask'}>} order
 */
export async function answer(session, queue, { id, question }) {
  try {
    const value = await reply(session, queue, question, id);
    tell({ type: 'answer', id, value }, value?.bitmap ? [value.bitmap] : []);
  } catch (error) {
    tell({ type: 'answer', id, error: messageOf(error) });
    if (isBroken(error)) tellBroken(error);
  }
}

/**
 * @param {Session} session @param {import('./queue.js').Queue} queue
 * @param {import('../protocol.js').Question} question @param {number} id
 * @returns {Promise<any>}
 */
async function reply(session, queue, question, id) {
  const { vgg } = await started;
  switch (question.what) {
    case 'describe':
      return vgg.describe(question.id, question.options);
    case 'problem':
      return vgg.problem(question.id, question.options);
    case 'modules':
      return vgg.modules(question.id);
    case 'networks':
      return vgg.networks();
    case 'seed':
      return vgg.random_seed();
    case 'build':
      await withThreads();
      return vgg.build();
    case 'measure':
      await withThreads();
      return measure(vgg, question.id, question.options, await tick);
    case 'bench':
      await withThreads();
      return benchOf(session, vgg, question, (part) => tell({ type: 'part', id, part }));
    case 'scores':
      return queue.scores(id, question);
  }
  const { network, layers, strips } = session;
  const isOfWhole = ['occlusion', 'effective', 'attribution', 'smoothgrad'].includes(question.what);
  if (!network || !(isOfWhole ? session.isComplete : 'layer' in question && strips.shown.has(question.layer))) throw new Error('not computed');
  if (question.what === 'occlusion') return queue.study(id, () => new Occlusion(network, question.side, question.stride));
  if (question.what === 'effective') return queue.study(id, () => new EffectiveField(network, layers, question.layer));
  if (question.what === 'smoothgrad') return queue.study(id, () => new SmoothGrad(network, question.class));
  queue.pauseStudy();
  if (question.what === 'attribution') return network.attribution(question.method, question.layer, question.class);
  if (question.what === 'means') return network.channel_means(question.layer);
  if (question.what === 'probe') {
    const { layer, channel, y, x } = question;
    return { ...network.value(layer, channel, y, x), box: network.receptive_box(layer, y, x) };
  }
  if (question.what !== 'atlas') return inside(network, layers[question.layer], question);
  const { layer, channels, columns } = question;
  return { bitmap: await strips.draw(network, layer, channels, columns), columns };
}

/**
 * @param {Session} session @param {import('./package.js').Package} vgg
 * @param {Extract<import('../protocol.js').Question, {what: 'bench'}>} question
 * @param {(part: number) => void} report
 */
async function benchOf(session, vgg, { square, budget }, report) {
  const { network, picture } = session;
  if (!network || !picture) throw new Error('nothing to run');
  await areTrue;
  if (!(await setPicture(network, picture, square, () => session.network === network))) throw new Superseded();
  return bench(vgg, network, network.picture(), budget, await tick, report);
}
