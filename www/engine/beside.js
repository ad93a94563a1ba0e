/** A network beside the page's own, in a worker of its own: run for a while, then given up with all its memory. */
import { whyNot } from './assets.js';
import { Engine } from './engine.js';
import { Problem } from './problem.js';
import { square } from '../picture/crop.js';
import { decode } from '../picture/intake.js';

/** How it ends for whoever cancels. */
export class Cancelled extends Error {}

/** A build that cannot run here; its key is that of the reason. */
export class Refused extends Error {
  /** @param {import('../page/i18n.js').Key} key @param {import('../page/i18n.js').Params} [params] */
  constructor(key, params) {
    super(key);
    this.key = key;
    this.params = params;
  }
}

/** Why something did not run: a text of the page, or an error's message. @typedef {{key: import('../page/i18n.js').Key, params?: import('../page/i18n.js').Params} | {message: string}} Refusal */

/** @param {unknown} error @returns {Promise<Refusal>} */
export async function refusalOf(error) {
  if (error instanceof Refused) return { key: error.key, params: error.params };
  if (error instanceof Problem) return { key: /** @type {import('../page/i18n.js').Key} */ (`problem.${error.code}`), params: error.params };
  const { message } = /** @type {Error} */ (error);
  const why = await whyNot(message);
  return why ? { key: `problem.${why}` } : { message };
}

/**
 * What a row costs on this machine. In a worker of its own: the memory of an engine never shrinks, and that of VGG-16 is large.
 * @param {import('./engine.js').Choice} choice
 * @param {string} id @param {import('./protocol.js').NetworkOptions} options
 * @returns {Promise<import('./protocol.js').Measured>}
 */
export async function measure(choice, id, options) {
  const engine = new Engine(choice);
  try {
    const fails = new Promise((_, reject) => engine.on('broken', ({ message }) => reject(new Error(message))));
    return await Promise.race([engine.measure(id, options), fails]);
  } finally {
    engine.end();
  }
}

/**
 * @template T
 * @param {import('../page/app.js').App} app whose picture it gets
 * @param {object} what
 * @param {import('./protocol.js').ModelSource} what.source
 * @param {string} [what.build] of the engine, and no other
 * @param {AbortSignal} what.signal
 * @param {(engine: Engine, square: import('../picture/crop.js').Square) => Promise<T>} use once the network is loaded
 * @returns {Promise<T>}
 * @throws {Cancelled | Refused}
 */
export async function beside(app, { source, build, signal }, use) {
  const { picture } = app;
  if (!picture || signal.aborted) throw new Cancelled();
  if (build === 'threads' && !crossOriginIsolated) throw new Refused('speed.refused.isolated');
  const engine = new Engine({ build });
  const fails = new Promise((_, reject) => {
    engine.on('failed', ({ message }) => reject(new Error(message)));
    engine.on('broken', ({ code, message }) => reject(code === 'stuck' ? new Refused('problem.stuck', { time: message }) : new Error(message)));
    signal.addEventListener('abort', () => reject(new Cancelled()), { once: true });
  });
  try {
    const work = async () => {
      if (build && (await engine.build()).name !== build) {
        // Where the page itself takes more than the plainest build, the one asked for was not there.
        const why = app.engine.network?.build.name === 'base' ? null : await whyNot();
        throw new Refused(why ? `problem.${why}` : 'speed.refused.other');
      }
      await new Promise((resolve) => {
        engine.on('network', resolve);
        engine.load(source);
      });
      engine.setPicture(await decode(picture.blob));
      return use(engine, square(app.store.state.crop, picture.width, picture.height));
    };
    return await /** @type {Promise<T>} */ (Promise.race([work(), fails]));
  } finally {
    engine.end();
  }
}
