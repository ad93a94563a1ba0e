/** From whatever a person drops, pastes or picks to a picture, a model file, or a problem to be told. */
import { DECODABLE, HEAD_BYTES, sniff } from './sniff.js';

/**
 * @typedef {'not-a-picture' | 'empty-file' | 'corrupt-picture' | 'too-large' | 'svg' | 'pdf' | 'heic' | 'tiff'
 *   | 'text' | 'address' | 'folder' | 'many-files'} ProblemCode
 */

/** A problem with what was given; its code is the key of its message. */
export class Problem extends Error {
  /** @param {ProblemCode} code @param {Record<string, string | number>} [params] */
  constructor(code, params = {}) {
    super(code);
    this.code = code;
    this.params = params;
  }
}

/**
 * @typedef {object} Picture
 * @property {string} name
 * @property {Blob} blob what it can be decoded from again
 * @property {number} width of the whole picture, upright
 * @property {number} height
 * @property {ImageBitmap} preview at most `PREVIEW` pixels a side, for the page
 * @property {boolean} animated only its first frame is used
 */

/** 64 million pixels are 256 MB decoded, and the crop is a second copy of them. */
export const MOST_PIXELS = 64e6;
const PREVIEW = 1200;

/** @param {string} name @param {number} width @param {number} height */
function checkSize(name, width, height) {
  if (width * height <= MOST_PIXELS) return;
  throw new Problem('too-large', {
    name,
    width,
    height,
    pixels: Math.round((width * height) / 1e6),
    limit: MOST_PIXELS / 1e6,
  });
}

/**
 * The pixels as the file stores them, turned upright. Colour profiles are ignored, as the tool that
 * measured the model's accuracy does.
 * @param {Blob} blob
 */
export function decode(blob) {
  return createImageBitmap(blob, { imageOrientation: 'from-image', colorSpaceConversion: 'none' });
}

/**
 * @param {Blob} blob @param {string} name
 * @returns {Promise<{picture: Picture, bitmap: ImageBitmap} | {model: Blob}>}
 * @throws {Problem}
 */
export async function read(blob, name) {
  const head = await readHead(blob);
  const sniffed = sniff(head);
  if (sniffed.kind === 'empty') throw new Problem('empty-file', { name });
  if (sniffed.kind === 'model' || /\.safetensors$/i.test(name)) return { model: blob };
  if (sniffed.kind === 'svg' || sniffed.kind === 'pdf' || sniffed.kind === 'heic' || sniffed.kind === 'tiff') {
    throw new Problem(sniffed.kind, { name });
  }
  if (!DECODABLE.has(sniffed.kind)) throw new Problem('not-a-picture', { name });
  if (sniffed.width && sniffed.height) checkSize(name, sniffed.width, sniffed.height);
  const bitmap = await decode(blob).catch(() => {
    throw new Problem('corrupt-picture', { name, kind: sniffed.kind.toUpperCase() });
  });
  const { width, height } = bitmap;
  checkSize(name, width, height);
  const picture = { name, blob, width, height, preview: await preview(bitmap), animated: sniffed.animated ?? false };
  return { picture, bitmap };
}

/** @param {Blob} blob */
async function readHead(blob) {
  try {
    return new Uint8Array(await blob.slice(0, HEAD_BYTES).arrayBuffer());
  } catch {
    // A folder looks like a file until it is read.
    throw new Problem('folder');
  }
}

/** Only for looking at; what the network gets is cut from the full picture. @param {ImageBitmap} bitmap */
function preview(bitmap) {
  const scale = Math.min(1, PREVIEW / Math.max(bitmap.width, bitmap.height));
  return createImageBitmap(bitmap, {
    resizeWidth: Math.max(1, Math.round(bitmap.width * scale)),
    resizeHeight: Math.max(1, Math.round(bitmap.height * scale)),
    resizeQuality: 'high',
  });
}

/**
 * The one file in what was dropped or pasted.
 * @param {DataTransfer} transfer
 * @returns {File}
 * @throws {Problem}
 */
export function onlyFile(transfer) {
  for (const item of transfer.items) {
    const entry = item.kind === 'file' ? item.webkitGetAsEntry?.() : null;
    if (entry?.isDirectory) throw new Problem('folder');
  }
  const { files } = transfer;
  if (files.length > 1) throw new Problem('many-files', { count: files.length });
  if (files.length === 1) return files[0];
  const text = transfer.getData('text/plain').trim();
  throw new Problem(/^https?:\/\//.test(text) || transfer.getData('text/uri-list') ? 'address' : 'text');
}
