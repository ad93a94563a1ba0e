/**
 * A file of a model hub as a source: one stream as far as it is read in order, and requests for parts where it is not. What
 * breaks goes on from the byte where it was. For workers: no DOM, and tests give it a world of their own.
 *
 * What is known of hubs: they redirect to another host for the file itself. A request for one range (`bytes=5-`) is
 * allowed to all pages, one with `If-Range` only where the host agrees beforehand, which the hub's does not. So whether a file is still
 * the same is told by its length and its `ETag`, where that may be read, and in the end by the SHA-256 of all that has come.
 * An address that was redirected to is valid for a while, so it is always the hub that is asked.
 */
import { count, megabytes } from '../../page/format.js';
import { Problem } from '../problem.js';
import { hexOf } from './blob.js';

/** @typedef {import('./source.js').Source} Source */
/**
 * What is wanted, as a message can say it.
 * @typedef {object} HubFile
 * @property {'hub'} kind
 * @property {string} url
 * @property {string} name
 * @property {string} [sha256] of the file, or its first digits
 * @property {string} [pointer] address of a Git LFS pointer, which says length and hash
 * @property {number} [bytes] length, if it is known
 * @property {string} [key] what the address calls the network that is made of it
 */
/** SHA-256, bit by bit. `digest` ends it. @typedef {{update: (bytes: Uint8Array) => void, digest: () => Uint8Array}} Hash */
/**
 * What happens meanwhile. `came`: the file has come up to byte `at`; `wait`: the connection is lost, and is tried again after so many ms; `skip`: the host gives no parts, so
 * what has come already comes once more, up to byte `until`.
 * @typedef {{what: 'came', at: number} | {what: 'wait', ms: number} | {what: 'skip', at: number, until: number}} HubNews
 */
/**
 * @typedef {object} World
 * @property {() => Hash} hash
 * @property {(news: HubNews) => void} [tell]
 * @property {(file: HubFile) => Promise<import('./partial.js').Partial | null>} [partial] what has come of the file already
 * @property {number[]} [pauses] before each new try, in ms
 * @property {number} [patience] after so long without a byte a connection is given up, in ms
 */

const PAUSES = [1000, 2000, 4000, 8000, 16_000, 30_000];
const PATIENCE = 30_000;
/** Bytes that are read through rather than asked for in parts. */
const GAP = 4 << 20;
/** What is read to find out what a file is has so many bytes at most. Of it some may be read again, as weights. */
const HEAD = 1 << 20;
/** The longest that is waited because a host asks for it, in ms. */
const MOST_WAIT = 120_000;
const LONGEST_POINTER = 1000;
/** Time between two news of what comes, in ms. */
const TELL_EVERY = 200;

/** It may go better the next time. */
class Lost extends Error {
  /** @param {string} message @param {Problem | null} [problem] what is told if it does not @param {number | null} [wait] ms that a host asks for, if one has answered */
  constructor(message, problem = null, wait = null) {
    super(message);
    this.problem = problem;
    this.wait = wait;
  }
}

/**
 * @param {HubFile} file @param {World} world @param {AbortSignal} signal
 * @returns {Promise<HubSource>} once its length is known
 * @throws {Problem}
 */
export async function openHub(file, world, signal) {
  const source = new HubSource(file, world);
  try {
    await source.open(signal);
  } catch (error) {
    source.close();
    throw error;
  }
  return source;
}

/** @implements {Source} */
export class HubSource {
  name;
  /** Bytes; known once it is open. */ length = 0;

  #file;
  #world;
  #hash;
  /** @type {string | null} of the whole file, or its first digits */ #expected;
  /** @type {string | null} */ #etag = null;
  /** Whether the host gives parts of a file; unknown until it is asked for one. */ #hasParts = true;
  /** @type {Stream | null} */ #stream = null;
  /** What has come of the stream and was not asked for yet. */ #rest = new Uint8Array();
  /** Of the first byte of that in the file. */ #at = 0;
  /** Bytes from the beginning that the hash has seen. */ #hashed = 0;
  /** What was read last of the stream, if it was little. */ #last = { at: 0, head: new Uint8Array() };
  /** What is under way. @type {Promise<unknown>} */ #busy = Promise.resolve();
  /** What of the file is on the disk: the stream goes on behind it. @type {import('./partial.js').Partial | null} */ #partial = null;
  /** A host has answered. */ #isHeard = false;
  /** When it was told last how far it is. */ #told = -Infinity;

