/**
 * Weights to a kept network, without a browser: the converter's package and what the import's worker does with it, held to the
 * native converter's files bit for bit (`tests/convert.rs` writes them); what is told of files that are none.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as convert from '../../pkg/convert/vgglass.js';
import { chosenCrops, squareOf } from '../../www/engine/import/crops.js';
import { Maker } from '../../www/engine/import/make.js';
import { Pace } from '../../www/engine/import/pace.js';
import { Reader } from '../../www/engine/import/source.js';
import { openSource } from '../../www/engine/import/sources.js';
import { FOLDER, Shelf } from '../../www/engine/kept/shelf.js';
import { wayToWork } from '../../www/engine/kept/write.js';
import { Problem } from '../../www/engine/problem.js';
import en from '../../www/locale/import/en.js';
import zh from '../../www/locale/import/zh.js';
import { Disk } from './disk.js';
import { text } from './files.js';

convert.initSync({ module: readFileSync(new URL('../../pkg/convert/vgglass_bg.wasm', import.meta.url)) });

const fixture = (/** @type {string} */ name) => new Uint8Array(readFileSync(new URL(`../fixtures/convert/${name}`, import.meta.url)));

/** A safetensors file's header and what follows it. @param {Uint8Array} file */
function parsed(file) {
  const { buffer, byteOffset } = file;
  const length = Number(new DataView(buffer, byteOffset).getBigUint64(0, true));
  const { __metadata__: texts, ...tensors } = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  return { texts, tensors, data: Buffer.from(file.subarray(8 + length)) };
}

/** The pictures that the native files were calibrated on. @param {string} name of their tensor */
function pictures(name) {
  const { tensors, data } = parsed(fixture('expected.safetensors'));
  const { shape: [count, , height, width], data_offsets: [start] } = tensors[name];
  const cells = height * width;
  return Array.from({ length: count }, (_, picture) => {
    const rgba = new Uint8ClampedArray(4 * cells).fill(255);
    for (let i = 0; i < cells; i++) for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[start + (picture * 3 + c) * cells + i];
    return { data: rgba, width, height };
  });
}

/** A browser's disk, and how to import to it. @param {{quota?: number, streams?: boolean, turn?: () => Promise<void>, signal?: AbortSignal}} [options] */
function world({ quota = 1e9, streams = false, turn = async () => {}, signal = new AbortController().signal } = {}) {
  const disk = new Disk({ streams });
  const shelf = new Shelf({ root: disk.root, estimate: async () => ({ quota, usage: 0 }), locks: undefined, tell() {} });
  const told = /** @type {import('../../www/engine/import/make.js').Progress[]} */ ([]);
  /** @param {Uint8Array} bytes @param {string} name */
  const maker = async (bytes, name) => {
    const description = { kind: /** @type {const} */ ('blob'), blob: new Blob([Uint8Array.from(bytes)]), name };
    const source = await openSource(description, { signal, tell() {}, hash: () => new convert.Sha256(), partial: async () => null });
    return new Maker(source, { convert, shelf, open: await wayToWork(await disk.root()), signal, turn, tell: (one) => void told.push(one) });
  };
  return { disk, shelf, told, maker, isEmpty: () => /** @type {Map<string, unknown>} */ (disk.files.get(FOLDER) ?? new Map()).size === 0 };
}

const ORDER = { name: 'mine', licence: 'none', origin: '' };

/** @param {ReturnType<typeof pictures>} list */
const given = (list) => async function* () {
  yield* list;
};

for (const [native, list, files] of /** @type {[string, string, string[]][]} */ ([
  ['int8.safetensors', 'pictures', ['tv.safetensors', 'timm.safetensors', 'zip.pth', 'legacy.pth', 'wrapped.pth', 'parameters.pth', 'old.pth', 'views.pth']],
  ['int8-keras.safetensors', 'pictures/keras', ['keras.h5', 'newer.h5']],
])) {
  test(`the package gives the bits of the native converter: ${files.join(', ')}`, async () => {
    const expected = parsed(fixture(native));
    for (const name of files) {
      // One is written as where nothing is read of a file before it is closed.
      const { shelf, told, maker } = world({ streams: name === files[0] });
      const one = await maker(fixture(name), name);
      const found = await one.open();
      assert.equal(found.id, native === 'int8.safetensors' ? 'A' : 'D');
      const kept = await one.make({ ...ORDER, name }, given(pictures(list)));
      assert.deepEqual([kept.name, kept.bytes > found.keeps], [name, true]);
      const { texts, tensors, data } = parsed(new Uint8Array(await shelf.read(name)));
      assert.ok(data.equals(expected.data), name);
      assert.deepEqual(tensors, expected.tensors);
      assert.ok(texts.provenance.startsWith(`${name} (`), texts.provenance);
      assert.deepEqual({ ...texts, provenance: '' }, { ...expected.texts, provenance: '' });
      const stages = told.flatMap((news) => (news.type === 'stage' ? [news.stage] : []));
      assert.deepEqual(stages, ['head', 'weights', 'calibrate', 'write']);
      const bytes = told.filter((news) => news.type === 'bytes').at(-1);
      assert.deepEqual(bytes, { type: 'bytes', read: found.reads, total: found.reads });
    }
  });
}

