/**
 * How a network comes about: from the bytes of a model's file, or with random weights. Of two loads only the newer counts, from
 * the moment on when it is announced; what runs goes on running until the next network is there.
 */
import { listen } from './listen.js';
import { NotStarted, started, tick, withThreads } from './started.js';
import { isBroken, messageOf, tell, tellBroken } from './tell.js';

/** @typedef {import('../protocol.js').ModelSource} ModelSource */
/** @typedef {import('../../pkg/vgglass.js').Network} Network */
/** @typedef {(stage: 'model' | 'build', loaded?: number, total?: number) => void} Report */
/** A network that will be asked for. @typedef {{url: string, control: AbortController, report: Report, network: Promise<Network>}} Expected */

/** Time between two news of a download, in ms. */
const TELL_EVERY = 40;

export class Loader {
  #ticket = 0;
  /** @type {AbortController | null} */ #download = null;
  /** @type {Expected | null} */ #expected;

  /** @param {string | null} expected address of a model's file that will be asked for: it is begun at once */
  constructor(expected) {
    this.#expected = expected ? begun(expected) : null;
  }

  /** Another network was chosen. @param {number} ticket */
  begin(ticket) {
    this.#ticket = ticket;
    this.#download?.abort();
    this.#download = null;
  }

  /**
   * @param {Extract<import('../protocol.js').Order, {type: 'load'}>} order
   * @param {(network: Network) => void} take gets the network, unless a newer one was chosen meanwhile
   */
  async load({ ticket, source }, take) {
    this.begin(ticket);
    const expected = this.#takeExpected(source);
    const download = expected?.control ?? new AbortController();
    this.#download = download;
    const isStale = () => this.#ticket !== ticket;
    try {
      tell({ type: 'progress', ticket, stage: 'engine', loaded: 0, total: 0 });
      /** @type {Report} */
      const report = (stage, loaded = 0, total = 0) => tell({ type: 'progress', ticket, stage, loaded, total });
      if (expected) expected.report = report;
      const [network, step, { vgg }] = await Promise.all([expected?.network ?? make(source, download.signal, report), tick, started]);
      if (isStale()) {
        network.free();
        return;
      }
      take(network);
      tell({ type: 'network', ticket, info: network.info(), layers: network.layers(), build: vgg.build(), tick: step });
      void withThreads();
    } catch (error) {
      if (isBroken(error)) tellBroken(error);
      else if (!isStale()) {
        // What else is on its way is of no use.
        this.begin(ticket);
        const code = error instanceof NotStarted ? error.code : undefined;
        tell({ type: 'load-failed', ticket, code, message: messageOf(error) });
      }
    }
  }

  /** What was expected, if it is this. @param {ModelSource} source */
  #takeExpected(source) {
    const expected = this.#expected;
    this.#expected = null;
    if (!expected || (source.kind === 'url' && source.url === expected.url)) return expected;
    expected.control.abort();
    expected.network.then((other) => other.free(), () => {});
    return null;
  }
}

/** @param {string} url @returns {Expected} */
function begun(url) {
  const control = new AbortController();
  /** @type {Expected} */
  const one = { url, control, report() {}, network: make({ kind: 'url', url }, control.signal, (...news) => one.report(...news)) };
  // Who asks for it hears of a failure.
  one.network.catch(() => {});
  return one;
}

/** @param {ModelSource} source @param {AbortSignal} signal @param {Report} report @returns {Promise<Network>} */
async function make(source, signal, report) {
  // The model comes while the engine starts.
  const [bytes, { vgg }] = await Promise.all([fetched(source, signal, report), started]);
  signal.throwIfAborted();
  if (source.kind !== 'url') {
    report('build');
    await listen();
  }
  if (source.kind === 'untrained') return vgg.Network.untrained(source.id, source.options, source.seed ?? vgg.random_seed());
  return vgg.Network.from_model(/** @type {Uint8Array} */ (bytes));
}

/** The model's file, where there is one. @param {ModelSource} source @param {AbortSignal} signal @param {Report} report */
async function fetched(source, signal, report) {
  if (source.kind === 'url') return fetchBytes(source.url, signal, report);
  return source.kind === 'bytes' ? new Uint8Array(source.bytes) : null;
}

/** @param {string} url @param {AbortSignal} signal @param {Report} report */
async function fetchBytes(url, signal, report) {
  const response = await fetch(url, { signal });
  if (!response.ok || !response.body) throw new Error(`${response.status} ${response.statusText}`);
  // Of a compressed answer it is the length on the way.
  const total = response.headers.has('content-encoding') ? 0 : Number(response.headers.get('content-length') ?? 0);
  const parts = [];
  let loaded = 0;
  let told = performance.now();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    loaded += value.length;
    if (performance.now() - told < TELL_EVERY) continue;
    told = performance.now();
    report('model', loaded, loaded > total ? 0 : total);
  }
  // A blob would do it, by way of another process.
  const bytes = new Uint8Array(loaded);
  for (let at = 0; parts.length; ) {
    const part = /** @type {Uint8Array} */ (parts.shift());
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
