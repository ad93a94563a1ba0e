/** From whatever a person drops, pastes or picks to files, and from a file to a picture, a model, or a problem to be told. */
import { CENTRE, square } from './crop.js';
import { isModelLike } from '../engine/model-head.js';
import { Problem } from '../engine/problem.js';
import { sniff } from './sniff.js';

/** @typedef {{blob: Blob, name: string}} Given a file */

/**
 * @typedef {object} Opened
 * @property {string} name
 * @property {Blob} blob its bytes, in memory: whatever becomes of the file, they stay
 * @property {ImageBitmap} bitmap upright, in sRGB
 * @property {boolean} animated only its first frame is used
 */

/** 64 million pixels are 256 MB decoded. */
const MOST_PIXELS = 64e6;
/** As many bytes as the largest picture takes, with 16 bits a value and not compressed. */
const MOST_BYTES = 8 * MOST_PIXELS;
/** What no header tells is given to the browser's decoders up to this size. */
const MOST_UNKNOWN = 64e6;
/** Files of a folder that are looked at. */
const MOST_FILES = 2000;
const PREVIEW = 1200;

/** Kinds that every browser decodes, and whose header tells the size. */
const PLAIN = new Set(['png', 'jpeg', 'gif', 'webp', 'bmp']);
/** Kinds that some do: it is tried. */
const PERHAPS = new Set(['heic', 'jxl', 'tiff']);
/** @type {Record<string, string>} */
const NAMES = { jxl: 'JPEG XL', webp: 'WebP' };

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
 * The picture as it is meant to be seen: turned upright, and its colours in sRGB, which is what the network was trained on.
 * @param {Blob} blob
 */
export function decode(blob) {
  return createImageBitmap(blob, { imageOrientation: 'from-image', colorSpaceConversion: 'default' });
}

/**
 * @param {Given} given
 * @returns {Promise<Opened | {model: Blob}>}
 * @throws {Problem}
 */
export async function read({ blob: file, name }) {
  const { kind, width, height, animated = false } = await readable(sniff(file), name);
  if (kind === 'empty') throw new Problem('empty-file', { name });
  if (kind === 'model' || /\.safetensors$/i.test(name)) return { model: file };
  if (kind === 'unknown' && isModelLike(await readable(head(file), name), name)) return { model: file };
  if (kind === 'svg' || kind === 'pdf') throw new Problem(kind, { name });
  const kindName = NAMES[kind] ?? kind.toUpperCase();
  if (kind === 'unknown' && file.size > MOST_UNKNOWN) throw new Problem('not-a-picture', { name });
  if (PLAIN.has(kind) && !(width && height)) throw new Problem('corrupt-picture', { name, kind: kindName });
  if (width && height) checkSize(name, width, height);
  if (file.size > MOST_BYTES) throw new Problem('too-many-bytes', { name, size: Math.round(file.size / 1e6), limit: MOST_BYTES / 1e6 });
  const blob = await readable(kept(file), name);
  const bitmap = await decode(blob).catch(() => {
    if (kind === 'unknown') throw new Problem('not-a-picture', { name });
    throw new Problem(PERHAPS.has(kind) ? 'undecodable' : 'corrupt-picture', { name, kind: kindName });
  });
  try {
    checkSize(name, bitmap.width, bitmap.height);
  } catch (problem) {
    bitmap.close();
    throw problem;
  }
  return { name, blob, bitmap, animated };
}

/** Where files of weights say what they are. @param {Blob} file */
const head = async (file) => new Uint8Array(await file.slice(0, 4096).arrayBuffer());

/**
 * A file on the disk is only a reference: it can be written over, moved or removed.
 * @param {Blob} blob
 */
async function kept(blob) {
  return blob instanceof File ? new Blob([await blob.arrayBuffer()], { type: blob.type }) : blob;
}

