/**
 * What a file is that somebody gives as a model, told by its first kilobytes: half a gigabyte is not read to be refused.
 * The engine checks the rest. No DOM here.
 */
import { count, megabytes } from '../page/format.js';
import { Problem } from './problem.js';
import { LIMITS } from './table.js';

const PEEK = 4096;
const LONGEST_NAME = 80;

/** Endings of files that hold weights, of whatever kind. */
const ENDING = /\.(safetensors|pth?|bin|ckpt|pkl|h5|hdf5|keras|onnx|tflite|gguf|npz|npy|pb|mlmodel|caffemodel)$/i;
/** Signatures of formats of weights: where, what, and the format's name. @type {[number, string, string][]} */
const FORMATS = [
  [0, '\x89HDF\r\n\x1a\n', 'HDF5 (Keras)'],
  [0, 'GGUF', 'GGUF'],
  [0, '\x93NUMPY', 'NumPy'],
  [4, 'TFL3', 'TensorFlow Lite'],
];
/** Of those, what the converter reads. */
const CONVERTED = /^(HDF5|PyTorch|safetensors)/;
/** What a training counted, beside weights. */
const COUNTED = /num_batches_tracked$/;

/** @param {Uint8Array} bytes @param {number} at @param {string} text */
const has = (bytes, at, text) => [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));

/** Whether a file that is no picture was meant as a model. @param {Uint8Array} head @param {string} name */
export const isModelLike = (head, name) => ENDING.test(name) || formatOf(head) !== null;

/**
 * @param {Uint8Array} head
 * @returns {string | null} the name of a format of weights that is not ours
 */
function formatOf(head) {
  const found = FORMATS.find(([at, text]) => has(head, at, text));
  if (found) return found[2];
  // A pickle of protocol 2 or later; torch's old files are several in a row.
  if (head[0] === 0x80 && head[1] >= 2 && head[1] <= 5) return 'PyTorch (pickle)';
  // A zip whose first entry is PyTorch's or NumPy's.
  if (!has(head, 0, 'PK\x03\x04')) return null;
  const entry = new TextDecoder('latin1').decode(head.subarray(30, 30 + 200));
  if (/^[^/]+\/(data\.pkl|data\/|version|byteorder|code\/|constants\.pkl|\.format_version)/.test(entry)) return 'PyTorch (zip)';
  return /^[\w./-]+\.npy/.test(entry) ? 'NumPy (zip)' : null;
}

/**
 * Ends quietly if the file may be a model of ours.
 * @param {Blob} file @param {string} name
 * @throws {Problem} that says what else it is; `model-float` for weights that may be imported
 */
export async function checkModel(file, name) {
  if (file.size === 0) throw new Problem('empty-file', { name });
  const head = await bytesOf(file.slice(0, PEEK), name);
  const format = formatOf(head);
  if (format) throw weights(format, name, file.size);
  const text = new TextDecoder().decode(head).trimStart();
  if (/^<(!doctype|html|head|\?xml)/i.test(text)) throw new Problem('model-html', { name });
  if (text.startsWith('version https://git-lfs')) throw new Problem('model-lfs', { name });
  if (/\.onnx$/i.test(name)) throw new Problem('model-format', { name, format: 'ONNX' });

  const length = head.length > 8 ? Number(new DataView(head.buffer, head.byteOffset).getBigUint64(0, true)) : 0;
  if (length < 2 || length > 2 ** 32 || head[8] !== 0x7b) throw new Problem('model-unknown', { name });
  if (8 + length > file.size) throw new Problem('model-cut', { name, found: count(file.size), expected: count(8 + length) });
  if (length > LIMITS.header_bytes) throw new Problem('model-other', { name, tensor: '…' });
  const header = parsed(await bytesOf(file.slice(8, 8 + length), name));
  if (!header) throw new Problem('model-damaged', { name });
  checkHeader(header, 8 + length, file.size, name);
  if (file.size > LIMITS.file_bytes) throw new Problem('model-too-large', { name, found: megabytes(file.size), limit: megabytes(LIMITS.file_bytes) });
}

/** @param {string} format @param {string} name @param {number} size of the file */
const weights = (format, name, size) =>
  CONVERTED.test(format)
    ? new Problem('model-float', { name, format, found: megabytes(size) })
    : new Problem('model-format', { name, format });

/** @param {Record<string, any>} header @param {number} start of the tensors @param {number} size of the file @param {string} name */
function checkHeader(header, start, size, name) {
  const { __metadata__: metadata, ...tensors } = header;
  const all = Object.entries(tensors);
  const isOurs = String(metadata?.format ?? '').startsWith('vgglass ');
  if (!isOurs) {
    const isFloat = all.length > 0 && all.every(([tensor, one]) => /^B?F\d+$/.test(one?.dtype) || COUNTED.test(tensor));
    if (isFloat) throw weights('safetensors', name, size);
    throw new Problem('model-other', { name, tensor: (all[0]?.[0] ?? '–').slice(0, LONGEST_NAME) });
  }
  const end = all.reduce((most, [, one]) => Math.max(most, Number(one?.data_offsets?.[1]) || 0), 0);
  if (start + end > size) throw new Problem('model-cut', { name, found: count(size), expected: count(start + end) });
  if (start + end < size) throw new Problem('model-damaged', { name });
}

/** @param {Uint8Array} bytes @returns {Record<string, any> | null} */
function parsed(bytes) {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param {Blob} blob @param {string} name of the file that it is of @throws {Problem} */
export async function bytesOf(blob, name) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new Problem('unreadable-file', { name });
  }
}
