/** Between two layers the worker listens, so that a newer order is never further away than one layer. */

/** Longest time without listening, in ms; a single layer may take longer. */
const DEAF = 8;

const { port1, port2 } = new MessageChannel();

/** Lets the worker's other messages in; a timer would wait 4 ms. */
export const listen = () =>
  new Promise((resolve) => {
    port1.addEventListener('message', resolve, { once: true });
    port1.start();
    port2.postMessage(null);
  });

/** @returns {() => Promise<void>} to be called after every layer: listens when it is time */
export function listener() {
  let heard = performance.now();
  return async () => {
    if (performance.now() - heard < DEAF) return;
    await listen();
    heard = performance.now();
  };
}

/** What was asked for is not wanted any more: something newer is. */
export class Superseded extends Error {
  constructor() {
    super('superseded');
  }
}