/** @template T @param {Promise<T>} reading @param {string} name @returns {Promise<T>} */
const readable = (reading, name) =>
  reading.catch(() => {
    throw new Problem('unreadable-file', { name });
  });

/**
 * Only for looking at; what the network gets is cut from the full picture.
 * @param {ImageBitmap} bitmap @param {string} name
 */
export function preview(bitmap, name) {
  const scale = Math.min(1, PREVIEW / Math.max(bitmap.width, bitmap.height));
  const size = {
    resizeWidth: Math.max(1, Math.round(bitmap.width * scale)),
    resizeHeight: Math.max(1, Math.round(bitmap.height * scale)),
  };
  return made(createImageBitmap(bitmap, { ...size, resizeQuality: 'high' }), bitmap, name);
}

/** Its middle, as a square. @param {ImageBitmap} bitmap @param {number} size @param {string} name */
export function thumbnail(bitmap, size, name) {
  const { x, y, side } = square(CENTRE, bitmap.width, bitmap.height);
  return made(
    createImageBitmap(bitmap, x, y, side, side, { resizeWidth: size, resizeHeight: size, resizeQuality: 'medium' }),
    bitmap,
    name,
  );
}

/** A picture that is decoded can be made smaller, unless memory is short. @param {Promise<ImageBitmap>} smaller @param {ImageBitmap} bitmap @param {string} name */
const made = (smaller, bitmap, name) =>
  smaller.catch(() => {
    bitmap.close();
    throw new Problem('no-memory', { name });
  });

/**
 * The files in what was dropped or pasted, those of folders among them. It has to be asked while the event is heard:
 * afterwards the transfer is empty.
 * @param {DataTransfer} transfer
 * @returns {Given[] | Promise<Given[]>} at once where no folder has to be walked
 * @throws {Problem}
 */
export function filesOf(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  if (items.length === 0) {
    const text = transfer.getData('text/plain').trim();
    throw new Problem(/^https?:\/\//.test(text) || transfer.getData('text/uri-list') ? 'address' : 'text');
  }
  const given = items.map((item) => {
    const entry = item.webkitGetAsEntry?.();
    const file = item.getAsFile();
    if (entry?.isDirectory) return /** @type {FileSystemDirectoryEntry} */ (entry);
    return file && { blob: file, name: file.name };
  });
  if (given.every((one) => one && 'blob' in one)) return /** @type {Given[]} */ (given);
  return walked(given.filter((one) => one !== null));
}

/** @param {(Given | FileSystemEntry)[]} list files and folders */
async function walked(list) {
  /** @type {Given[]} */
  const files = [];
  const order = new Intl.Collator(undefined, { numeric: true });
  for (const waiting = [...list]; waiting.length > 0 && files.length < MOST_FILES; ) {
    const one = /** @type {Given | FileSystemEntry} */ (waiting.shift());
    if ('blob' in one) files.push(one);
    else if (one.isDirectory) {
      const inside = await entriesOf(/** @type {FileSystemDirectoryEntry} */ (one));
      waiting.unshift(...inside.sort((a, b) => order.compare(a.name, b.name)));
    } else {
      const file = await new Promise((resolve) => /** @type {FileSystemFileEntry} */ (one).file(resolve, () => resolve(null)));
      // One that cannot be had is counted with those that cannot be read.
      files.push({ blob: file ?? new Blob(), name: one.name });
    }
  }
  if (files.length === 0) throw new Problem('no-files');
  return files;
}

/** They come by the hundred. What hides, hides from here too. @param {FileSystemDirectoryEntry} folder @returns {Promise<FileSystemEntry[]>} */
async function entriesOf(folder) {
  const from = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  for (;;) {
    const some = /** @type {FileSystemEntry[]} */ (await new Promise((resolve) => from.readEntries(resolve, () => resolve([]))));
    if (some.length === 0) return all;
    all.push(...some.filter(({ name }) => !name.startsWith('.')));
  }
}
