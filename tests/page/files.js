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

/** @param {number} width @param {number} height @param {{depth: number, colour: number}} kind @param {Buffer} rows */
function encode(width, height, { depth, colour }, rows) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
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
