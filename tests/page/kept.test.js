/** Networks kept on this machine, without a browser: what `www/engine/kept/shelf.js` writes, and what it makes of what it finds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeName, isName, nameFrom, nameOfFile } from '../../www/engine/kept/names.js';
import { FOLDER, Shelf } from '../../www/engine/kept/shelf.js';
import { Problem } from '../../www/engine/problem.js';
import { Disk, makeLocks } from './disk.js';
import { safetensors, text } from './files.js';

const MODEL = safetensors({ format: 'vgglass 1' }, [['conv1_1.weight', 'I8', 5_000_000]]);
const OTHER = safetensors({ format: 'vgglass 1' }, [['conv1_1.weight', 'I8', 100]]);

/** A browser: a disk, locks, and as many tabs as one likes. @param {{streams?: boolean, hasLocks?: boolean, quota?: number}} [options] */
function browser({ streams = true, hasLocks = true, quota = 1e9 } = {}) {
  const disk = new Disk({ streams });
  const locks = hasLocks ? makeLocks() : undefined;
  const news = /** @type {any[]} */ ([]);
  const tab = () => new Shelf({ root: disk.root, estimate: async () => ({ quota, usage: 0 }), locks, tell: (one) => void news.push(one) });
  return { disk, tab, news, locks };
}

/** @param {Shelf} shelf @param {string} name @param {Uint8Array} [model] */
async function keep(shelf, name, model = MODEL) {
  const writing = await shelf.begin(name, { bytes: model.length });
  const half = model.length >> 1;
  await writing.write(Uint8Array.from(model.subarray(0, half)));
  await writing.write(Uint8Array.from(model.subarray(half)));
  return writing.finish();
}

/** @param {Shelf} shelf */
const names = async (shelf) => (await shelf.list()).map(({ name }) => name);

/** @param {Disk} disk */
const inFolder = (disk) => [.../** @type {Map<string, unknown>} */ (disk.files.get(FOLDER)).keys()];

/** @param {string} code @param {Record<string, unknown>} [params] */
const problem = (code, params) => (/** @type {unknown} */ error) => {
  assert.ok(error instanceof Problem, String(error));
  assert.equal(error.code, code);
  if (params) assert.deepEqual(error.params, params);
  return true;
};

for (const streams of [true, false]) {
  const how = streams ? 'as a stream' : 'as workers do it';

  test(`a network that is written ${how} is the same when it is read`, async () => {
    const { tab, news, disk } = browser({ streams });
    const kept = await keep(tab(), 'VGG-16');
    assert.deepEqual([kept.name, kept.bytes, kept.isWhole], ['VGG-16', MODEL.length, true]);
    assert.match(kept.hash ?? '', /^[0-9a-f]{64}$/);
    const other = tab();
    assert.deepEqual(await other.list(), [kept]);
    const heard = /** @type {number[]} */ ([]);
    const bytes = await other.read('VGG-16', (loaded) => heard.push(loaded));
    assert.ok(Buffer.from(bytes).equals(MODEL));
    assert.equal(heard.at(-1), MODEL.length);
    assert.equal((await other.fileOf(kept)).size, MODEL.length);
    assert.equal(news.length, 1);
    assert.equal(inFolder(disk).length, 2);
  });

  test(`parts may be written out of order, ${how}`, async () => {
    const { tab } = browser({ streams });
    const writing = await tab().begin('a', { bytes: MODEL.length });
    const bytes = Uint8Array.from(MODEL);
    await writing.write(bytes.slice(1000, 3000), 1000);
    await writing.write(bytes.slice(3000));
    await writing.write(bytes.slice(0, 1000), 0);
    await writing.finish();
    assert.ok(Buffer.from(await tab().read('a')).equals(MODEL));
  });

  test(`when there is no room left amid it, nothing stays of it: ${how}`, async () => {
    const { tab, disk, news } = browser({ streams });
    await keep(tab(), 'before', OTHER);
    disk.room = 3_000_000;
    await assert.rejects(keep(tab(), 'large'), problem('kept-no-room', { needed: '5.0\u00a0MB' }));
    assert.deepEqual(await names(tab()), ['before']);
    assert.equal(inFolder(disk).length, 2);
    assert.equal(news.length, 1);
    disk.room = Infinity;
    await keep(tab(), 'large');
    assert.deepEqual((await names(tab())).sort(), ['before', 'large']);
  });
}

