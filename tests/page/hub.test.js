/** Published networks, without a browser: the list, and the source that reads a file of a hub, over a bad connection above all. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { openBlob } from '../../www/engine/import/blob.js';
import { openHub } from '../../www/engine/import/hub.js';
import { FOLDER, Partials } from '../../www/engine/import/partial.js';
import { Problem } from '../../www/engine/problem.js';
import { addressOf, baseFrom, bytesOf, HUB, mayBePublished, published, PUBLISHED, withHash } from '../../www/engine/published.js';
import { TABLE } from '../../www/engine/table.js';
import en from '../../www/locale/published/en.js';
import { Disk, makeLocks } from './disk.js';
import { text } from './files.js';
import { startHub } from './hub-server.js';

/** @typedef {import('node:test').TestContext} TestContext */
/** @typedef {import('./hub-server.js').Behaviour} Behaviour */

const MODEL = new Uint8Array(randomBytes(9_000_001));
const PATH = '/timm/vgg16/resolve/main/model.safetensors';
const POINTER = '/timm/vgg16/raw/main/model.safetensors';
const sha256 = (/** @type {Uint8Array} */ bytes) => createHash('sha256').update(bytes).digest('hex');
const HASH = sha256(MODEL);
const { signal } = new AbortController();

/**
 * A hub with one file, and how it is read.
 * @param {TestContext} t @param {Behaviour} [behaviour]
 * @param {Partial<import('../../www/engine/import/hub.js').HubFile>} [wanted]
 * @param {number} [patience] with a silent host, in ms
 */
async function withHub(t, behaviour = {}, wanted = {}, patience = 5000) {
  const hub = await startHub(t, { [PATH]: MODEL }, behaviour);
  const news = /** @type {import('../../www/engine/import/hub.js').HubNews[]} */ ([]);
  const open = (/** @type {AbortSignal} */ until = signal) =>
    openHub(
      { kind: 'hub', url: hub.address + PATH, name: 'vgg16.safetensors', sha256: HASH, ...wanted },
      { hash: () => createHash('sha256'), tell: (one) => void (one.what !== 'came' && news.push(one)), pauses: [5, 10, 20], patience },
      until,
    );
  return { ...hub, open, news };
}

/** All of it, as an import reads it: the head by a few bytes, the rest in order. @param {import('../../www/engine/import/hub.js').HubSource} source */
async function readAll(source) {
  const parts = [await source.read(0, 8, signal), await source.read(8, 5000, signal)];
  for (let at = 5000; at < source.length; at += 1 << 20) parts.push(await source.read(at, Math.min(at + (1 << 20), source.length), signal));
  return Buffer.concat(parts);
}

/** @param {string} code @param {Record<string, unknown>} [params] */
const problem = (code, params = {}) => (/** @type {unknown} */ error) => {
  assert.ok(error instanceof Problem, String(error));
  assert.equal(error.code, code);
  assert.deepEqual({ ...error.params, ...params }, error.params);
  return true;
};

test('a file is read in order by one request, and its hash is known at its end', async (t) => {
  const { open, asked, news } = await withHub(t);
  const source = await open();
  assert.deepEqual([source.name, source.length], ['vgg16.safetensors', MODEL.length]);
  assert.ok((await readAll(source)).equals(MODEL));
  assert.deepEqual(await source.check(signal), { sha256: HASH, isExpected: true });
  assert.deepEqual(asked.map(({ method, range }) => [method, range]), [['GET', null]]);
  assert.deepEqual(news, []);
});

test('how far it is is told as it comes', async (t) => {
  const { address } = await withHub(t, { pauses: 5 });
  const heard = /** @type {number[]} */ ([]);
  const world = { hash: () => createHash('sha256'), tell: (/** @type {any} */ one) => heard.push(one.at) };
  const source = await openHub({ kind: 'hub', url: address + PATH, name: 'a' }, world, signal);
  await source.read(0, MODEL.length, signal);
  assert.ok(heard.length >= 3 && heard.every((at, i) => at > (heard[i - 1] ?? 0)), String(heard));
  source.close();
});

