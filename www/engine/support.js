/** What this browser lacks of what the engine needs, told before a worker is started in vain. */

/** The smallest module with an instruction of simd128: a function that gives `i8x16.splat(0)`. */
const SIMD = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10, 8, 1, 6, 0, 0x41, 0, 0xfd, 15, 0x0b];

/** The code of a notice, or null where nothing is lacking. @returns {string | null} */
export function lacking() {
  if (typeof WebAssembly !== 'object') return 'no-webassembly';
  return WebAssembly.validate(Uint8Array.from(SIMD)) ? null : 'no-simd';
}

/**
 * What the page uses of a worker.
 * @typedef {object} WorkerLike
 * @property {(order: import('./protocol.js').Order, transfer?: any) => void} postMessage
 * @property {() => void} terminate
 * @property {((event: MessageEvent<import('./protocol.js').News>) => void) | null} onmessage
 * @property {((event: ErrorEvent) => void) | null} onerror
 */

/**
 * Stands in for a worker that cannot be had: it answers, as that would, and nothing waits for it.
 * @implements {WorkerLike}
 */
export class NoWorker {
  /** @type {WorkerLike['onmessage']} */ onmessage = null;
  /** @type {WorkerLike['onerror']} */ onerror = null;

  /** @param {string} code why there is none @param {string} message */
  constructor(code, message) {
    this.code = code;
    this.message = message;
  }

  /** @param {import('./protocol.js').Order} order */
  postMessage(order) {
    const { code, message } = this;
    if (order.type === 'load') this.#tell({ type: 'load-failed', ticket: order.ticket, code, message });
    else if (order.type === 'ask') this.#tell({ type: 'answer', id: order.id, error: message });
    else if (order.type === 'picture') order.bitmap.close();
    else if (order.type === 'run') order.frame?.close();
  }

  terminate() {
    this.onmessage = null;
  }

  /** Later, as from another thread. @param {import('./protocol.js').News} data */
  #tell(data) {
    setTimeout(() => this.onmessage?.(new MessageEvent('message', { data })));
  }
}
