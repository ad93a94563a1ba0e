/**
 * Files with the same picture in other colour spaces: PNGs of 16 bits a value, so that the rounding is not what is measured,
 * which say their space by an ICC profile, by gamma and chromaticities, or by code points.
 */
import { deflateSync } from 'node:zlib';
import { encode } from './files.js';

/** @typedef {[number, number, number]} Triple */
/**
 * @typedef {object} Space
 * @property {number[][]} xy of red, green, blue and white
 * @property {number | 'srgb' | 'pq'} gamma
 */

const D65 = [0.3127, 0.329];
const D50 = [0.3457, 0.3585];
/** @type {Record<'srgb' | 'p3' | 'adobe' | 'prophoto' | 'pq', Space>} */
export const SPACES = {
  srgb: { xy: [[0.64, 0.33], [0.3, 0.6], [0.15, 0.06], D65], gamma: 'srgb' },
  p3: { xy: [[0.68, 0.32], [0.265, 0.69], [0.15, 0.06], D65], gamma: 'srgb' },
  adobe: { xy: [[0.64, 0.33], [0.21, 0.71], [0.15, 0.06], D65], gamma: 563 / 256 },
  pq: { xy: [[0.708, 0.292], [0.17, 0.797], [0.131, 0.046], D65], gamma: 'pq' },
  prophoto: { xy: [[0.7347, 0.2653], [0.1596, 0.8404], [0.0366, 0.0001], D50], gamma: 460 / 256 },
};

/** @param {number[][]} m @param {number[]} v */
const times = (m, v) => m.map((row) => row.reduce((sum, value, i) => sum + value * v[i], 0));
/** @param {number[][]} a @param {number[][]} b */
const product = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, value, i) => sum + value * b[i][j], 0)));

/** @param {number[][]} m of 3 x 3 */
function inverse([[a, b, c], [d, e, f], [g, h, i]]) {
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ].map((row) => row.map((value) => value / det));
}

/** @param {number[]} xy */
const xyz = ([x, y]) => [x / y, 1, (1 - x - y) / y];
const BRADFORD = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];

/** From linear RGB to XYZ as seen under D50, which is what profiles speak of. @param {Space} space */
function toXyz({ xy: [red, green, blue, white] }) {
  const columns = [red, green, blue].map(xyz);
  const primaries = [0, 1, 2].map((i) => columns.map((column) => column[i]));
  const scale = times(inverse(primaries), xyz(white));
  const cones = (/** @type {number[]} */ point) => times(BRADFORD, xyz(point));
  const gains = cones(D50).map((value, i) => value / cones(white)[i]);
  const adapt = product(inverse(BRADFORD), BRADFORD.map((row, i) => row.map((value) => value * gains[i])));
  return product(adapt, primaries.map((row) => row.map((value, i) => value * scale[i])));
}

const fromSrgb = (/** @type {number} */ v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const toSrgb = (/** @type {number} */ v) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);

/** White is at 203 cd/m². @param {number} v */
function toPq(v) {
  const power = ((v * 203) / 10000) ** (2610 / 16384);
  return ((3424 / 4096 + (2413 / 128) * power) / (1 + (2392 / 128) * power)) ** (2523 / 32);
}

/**
 * The picture in another space.
 * @param {{width: number, height: number, data: Uint8Array}} picture RGBA in sRGB
 * @param {Space} space
 * @param {Record<string, Buffer>} extra chunks that say so
 */
export function inSpace({ width, height, data }, space, extra) {
  const change = product(inverse(toXyz(space)), toXyz(SPACES.srgb));
  const { gamma } = space;
  const store = (/** @type {number} */ v) => (gamma === 'srgb' ? toSrgb(v) : gamma === 'pq' ? toPq(v) : v ** (1 / gamma));
  const rows = Buffer.alloc(height * (1 + 6 * width));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 4 * (y * width + x);
      const linear = times(change, [0, 1, 2].map((c) => fromSrgb(data[at + c] / 255)));
      linear.forEach((v, c) => rows.writeUInt16BE(Math.round(65535 * store(Math.min(Math.max(v, 0), 1))), y * (1 + 6 * width) + 1 + 6 * x + 2 * c));
    }
  }
  return encode(width, height, { depth: 16, colour: 2 }, rows, extra);
}

/** The chunk of an ICC profile. @param {Space} space */
export function iccChunk(space) {
  return { iCCP: Buffer.concat([Buffer.from('profile\0\0', 'latin1'), deflateSync(profile(space))]) };
}

/** Gamma and chromaticities. @param {Space} space with a number as its gamma */
export function gammaChunks({ xy: [red, green, blue, white], gamma }) {
  const words = (/** @type {number[]} */ values) => {
    const buffer = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => buffer.writeUInt32BE(Math.round(value * 1e5), 4 * i));
    return buffer;
  };
  return { gAMA: words([1 / Number(gamma)]), cHRM: words([white, red, green, blue].flat()) };
}

/** Code points of H.273. @param {number} primaries @param {number} transfer */
export const codeChunk = (primaries, transfer) => ({ cICP: Buffer.from([primaries, transfer, 0, 1]) });

/** A profile by matrix and curve, of version 4 as phones write it. @param {Space} space */
function profile(space) {
  const fixed = (/** @type {number[]} */ values) => {
    const buffer = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => buffer.writeInt32BE(Math.round(value * 65536), 4 * i));
    return buffer;
  };
  const tagged = (/** @type {string} */ type, /** @type {Buffer} */ data) => Buffer.concat([Buffer.from(type, 'latin1'), Buffer.alloc(4), data]);
  const point = (/** @type {number[]} */ value) => tagged('XYZ ', fixed(value));
  const text = (/** @type {string} */ value) => {
    const letters = Buffer.from(value, 'utf16le').swap16();
    const head = Buffer.alloc(20);
    [1, 12, 0x656e5553, letters.length, 28].forEach((word, i) => head.writeUInt32BE(word, 4 * i));
    return tagged('mluc', Buffer.concat([head, letters]));
  };
  const { gamma } = space;
  if (gamma === 'pq') throw new Error('no parametric curve is PQ');
  const curve = gamma === 'srgb'
    ? tagged('para', Buffer.concat([Buffer.from([0, 3, 0, 0]), fixed([2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045])]))
    : tagged('para', Buffer.concat([Buffer.from([0, 0, 0, 0]), fixed([gamma])]));
  const matrix = toXyz(space);
  const column = (/** @type {number} */ i) => point(matrix.map((row) => row[i]));
  const tags = { desc: text('test'), cprt: text('none'), wtpt: point(xyz(D50)), rXYZ: column(0), gXYZ: column(1), bXYZ: column(2), rTRC: curve, gTRC: curve, bTRC: curve };
  const all = Object.entries(tags);
  const table = Buffer.alloc(4 + 12 * all.length);
  table.writeUInt32BE(all.length, 0);
  let at = 128 + table.length;
  const bodies = all.map(([name, body], i) => {
    table.write(name, 4 + 12 * i, 'latin1');
    table.writeUInt32BE(at, 8 + 12 * i);
    table.writeUInt32BE(body.length, 12 + 12 * i);
    const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
    at += padded.length;
    return padded;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x04300000, 8);
  header.write('mntrRGB XYZ ', 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  fixed(xyz(D50)).copy(header, 68);
  return Buffer.concat([header, table, ...bodies]);
}