test('no more than is read comes: the host waits', async (t) => {
  const { open, asked } = await withHub(t, {}, { sha256: undefined });
  const source = await open();
  await source.read(0, 100, signal);
  await new Promise((resolve) => setTimeout(resolve, 200));
  // What lies in the buffers of the two systems between.
  assert.ok(asked[0].sent < MODEL.length, `${asked[0].sent} bytes were sent`);
  source.close();
});

test('what was looked into is at hand when it is read; what is farther behind comes by parts', async (t) => {
  const { open, asked } = await withHub(t);
  const source = await open();
  await source.read(0, 65_536, signal);
  assert.deepEqual(await source.read(5000, 4_000_000, signal), MODEL.slice(5000, 4_000_000));
  assert.deepEqual(await source.read(4_000_000, 8_000_000, signal), MODEL.slice(4_000_000, 8_000_000));
  assert.equal(asked.length, 1);
  assert.deepEqual(await source.read(400, 1200, signal), MODEL.slice(400, 1200));
  assert.deepEqual(asked.map(({ range }) => range), [null, 'bytes=400-1199']);
  assert.equal((await source.check(signal)).sha256, HASH);
});

test('an archive is read at its end first, by parts; all of it is hashed all the same', async (t) => {
  const { open, asked } = await withHub(t);
  const source = await open();
  const end = MODEL.length;
  assert.deepEqual(await source.read(end - 70_000, end, signal), MODEL.slice(end - 70_000));
  assert.deepEqual(await source.read(end - 90_000, end - 70_000, signal), MODEL.slice(end - 90_000, end - 70_000));
  assert.deepEqual(await source.read(100, 2000, signal), MODEL.slice(100, 2000));
  for (let at = 5000; at < end - 90_000; at += 1_000_000) assert.deepEqual(await source.read(at, at + 10, signal), MODEL.slice(at, at + 10));
  assert.deepEqual(await source.check(signal), { sha256: HASH, isExpected: true });
  assert.deepEqual(asked.map(({ range }) => range), [null, `bytes=${end - 70_000}-${end - 1}`, `bytes=${end - 90_000}-${end - 70_001}`]);
});

test('a connection that breaks goes on from the byte where it was', async (t) => {
  const { open, asked, news } = await withHub(t, { breaksAt: [3_000_000, 1_000_000, 0, 4] });
  const source = await open();
  assert.ok((await readAll(source)).equals(MODEL));
  assert.deepEqual(await source.check(signal), { sha256: HASH, isExpected: true });
  assert.deepEqual(asked.map(({ range }) => range), [null, 'bytes=3000000-', 'bytes=4000000-', 'bytes=4000000-', 'bytes=4000004-']);
  assert.ok(news.length >= 4 && news.every(({ what }) => what === 'wait'));
  const [first] = news;
  assert.deepEqual(first, { what: 'wait', ms: 5 });
});

test('so does one that falls silent', async (t) => {
  const { open, asked } = await withHub(t, { stallsAt: 2_000_000 }, {}, 200);
  const source = await open();
  assert.ok((await readAll(source)).equals(MODEL));
  assert.deepEqual(asked.map(({ range }) => range), [null, 'bytes=2000000-']);
  await source.check(signal);
});

test('a part whose connection breaks is asked for again', async (t) => {
  const { open } = await withHub(t, { breaksAt: [null, 1000, 70] });
  const source = await open();
  assert.deepEqual(await source.read(8_000_000, 8_100_000, signal), MODEL.slice(8_000_000, 8_100_000));
  source.close();
});

test('a host without parts begins again, which is told; what has come is not used twice', async (t) => {
  const { open, asked, news } = await withHub(t, { hasParts: false, breaksAt: [3_000_000, 5_000_000] });
  const source = await open();
  assert.ok((await readAll(source)).equals(MODEL));
  assert.deepEqual(await source.check(signal), { sha256: HASH, isExpected: true });
  assert.deepEqual(asked.map(({ range }) => range), [null, 'bytes=3000000-', 'bytes=5000000-']);
  const skips = news.flatMap((one) => (one.what === 'skip' ? [one.until] : []));
  assert.deepEqual([...new Set(skips)], [3_000_000, 5_000_000]);
});

