/**
 * Networks whose weights for ImageNet's 1000 classes are published: torchvision's. What they are, how good they are, and where
 * they lie. Loaded when somebody asks for one. No DOM here.
 *
 * Accuracies, numbers of parameters and names of files are those of torchvision's documentation of each network
 * (https://docs.pytorch.org/vision/stable/models/vgg.html and alexnet.html) and of its `models/vgg.py` and `alexnet.py`: top-1
 * and top-5 in % on ImageNet-1K's 50,000 validation pictures, the shorter side scaled to 256, one crop of 224x224 from the middle,
 * in float32. timm's repositories say of themselves “original torchvision weights”, licence bsd-3-clause. `sha256` is what
 * the hub's page of the file says (https://huggingface.co/timm/vgg16.tv_in1k/blob/main/model.safetensors); where it is not known
 * here, the hub is asked. torchvision's file names end in the first eight digits of theirs.
 */
import { Problem } from './problem.js';

/**
 * @typedef {object} Published
 * @property {string} key its name in addresses, and torchvision's
 * @property {string} row of the table
 * @property {boolean} hasBatchNorm in training; it is folded into the weights
 * @property {string} title
 * @property {string | null} repository of the hub where its `model.safetensors` lies; null: none has it
 * @property {string | null} sha256 of that, where it is known
 * @property {string} torchvision its file there
 * @property {number} parameters float32 numbers of the file
 * @property {number} kept bytes of the int8 model: a byte a parameter, batch norm folded
 * @property {number} top1 accuracy in %
 * @property {number} top5
 */

/** Of the weights, all alike. */
export const LICENCE = 'BSD-3-Clause';

/** Where the repositories are, unless a person says otherwise. */
export const HUB = 'https://huggingface.co';
const TORCHVISION = 'https://download.pytorch.org';

/** Bytes of a float32. */
const FLOAT = 4;

/** Key, row, title, parameters, top-1, top-5, torchvision's file, SHA-256 of timm's. @type {[string, string, string, number, number, number, string, string | null][]} */
const ROWS = [
  ['alexnet', 'AlexNet-TV', 'AlexNet', 61_100_840, 56.522, 79.066, 'alexnet-owt-7be5be79.pth', null],
  ['vgg11', 'A', 'VGG-11', 132_863_336, 69.020, 88.628, 'vgg11-8a719046.pth', '682c023808812148d4e60c76d80ad83dbeaf5d50eb1a952a0b836895003151e5'],
  ['vgg11_bn', 'A', 'VGG-11', 132_868_840, 70.370, 89.810, 'vgg11_bn-6002323d.pth', null],
  ['vgg13', 'B', 'VGG-13', 133_047_848, 69.928, 89.246, 'vgg13-19584684.pth', null],
  ['vgg13_bn', 'B', 'VGG-13', 133_053_736, 71.586, 90.374, 'vgg13_bn-abd245e5.pth', '7dae235e35772693cd527e7ac9ef8f6594707a14a8d26aabdb83c0baa6847861'],
  ['vgg16', 'D', 'VGG-16', 138_357_544, 71.592, 90.382, 'vgg16-397923af.pth', '57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8'],
  ['vgg16_bn', 'D', 'VGG-16', 138_365_992, 73.360, 91.516, 'vgg16_bn-6c64b313.pth', '88bbedbc8e780413736db38ac4efd41b06fc0e93fd5b8879b584bba63a950129'],
  ['vgg19', 'E', 'VGG-19', 143_667_240, 72.376, 90.876, 'vgg19-dcbb9e9d.pth', '11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669'],
  ['vgg19_bn', 'E', 'VGG-19', 143_678_248, 74.218, 91.842, 'vgg19_bn-c79401a0.pth', 'f8249087e63bae61c6166bb23d7c26efe1b2a43fd9fb5cd60ac6ce00535ba312'],
];

/** The smallest first. @type {Published[]} */
export const PUBLISHED = ROWS.map(([key, row, title, parameters, top1, top5, torchvision, sha256]) => {
  const hasBatchNorm = key.endsWith('_bn');
  const plain = ROWS.find(([other]) => other === key.replace('_bn', ''));
  return {
    key,
    row,
    hasBatchNorm,
    title: hasBatchNorm ? `${title} BN` : title,
    repository: row === 'AlexNet-TV' ? null : `timm/${key}.tv_in1k`,
    sha256,
    torchvision,
    parameters,
    kept: plain ? plain[3] : parameters,
    top1,
    top5,
  };
});

/** @param {string} key @returns {Published | undefined} */
export const published = (key) => PUBLISHED.find((one) => one.key === key);

/** Bytes of names and of what a training has counted, beside the numbers, at most. */
const BESIDE = 200_000;

/** Whether a file of that many bytes may be a published one. @param {number} bytes */
export const mayBePublished = (bytes) => PUBLISHED.some((one) => bytes > bytesOf(one) && bytes < bytesOf(one) + BESIDE);

/** Whose file has that content, at the hub or at torchvision's server. @param {string} sha256 @returns {Published | undefined} */
export const withHash = (sha256) => PUBLISHED.find((one) => sha256 === one.sha256 || sha256.startsWith(digitsOf(one)));

/** How the SHA-256 of torchvision's file begins. @param {Published} one */
function digitsOf({ torchvision }) {
  const [, digits] = /** @type {RegExpMatchArray} */ (torchvision.match(/-([0-9a-f]{8})\.pth$/));
  return digits;
}

/** Bytes to be fetched, but for a few kilobytes. @param {Published} one */
export const bytesOf = ({ parameters }) => parameters * FLOAT;

/**
 * Where its weights are fetched. A mirror has the hub's paths, and for what the hub has not, those of torchvision's server.
 * @param {Published} one @param {string} [base] of a mirror
 * @returns {{url: string, pointer?: string, sha256?: string, name: string}} `pointer`: what says the file's length and hash,
 *   if the hub is one; `sha256`: its first digits at least
 */
export function addressOf(one, base = HUB) {
  const { repository, torchvision, key, sha256 } = one;
  if (!repository) return { url: `${base === HUB ? TORCHVISION : base}/models/${torchvision}`, sha256: digitsOf(one), name: torchvision };
  const file = 'main/model.safetensors';
  return {
    url: `${base}/${repository}/resolve/${file}`,
    ...(sha256 ? { sha256 } : { pointer: `${base}/${repository}/raw/${file}` }),
    name: `${key}.safetensors`,
  };
}

/**
 * The base address of a mirror, as it is used: without a slash at its end.
 * @param {string} text that somebody has typed
 * @param {{protocol: string}} [page] where it is used
 * @throws {Problem} that says what is wrong with it
 */
export function baseFrom(text, page = location) {
  const given = text.trim();
  if (!given) return HUB;
  const url = parsed(/^[\w.-]+(:\d+)?(\/|$)/.test(given) ? `https://${given}` : given);
  if (!url || !/^https?:$/.test(url.protocol) || !url.hostname) throw new Problem('hub-base', { base: given.slice(0, 200) });
  if (url.username || url.password || url.search || url.hash) throw new Problem('hub-base-more', { base: `${url.origin}${url.pathname}` });
  // A page that came safely may read nothing that does not; this machine is trusted.
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && page.protocol === 'https:' && !isHere) throw new Problem('hub-base-insecure', { base: given.slice(0, 200) });
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** @param {string} text @returns {URL | null} */
function parsed(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
