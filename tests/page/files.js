/** Files to give to the page, most of them bad ones. */
import { readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';

const here = (/** @type {string} */ path) => new URL(path, import.meta.url);

/** @param {string} name */
export const fixture = (name) => readFileSync(here(`fixtures/${name}`));

/** A sample of the page's own. @param {string} name */
export const sample = (name) => readFileSync(here(`../../www/pictures/${name}`));

/** @param {string} text */
export const text = (text) => new TextEncoder().encode(text);

export const SVG = text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>');
export const PDF = text('%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n');

/** A JPEG whose compressed part is noise from a third on, and which has no end. */
export function corruptJpeg() {
  const bytes = Uint8Array.from(sample('chelsea.jpg').subarray(0, 700));
  return bytes.map((byte, i) => (i > 500 ? (i * 37) & 0x7f : byte));
}

/** A JPEG with so many bytes of metadata before all else. @param {Uint8Array} jpeg @param {number} bytes */
export function withMetadata(jpeg, bytes) {
  const segment = Buffer.alloc(2 + 65_535, 0x2a);
  segment.set([0xff, 0xe7, 0xff, 0xff]);
  const count = Math.ceil(bytes / segment.length);
  return Buffer.concat([jpeg.subarray(0, 2), ...Array.from({ length: count }, () => segment), jpeg.subarray(2)]);
}

/** A JPEG that says to have so many pixels. @param {number} width @param {number} height */
export function jpegOfSize(width, height) {
  const bytes = Buffer.from(sample('chelsea.jpg'));
  const frame = bytes.findIndex((byte, i) => byte === 0xff && (bytes[i + 1] === 0xc0 || bytes[i + 1] === 0xc2));
  bytes.writeUInt16BE(height, frame + 5);
  bytes.writeUInt16BE(width, frame + 7);
  return bytes;
}

/** A BMP with the header of 12 bytes that OS/2 wrote: the left half of one colour, the right of another. @param {number[]} left @param {number[]} right */
export function oldBmp(left, right) {
  const side = 16;
  const header = Buffer.alloc(26);
  header.write('BM', 'latin1');
  header.writeUInt32LE(26 + 3 * side * side, 2);
  header.writeUInt32LE(26, 10);
  header.writeUInt32LE(12, 14);
  header.writeUInt16LE(side, 18);
  header.writeUInt16LE(side, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt16LE(24, 24);
  const row = Array.from({ length: side }, (_, x) => (x < side / 2 ? left : right).toReversed()).flat();
  return Buffer.concat([header, ...Array.from({ length: side }, () => Buffer.from(row))]);
}

/** The beginning of a file in boxes that is of those brands. @param {string[]} brands */
export const boxFile = (brands) =>
  Buffer.concat([Buffer.from([0, 0, 0, 12 + 4 * brands.length]), text('ftyp'), text(brands[0]), Buffer.alloc(4), text(brands.slice(1).join('')), Buffer.alloc(4000, 1)]);

/** Black and white halves, as many pixels as are taken at most, one bit each. */
export function largestPng() {
  const side = 8000;
  const row = Buffer.alloc(1 + side / 8);
  row.fill(0xff, 1 + side / 16);
  return encode(side, side, { depth: 1, colour: 0 }, Buffer.concat(Array.from({ length: side }, () => row)));
}

/**
 * A PNG of `width` x `height`, each row the same.
 * @param {number} width @param {number} height
 * @param {(x: number) => [number, number, number, number]} colourAt
 */
export function png(width, height, colourAt) {
  const row = Buffer.alloc(1 + width * 4);
  for (let x = 0; x < width; x++) row.set(colourAt(x), 1 + x * 4);
  return encode(width, height, { depth: 8, colour: 6 }, Buffer.concat(Array.from({ length: height }, () => row)));
}

/** Small as a file, 20,000 x 20,000 pixels once decoded: one bit a pixel, all of them black. */
export function hugePng() {
  const side = 20_000;
  return encode(side, side, { depth: 1, colour: 0 }, Buffer.alloc((1 + side / 8) * side));
}

/**
 * A PNG file.
 * @param {number} width @param {number} height
 * @param {{depth: number, colour: number}} kind
 * @param {Buffer} rows each with its filter's number before it
 * @param {Record<string, Buffer>} [extra] chunks before the pixels
 */
export function encode(width, height, { depth, colour }, rows, extra = {}) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const more = Object.entries(extra).map(([type, data]) => chunk(type, data));
  return Buffer.concat([signature, chunk('IHDR', header), ...more, chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/**
 * A safetensors file of zeros.
 * @param {Record<string, string> | null} metadata
 * @param {[string, string, number][]} tensors name, type and bytes of each
 * @param {boolean} [hasData] false: the header alone
 */
export function safetensors(metadata, tensors, hasData = true) {
  let at = 0;
  const entries = tensors.map(([name, dtype, bytes]) => [name, { dtype, shape: [bytes], data_offsets: [at, (at += bytes)] }]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries([...(metadata ? [['__metadata__', metadata]] : []), ...entries])));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(hasData ? at : 0)]);
}