test('without parts an archive comes twice', async (t) => {
  const { open, asked, news } = await withHub(t, { hasParts: false });
  const source = await open();
  const end = MODEL.length;
  assert.deepEqual(await source.read(end - 100, end, signal), MODEL.slice(end - 100));
  assert.ok((await readAll(source)).equals(MODEL));
  assert.equal((await source.check(signal)).sha256, HASH);
  assert.ok(asked.length <= 3, `${asked.length} requests`);
  assert.ok(news.some(({ what }) => what === 'skip'));
});

test('a host that hides ETag and Content-Range is read all the same', async (t) => {
  const { open } = await withHub(t, { exposes: false, etag: null, breaksAt: [1_000_000] });
  const source = await open();
  assert.ok((await readAll(source)).equals(MODEL));
  await source.check(signal);
});

/** How a file may have become another while its connection was broken. @type {[string, (hub: Awaited<ReturnType<typeof withHub>>) => void][]} */
const CHANGES = [
  ['its ETag', ({ behaviour }) => void (behaviour.etag = '"2"')],
  ['its length', ({ files }) => void (files[PATH] = MODEL.slice(0, 8_000_000))],
  ['its length, below what has come', ({ files }) => void (files[PATH] = MODEL.slice(0, 10))],
  ['its ETag, at a host without parts', ({ behaviour }) => void Object.assign(behaviour, { etag: '"2"', hasParts: false })],
];

for (const [what, change] of CHANGES) {
  test(`a file that was changed meanwhile is told by ${what}`, async (t) => {
    const hub = await withHub(t, { breaksAt: [3_000_000] });
    const source = await hub.open();
    await source.read(0, 10, signal);
    change(hub);
    await assert.rejects(readAll(source), problem('hub-changed', { name: 'vgg16.safetensors' }));
  });
}

test('a changed file of the same length and without an ETag is told by its hash', async (t) => {
  const { open, files } = await withHub(t, { etag: null, breaksAt: [3_000_000] });
  const source = await open();
  await source.read(0, 10, signal);
  files[PATH] = new Uint8Array(randomBytes(MODEL.length));
  await readAll(source);
  await assert.rejects(source.check(signal), problem('hub-hash'));
});

test('another content than was published', async (t) => {
  const { open } = await withHub(t, {}, { sha256: '397923af' });
  const source = await open();
  await readAll(source);
  await assert.rejects(source.check(signal), problem('hub-hash', { expected: '397923af', found: HASH.slice(0, 8) }));
});

test('what is read ahead and not used is waited for', async (t) => {
  const { open } = await withHub(t, { breaksAt: [100_000] });
  const source = await open();
  const ahead = [source.read(0, 2_000_000, signal), source.read(2_000_000, 4_000_000, signal)];
  assert.deepEqual(await source.check(signal), { sha256: HASH, isExpected: true });
  assert.deepEqual(Buffer.concat(await Promise.all(ahead)), Buffer.from(MODEL.subarray(0, 4_000_000)));
});

test('torchvision’s file names say how the hash begins', async (t) => {
  const { open } = await withHub(t, {}, { sha256: HASH.slice(0, 8) });
  const source = await open();
  assert.deepEqual(await source.check(signal), { sha256: HASH, isExpected: true });
});

