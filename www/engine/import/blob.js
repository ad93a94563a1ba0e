/** A file that somebody gave, as a source. Where it may be a published one its hash is made as it is read, which tells. */
import { bytesOf } from '../model-head.js';
import { mayBePublished } from '../published.js';

/** Bytes read at a time that nobody has asked for. */
const PIECE = 4 << 20;

/**
 * @param {{blob: Blob, name: string}} file
 * @param {() => import('./hub.js').Hash} hash
 * @returns {import('./source.js').Source}
 */
export function openBlob({ blob, name }, hash) {
  const sum = mayBePublished(blob.size) ? hash() : null;
  /** Bytes from the beginning that the hash has seen. */
  let hashed = 0;
  /** @param {number} start @param {number} end @param {AbortSignal} signal */
  async function read(start, end, signal) {
    const bytes = await bytesOf(blob.slice(start, end), name);
    signal.throwIfAborted();
    if (sum && start <= hashed && hashed < end) {
      sum.update(bytes.subarray(hashed - start));
      hashed = end;
    }
    return bytes;
  }
  const check = async (/** @type {AbortSignal} */ signal) => {
    while (hashed < blob.size) await read(hashed, Math.min(hashed + PIECE, blob.size), signal);
    return { sha256: hexOf(/** @type {import('./hub.js').Hash} */ (sum).digest()) };
  };
  return { name, length: blob.size, read, ...(sum && { check }) };
}

/** @param {Uint8Array} bytes in hexadecimal digits */
export const hexOf = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
