/**
 * What a file is and how large its picture, read from its headers before anything is decoded: a decoder that meets a
 * 20,000 x 20,000 picture has already asked for 1.6 GB. What a header says is believed only where it makes sense; what
 * no header tells is left to the browser's decoders, which know more formats than this does. No DOM here.
 */

/**
 * @typedef {object} Sniffed
 * @property {'png'|'jpeg'|'gif'|'webp'|'bmp'|'avif'|'heic'|'jxl'|'tiff'|'ico'|'svg'|'pdf'|'model'|'empty'|'unknown'} kind
 * @property {number} [width] as stored, before any EXIF rotation
 * @property {number} [height]
 * @property {boolean} [animated]
 */

/** @typedef {{size: number, at: (offset: number, length: number) => Promise<Uint8Array>}} Reader */

/** Read at once; most headers end within. */
const WINDOW = 1 << 16;
/** Parts of a file that are looked at in search of its size; a phone's JPEG has some dozens. */
const MOST_PARTS = 4096;
/** Of a GIF, so much is searched for a second frame. */
const GIF_BYTES = 1 << 20;
/** Longer tables of contents are not a still picture's. */
const META_BYTES = 4 << 20;

/** @param {Uint8Array} bytes @param {number} at @param {string} text */
function has(bytes, at, text) {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** @param {Uint8Array} bytes @param {string} text @param {number} [from] @param {number} [end] */
function find(bytes, text, from = 0, end = bytes.length) {
  for (let i = from; i + text.length <= end; i++) if (has(bytes, i, text)) return i;
  return -1;
}

/** @param {Uint8Array} bytes */
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @param {Uint8Array} bytes @param {number} at @param {number} length */
const textOf = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));

/** Reads a blob by windows, of which the last is kept. @param {Blob} blob @returns {Reader} */
function reader(blob) {
  let start = 0;
  let kept = new Uint8Array(0);
  return {
    size: blob.size,
    async at(offset, length) {
      const end = Math.min(offset + length, blob.size);
      if (offset < start || end > start + kept.length) {
        kept = new Uint8Array(await blob.slice(offset, offset + Math.max(length, WINDOW)).arrayBuffer());
        start = offset;
      }
      return kept.subarray(offset - start, Math.max(end, offset) - start);
    },
  };
}

/**
 * @param {Blob} blob
 * @returns {Promise<Sniffed>}
 * @throws {DOMException} where it cannot be read
 */
export async function sniff(blob) {
  const file = reader(blob);
  const head = await file.at(0, WINDOW);
  if (head.length === 0) {
    // A file that is gone has no bytes either, but only reading it whole says so.
    await blob.arrayBuffer();
    return { kind: 'empty' };
  }
  if (has(head, 0, '\x89PNG\r\n\x1a\n')) return png(head, file);
  if (head[0] === 0xff && head[1] === 0xd8) return jpeg(file);
  if (has(head, 0, 'GIF8')) return gif(await file.at(0, GIF_BYTES));
  if (has(head, 0, 'RIFF') && has(head, 8, 'WEBP')) return webp(head);
  if (has(head, 0, 'BM')) return bmp(head);
  if (has(head, 4, 'ftyp')) return isoMedia(head, file);
  if (head[0] === 0xff && head[1] === 0x0a) return { kind: 'jxl', ...jxlSize(head.subarray(2)) };
  if (has(head, 0, '\0\0\0\x0cJXL \r\n\x87\n')) return jxl(file);
  if (has(head, 0, 'II*\0') || has(head, 0, 'MM\0*')) return tiff(head, file);
  if (has(head, 0, '\0\0\x01\0')) return ico(head, file);
  if (find(head, '%PDF-', 0, Math.min(head.length, 1024)) >= 0) return { kind: 'pdf' };
  if (isSafetensors(head)) return { kind: 'model' };
  const start = new TextDecoder().decode(head.subarray(0, 4096)).trimStart();
  if (/^(<\?xml|<!doctype svg|<!--|<svg)/i.test(start) && /<svg[\s>]/i.test(start)) return { kind: 'svg' };
  return { kind: 'unknown' };
}

/** @param {Uint8Array} head @param {Reader} file @returns {Promise<Sniffed>} */
async function png(head, file) {
  if (head.length < 24 || !has(head, 12, 'IHDR')) return { kind: 'png' };
  const view = viewOf(head);
  const size = { width: view.getUint32(16), height: view.getUint32(20) };
  // An animation is announced before the first pixels.
  for (let at = 33, part = 0; part < MOST_PARTS; part++) {
    const bytes = await file.at(at, 8);
    if (bytes.length < 8 || has(bytes, 4, 'IDAT')) break;
    if (has(bytes, 4, 'acTL')) return { kind: 'png', ...size, animated: true };
    at += 12 + viewOf(bytes).getUint32(0);
  }
  return { kind: 'png', ...size };
}

