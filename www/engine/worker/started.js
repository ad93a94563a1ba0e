/** The engine's package, started as the worker's address asks, and the step of the clock, which is found while it comes. */
import { findTick } from './clock.js';
import { startPackage } from './package.js';
import { messageOf, tell } from './tell.js';

/** Why the engine's package did not start. */
export class NotStarted extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super(messageOf(cause));
    this.code = typeof WebAssembly === 'object' ? 'engine-load' : 'no-webassembly';
  }
}

/** What the page asks for in the worker's address: a message would wait until all modules are there. */
export const given = new URLSearchParams(location.search);

/** @param {import('./threads.js').Asked} asked */
const askForThreads = (asked) => tell({ type: 'threads', asked }, [asked.port]);

/** Rejects with `NotStarted`. */
export const started = startPackage(given, askForThreads).catch((cause) => {
  throw new NotStarted(cause);
});
// Who awaits it hears of a failure; until somebody does, it is not an uncaught error.
started.catch(() => {});

/** A step of the clock, in ms. */
export const tick = findTick();

/** @type {Promise<void> | null} */
let joined = null;

/** All threads compute from then on. The first picture does not wait for them. */
export const withThreads = () => (joined ??= started.then(async ({ vgg, join }) => {
  await join();
  tell({ type: 'build', build: vgg.build() });
}));