test('the hub’s pointer says length and hash; where there is none, nothing is expected', async (t) => {
  const one = await withHub(t, {}, { sha256: undefined });
  const wanted = { kind: /** @type {const} */ ('hub'), url: one.address + PATH, pointer: one.address + POINTER, name: 'a' };
  const world = { hash: () => createHash('sha256'), pauses: [5], patience: 5000 };
  assert.deepEqual(await (await openHub(wanted, world, signal)).check(signal), { sha256: HASH, isExpected: false });
  const pointer = (/** @type {string} */ hash, length = MODEL.length) => Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${hash}\nsize ${length}\n`);
  one.files[POINTER] = pointer(HASH);
  assert.deepEqual(await (await openHub(wanted, world, signal)).check(signal), { sha256: HASH, isExpected: true });
  one.files[POINTER] = pointer('0'.repeat(64));
  await assert.rejects((await openHub(wanted, world, signal)).check(signal), problem('hub-hash'));
  one.files[POINTER] = pointer(HASH, 17);
  await assert.rejects(openHub(wanted, world, signal), problem('hub-length', { expected: '17', found: '9,000,001' }));
  one.files[POINTER] = Buffer.from('<!doctype html>'.repeat(1000));
  assert.equal((await (await openHub(wanted, world, signal)).check(signal)).isExpected, false);
});

/** What is told at once. @type {[string, Behaviour, string, Record<string, unknown>?][]} */
const REFUSALS = [
  ['404', { statuses: [404] }, 'hub-missing'],
  ['403', { statuses: [403] }, 'hub-refused', { status: 403 }],
  ['401', { statuses: [401] }, 'hub-refused', { status: 401 }],
  ['a web page', { headers: { 'content-type': 'text/html; charset=utf-8' } }, 'hub-html'],
  ['a compressed file', { headers: { 'content-encoding': 'br' } }, 'hub-encoded', { encoding: 'br' }],
  ['a status that means nothing here', { statuses: [204] }, 'hub-status', { status: 204 }],
  ['no length', { isChunked: true }, 'hub-no-length'],
];

for (const [what, behaviour, code, params] of REFUSALS) {
  test(`an answer that is no file is told, with the address for doing it by hand: ${what}`, async (t) => {
    const { open, address, asked } = await withHub(t, behaviour, { bytes: undefined });
    await assert.rejects(open(), problem(code, { url: address + PATH, host: new URL(address).host, ...params }));
    assert.equal(asked.length, 1);
  });
}

test('a host that is busy is waited for as long as it says, and not for ever', async (t) => {
  const { open, news, behaviour } = await withHub(t, { statuses: [[429, { 'retry-after': '0.1' }], 503] });
  assert.equal((await open()).length, MODEL.length);
  assert.deepEqual(news, [{ what: 'wait', ms: 100 }, { what: 'wait', ms: 10 }]);
  behaviour.statuses = Array(9).fill([429, { 'retry-after': '0.01' }]);
  await assert.rejects(open(), problem('hub-busy', { status: 429 }));
  behaviour.statuses = Array(9).fill([500, { 'retry-after': 'Sat, 28 Nov 2026 00:00:00 GMT' }]);
  await assert.rejects(open(), problem('hub-status', { status: 500 }));
});

test('a hub that does not answer at all', async (t) => {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  const { open } = await withHub(t, {}, { url: `http://127.0.0.1:${port}/x.safetensors` });
  await assert.rejects(open(), problem('hub-unreachable', { host: `127.0.0.1:${port}` }));
});