  /** @param {HubFile} file @param {World} world */
  constructor(file, world) {
    this.#file = file;
    this.#world = { pauses: PAUSES, patience: PATIENCE, tell: () => {}, partial: async () => null, ...world };
    this.#hash = world.hash();
    this.#expected = file.sha256 ?? null;
    this.name = file.name;
  }

  /** @param {AbortSignal} signal @throws {Problem} */
  async open(signal) {
    const pointer = this.#file.pointer ? await this.#readPointer(this.#file.pointer, signal) : null;
    this.#expected ??= pointer?.sha256 ?? null;
    this.#partial = await this.#world.partial(this.#file);
    if (await this.#goesOn(pointer?.bytes ?? this.#file.bytes, signal)) return;
    this.#partial?.forget();
    const response = await this.#try(signal, () => this.#connect(signal));
    const told = Number(response.headers.get('content-length') ?? NaN);
    const known = pointer?.bytes ?? this.#file.bytes;
    if (known !== undefined && Number.isSafeInteger(told) && known !== told) throw this.#problem('hub-length', { expected: count(known), found: count(told) });
    this.length = Number.isSafeInteger(told) ? told : (known ?? 0);
    if (this.length === 0) throw this.#problem('hub-no-length');
    this.#etag = response.headers.get('etag');
    const linked = response.headers.get('x-linked-etag')?.match(/[0-9a-f]{64}/);
    if (linked) this.#expected ??= linked[0];
    await this.#partial?.begin({ file: this.#file, length: this.length, etag: this.#etag });
  }

  /** Whether what has come before is of the file that is there now. @param {number | undefined} length if it is known @param {AbortSignal} signal */
  async #goesOn(length, signal) {
    const { size = 0, note = null } = this.#partial ?? {};
    if (!note || size === 0 || (length ?? note.length) !== note.length) return false;
    this.length = note.length;
    this.#etag = note.etag;
    // Of a file that is here wholly nothing is asked: its hash will tell.
    if (size === note.length) return true;
    try {
      await this.#try(signal, () => this.#connect(signal));
      return true;
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'hub-changed')) throw error;
      this.length = 0;
      this.#etag = null;
      return false;
    }
  }

  /**
   * @param {number} start @param {number} end of the bytes @param {AbortSignal} signal
   * @returns {Promise<Uint8Array<ArrayBuffer>>} exactly these
   * @throws {Problem}
   */
  read(start, end, signal) {
    return this.#alone(() => this.#trusting(() => this.#read(start, end, signal)));
  }

  /** @param {number} start @param {number} end @param {AbortSignal} signal */
  async #read(start, end, signal) {
    const bytes = new Uint8Array(end - start);
    const { at: known, head } = this.#last;
    const again = start >= known ? head.subarray(start - known, end - known) : new Uint8Array();
    bytes.set(again);
    const at = start + again.length;
    const missing = bytes.subarray(again.length);
    const isNear = at >= this.#at && at - this.#at <= GAP;
    if (missing.length === 0) return bytes;
    const stored = isNear ? null : this.#stored(at, end);
    if (stored) missing.set(stored);
    else if (isNear || !this.#hasParts) {
      await this.#inOrder(at, missing, signal);
      this.#last = { at: start, head: bytes.length <= HEAD ? bytes.slice() : new Uint8Array() };
    } else await this.#try(signal, () => this.#part(at, missing, signal));
    return bytes;
  }

  /**
   * Reads what was not asked for, and says whether the whole is what it should be.
   * @param {AbortSignal} signal
   * @returns {Promise<{sha256: string, isExpected: boolean}>} `isExpected`: it was known before what it should be
   * @throws {Problem}
   */
  async check(signal) {
    await this.#alone(() => this.#trusting(() => this.#skip(this.length, signal)));
    this.#hangUp();
    const sha256 = hexOf(this.#hash.digest());
    const expected = this.#expected;
    if (expected !== null && !sha256.startsWith(expected)) {
      await this.discard();
      throw this.#problem('hub-hash', { expected: expected.slice(0, 8), found: sha256.slice(0, 8) });
    }
    return { sha256, isExpected: expected !== null };
  }

  /** Nothing more is read. What has come stays on the disk, if it went there. */
  close() {
    this.#hangUp();
    this.#partial?.close();
  }

  /** Nothing more is read, and nobody will go on with it. */
  async discard() {
    this.#hangUp();
    await this.#partial?.discard();
  }

  /** Lets the connection go; what is read afterwards makes a new one. */
  #hangUp() {
    this.#stream?.end();
    this.#stream = null;
  }

  /** What turns out to be of another file is not gone on with. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async #trusting(work) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Problem && ['hub-changed', 'hub-length'].includes(error.code)) await this.#partial?.discard();
      throw error;
    }
  }

  /** Bytes that are on the disk, if all of them are. @param {number} start @param {number} end @returns {Uint8Array<ArrayBuffer> | null} */
  #stored(start, end) {
    if (!this.#partial || end > this.#partial.size) return null;
    try {
      return this.#partial.read(start, end);
    } catch {
      // What cannot be read is fetched.
      void this.#partial.discard();
      this.#hangUp();
      return null;
    }
  }

  /** After what is under way: a reader may have asked for more than it used. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  #alone(work) {
    const mine = this.#busy.then(work, work);
    this.#busy = mine.catch(() => {});
    return mine;
  }

  /** By the stream, which begins anew for what is behind. @param {number} at @param {Uint8Array} target gets the bytes from there on @param {AbortSignal} signal */
  async #inOrder(at, target, signal) {
    if (at < this.#at) {
      this.#hangUp();
      this.#at = 0;
      this.#rest = new Uint8Array();
      // What is used is what the hash is of.
      this.#hash = this.#world.hash();
      this.#hashed = 0;
    }
    await this.#skip(at, signal);
    for (let done = 0; done < target.length; ) {
      const part = this.#take(target.length - done, await this.#some(signal));
      target.set(part, done);
      done += part.length;
    }
  }

  /** @param {number} until @param {AbortSignal} signal */
  async #skip(until, signal) {
    const tell = this.#teller(until - this.#at > GAP ? until : null);
    while (this.#at < until) {
      tell(this.#at);
      this.#take(until - this.#at, await this.#some(signal));
    }
  }

  /** The first of some bytes of the stream are used. @param {number} most @param {Uint8Array<ArrayBuffer>} some */
  #take(most, some) {
    const part = some.subarray(0, most);
    this.#rest = some.subarray(part.length);
    const known = Math.max(0, this.#hashed - this.#at);
    if (known < part.length) {
      this.#hash.update(part.subarray(known));
      this.#hashed = this.#at + part.length;
    }
    this.#at += part.length;
    return part;
  }

  /** The next bytes of the stream, one at least. @param {AbortSignal} signal @returns {Promise<Uint8Array<ArrayBuffer>>} */
  async #some(signal) {
    if (this.#rest.length > 0) return this.#rest;
    const stored = this.#at < (this.#partial?.size ?? 0) ? this.#stored(this.#at, Math.min(this.#at + HEAD, this.#partial?.size ?? 0)) : null;
    if (stored) return stored;
    return this.#try(signal, async () => {
      if (!this.#stream) await this.#connect(signal);
      const some = await /** @type {Stream} */ (this.#stream).next(signal);
      if (!some) throw new Lost('cut');
      if (this.#at + some.length > this.length) throw this.#problem('hub-length', { expected: count(this.length), found: `> ${count(this.length)}` });
      await this.#partial?.append(some);
      this.#tellCame(this.#at + some.length);
      return some;
    });
  }

  /** A new stream, from the byte on that comes next. @param {AbortSignal} signal @returns {Promise<Response>} */
  async #connect(signal) {
    const at = Math.max(this.#at, this.#partial?.size ?? 0);
    const { stream, response } = await this.#ask(at > 0 ? `bytes=${at}-` : null, signal);
    try {
      const from = response.status === 206 ? at : 0;
      if (this.length > 0) this.#checkSame(response, from, this.length);
      if (from < at) {
        // From the beginning, then: what is known of it is passed over.
        this.#hasParts = false;
        stream.putBack(await this.#passOver(stream, at, signal));
      }
    } catch (error) {
      stream.end();
      throw error;
    }
    this.#stream = stream;
    return response;
  }

  /** @param {Stream} stream @param {number} until @param {AbortSignal} signal @returns {Promise<Uint8Array<ArrayBuffer>>} what is beyond */
  async #passOver(stream, until, signal) {
    const tell = this.#teller(until);
    for (let at = 0; ; ) {
      tell(at);
      const some = await stream.next(signal);
      if (!some) throw new Lost('cut');
      at += some.length;
      if (at >= until) return some.subarray(some.length - (at - until));
    }
  }

  /** Not more often than it can be seen. @param {number} at */
  #tellCame(at) {
    if (performance.now() - this.#told < TELL_EVERY) return;
    this.#told = performance.now();
    this.#world.tell({ what: 'came', at });
  }

  /** What tells now and then how far it is with what comes once more. @param {number | null} until null: it is not worth telling */
  #teller(until) {
    let told = -Infinity;
    return (/** @type {number} */ at) => {
      if (until === null || performance.now() - told < TELL_EVERY) return;
      told = performance.now();
      this.#world.tell({ what: 'skip', at, until });
    };
  }

  /** @param {number} at @param {Uint8Array} target gets the bytes from there on @param {AbortSignal} signal */
  async #part(at, target, signal) {
    const end = at + target.length;
    if (!this.#hasParts) return this.#inOrder(at, target, signal);
    const { stream, response } = await this.#ask(`bytes=${at}-${end - 1}`, signal);
    try {
      if (response.status !== 206) {
        this.#hasParts = false;
        return await this.#inOrder(at, target, signal);
      }
      this.#checkSame(response, at, end);
      for (let done = 0; done < target.length; ) {
        const some = await stream.next(signal);
        if (!some) throw new Lost('cut');
        target.set(some.subarray(0, target.length - done), done);
        done += some.length;
      }
    } finally {
      stream.end();
    }
  }

  /**
   * Whether an answer is of the file that was begun with.
   * @param {Response} response @param {number} at where its bytes should begin @param {number} end
   */
  #checkSame({ headers }, at, end) {
    const etag = headers.get('etag');
    // What may not be read of an answer is not known.
    const [, first, total] = headers.get('content-range')?.match(/^bytes (\d+)-\d+\/(\d+|\*)$/) ?? [];
    const length = headers.get('content-length');
    const isSame =
      (!etag || !this.#etag || etag === this.#etag) &&
      (first === undefined || Number(first) === at) &&
      (total === undefined || total === '*' || Number(total) === this.length) &&
      (length === null || Number(length) === end - at);
    if (!isSame) throw this.#problem('hub-changed');
  }

  /**
   * @param {string | null} range @param {AbortSignal} signal
   * @returns {Promise<{response: Response, stream: Stream}>}
   */
  async #ask(range, signal) {
    const control = new AbortController();
    const { patience } = this.#world;
    try {
      const response = await within(
        fetch(this.#file.url, {
          headers: range ? { range } : {},
          signal: control.signal,
          cache: 'no-store',
          credentials: 'omit',
          referrerPolicy: 'no-referrer',
        }),
        patience,
        signal,
      );
      this.#isHeard = true;
      this.#checkAnswer(response);
      const body = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body);
      return { response, stream: new Stream(body.getReader(), control, patience) };
    } catch (error) {
      control.abort();
      if (error instanceof Problem || error instanceof Lost || signal.aborted) throw error;
      const code = isOffline() ? 'hub-offline' : 'hub-unreachable';
      throw new Lost(/** @type {Error} */ (error).message, this.#problem(code));
    }
  }

  /** @param {Response} response @throws {Problem | Lost} */
  #checkAnswer({ status, headers, body }) {
    if (status === 404 || status === 410) throw this.#problem('hub-missing');
    if (status === 401 || status === 403 || status === 451) throw this.#problem('hub-refused', { status });
    if (status === 416) throw this.#problem('hub-changed');
    if (status === 408 || status === 429 || status >= 500) {
      const wait = Number(headers.get('retry-after') ?? 0) * 1000;
      const problem = this.#problem(status === 429 ? 'hub-busy' : 'hub-status', { status });
      throw new Lost(String(status), problem, Number.isFinite(wait) ? Math.min(wait, MOST_WAIT) : 0);
    }
    if ((status !== 200 && status !== 206) || !body) throw this.#problem('hub-status', { status });
    if (/^text\/html\b/i.test(headers.get('content-type') ?? '')) throw this.#problem('hub-html');
    const encoding = headers.get('content-encoding');
    if (encoding && encoding !== 'identity') throw this.#problem('hub-encoded', { encoding });
  }

  /** @param {string} url @param {AbortSignal} signal @returns {Promise<{sha256: string, bytes: number} | null>} null where there is none to be had */
  async #readPointer(url, signal) {
    try {
      const response = await within(fetch(url, { signal, credentials: 'omit', referrerPolicy: 'no-referrer' }), this.#world.patience, signal);
      const reader = response.body?.getReader();
      let text = '';
      const decoder = new TextDecoder();
      while (response.ok && reader && text.length < LONGEST_POINTER) {
        const { done, value } = await within(reader.read(), this.#world.patience, signal);
        if (done) break;
        text += decoder.decode(value, { stream: true });
      }
      await reader?.cancel();
      const [, sha256, bytes] = text.match(/^version https:\/\/git-lfs\.\S+\noid sha256:([0-9a-f]{64})\nsize (\d+)\n/) ?? [];
      return sha256 ? { sha256, bytes: Number(bytes) } : null;
    } catch {
      signal.throwIfAborted();
      return null;
    }
  }

  /**
   * Does something, and again after a pause each time that the connection is lost.
   * @template T @param {AbortSignal} signal @param {() => Promise<T>} work @returns {Promise<T>}
   */
  async #try(signal, work) {
    const { pauses } = this.#world;
    for (let tries = 0; ; tries++) {
      signal.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        this.#hangUp();
        signal.throwIfAborted();
        if (!(error instanceof Lost)) throw error;
        // Who was never heard of is not waited for as long as who was.
        const isUnheard = !this.#isHeard && error.wait === null;
        if (tries === (isUnheard ? 1 : pauses.length)) throw this.#lost(error);
        const ms = Math.max(pauses[tries], error.wait ?? 0);
        this.#world.tell({ what: 'wait', ms });
        await pause(ms, signal);
      }
    }
  }

  /** @param {Lost} error */
  #lost({ problem }) {
    if (problem && (!this.#isHeard || problem.code !== 'hub-unreachable')) return problem;
    return this.#problem('hub-broken', { loaded: megabytes(this.#at), total: megabytes(this.length) });
  }

  /** @param {string} code @param {Record<string, string | number>} [params] */
  #problem(code, params = {}) {
    const { url, name } = this.#file;
    return new Problem(code, { host: new URL(url).host, url, name, ...params });
  }
}

