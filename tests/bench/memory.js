/**
 * Watches every wasm instance made from now on; a library that keeps its memory to itself is seen too.
 * @returns {() => number} bytes of all their memories. They never shrink: it is the most that there was.
 */
export function watchMemory() {
  /** @type {Set<WebAssembly.Memory>} */
  const memories = new Set();
  const note = (/** @type {object} */ namespace) => {
    for (const value of Object.values(namespace)) if (value instanceof WebAssembly.Memory) memories.add(value);
  };
  for (const name of /** @type {const} */ (['instantiate', 'instantiateStreaming'])) {
    const original = /** @type {Function} */ (WebAssembly[name]);
    /** @type {any} */ (WebAssembly)[name] = async (/** @type {any} */ source, /** @type {any} */ imports) => {
      const made = await original.call(WebAssembly, source, imports);
      Object.values(imports ?? {}).forEach(note);
      note((made.instance ?? made).exports);
      return made;
    };
  }
  return () => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
}