test('one that answers with silence', async (t) => {
  const silent = createServer(() => {});
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', () => resolve(null)));
  t.after(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (silent.address());
  const { open } = await withHub(t, {}, { url: `http://127.0.0.1:${port}/x.safetensors` }, 100);
  await assert.rejects(open(), problem('hub-unreachable'));
});

test('a connection that does not come back is given up, and can be taken up again', async (t) => {
  const { open, asked, behaviour } = await withHub(t, { breaksAt: [3_000_000, 0, 0, 0] });
  const source = await open();
  await assert.rejects(readAll(source), problem('hub-broken', { loaded: '3.0\u00a0MB', total: '9.0\u00a0MB' }));
  assert.equal(asked.length, 4);
  behaviour.breaksAt = [];
  const rest = await source.read(3_000_000, MODEL.length, signal);
  assert.deepEqual(rest, MODEL.slice(3_000_000));
  assert.equal((await source.check(signal)).sha256, HASH);
});

test('a file that is longer than it says, or shorter', async (t) => {
  const longer = await withHub(t, { isChunked: true }, { bytes: 5_000_000, sha256: undefined });
  const source = await longer.open();
  await assert.rejects(source.check(signal), problem('hub-length', { expected: '5,000,000' }));
  const shorter = await withHub(t, { isChunked: true, etag: null, exposes: false }, { bytes: 9_500_000, sha256: undefined });
  await assert.rejects((await shorter.open()).check(signal), problem('hub-changed'));
  const other = await withHub(t, {}, { bytes: 7 });
  await assert.rejects(other.open(), problem('hub-length', { expected: '7', found: '9,000,001' }));
});

test('it is cancelled at once: while it connects, waits, or reads', async (t) => {
  const reason = new Error('enough');
  /** @type {[Behaviour, number][]} */
  const cases = [[{ pauses: 5 }, 60], [{ statuses: [[429, { 'retry-after': '60' }]] }, 60], [{ stallsAt: 1000 }, 60]];
  for (const [behaviour, ms] of cases) {
    const { open } = await withHub(t, behaviour);
    const control = new AbortController();
    setTimeout(() => control.abort(reason), ms);
    const began = performance.now();
    await assert.rejects((async () => (await open(control.signal)).check(control.signal))(), (error) => error === reason);
    assert.ok(performance.now() - began < 3000, JSON.stringify(behaviour));
  }
});

test('after a pause it goes on where it was', async (t) => {
  const { open, asked } = await withHub(t);
  const source = await open();
  await source.read(0, 1_000_000, signal);
  source.close();
  assert.deepEqual(await source.read(1_000_000, MODEL.length, signal), MODEL.slice(1_000_000));
  assert.equal((await source.check(signal)).sha256, HASH);
  assert.match(asked[1].range ?? '', /^bytes=\d+-$/);
});

/** A disk, and the tabs that fetch to it. @param {{quota?: number}} [options] */
function browser({ quota = 1e9 } = {}) {
  const disk = new Disk({ streams: false });
  const locks = makeLocks();
  const tab = () => new Partials({ root: disk.root, estimate: async () => ({ quota, usage: 0 }), locks });
  const files = () => [.../** @type {Map<string, Uint8Array<ArrayBuffer>>} */ (disk.files.get(FOLDER) ?? new Map()).keys()];
  return { disk, tab, files };
}

/**
 * The hub's file, to the disk as well.
 * @param {Awaited<ReturnType<typeof withHub>>} hub @param {Partials} partials
 */
const openOn = ({ address, news }, partials) =>
  openHub(
    { kind: 'hub', url: address + PATH, name: 'vgg16.safetensors', sha256: HASH, key: 'imagenet:vgg16' },
    { hash: () => createHash('sha256'), partial: (file) => partials.open(file), tell: (one) => void (one.what !== 'came' && news.push(one)), pauses: [5, 10, 20], patience: 5000 },
    signal,
  );

/** Reads some of it; then the tab is closed. @param {Awaited<ReturnType<typeof withHub>>} hub @param {Partials} partials @param {number} bytes */
async function begun(hub, partials, bytes) {
  const source = await openOn(hub, partials);
  await source.read(0, bytes, signal);
  assert.deepEqual(await partials.list(), [], 'it is being fetched');
  source.close();
}

test('after the tab was closed it goes on from the byte where it was', async (t) => {
  const hub = await withHub(t);
  const { tab, files } = browser();
  await begun(hub, tab(), 4_000_000);
  const [half, ...others] = await tab().list();
  assert.deepEqual([others.length, half.length, half.file.key, half.file.url], [0, MODEL.length, 'imagenet:vgg16', hub.address + PATH]);
  assert.ok(half.bytes >= 4_000_000 && half.bytes < MODEL.length);
  const source = await openOn(hub, tab());
  assert.ok((await readAll(source)).equals(MODEL));
  assert.deepEqual(await source.check(signal), { sha256: HASH, isExpected: true });
  assert.deepEqual(hub.asked.map(({ range }) => range), [null, `bytes=${half.bytes}-`]);
  source.close();
  await source.discard();
  assert.deepEqual([await tab().list(), files()], [[], []]);
});

test('of what is here wholly nothing is asked, and what is behind is read from the disk', async (t) => {
  const hub = await withHub(t, { hasParts: false });
  const { tab } = browser();
  await begun(hub, tab(), MODEL.length);
  const source = await openOn(hub, tab());
  assert.deepEqual(await source.read(MODEL.length - 100, MODEL.length, signal), MODEL.slice(-100));
  assert.ok((await readAll(source)).equals(MODEL));
  assert.equal((await source.check(signal)).sha256, HASH);
  assert.equal(hub.asked.length, 1);
  source.close();
});

test('a host without parts, a broken connection, and a closed tab', async (t) => {
  const hub = await withHub(t, { hasParts: false, breaksAt: [5_000_000, 6_000_000] });
  const { tab } = browser();
  await begun(hub, tab(), 3_000_000);
  const source = await openOn(hub, tab());
  assert.ok((await readAll(source)).equals(MODEL));
  assert.equal((await source.check(signal)).sha256, HASH);
  assert.ok(hub.news.some(({ what }) => what === 'skip'));
  source.close();
});

test('what has become another file meanwhile begins anew', async (t) => {
  for (const [behaviour, length] of /** @type {[Behaviour, number][]} */ ([[{ etag: '"2"' }, 9_000_001], [{}, 8_000_000], [{ etag: '"2"', hasParts: false }, 9_000_001]])) {
    const hub = await withHub(t);
    const { tab } = browser();
    await begun(hub, tab(), 4_000_000);
    const other = new Uint8Array(randomBytes(length));
    hub.files[PATH] = other;
    Object.assign(hub.behaviour, behaviour);
    const source = await openOn(hub, tab());
    assert.equal(source.length, length);
    assert.deepEqual(await source.read(0, length, signal), other);
    await assert.rejects(source.check(signal), problem('hub-hash'));
    assert.deepEqual(await tab().list(), [], 'a wrong one is not gone on with');
  }
});

test('another content that began in the same way is told by its hash', async (t) => {
  const hub = await withHub(t, { etag: null });
  const { tab, disk } = browser();
  await begun(hub, tab(), 4_000_000);
  const [{ id }] = await tab().list();
  disk.at(FOLDER, `${id}.part`)[1_000_000] ^= 1;
  const source = await openOn(hub, tab());
  await readAll(source);
  await assert.rejects(source.check(signal), problem('hub-hash'));
  assert.deepEqual(await tab().list(), []);
});

test('two tabs that fetch one file do not disturb each other', async (t) => {
  const hub = await withHub(t);
  const { tab, files } = browser();
  const sources = [await openOn(hub, tab()), await openOn(hub, tab())];
  for (const source of sources) {
    assert.ok((await readAll(source)).equals(MODEL));
    assert.equal((await source.check(signal)).sha256, HASH);
    await source.discard();
  }
  assert.deepEqual(files(), []);
});

test('where there is no room for it, or none any more, it is fetched all the same', async (t) => {
  const hub = await withHub(t);
  const [poor, filled, forbidden] = [browser({ quota: 1e7 }), browser(), new Partials({ root: () => Promise.reject(new Error('no')), estimate: async () => ({}), locks: undefined })];
  filled.disk.room = 2_000_000;
  for (const partials of [poor.tab(), filled.tab(), forbidden]) {
    const source = await openOn(hub, partials);
    assert.ok((await readAll(source)).equals(MODEL));
    assert.equal((await source.check(signal)).sha256, HASH);
    source.close();
    assert.deepEqual(await partials.list(), []);
  }
  assert.deepEqual([poor.files(), filled.files()], [[], []]);
});

test('what lies there and is no part of a file is cleared away, and nothing else', async (t) => {
  const hub = await withHub(t);
  const { tab, disk, files } = browser();
  await begun(hub, tab(), 4_000_000);
  const [{ id }] = await tab().list();
  const folder = /** @type {Map<string, any>} */ (disk.files.get(FOLDER));
  const note = disk.at(FOLDER, `${id}.json`);
  const part = disk.at(FOLDER, `${id}.part`);
  /** @type {[string, any][]} */
  const spoilt = [
    ['json', text('')],
    ['json', text('{"file":7}')],
    ['json', text(new TextDecoder().decode(note).replace('vgg16/resolve', 'vgg17/resolve'))],
    ['json', null],
    ['part', part.slice(0, 1000)],
    ['part', null],
  ];
  folder.set('letter.txt', text('somebody else’s'));
  for (const [ending, content] of spoilt) {
    folder.set(`${id}.json`, note);
    folder.set(`${id}.part`, part);
    if (content) folder.set(`${id}.${ending}`, content);
    else folder.delete(`${id}.${ending}`);
    assert.deepEqual(await tab().list(), [], `${ending}`);
    assert.deepEqual(files(), ['letter.txt']);
  }
});

test('the published networks are those of the table, with their files', () => {
  assert.equal(PUBLISHED.length, 9);
  for (const one of PUBLISHED) {
    assert.ok(TABLE.some(({ id }) => id === one.row), one.row);
    assert.ok(one.top1 > 50 && one.top1 < one.top5 && one.top5 < 100, one.key);
    assert.match(one.torchvision, new RegExp(`^${one.key === 'alexnet' ? 'alexnet-owt' : one.key}-[0-9a-f]{8}\\.pth$`));
    if (one.sha256) assert.match(one.sha256, /^[0-9a-f]{64}$/);
    assert.ok(one.kept <= one.parameters && bytesOf(one) === 4 * one.parameters);
  }
  assert.equal(published('vgg16')?.row, 'D');
  assert.equal(published('vgg15'), undefined);
});

test('a file that was brought by hand is told by its content', async () => {
  assert.equal(withHash('397923af'.padEnd(64, '0'))?.key, 'vgg16');
  assert.equal(withHash('57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8')?.key, 'vgg16');
  assert.equal(withHash(HASH), undefined);
  // torchvision's vgg16-397923af.pth and vgg16_bn-6c64b313.pth.
  assert.deepEqual([553_433_881, 553_507_836, 553_430_176, MODEL.length].map(mayBePublished), [true, true, false, false]);
  assert.equal(openBlob({ blob: new Blob([MODEL]), name: 'a' }, () => assert.fail()).check, undefined);

  // As long as one, whatever is in it.
  const bytes = bytesOf(/** @type {any} */ (published('alexnet'))) + 1000;
  const blob = new Blob([MODEL, new Uint8Array(bytes - MODEL.length)]);
  const source = openBlob({ blob, name: 'alexnet.pth' }, () => createHash('sha256'));
  await source.read(bytes - 100, bytes, signal);
  await source.read(0, 65_536, signal);
  assert.deepEqual(await source.read(5000, 4_000_000, signal), MODEL.slice(5000, 4_000_000));
  await source.read(6_000_000, 7_000_000, signal);
  assert.deepEqual(await source.check?.(signal), { sha256: createHash('sha256').update(MODEL).update(new Uint8Array(bytes - MODEL.length)).digest('hex') });
});

test('their addresses, at the hub and at a mirror', () => {
  const of = (/** @type {string} */ key, /** @type {string} */ base = HUB) => addressOf(/** @type {any} */ (published(key)), base);
  assert.deepEqual(of('vgg16'), {
    url: 'https://huggingface.co/timm/vgg16.tv_in1k/resolve/main/model.safetensors',
    sha256: '57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8',
    name: 'vgg16.safetensors',
  });
  assert.deepEqual(of('vgg13', 'https://models.school.example/hf'), {
    url: 'https://models.school.example/hf/timm/vgg13.tv_in1k/resolve/main/model.safetensors',
    pointer: 'https://models.school.example/hf/timm/vgg13.tv_in1k/raw/main/model.safetensors',
    name: 'vgg13.safetensors',
  });
  assert.deepEqual(of('alexnet'), { url: 'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth', sha256: '7be5be79', name: 'alexnet-owt-7be5be79.pth' });
  assert.equal(of('alexnet', 'http://127.0.0.1:8000').url, 'http://127.0.0.1:8000/models/alexnet-owt-7be5be79.pth');
});

test('the base address of a mirror, as people type it', () => {
  const page = { protocol: 'https:' };
  const from = (/** @type {string} */ text) => baseFrom(text, page);
  assert.equal(from('  '), HUB);
  assert.equal(from('https://huggingface.co/'), HUB);
  assert.equal(from('hf-mirror.com'), 'https://hf-mirror.com');
  assert.equal(from('mirror.school.example:8443/hub//'), 'https://mirror.school.example:8443/hub');
  assert.equal(from('http://localhost:8000/'), 'http://localhost:8000');
  assert.equal(baseFrom('http://10.0.0.3', { protocol: 'http:' }), 'http://10.0.0.3');
  for (const wrong of ['ftp://a.example', 'javascript:alert(1)', 'https://', 'no address', 'file:///etc', '//']) assert.throws(() => from(wrong), problem('hub-base'), wrong);
  for (const more of ['https://user:secret@a.example', 'https://a.example/?token=1', 'https://a.example/#x']) assert.throws(() => from(more), problem('hub-base-more'), more);
  assert.throws(() => from('http://10.0.0.3'), problem('hub-base-insecure'));
});

test('every problem has its words', () => {
  const codes = ['broken', 'busy', 'changed', 'encoded', 'hash', 'html', 'length', 'missing', 'no-length', 'offline', 'refused', 'status', 'unreachable', 'base', 'base-more', 'base-insecure'];
  for (const code of codes) assert.ok(`problem.hub-${code}` in en, code);
});
