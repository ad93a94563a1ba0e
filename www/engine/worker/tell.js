/** What the page is told, and what goes wrong. */

/** @param {import('../protocol.js').News} news @param {Transferable[]} [transfer] */
export const tell = (news, transfer = []) => postMessage(news, { transfer });

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/** @param {unknown} error */
export const tellBroken = (error) => tell({ type: 'broken', message: messageOf(error) });

/**
 * A panic in wasm leaves an instance that must not be called again; the page starts a new worker.
 * @param {unknown} error
 */
export function isBroken(error) {
  return typeof WebAssembly === 'object' && error instanceof WebAssembly.RuntimeError;
}
