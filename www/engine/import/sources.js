/** How the page describes to the worker what weights are read from, and what that becomes there. */
import { openBlob } from './blob.js';
import { openHub } from './hub.js';

/** @typedef {import('./source.js').Source} Source */
/** A file that somebody gave. @typedef {{kind: 'blob', blob: Blob, name: string}} BlobDescription */
/** @typedef {BlobDescription | import('./hub.js').HubFile} SourceDescription */
/**
 * What a source may use.
 * @typedef {object} SourceWorld
 * @property {AbortSignal} signal
 * @property {(news: import('./hub.js').HubNews) => void} tell the page of what happens on the way
 * @property {() => import('../../pkg/convert/vgglass.js').Sha256} hash
 * @property {(file: import('./hub.js').HubFile) => Promise<import('./partial.js').Partial | null>} partial what has come of a file already
 */

/** @type {{[K in SourceDescription['kind']]: (description: Extract<SourceDescription, {kind: K}>, world: SourceWorld) => Promise<Source>}} */
const KINDS = { blob: async (file, { hash }) => openBlob(file, hash), hub: (file, { signal, ...world }) => openHub(file, world, signal) };

/** @param {SourceDescription} description @param {SourceWorld} world @returns {Promise<Source>} */
export function openSource(description, world) {
  const open = /** @type {(description: SourceDescription, world: SourceWorld) => Promise<Source>} */ (KINDS[description.kind]);
  return open(description, world);
}
