/** What weights are read from, and the reader that an import has of it. No DOM here. */

/**
 * A file of weights. Reading in order is what it is good at: of two reads only one is under way at a time.
 * @typedef {object} Source
 * @property {string} name of the file
 * @property {number} length in bytes
 * @property {(start: number, end: number, signal: AbortSignal) => Promise<Uint8Array>} read gives exactly these bytes, or throws
 *   a `Problem`, or what the signal was aborted with
 * @property {(signal: AbortSignal) => Promise<{sha256: string, isExpected?: boolean}>} [check] when all was read that is of use: whether the file was the one
 *   that it should be; throws a `Problem` if not
 * @property {() => void} [close] nothing more will be read
 * @property {() => Promise<void>} [discard] nor will anybody go on later with what has come
 */

/** Bytes read at a time. */
const PIECE = 4 << 20;
/** No fewer bytes are given at once, where so many are asked for: an element may lie across the ends of two pieces. */
const LEAST = 16;

/** Reads a source by large pieces, of which the next is on its way while one is used. */
export class Reader {
  #source;
  #signal;
  /** The piece at hand, and where it begins. @type {Uint8Array} */ #bytes = new Uint8Array();
  #at = 0;
  /** The piece behind it. @type {{at: number, piece: Promise<Uint8Array>} | null} */ #next = null;

  /** @param {Source} source @param {AbortSignal} signal */
  constructor(source, signal) {
    this.#source = source;
    this.#signal = signal;
  }

  /**
   * The bytes from `start` on, up to `end`: perhaps fewer, but not fewer than an element has.
   * @param {number} start @param {number} end
   * @returns {Promise<Uint8Array>}
   */
  async read(start, end) {
    for (;;) {
      const has = start >= this.#at ? this.#bytes.subarray(start - this.#at, end - this.#at) : new Uint8Array();
      if (has.length >= Math.min(end - start, LEAST)) return has;
      await this.#turn(start, has);
    }
  }

  /** Ends when nothing of the source is being read any more. */
  async settle() {
    await this.#next?.piece.catch(() => {});
    this.#next = null;
  }

  /** Takes the next piece, or the one at `start` where that is another. @param {number} start @param {Uint8Array} has of what begins there */
  async #turn(start, has) {
    const wanted = start + has.length;
    if (!this.#next) this.#ask(wanted);
    const { at, piece } = /** @type {{at: number, piece: Promise<Uint8Array>}} */ (this.#next);
    const bytes = await piece;
    this.#next = null;
    if (wanted < at || wanted >= at + bytes.length) {
      // It was foreseen wrongly.
      this.#ask(wanted);
      return;
    }
    if (has.length > 0) {
      this.#bytes = new Uint8Array(has.length + bytes.length);
      this.#bytes.set(has);
      this.#bytes.set(bytes, has.length);
    } else this.#bytes = bytes;
    this.#at = at - has.length;
    if (at + bytes.length < this.#source.length) this.#ask(at + bytes.length);
  }

  /** @param {number} at */
  #ask(at) {
    const piece = this.#source.read(at, Math.min(at + PIECE, this.#source.length), this.#signal);
    // Who awaits it hears of a failure.
    piece.catch(() => {});
    this.#next = { at, piece };
  }
}