test('a published file is one, whoever brought it', async () => {
  for (const [sha256, key] of [['397923af'.padEnd(64, '0'), 'imagenet:vgg16'], ['0'.repeat(64), null]]) {
    const { shelf, disk } = world();
    const name = 'tv.safetensors';
    const description = { kind: /** @type {const} */ ('blob'), blob: new Blob([Uint8Array.from(fixture(name))]), name };
    const { signal } = new AbortController();
    const source = await openSource(description, { signal, tell() {}, hash: () => new convert.Sha256(), partial: async () => null });
    const check = async () => ({ sha256: /** @type {string} */ (sha256) });
    const one = new Maker({ ...source, check }, { convert, shelf, open: await wayToWork(await disk.root()), signal, turn: async () => {}, tell() {} });
    await one.open();
    const kept = await one.make(ORDER, given(pictures('pictures')));
    assert.equal(kept.key, key);
    assert.match(parsed(new Uint8Array(await shelf.read('mine'))).texts.provenance, new RegExp(`SHA-256 ${sha256}`));
  }
});

test('a network of 1000 classes has ImageNet’s names in both languages', async () => {
  // All zeros, but of the right shapes: the smallest is A with one channel of each width.
  const shapes = [[1, 3, 3, 3], [2, 1, 3, 3], [4, 2, 3, 3], [4, 4, 3, 3], [8, 4, 3, 3], [8, 8, 3, 3], [8, 8, 3, 3], [8, 8, 3, 3]];
  const names = [0, 3, 6, 8, 11, 13, 16, 18].map((n) => `features.${n}`);
  const fcs = /** @type {[string, number[]][]} */ ([['classifier.0', [5, 8]], ['classifier.3', [5, 5]], ['classifier.6', [1000, 5]]]);
  const all = [...names.map((name, i) => /** @type {[string, number[]]} */ ([name, shapes[i]])), ...fcs];
  const tensors = all.map(([name, shape]) => /** @type {[string, string, number[]]} */ ([`${name}.weight`, 'F32', shape]));
  const { shelf, maker } = world();
  const one = await maker(floats(tensors), 'a.safetensors');
  await one.open();
  const list = Array.from({ length: 2 }, () => ({ data: new Uint8ClampedArray(32 * 32 * 4), width: 32, height: 32 }));
  await one.make(ORDER, given(list));
  const { texts } = parsed(new Uint8Array(await shelf.read('mine')));
  const classes = JSON.parse(texts.classes);
  assert.deepEqual([classes.length, classes[1]], [1000, { wnid: 'n01443537', en: 'goldfish', zh: '金鱼' }]);
});

/** A safetensors file of zeros. @param {[string, string, number[]][]} tensors */
function floats(tensors) {
  let at = 0;
  const header = Object.fromEntries(tensors.map(([name, dtype, shape]) => {
    const start = at;
    at += 4 * shape.reduce((product, length) => product * length, 1);
    return [name, { dtype, shape, data_offsets: [start, at] }];
  }));
  const words = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(words.length));
  return Buffer.concat([length, words, Buffer.alloc(at)]);
}

/** @param {string} code */
const hasCode = (code) => (/** @type {unknown} */ error) => error instanceof Problem && error.code === code;

/** @param {string} code @param {Record<string, unknown>} [params] */
const problem = (code, params = {}) => (/** @type {unknown} */ error) => {
  assert.ok(error instanceof Problem, String(error));
  assert.equal(error.code, code);
  assert.deepEqual({ ...error.params, ...params }, error.params);
  for (const words of [en, zh]) {
    const sentence = /** @type {Record<string, string>} */ (words)[`problem.${code}`] ?? (code.startsWith('kept-') ? '' : undefined);
    assert.notEqual(sentence, undefined, code);
    for (const [, field] of sentence.matchAll(/\{(\w+)\}/g)) assert.ok(field in error.params, `${code}: ${field}`);
  }
  return true;
};

