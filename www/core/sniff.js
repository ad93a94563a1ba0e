/**
 * What a file is, read from its first bytes, before anything is decoded: a decoder that meets a
 * 20,000 x 20,000 picture has already asked for 1.6 GB. No DOM here.
 */

/**
 * @typedef {object} Sniffed
 * @property {'png'|'jpeg'|'gif'|'webp'|'bmp'|'avif'|'heic'|'tiff'|'ico'|'svg'|'pdf'|'model'|'empty'|'unknown'} kind
 * @property {number} [width] as stored, before any EXIF rotation
 * @property {number} [height]
 * @property {boolean} [animated]
 */

/** As many bytes as `sniff` wants to see: EXIF and colour profiles stand before a JPEG's size. */
export const HEAD_BYTES = 1 << 20;

/** Kinds that browsers decode; the others get a message of their own. */
export const DECODABLE = new Set(['png', 'jpeg', 'gif', 'webp', 'bmp', 'avif', 'ico']);

/** @param {Uint8Array} bytes @param {number} at @param {string} text */
function has(bytes, at, text) {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** @param {Uint8Array} bytes @param {string} text @param {number} [end] */
function find(bytes, text, end = bytes.length) {
  for (let i = 0; i + text.length <= end; i++) if (has(bytes, i, text)) return i;
  return -1;
}

/**
 * @param {Uint8Array} head the first `HEAD_BYTES` of the file, or all of it
 * @returns {Sniffed}
 */
export function sniff(head) {
  if (head.length === 0) return { kind: 'empty' };
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (has(head, 0, '\x89PNG\r\n\x1a\n')) return png(head, view);
  if (head[0] === 0xff && head[1] === 0xd8) return jpeg(head, view);
  if (has(head, 0, 'GIF8')) return gif(head, view);
  if (has(head, 0, 'RIFF') && has(head, 8, 'WEBP')) return webp(head, view);
  if (has(head, 0, 'BM') && head.length >= 26) {
    return {
      kind: 'bmp',
      width: Math.abs(view.getInt32(18, true)),
      height: Math.abs(view.getInt32(22, true)),
    };
  }
  if (has(head, 4, 'ftyp')) return isoMedia(head, view);
  if (has(head, 0, 'II*\0') || has(head, 0, 'MM\0*')) return { kind: 'tiff' };
  if (has(head, 0, '\0\0\x01\0')) return { kind: 'ico' };
  if (find(head, '%PDF-', Math.min(head.length, 1024)) >= 0) return { kind: 'pdf' };
  if (isSafetensors(view)) return { kind: 'model' };
  const start = new TextDecoder().decode(head.subarray(0, 4096)).trimStart();
  if (/^(<\?xml|<!doctype svg|<!--|<svg)/i.test(start) && /<svg[\s>]/i.test(start)) return { kind: 'svg' };
  return { kind: 'unknown' };
}

/** @param {Uint8Array} head @param {DataView} view @returns {Sniffed} */
function png(head, view) {
  if (head.length < 24 || !has(head, 12, 'IHDR')) return { kind: 'png' };
  const data = find(head, 'IDAT');
  const animation = find(head, 'acTL', data < 0 ? head.length : data);
  return { kind: 'png', width: view.getUint32(16), height: view.getUint32(20), animated: animation >= 0 };
}

/** @param {Uint8Array} head @param {DataView} view @returns {Sniffed} */
function jpeg(head, view) {
  let at = 2;
  while (at + 9 < head.length) {
    if (head[at] !== 0xff) return { kind: 'jpeg' };
    const marker = head[at + 1];
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { kind: 'jpeg', width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
  return { kind: 'jpeg' };
}

/** @param {Uint8Array} head @param {DataView} view @returns {Sniffed} */
function gif(head, view) {
  if (head.length < 13) return { kind: 'gif' };
  const tableBytes = (flags) => (flags & 0x80 ? 3 * (2 << (flags & 7)) : 0);
  const skipBlocks = (from) => {
    let at = from;
    while (at < head.length && head[at] !== 0) at += head[at] + 1;
    return at + 1;
  };
  let at = 13 + tableBytes(head[10]);
  let frames = 0;
  while (at < head.length && frames < 2) {
    if (head[at] === 0x21) at = skipBlocks(at + 2);
    else if (head[at] === 0x2c) {
      frames += 1;
      at = skipBlocks(at + 10 + tableBytes(head[at + 9]) + 1);
    } else break;
  }
  return {
    kind: 'gif',
    width: view.getUint16(6, true),
    height: view.getUint16(8, true),
    animated: frames > 1,
  };
}

/** @param {Uint8Array} head @param {DataView} view @returns {Sniffed} */
function webp(head, view) {
  if (head.length < 30) return { kind: 'webp' };
  if (has(head, 12, 'VP8X')) {
    const size = (at) => 1 + head[at] + (head[at + 1] << 8) + (head[at + 2] << 16);
    return { kind: 'webp', width: size(24), height: size(27), animated: (head[20] & 2) !== 0 };
  }
  if (has(head, 12, 'VP8L')) {
    const bits = view.getUint32(21, true);
    return { kind: 'webp', width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
  }
  return {
    kind: 'webp',
    width: view.getUint16(26, true) & 0x3fff,
    height: view.getUint16(28, true) & 0x3fff,
  };
}

/** @param {Uint8Array} head @param {DataView} view @returns {Sniffed} */
function isoMedia(head, view) {
  const isAvif = has(head, 8, 'avif') || has(head, 8, 'avis');
  if (!isAvif) return { kind: /^(hei|hev|mif|msf)/.test(brand(head)) ? 'heic' : 'unknown' };
  const size = find(head, 'ispe');
  const animated = has(head, 8, 'avis');
  if (size < 0 || size + 16 > head.length) return { kind: 'avif', animated };
  return { kind: 'avif', width: view.getUint32(size + 8), height: view.getUint32(size + 12), animated };
}

/** @param {Uint8Array} head */
function brand(head) {
  return String.fromCharCode(...head.subarray(8, 12));
}

/**
 * A safetensors file starts with the length of its JSON header (u64, little endian) and the header.
 * @param {DataView} view
 */
function isSafetensors(view) {
  if (view.byteLength < 10) return false;
  const length = view.getBigUint64(0, true);
  return length >= 2n && length < 1n << 32n && view.getUint8(8) === 0x7b;
}
