/** How the page describes to the worker what weights are read from, and what that becomes there. */
import { bytesOf } from '../model-head.js';

/** @typedef {import('./source.js').Source} Source */
/** A file that somebody gave. @typedef {{kind: 'blob', blob: Blob, name: string}} BlobDescription */
/** @typedef {BlobDescription} SourceDescription */
/**
 * What a source may use.
 * @typedef {object} SourceWorld
 * @property {AbortSignal} signal
 * @property {(news: object) => void} tell the page of what happens on the way
 * @property {() => import('../../pkg/convert/vgglass.js').Sha256} hash
 */

/** @param {BlobDescription} description @returns {Promise<Source>} */
const openBlob = async ({ blob, name }) => ({
  name,
  length: blob.size,
  async read(start, end, signal) {
    const bytes = await bytesOf(blob.slice(start, end), name);
    signal.throwIfAborted();
    return bytes;
  },
});

/** @type {{[K in SourceDescription['kind']]: (description: Extract<SourceDescription, {kind: K}>, world: SourceWorld) => Promise<Source>}} */
const KINDS = { blob: openBlob };

/** @param {SourceDescription} description @param {SourceWorld} world @returns {Promise<Source>} */
export const openSource = (description, world) => KINDS[description.kind](description, world);