test('what is no weights is told by its head, in every case', async () => {
  const { maker, isEmpty } = world();
  const whole = fixture('tv.safetensors');
  const noClassifier = floats([['features.0.weight', 'F32', [2, 3, 3, 3]]]);
  for (const [bytes, code, params] of /** @type {[Uint8Array, string, Record<string, unknown>][]} */ ([
    [new Uint8Array(), 'empty', {}],
    [text('<!DOCTYPE html><title>404'), 'html', {}],
    [text('Entry not found'), 'text', { start: 'Entry not found' }],
    [text('\x80\x02cos\nsystem\n'), 'unknown', {}],
    [Uint8Array.of(0x80, 2, ...text('cos\nsystem\n')), 'pickle-call', { name: 'os.system' }],
    [fixture('script.pt'), 'torch-script', {}],
    [whole.subarray(0, 9000), 'truncated', { found: '9,000' }],
    [fixture('zip.pth').subarray(0, 20_000), 'zip', {}],
    [noClassifier, 'no-classifier', { missing: 'classifier.0.weight' }],
    [floats([['layer1.0.conv1.weight', 'F32', [2]]]), 'naming', { first: 'layer1.0.conv1.weight' }],
    [fixture('int8.safetensors'), 'quantised', {}],
    [floats([['x'.repeat(5000), 'F32', [2]]]), 'naming', { first: `${'x'.repeat(200)}…` }],
  ])) {
    await assert.rejects((await maker(bytes, 'mine.pth')).open(), problem(`import-${code}`, { file: 'mine.pth', ...params }));
  }
  assert.ok(isEmpty());
});

test('what is wrong amid the weights leaves nothing', async () => {
  const file = fixture('tv.safetensors');
  const { tensors } = parsed(file);
  const start = file.length - parsed(file).data.length;
  const nan = Uint8Array.from(file);
  nan.set([0, 0, 0xc0, 0x7f], start + tensors['features.8.weight'].data_offsets[0] + 4 * 37);
  const { maker, isEmpty } = world();
  const one = await maker(nan, 'tv.safetensors');
  await one.open();
  await assert.rejects(one.make(ORDER, given([])), problem('import-not-finite', { tensor: 'features.8.weight', index: '37' }));
  assert.ok(isEmpty());
});

test('too little room is said before weights are read', async () => {
  const { maker, isEmpty } = world({ quota: 1000 });
  await assert.rejects((await maker(fixture('tv.safetensors'), 'a')).open(), problem('kept-full'));
  assert.ok(isEmpty());
});

test('that there are no pictures to be had is known before weights are read', async () => {
  const { maker, told, isEmpty } = world();
  const one = await maker(fixture('tv.safetensors'), 'a');
  await one.open();
  const none = async function* () {
    yield* /** @type {ReturnType<typeof pictures>} */ ([]);
    throw new Problem('pixels-disturbed');
  };
  await assert.rejects(one.make(ORDER, none), hasCode('pixels-disturbed'));
  assert.deepEqual(told, [{ type: 'stage', stage: 'head' }]);
  assert.ok(isEmpty());
});

test('when the disk is full amid it, nothing stays', async () => {
  const { maker, disk, isEmpty } = world();
  const one = await maker(fixture('tv.safetensors'), 'a');
  await one.open();
  disk.room = 500;
  await assert.rejects(one.make(ORDER, given([])), problem('kept-no-room'));
  assert.ok(isEmpty());
});

test('what is cancelled at any step leaves nothing', async () => {
  for (let last = 0; ; last++) {
    const control = new AbortController();
    let turns = 0;
    const turn = async () => void (turns++ === last && control.abort());
    const { maker, isEmpty, shelf } = world({ turn, signal: control.signal });
    const one = await maker(fixture('tv.safetensors'), 'a');
    await one.open();
    const end = await one.make(ORDER, given(pictures('pictures'))).catch((error) => error);
    if (!control.signal.aborted) {
      assert.equal(end.name, 'mine');
      assert.ok(last > 20, 'there are steps');
      break;
    }
    assert.equal(end.name, 'AbortError');
    assert.ok(isEmpty(), `step ${last}`);
    assert.deepEqual(await shelf.list(), []);
  }
});