/**
 * Metadata of any length may stand before the frame's header. As the decoders do, whatever is no marker is passed over.
 * @param {Reader} file @returns {Promise<Sniffed>}
 */
async function jpeg(file) {
  for (let at = 2, part = 0; part < MOST_PARTS; part++) {
    const bytes = await file.at(at, 1024);
    const marker = markerIn(bytes);
    if (bytes.length < 9) break;
    if (marker !== 0) {
      at += marker < 0 ? bytes.length - 1 : marker;
      continue;
    }
    const [, kind] = bytes;
    const isFrame = kind >= 0xc0 && kind <= 0xcf && kind !== 0xc4 && kind !== 0xc8 && kind !== 0xcc;
    const view = viewOf(bytes);
    if (isFrame) return { kind: 'jpeg', width: view.getUint16(7), height: view.getUint16(5) };
    const isBare = kind === 0x01 || (kind >= 0xd0 && kind <= 0xd8);
    at += isBare ? 2 : 2 + view.getUint16(2);
  }
  return { kind: 'jpeg' };
}

/** Where the next marker begins, -1 if nowhere. @param {Uint8Array} bytes */
function markerIn(bytes) {
  for (let i = 0; i + 1 < bytes.length; i++) if (bytes[i] === 0xff && bytes[i + 1] !== 0 && bytes[i + 1] !== 0xff) return i;
  return -1;
}