test('too little room is said before anything is written', async () => {
  const { tab, disk } = browser({ quota: 4e6 });
  await assert.rejects(keep(tab(), 'large'), problem('kept-full', { needed: '5.0\u00a0MB', free: '4.0\u00a0MB' }));
  assert.equal(disk.files.size, 0);
  await keep(tab(), 'small', OTHER);
});

test('a browser that says nothing of its room is written to all the same', async () => {
  const { disk } = browser();
  for (const estimate of [() => Promise.reject(new TypeError()), async () => ({})]) {
    await keep(new Shelf({ root: disk.root, estimate, locks: undefined, tell() {} }), 'a', OTHER);
  }
});

test('where there are no files, every question says so', async () => {
  const shelf = new Shelf({ root: () => Promise.reject(new DOMException('denied', 'SecurityError')), estimate: async () => ({}), locks: undefined, tell() {} });
  for (const ask of [() => shelf.list(), () => shelf.read('a'), () => shelf.sweep(), () => shelf.begin('a', { bytes: 1 })]) {
    await assert.rejects(ask, problem('kept-off', { message: 'denied' }));
  }
});

test('a file where the folder should be is told, and stays', async () => {
  const { tab, disk } = browser();
  disk.files.set(FOLDER, text('somebody else’s'));
  await assert.rejects(tab().list(), problem('kept-failed'));
  await assert.rejects(keep(tab(), 'a'), problem('kept-failed'));
  assert.ok(disk.files.get(FOLDER) instanceof Uint8Array);
});

test('what is no model of ours is not kept', async () => {
  const { tab, disk } = browser();
  await assert.rejects(keep(tab(), 'cut', MODEL.subarray(0, 1_000_000)), problem('model-cut'));
  await assert.rejects(keep(tab(), 'diary', text('Dear diary, I am no model at all')), problem('model-unknown'));
  assert.deepEqual(inFolder(disk), []);
});

test('what is given up leaves nothing, and can be given up twice', async () => {
  const { tab, disk } = browser();
  const writing = await tab().begin('a', { bytes: MODEL.length });
  await writing.write(Uint8Array.from(MODEL));
  await writing.abort();
  await writing.abort();
  assert.deepEqual(inFolder(disk), []);
  await assert.rejects(writing.finish());
  const whole = await keep(tab(), 'a');
  assert.equal(whole.name, 'a');
});

test('a half-written network of a page that ended is cleared away, and named once', async () => {
  const { tab, disk } = browser();
  await keep(tab(), 'whole', OTHER);
  // The tab is gone, and its locks with it.
  const ended = new Shelf({ root: disk.root, estimate: async () => ({}), locks: makeLocks(), tell() {} });
  for (const about of [{}, { key: 'imagenet:vgg16' }]) {
    const writing = await ended.begin('key' in about ? 'published' : 'half', { bytes: MODEL.length, ...about });
    await writing.write(Uint8Array.from(MODEL.subarray(0, 1000)));
  }
  const { files } = disk;
  const restarted = new Disk();
  restarted.files = files;
  const shelf = new Shelf({ root: restarted.root, estimate: async () => ({}), locks: makeLocks(), tell() {} });
  assert.deepEqual(await names(shelf), ['whole']);
  assert.deepEqual(await shelf.sweep(), ['half']);
  assert.deepEqual(await shelf.sweep(), []);
  assert.equal(inFolder(restarted).length, 2);
});

for (const hasLocks of [true, false]) {
  test(`what another tab is writing is left alone ${hasLocks ? 'by its lock' : 'where there are no locks'}`, async () => {
    const { tab, disk } = browser({ hasLocks });
    const writing = await tab().begin('slow', { bytes: MODEL.length });
    await writing.write(Uint8Array.from(MODEL));
    const other = tab();
    assert.deepEqual(await names(other), []);
    assert.deepEqual(await other.sweep(), []);
    await keep(other, 'quick', OTHER);
    await writing.finish();
    assert.deepEqual((await names(other)).sort(), ['quick', 'slow']);
    assert.equal(inFolder(disk).length, 4);
  });
}

test('two tabs that keep one name at once have two networks of two names', async () => {
  const { tab, disk } = browser();
  disk.delay = 50;
  const [a, b] = await Promise.all([keep(tab(), 'VGG', OTHER), keep(tab(), 'VGG', OTHER)]);
  assert.deepEqual([a.name, b.name].sort(), ['VGG', 'VGG (2)']);
  assert.deepEqual((await names(tab())).sort(), ['VGG', 'VGG (2)']);
  assert.equal((await tab().read(b.name)).byteLength, OTHER.length);
});

