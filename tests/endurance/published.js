/** Files as large as those that are published, and laid out as they are, of random weights: VGG-16's 138 million. Their seed is fixed. */
import { closeSync, openSync, writeSync } from 'node:fs';

/** Convolutions: their numbers among torchvision's modules, channels before and behind. */
const CONVOLUTIONS = [[0, 3, 64], [2, 64, 64], [5, 64, 128], [7, 128, 128], [10, 128, 256], [12, 256, 256], [14, 256, 256], [17, 256, 512], [19, 512, 512], [21, 512, 512], [24, 512, 512], [26, 512, 512], [28, 512, 512]];
const CLASSIFIER = [[0, 25_088, 4096], [3, 4096, 4096], [6, 4096, 1000]];

/** @typedef {{name: string, shape: number[], std: number}} Tensor `std`: of its numbers; 0 for biases */

/** @type {Tensor[]} */
const TENSORS = [
  ...CONVOLUTIONS.map(([n, inputs, outputs]) => ({ layer: `features.${n}`, shape: [outputs, inputs, 3, 3] })),
  ...CLASSIFIER.map(([n, inputs, outputs]) => ({ layer: `classifier.${n}`, shape: [outputs, inputs] })),
].flatMap(({ layer, shape }) => [
  { name: `${layer}.weight`, shape, std: Math.sqrt((2 * shape[0]) / count({ shape })) },
  { name: `${layer}.bias`, shape: [shape[0]], std: 0 },
]);

/** @param {{shape: number[]}} tensor */
function count({ shape }) {
  return shape.reduce((product, length) => product * length, 1);
}

/** Normally distributed numbers, of which every tensor takes other ones. */
const NORMAL = (() => {
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
    return ((seed >>> 0) + 0.5) / 2 ** 32;
  };
  return Float32Array.from({ length: (1 << 20) + 7 }, () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()));
})();

/** The bytes of a tensor, part by part. @param {Tensor} tensor @param {(bytes: Uint8Array) => void} write */
function writeTensor(tensor, write) {
  for (let left = count(tensor); left > 0; left -= NORMAL.length) {
    const values = NORMAL.subarray(0, left).map((value) => value * tensor.std);
    write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
}

const ascii = (/** @type {string} */ text) => Buffer.from(text, 'latin1');

/** @param {number} value @param {2 | 4 | 8} bytes */
function little(value, bytes) {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer.subarray(0, bytes);
}

/** @param {...Buffer} instructions of a pickle of protocol 2 */
const pickle = (...instructions) => Buffer.concat([Buffer.of(0x80, 2), ...instructions, ascii('.')]);
const word = (/** @type {string} */ text) => Buffer.concat([ascii('X'), little(text.length, 4), ascii(text)]);
const whole = (/** @type {number} */ value) => Buffer.concat([ascii('J'), little(value, 4)]);
const tuple = (/** @type {number[]} */ values) => Buffer.concat([ascii('('), ...values.map(whole), ascii('t')]);
const ORDERED = ascii('ccollections\nOrderedDict\n)R');

/** An `OrderedDict` of all tensors, each with a storage of its own, whose key is its number. */
const state = () =>
  pickle(
    ORDERED,
    ascii('('),
    ...TENSORS.flatMap((tensor, key) => {
      const strides = tensor.shape.map((_, d) => count({ shape: tensor.shape.slice(d + 1) }));
      return [
        word(tensor.name),
        ascii('ctorch._utils\n_rebuild_tensor_v2\n(('),
        word('storage'),
        ascii('ctorch\nFloatStorage\n'),
        word(String(key)),
        word('cpu'),
        whole(count(tensor)),
        ascii('tQK\0'),
        tuple(tensor.shape),
        tuple(strides),
        ascii('\x89'),
        ORDERED,
        ascii('tR'),
      ];
    }),
    ascii('u'),
  );

/** @param {(bytes: Uint8Array) => void} write */
function writeSafetensors(write) {
  let at = 0;
  const header = Object.fromEntries(TENSORS.map((tensor) => {
    const start = at;
    at += 4 * count(tensor);
    return [tensor.name, { dtype: 'F32', shape: tensor.shape, data_offsets: [start, at] }];
  }));
  const text = ascii(JSON.stringify(header));
  write(Buffer.concat([little(text.length, 8), text]));
  for (const tensor of TENSORS) writeTensor(tensor, write);
}

/** As PyTorch before 1.6 does it: storages in the order of their keys as texts. @param {(bytes: Uint8Array) => void} write */
function writeLegacy(write) {
  const keys = TENSORS.map((_, key) => String(key)).toSorted();
  write(pickle(Buffer.concat([Buffer.of(0x8a, 10), Buffer.from('6cfc9c46f9206aa85019', 'hex')])));
  write(pickle(ascii('M\xe9\x03')));
  write(pickle(ascii('}('), word('little_endian'), ascii('\x88u')));
  write(state());
  write(pickle(ascii(']('), ...keys.map(word), ascii('e')));
  for (const key of keys) {
    const tensor = TENSORS[Number(key)];
    write(little(count(tensor), 8));
    writeTensor(tensor, write);
  }
}

/** As PyTorch since 1.6 does it: a zip archive of stored entries. @param {(bytes: Uint8Array) => void} write */
function writeZip(write) {
  let at = 0;
  const directory = /** @type {Buffer[]} */ ([]);
  /** @param {string} name @param {number} size @param {(write: (bytes: Uint8Array) => void) => void} content */
  const entry = (name, size, content) => {
    const common = Buffer.concat([little(10, 2), Buffer.alloc(12), little(size, 4), little(size, 4), little(name.length, 2), little(0, 2)]);
    const tail = Buffer.concat([Buffer.alloc(10), little(at, 4), ascii(name)]);
    directory.push(Buffer.concat([ascii('PK\x01\x02'), little(10, 2), common, tail]));
    const head = Buffer.concat([ascii('PK\x03\x04'), common, ascii(name)]);
    write(head);
    content(write);
    at += head.length + size;
  };
  const object = state();
  entry('vgg16/data.pkl', object.length, (out) => out(object));
  for (const [key, tensor] of TENSORS.entries()) entry(`vgg16/data/${key}`, 4 * count(tensor), (out) => writeTensor(tensor, out));
  const all = Buffer.concat(directory);
  const number = little(directory.length, 2);
  write(Buffer.concat([all, ascii('PK\x05\x06'), Buffer.alloc(4), number, number, little(all.length, 4), little(at, 4), little(0, 2)]));
}

/** How they are written, by the names of files. @type {Record<string, (write: (bytes: Uint8Array) => void) => void>} */
const FORMATS = { 'vgg16.safetensors': writeSafetensors, 'vgg16-zip.pth': writeZip, 'vgg16-legacy.pth': writeLegacy };

export const NAMES = Object.keys(FORMATS);

/** @param {string} name one of `NAMES` @param {string} path */
export function writePublished(name, path) {
  const file = openSync(path, 'w');
  FORMATS[name]((bytes) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  });
  closeSync(file);
}
