/**
 * Threads for an engine, which asks for them by `port` and hears there of each that waits for work, or has failed. The page
 * starts its engine's: in Firefox, under automation, a worker that starts another may wait for ever inside `new Worker`, for a
 * wake-up that the new worker takes for its own.
 *
 * @typedef {{module: WebAssembly.Module, memory: WebAssembly.Memory, count: number, port: MessagePort}} Asked
 * @typedef {{error?: string}} Told by a thread: it waits for work, or what it failed of
 */

/** @param {Asked} asked @returns {Worker[]} to be held: the browser may collect one that nobody holds (https://bugzil.la/1702191) */
export function startThreads({ module, memory, count, port }) {
  /** @param {Told} told */
  const tell = (told) => port.postMessage(told);
  return Array.from({ length: count }, () => {
    const worker = new Worker(new URL('./thread.js', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }) => tell(data);
    worker.onerror = (event) => {
      event.preventDefault();
      tell({ error: event.message ?? 'thread.js' });
    };
    worker.postMessage({ module, memory });
    return worker;
  });
}