test('two notes of one name, as two tabs without locks leave them, are told apart', async () => {
  const { tab, disk } = browser();
  const a = await keep(tab(), 'a', OTHER);
  const b = await keep(tab(), 'b', OTHER);
  const file = /** @type {Map<string, any>} */ (disk.files.get(FOLDER));
  for (const { id, date } of [{ ...a, date: 1 }, { ...b, date: 2 }]) file.set(`${id}.json`, text(JSON.stringify({ ...a, state: 'whole', date })));
  assert.deepEqual(await names(tab()), ['a (2)', 'a']);
});

test('a new name', async () => {
  const { tab, news } = browser();
  const shelf = tab();
  const { id } = await keep(shelf, 'old');
  await keep(shelf, 'other', OTHER);
  assert.equal(await shelf.rename(id, '  new \n name '), 'new name');
  assert.deepEqual(news.at(-1), { renamed: ['old', 'new name'] });
  assert.ok(Buffer.from(await shelf.read('new name')).equals(MODEL));
  await assert.rejects(shelf.rename(id, 'other'), problem('kept-taken', { name: 'other' }));
  const told = news.length;
  assert.equal(await shelf.rename(id, 'new name'), 'new name');
  assert.equal(await shelf.rename(id, ' \u200b '), 'new name');
  assert.equal(news.length, told);
  await shelf.remove(id);
  await assert.rejects(shelf.rename(id, 'x'), problem('kept-missing'));
});

test('removed in one tab, it is missing in the other, and can be removed again', async () => {
  const { tab, disk } = browser();
  const { id } = await keep(tab(), 'a');
  await tab().remove(id);
  await assert.rejects(tab().read('a'), problem('kept-missing', { name: 'a' }));
  await tab().remove(id);
  assert.deepEqual(inFolder(disk), []);
  disk.files.clear();
  await tab().remove(id);
  assert.deepEqual(await tab().list(), []);
});

test('where a network comes from is kept with it, and found again by its key', async () => {
  const { tab, disk } = browser();
  const origin = { source: 'https://hub.example/vgg16', licence: 'BSD-3-Clause', key: 'imagenet:vgg16' };
  const shelf = tab();
  const keepOf = async (/** @type {string} */ name, /** @type {Partial<typeof origin>} */ of, model = OTHER) => {
    const writing = await shelf.begin(name, { bytes: model.length, ...of });
    await writing.write(Uint8Array.from(model));
    return writing.finish();
  };
  const first = await keepOf('VGG-16', origin, MODEL);
  assert.deepEqual({ ...first, ...origin }, first);
  assert.equal(await shelf.rename(first.id, 'mine'), 'mine');
  const [again] = await tab().list();
  assert.deepEqual({ ...again, ...origin, name: 'mine' }, again);
  assert.ok(Buffer.from(/** @type {ArrayBuffer} */ (await tab().readKey('imagenet:vgg16'))).equals(MODEL));
  assert.equal(await tab().readKey('imagenet:vgg19'), null);

  await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await keepOf('VGG-16', origin);
  const heard = /** @type {number[]} */ ([]);
  assert.equal((await tab().readKey('imagenet:vgg16', (loaded) => heard.push(loaded)))?.byteLength, OTHER.length, 'the newest');
  assert.deepEqual(heard, [OTHER.length]);
  /** @type {any} */ (disk.files.get(FOLDER)).delete(`${second.id}.safetensors`);
  assert.equal((await tab().readKey('imagenet:vgg16'))?.byteLength, MODEL.length, 'the newest that is there');
  await shelf.remove(first.id);
  await assert.rejects(tab().readKey('imagenet:vgg16'), problem('kept-lost', { name: 'VGG-16' }));

  const { source, licence, key } = await keepOf('plain', {});
  assert.deepEqual([source, licence, key], [null, null, null]);
  const long = await keepOf('long', { source: 'x'.repeat(9000), licence: '' });
  assert.deepEqual([long.source?.length, long.licence], [2000, null]);
  /** @type {any} */ (disk.files.get(FOLDER)).set(`${long.id}.json`, text(JSON.stringify({ ...long, state: 'whole', source: 7, licence: {}, key: ['a'] })));
  const spoilt = (await tab().list()).find(({ id }) => id === long.id);
  assert.deepEqual([spoilt?.source, spoilt?.licence, spoilt?.key], [null, null, null]);
});