test('a source is read in order, one piece at a time, and what it gives is what is there', async () => {
  const bytes = Uint8Array.from({ length: 13_000_003 }, (_, i) => (i * 31) ^ (i >> 9));
  /** @type {[number, number][]} */
  const asked = [];
  let underWay = 0;
  const source = {
    name: 'a',
    length: bytes.length,
    read: async (/** @type {number} */ start, /** @type {number} */ end) => {
      assert.equal(underWay++, 0, 'one at a time');
      asked.push([start, end]);
      await new Promise((resolve) => setTimeout(resolve));
      underWay -= 1;
      return bytes.slice(start, end);
    },
  };
  const reader = new Reader(source, new AbortController().signal);
  for (let at = 1003; at < bytes.length; ) {
    const some = await reader.read(at, Math.min(at + (1 << 20), bytes.length));
    assert.ok(some.length >= Math.min(16, bytes.length - at));
    assert.ok(Buffer.from(some).equals(bytes.subarray(at, at + some.length)), `at ${at}`);
    // Not all is used: an element may have been cut.
    at += some.length > 16 ? some.length - (some.length % 4) : some.length;
  }
  for (const [i, [start]] of asked.entries()) assert.equal(start, i === 0 ? 1003 : asked[i - 1][1]);
  const first = await reader.read(5, 40);
  assert.ok(Buffer.from(first).equals(bytes.subarray(5, 40)));
  assert.equal(underWay, 1, 'what is behind it is on its way');
  await reader.settle();
  assert.equal(underWay, 0);
});

test('a source that fails while nobody waits for it is told to who asks next', async () => {
  const source = { name: 'a', length: 9e6, read: async (/** @type {number} */ start, /** @type {number} */ end) => {
    if (start > 0) throw new Problem('unreadable-file', { name: 'a' });
    return new Uint8Array(end - start);
  } };
  const reader = new Reader(source, new AbortController().signal);
  await reader.read(0, 100);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await assert.rejects(reader.read(5e6, 6e6), hasCode('unreadable-file'));
});

test('how fast it comes', () => {
  const pace = new Pace();
  pace.see(0, 0);
  pace.see(5e6, 500);
  assert.equal(pace.rate, null, 'too soon');
  pace.see(20e6, 1000);
  assert.equal(pace.rate, 20e6);
  assert.equal(pace.secondsFor(60e6), 3);
  for (let second = 2; second <= 20; second++) pace.see(20e6 + (second - 1) * 1e6, second * 1000);
  assert.ok(Math.abs(/** @type {number} */ (pace.rate) - 1e6) < 1, 'what was long ago does not count');
  pace.forget();
  assert.equal(pace.rate, null);
});

test('pictures that give the scales: the same of each, and no more than fit', () => {
  assert.equal(chosenCrops(11, 64 * 224 * 224).length, 24);
  assert.equal(chosenCrops(11, 1000).length, 66);
  assert.deepEqual(chosenCrops(2, 64 * 224 * 224).slice(0, 3), [{ picture: 0, crop: 0 }, { picture: 1, crop: 0 }, { picture: 0, crop: 1 }]);
  for (let crop = 0; crop < 6; crop++) {
    const { x, y, side } = squareOf(crop, 300, 200);
    assert.ok(x >= 0 && y >= 0 && x + side <= 300 && y + side <= 200 && side >= 120);
  }
});

test('every error of the converter has its sentence in both languages, with what it names', () => {
  const source = readFileSync(new URL('../../crate/convert/src/error.rs', import.meta.url), 'utf8');
  const body = source.slice(source.indexOf('pub enum Error {'), source.indexOf('\n}', source.indexOf('pub enum Error {')));
  const variants = [...body.matchAll(/^ {4}([A-Z]\w*)(?: \{([^}]*)\})?,$/gms)];
  assert.ok(variants.length > 40);
  /** What the page leaves out: a list of all that there is. */
  const LEFT_OUT = new Set(['known']);
  for (const [, name, fields = ''] of variants) {
    const code = name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
    const named = [...fields.replaceAll(/#\[[^\]]*\]/g, '').matchAll(/(\w+):/g)].map(([, field]) => field);
    for (const words of [en, zh]) {
      const sentence = /** @type {Record<string, string>} */ (words)[`problem.import-${code}`];
      assert.ok(sentence, code);
      const shown = [...sentence.matchAll(/\{(\w+)\}/g)].map(([, field]) => field);
      assert.ok(shown.includes('file'), code);
      assert.deepEqual(new Set(shown.filter((field) => field !== 'file')), new Set(named.filter((field) => !LEFT_OUT.has(field))), code);
    }
  }
});