/** @param {Uint8Array} head @returns {Sniffed} */
function gif(head) {
  if (head.length < 13) return { kind: 'gif' };
  const tableBytes = (/** @type {number} */ flags) => (flags & 0x80 ? 3 * (2 << (flags & 7)) : 0);
  const skipBlocks = (/** @type {number} */ from) => {
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
  const view = viewOf(head);
  return { kind: 'gif', width: view.getUint16(6, true), height: view.getUint16(8, true), animated: frames > 1 };
}

/** @param {Uint8Array} head @returns {Sniffed} */
function webp(head) {
  if (head.length < 30) return { kind: 'webp' };
  const view = viewOf(head);
  if (has(head, 12, 'VP8X')) {
    const size = (/** @type {number} */ at) => 1 + head[at] + (head[at + 1] << 8) + (head[at + 2] << 16);
    return { kind: 'webp', width: size(24), height: size(27), animated: (head[20] & 2) !== 0 };
  }
  if (has(head, 12, 'VP8L')) {
    const bits = view.getUint32(21, true);
    return { kind: 'webp', width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
  }
  return { kind: 'webp', width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

/** Two letters are easily another file's: "BMW sales". @param {Uint8Array} head @returns {Sniffed} */
function bmp(head) {
  if (head.length < 26) return { kind: 'unknown' };
  const view = viewOf(head);
  const header = view.getUint32(14, true);
  if (header === 12) return { kind: 'bmp', width: view.getUint16(18, true), height: view.getUint16(20, true) };
  if (![16, 40, 52, 56, 64, 108, 124].includes(header)) return { kind: 'unknown' };
  return { kind: 'bmp', width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
}

/**
 * A box file says what it can be read as; the first name need not be the one that tells.
 * @param {Uint8Array} head @param {Reader} file @returns {Promise<Sniffed>}
 */
async function isoMedia(head, file) {
  const end = Math.min(viewOf(head).getUint32(0), head.length);
  const brands = [textOf(head, 8, 4)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(textOf(head, at, 4));
  const animated = brands.includes('avis');
  if (animated || brands.includes('avif')) return { kind: 'avif', animated, ...(await largestImage(file)) };
  if (brands.some((brand) => /^(hei|hev|mif1|msf1)/.test(brand))) return { kind: 'heic', ...(await largestImage(file)) };
  return { kind: 'unknown' };
}

/**
 * The largest of the images that a box file tells of: of a photo in tiles, the whole. The others are tiles and thumbnails.
 * @param {Reader} file @returns {Promise<{width?: number, height?: number}>}
 */
async function largestImage(file) {
  const meta = await boxNamed(file, ['meta']);
  if (!meta || meta.length > META_BYTES) return {};
  const bytes = await file.at(meta.start, meta.length);
  const view = viewOf(bytes);
  let largest = { width: 0, height: 0 };
  for (let at = find(bytes, 'ispe'); at >= 0 && at + 16 <= bytes.length; at = find(bytes, 'ispe', at + 16)) {
    const one = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (one.width * one.height > largest.width * largest.height) largest = one;
  }
  return largest.width ? largest : {};
}

/**
 * The first top-level box of one of those names.
 * @param {Reader} file @param {string[]} names
 * @returns {Promise<{name: string, start: number, length: number} | null>} of its content
 */
async function boxNamed(file, names) {
  for (let at = 0, part = 0; part < MOST_PARTS; part++) {
    const bytes = await file.at(at, 16);
    if (bytes.length < 8) return null;
    const view = viewOf(bytes);
    const short = view.getUint32(0);
    const isLong = short === 1 && bytes.length === 16;
    const whole = isLong ? Number(view.getBigUint64(8)) : short || file.size - at;
    const header = isLong ? 16 : 8;
    if (whole < header) return null;
    const name = textOf(bytes, 4, 4);
    if (names.includes(name)) return { name, start: at + header, length: Math.min(whole, file.size - at) - header };
    at += whole;
  }
  return null;
}

/** A JPEG XL in boxes. @param {Reader} file @returns {Promise<Sniffed>} */
async function jxl(file) {
  const box = await boxNamed(file, ['jxlc', 'jxlp']);
  if (!box) return { kind: 'jxl' };
  // A part begins with its number; then comes the signature.
  const start = box.start + (box.name === 'jxlp' ? 4 : 0) + 2;
  return { kind: 'jxl', ...jxlSize(await file.at(start, 16)) };
}

/** The first header of a JPEG XL codestream, bits from the lowest on. @param {Uint8Array} bytes */
function jxlSize(bytes) {
  let at = 0;
  const take = (/** @type {number} */ count) => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) value += ((bytes[at >> 3] >> (at & 7)) & 1) * 2 ** i;
    return value;
  };
  const isSmall = take(1) === 1;
  const side = () => (isSmall ? 8 * (1 + take(5)) : 1 + take([9, 13, 18, 30][take(2)]));
  const height = side();
  const ratio = take(3);
  const width = ratio === 0 ? side() : Math.floor(height * [1, 6 / 5, 4 / 3, 3 / 2, 16 / 9, 5 / 4, 2][ratio - 1]);
  return at > 8 * bytes.length ? {} : { width, height };
}

/** @param {Uint8Array} head @param {Reader} file @returns {Promise<Sniffed>} */
async function tiff(head, file) {
  if (head.length < 8) return { kind: 'tiff' };
  const isLittle = has(head, 0, 'II');
  const start = viewOf(head.subarray(0, 8)).getUint32(4, isLittle);
  const count = await file.at(start, 2);
  if (count.length < 2) return { kind: 'tiff' };
  const entries = await file.at(start + 2, 12 * viewOf(count).getUint16(0, isLittle));
  const view = viewOf(entries);
  /** @type {Record<number, number>} */
  const values = {};
  for (let at = 0; at + 12 <= entries.length; at += 12) {
    const isShort = view.getUint16(at + 2, isLittle) === 3;
    values[view.getUint16(at, isLittle)] = isShort ? view.getUint16(at + 8, isLittle) : view.getUint32(at + 8, isLittle);
  }
  return { kind: 'tiff', width: values[256], height: values[257] };
}

/** Its list says at most 256; a PNG inside may say otherwise. @param {Uint8Array} head @param {Reader} file @returns {Promise<Sniffed>} */
async function ico(head, file) {
  if (head.length < 22) return { kind: 'unknown' };
  let largest = { width: 0, height: 0 };
  for (let i = 0, count = Math.min(viewOf(head).getUint16(4, true), 64); i < count; i++) {
    const at = 6 + 16 * i;
    if (at + 16 > head.length) break;
    const bytes = await file.at(viewOf(head).getUint32(at + 12, true), 24);
    const isPng = bytes.length === 24 && has(bytes, 0, '\x89PNG') && has(bytes, 12, 'IHDR');
    const view = viewOf(bytes);
    const one = isPng
      ? { width: view.getUint32(16), height: view.getUint32(20) }
      : { width: head[at] || 256, height: head[at + 1] || 256 };
    if (one.width * one.height > largest.width * largest.height) largest = one;
  }
  return { kind: 'ico', ...largest };
}

/**
 * A safetensors file starts with the length of its JSON header (u64, little endian) and the header.
 * @param {Uint8Array} head
 */
function isSafetensors(head) {
  if (head.length < 10) return false;
  const length = viewOf(head).getBigUint64(0, true);
  return length >= 2n && length < 1n << 32n && head[8] === 0x7b;
}