/** What comes of an answer. */
class Stream {
  #back = new Uint8Array();
  #reader;
  #control;
  #patience;

  /** @param {ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>} reader @param {AbortController} control @param {number} patience in ms */
  constructor(reader, control, patience) {
    this.#reader = reader;
    this.#control = control;
    this.#patience = patience;
  }

  /** Some bytes will come once more. @param {Uint8Array<ArrayBuffer>} bytes */
  putBack(bytes) {
    this.#back = bytes;
  }

  /** @param {AbortSignal} signal @returns {Promise<Uint8Array<ArrayBuffer> | null>} some bytes; null at the end */
  async next(signal) {
    const back = this.#back;
    this.#back = new Uint8Array();
    if (back.length > 0) return back;
    try {
      for (;;) {
        const { done, value } = await within(this.#reader.read(), this.#patience, signal);
        if (done) return null;
        if (value.length > 0) return value;
      }
    } catch (error) {
      this.end();
      signal.throwIfAborted();
      throw new Lost(/** @type {Error} */ (error).message);
    }
  }

  end() {
    this.#control.abort();
  }
}

/**
 * Waits no longer than that, and only until it is cancelled.
 * @template T @param {Promise<T>} promise @param {number} ms @param {AbortSignal} signal @returns {Promise<T>}
 */
function within(promise, ms, signal) {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(signal.reason);
    const timer = setTimeout(() => reject(new Error('stalled')), ms);
    signal.addEventListener('abort', cancel);
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
    });
  });
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const cancel = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', cancel);
      resolve();
    }, ms);
    signal.addEventListener('abort', cancel, { once: true });
  });
}

/** Whether the browser says so itself. */
const isOffline = () => globalThis.navigator?.onLine === false;
