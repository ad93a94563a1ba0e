/** One more thread of the engine: it joins the memory of the worker that started it, and waits there for work. */
import init, { work } from '../pkg/threads/vgglass.js';

/** @param {MessageEvent<{module: WebAssembly.Module, memory: WebAssembly.Memory, number: number}>} event */
onmessage = async ({ data: { module, memory, number } }) => {
  await init({ module_or_path: module, memory });
  postMessage('ready');
  work(number);
};
