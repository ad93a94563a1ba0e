/** One more thread of the engine: it joins the memory of the worker that started it, and waits there for work. */
import init, { lose, work } from '../../pkg/threads/vgglass.js';

/** @param {MessageEvent<{module: WebAssembly.Module, memory: WebAssembly.Memory}>} event */
onmessage = async ({ data: { module, memory } }) => {
  let isIn = false;
  try {
    await init({ module_or_path: module, memory });
    isIn = true;
    postMessage({});
    work();
    close();
  } catch (error) {
    // The other threads may wait for this one, deaf to messages.
    if (isIn) lose();
    postMessage({ error: String(error) });
  }
};
