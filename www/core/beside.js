/** A network beside the page's own, in a worker of its own: run for a while, then given up with all its memory. */
import { Engine } from './engine.js';
import { square } from './crop.js';
import { decode } from './intake.js';

/** How it ends for whoever cancels. */
export class Cancelled extends Error {}

/** A build that cannot run here; its key is that of the reason. */
export class Refused extends Error {
  /** @param {import('./i18n.js').Key} key */
  constructor(key) {
    super(key);
    this.key = key;
  }
}

/** Why something did not run: a text of the page, or an error's message. @typedef {{key: import('./i18n.js').Key} | {message: string}} Refusal */

/** @param {unknown} error @returns {Refusal} */
export const refusalOf = (error) =>
  error instanceof Refused ? { key: error.key } : { message: /** @type {Error} */ (error).message };

/**
 * @template T
 * @param {import('./app.js').App} app whose picture it gets
 * @param {object} what
 * @param {import('./protocol.js').ModelSource} what.source
 * @param {string} [what.build] of the engine, and no other
 * @param {AbortSignal} what.signal
 * @param {(engine: Engine, square: import('./crop.js').Square) => Promise<T>} use once the network is loaded
 * @returns {Promise<T>}
 * @throws {Cancelled | Refused}
 */
export async function beside(app, { source, build, signal }, use) {
  const { picture } = app;
  if (!picture || signal.aborted) throw new Cancelled();
  if (build === 'threads' && !crossOriginIsolated) throw new Refused('speed.refused.isolated');
  const engine = new Engine({ build });
  const fails = new Promise((_, reject) => {
    engine.on('failed', (message) => reject(new Error(message)));
    engine.on('broken', (message) => reject(new Error(message)));
    signal.addEventListener('abort', () => reject(new Cancelled()), { once: true });
  });
  try {
    const work = async () => {
      if (build && (await engine.build()).name !== build) throw new Refused('speed.refused.other');
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