test('a browser that has thrown the models away, but not their notes', async () => {
  const { tab, disk } = browser();
  const { id } = await keep(tab(), 'a');
  await keep(tab(), 'b', OTHER);
  /** @type {any} */ (disk.files.get(FOLDER)).delete(`${id}.safetensors`);
  assert.deepEqual((await tab().list()).map(({ name, isWhole }) => [name, isWhole]).sort(), [['a', false], ['b', true]]);
  await assert.rejects(tab().read('a'), problem('kept-lost', { name: 'a' }));
  assert.deepEqual(await tab().sweep(), []);
  await tab().remove(id);
  assert.deepEqual(await names(tab()), ['b']);
});

test('a model of another length or content than it was written with is not read as if it were the same', async () => {
  const { tab, disk } = browser();
  const kept = await keep(tab(), 'a');
  const file = disk.at(FOLDER, `${kept.id}.safetensors`);
  file[4_900_000] ^= 1;
  await assert.rejects(tab().read('a'), problem('kept-damaged', { name: 'a' }));
  await assert.rejects(tab().fileOf(kept), problem('kept-damaged'));
  /** @type {any} */ (disk.files.get(FOLDER)).set(`${kept.id}.safetensors`, file.slice(0, 1000));
  await assert.rejects(tab().read('a'), problem('kept-lost'));
});

/** What something else may have left in place of a note. @type {[string, Uint8Array | null][]} */
const SPOILT = [
  ['nothing', null],
  ['an empty file', new Uint8Array()],
  ['half of it', text('{"state":"whole","name":"a","by')],
  ['another value', text('null')],
  ['another program’s', text('{"state":"whole","name":7,"bytes":"many"}')],
  ['a name that nobody sees', text('{"state":"whole","name":"\\u200b","bytes":5,"date":0,"hash":null}')],
  ['a very long one', text(JSON.stringify({ state: 'whole', name: 'a', bytes: 1, date: 1, hash: 'x'.repeat(20_000) }))],
];

for (const [what, content] of SPOILT) {
  test(`${what} in place of a note: the network is there still`, async () => {
    const { tab, disk } = browser();
    const { id } = await keep(tab(), 'a');
    await keep(tab(), 'b', OTHER);
    const files = /** @type {Map<string, any>} */ (disk.files.get(FOLDER));
    if (content) files.set(`${id}.json`, content);
    else files.delete(`${id}.json`);
    files.set('letter.txt', text('somebody else’s'));
    assert.deepEqual(await tab().sweep(), []);
    const found = (await tab().list()).find((kept) => kept.id === id);
    assert.deepEqual([found?.name, found?.bytes, found?.hash, found?.isWhole], [`model-${id.slice(0, 4)}`, MODEL.length, null, true]);
    assert.equal(await tab().rename(id, 'mine again'), 'mine again');
    assert.ok(Buffer.from(await tab().read('mine again')).equals(MODEL));
    assert.ok(files.has('letter.txt'));
  });
}

test('a part of a model without a note is nobody’s', async () => {
  const { tab, disk } = browser();
  const { id } = await keep(tab(), 'a');
  const files = /** @type {Map<string, any>} */ (disk.files.get(FOLDER));
  files.set(`${id}.json`, new Uint8Array());
  files.set(`${id}.safetensors`, MODEL.subarray(0, 1000));
  files.set('00112233445566aa.safetensors.crswap', MODEL.subarray(0, 1000));
  assert.deepEqual(await names(tab()), []);
  assert.deepEqual(await tab().sweep(), [], 'it has no name to be told by');
  assert.deepEqual(inFolder(disk), []);
});

test('names', () => {
  assert.equal(nameFrom('  VGG-16\t（半宽）\u202e\n'), 'VGG-16 （半宽）');
  assert.equal([...nameFrom('𝓥'.repeat(200))].length, 80);
  assert.deepEqual(['a', 'vgg 16', '网络', 'x/y?&=#'].map(isName), [true, true, true, true]);
  assert.deepEqual(['', ' a', 'a  b', 'a\u200bb', '\ud800', 'a'.repeat(81)].map(isName), [false, false, false, false, false, false]);
  assert.equal(freeName('a', []), 'a');
  assert.equal(freeName('a', ['a', 'a (2)']), 'a (3)');
  assert.equal([...freeName('x'.repeat(80), ['x'.repeat(80)])].length, 80);
  assert.equal(nameOfFile('vgg16.tv_in1k.safetensors'), 'vgg16.tv_in1k');
});
