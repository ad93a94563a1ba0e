/** Which network: every state and every transition of `www/engine/networks.js`, without a browser; and what a model's head tells. */
import assert from 'node:assert/strict';
import { openAsBlob } from 'node:fs';
import { test } from 'node:test';
import { checkModel, isModelLike } from '../../www/engine/model-head.js';
import { LIMITS } from '../../www/engine/table.js';
import { keptModel, keptName, publishedKey, publishedModel, siteModel, siteName } from '../../www/engine/model-name.js';
import { Networks } from '../../www/engine/networks.js';
import { Problem } from '../../www/engine/problem.js';
import { formatAddress, initialState, parseAddress, SHARED } from '../../www/page/address.js';
import { losesOwn } from '../../www/page/version-notice.js';
import { safetensors, text } from './files.js';

const INITIAL = { model: 'shipped', net: 'D', rows: null, width: 0.5, size: 64, seed: null, file: null, channel: null, off: [] };
const GOOD = safetensors({ format: 'vgglass 1' }, [['conv1_1.weight', 'I8', 8]]);

/** A store, an engine and assets that do nothing by themselves; what is asked of them is written down. */
function world({ hasAlike = true } = {}) {
  /** @type {Record<string, ((detail?: any) => void)[]>} */
  const listeners = {};
  const log = /** @type {any[]} */ ([]);
  const notices = /** @type {any[]} */ ([]);
  const progress = /** @type {number[][]} */ ([]);
  /** The networks kept on this machine: their bytes by their names. @type {Map<string, Uint8Array<ArrayBuffer>>} */
  const shelf = new Map();
  const kept = {
    async read(/** @type {string} */ name, /** @type {any} */ onBytes) {
      const bytes = shelf.get(name);
      if (!bytes) throw new Problem('kept-missing', { name });
      onBytes(bytes.length, bytes.length);
      return Uint8Array.from(bytes).buffer;
    },
    async readPublished(/** @type {string} */ key) {
      const bytes = shelf.get(publishedModel(key));
      if (!bytes) throw new Problem('published-missing', { name: key });
      return Uint8Array.from(bytes).buffer;
    },
    hasPublished: async (/** @type {string} */ key) => shelf.has(publishedModel(key)),
  };
  const offered = /** @type {string[]} */ ([]);
  const engine = {
    status: 'loading',
    network: /** @type {any} */ (null),
    ticket: 0,
    seeds: /** @type {((seed: number) => void)[]} */ ([]),
    on: (/** @type {string} */ name, /** @type {() => void} */ listener) => (listeners[name] ??= []).push(listener),
    begin() {
      engine.status = 'loading';
      engine.ticket += 1;
      return engine.ticket;
    },
    isNewest: (/** @type {number} */ ticket) => ticket === engine.ticket,
    load: (/** @type {any} */ source, /** @type {any} */ { ticket }) => log.push({ ticket, ...source }),
    refuse(/** @type {number} */ ticket, /** @type {unknown} */ problem) {
      if (ticket === engine.ticket) fails(problem);
    },
    progress: (/** @type {number} */ ticket, /** @type {any} */ { loaded, total }) => progress.push([ticket, loaded, total]),
    seed: () => new Promise((resolve) => engine.seeds.push(resolve)),
  };
  const emit = (/** @type {string} */ name, /** @type {unknown} */ detail = undefined) => listeners[name]?.forEach((listener) => listener(detail));
  const comes = () => {
    engine.status = 'ready';
    engine.network = {};
    emit('network');
  };
  const fails = (/** @type {unknown} */ problem) => {
    engine.ticket += 1;
    engine.status = engine.network ? 'ready' : 'failed';
    emit('failed', problem);
  };
  const store = {
    state: /** @type {any} */ ({ ...INITIAL }),
    set(/** @type {any} */ change) {
      const before = store.state;
      store.state = { ...before, ...change };
      networks.follow(store.state, before, change);
    },
  };
  const assets = {
    hasAlike,
    model: async () => ({ kind: 'url', url: 'shipped' }),
    alike: async (/** @type {string} */ row) => ({ kind: 'url', url: `alike/${row}` }),
    async added(/** @type {string} */ name) {
      if (name !== 'lecture') throw new Problem('site-missing', { name });
      return { kind: 'url', url: `site/${name}` };
    },
  };
  const recovered = { times: 0 };
  const networks = new Networks(
    /** @type {any} */ ({
      store,
      engine,
      assets,
      kept: async () => kept,
      convert: null,
      notify: (/** @type {any} */ notice) => notices.push(notice),
      recover: () => (recovered.times += 1),
      offer: (/** @type {string} */ key) => offered.push(key),
    }),
  );
  /** What was last told and not taken back. */
  const told = () => notices.at(-1)?.code ?? null;
  return { engine, store, networks, log, notices, told, comes, fails, recovered, shelf, progress, offered };
}

/** Until everything that waits for nobody has happened. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

/** A file whose bytes come when they are let go. @param {Uint8Array<ArrayBuffer>} bytes @param {number} [free] what ends before this byte comes at once */
function slowFile(bytes, free = 0) {
  const blob = new Blob([bytes]);
  let release = /** @type {(value?: unknown) => void} */ (() => {});
  const gate = new Promise((resolve) => (release = resolve));
  const slow = (/** @type {Blob} */ part, end = Infinity) => ({
    size: part.size,
    arrayBuffer: async () => {
      if (end >= free) await gate;
      return part.arrayBuffer();
    },
    slice: (/** @type {number} */ from, /** @type {number} */ to) => slow(part.slice(from, to), to),
  });
  return { file: /** @type {Blob} */ (/** @type {unknown} */ (slow(blob))), release };
}

test('wanted, loading, running', async () => {
  const { networks, log, comes, store, engine } = world();
  await networks.load();
  assert.deepEqual(log.map(({ url }) => url), ['shipped']);
  const running = () => networks.running;
  assert.equal(running(), null);
  comes();
  assert.equal(running()?.values.model, 'shipped');
  store.set({ model: 'alike', net: 'A' });
  assert.equal(engine.status, 'loading');
  assert.equal(running()?.values.model, 'shipped', 'it runs until the other is there');
  await settled();
  assert.equal(log.at(-1).url, 'alike/A');
  comes();
  assert.equal(running()?.values.net, 'A');
});

test('what does not tell one network from another loads nothing', async () => {
  const { networks, log, comes, store } = world();
  await networks.load();
  comes();
  store.set({ width: 1, size: 224, channel: 3 });
  store.set({ model: 'shipped' });
  await settled();
  assert.equal(log.length, 1);
});

test('the last choice wins, whichever is there first', async () => {
  const { networks, log, comes, store } = world();
  await networks.load();
  comes();
  store.set({ model: 'alike', net: 'A' });
  store.set({ model: 'alike', net: 'B' });
  await settled();
  assert.deepEqual(log.map(({ url }) => url), ['shipped', 'alike/B']);
});

test('a file that is being looked at gives way to a choice, even to that of what runs already', async () => {
  const { networks, log, comes, store } = world();
  await networks.load();
  comes();
  const { file, release } = slowFile(GOOD);
  const taken = networks.takeFile(file, 'mine.safetensors', networks.now());
  store.set({ model: 'shipped' });
  release();
  await taken;
  await settled();
  assert.equal(store.state.model, 'shipped');
  assert.equal(log.length, 1);
});

test('so does a file whose bytes are being read', async () => {
  const { networks, log, comes, store } = world();
  await networks.load();
  comes();
  const { file, release } = slowFile(GOOD, 5000);
  await networks.takeFile(file, 'slow.safetensors', networks.now());
  assert.equal(store.state.model, 'file');
  store.set({ model: 'shipped' });
  release();
  await settled();
  assert.equal(store.state.model, 'shipped');
  assert.deepEqual(log.map(({ kind }) => kind), ['url', 'url']);
});

test('of two files the later given counts, even if it is told apart from pictures first', async () => {
  const { networks, log, comes, store } = world();
  await networks.load();
  comes();
  const earlier = networks.now();
  await networks.takeFile(new Blob([GOOD]), 'later.safetensors', networks.now());
  await networks.takeFile(new Blob([GOOD]), 'earlier.safetensors', earlier);
  await settled();
  assert.equal(store.state.file, 1);
  assert.equal(log.length, 2);
});

test('a file is the state’s from the moment when it may be a model, and is read once', async () => {
  const { networks, log, comes, store } = world();
  await networks.load();
  comes();
  let reads = 0;
  const blob = new Blob([GOOD]);
  const counted = /** @type {any} */ ({
    size: blob.size,
    slice: (/** @type {number} */ from, /** @type {number} */ to) => {
      if (to > from + 4096) reads += 1;
      return blob.slice(from, to);
    },
  });
  await networks.takeFile(counted, 'mine.safetensors', networks.now());
  await settled();
  assert.deepEqual([store.state.model, store.state.file], ['file', 1]);
  assert.deepEqual(new Uint8Array(log.at(-1).bytes), new Uint8Array(GOOD));
  comes();
  await networks.load();
  await networks.source();
  assert.equal(reads, 1);
});

test('Back to another file of one’s own', async () => {
  const { networks, log, comes, store } = world();
  await networks.load();
  comes();
  for (const name of ['a', 'b']) {
    await networks.takeFile(new Blob([safetensors({ format: 'vgglass 1', name }, [])]), name, networks.now());
    await settled();
    comes();
  }
  store.set({ file: 1 });
  await settled();
  assert.match(new TextDecoder().decode(log.at(-1).bytes), /"name":"a"/);
});

test('a file that is no model changes nothing, and does not stop what is being loaded', async () => {
  const { networks, log, store, told, comes } = world();
  await networks.load();
  await networks.takeFile(new Blob([text('Dear diary')]), 'mine.safetensors', networks.now());
  assert.equal(told(), 'model-unknown');
  assert.equal(store.state.model, 'shipped');
  comes();
  assert.equal(networks.running?.values.model, 'shipped');
  assert.equal(log.length, 1);
});

test('a refused network leaves the one that runs, and the state is that one’s again', async () => {
  const { networks, notices, comes, fails, store, log } = world();
  await networks.load();
  comes();
  store.set({ model: 'untrained', net: 'E', width: 1, seed: 7, channel: null });
  await settled();
  fails({ message: 'too large' });
  assert.deepEqual([store.state.model, store.state.net, store.state.width, store.state.seed], ['shipped', 'D', 0.5, null]);
  const { code, params, retry } = notices.at(-1);
  assert.deepEqual([code, params], ['model-file', { message: 'too large' }]);
  retry();
  await settled();
  assert.equal(store.state.net, 'E');
  assert.equal(log.at(-1).id, 'E');
});

test('where none runs yet, what was being loaded before is loaded after all', async () => {
  const { networks, comes, fails, store, log, told } = world();
  await networks.load();
  await networks.takeFile(new Blob([GOOD]), 'mine.safetensors', networks.now());
  await settled();
  fails({ message: 'tensor conv1_1.weight: expected …' });
  await settled();
  assert.equal(store.state.model, 'shipped');
  assert.equal(told(), 'model-file');
  assert.equal(log.at(-1).url, 'shipped');
  comes();
  assert.equal(networks.running?.values.model, 'shipped');
});

test('failed: with nothing to go back to, one can try again from the start', async () => {
  const { networks, fails, told, notices, recovered } = world();
  await networks.load();
  fails({ message: '404' });
  assert.equal(told(), 'model-load');
  notices.at(-1).retry();
  assert.equal(recovered.times, 1);
  assert.equal(networks.running, null);
});

test('when both fail, it ends', async () => {
  const { networks, fails, store, log } = world();
  await networks.load();
  store.set({ model: 'alike', net: 'A' });
  await settled();
  fails({ message: 'first' });
  await settled();
  fails({ message: 'second' });
  await settled();
  assert.equal(log.length, 3);
  assert.equal(store.state.model, 'shipped');
});

test('an error of the browser is told by its message, whatever its code', async () => {
  const { networks, comes, fails, store, notices } = world();
  await networks.load();
  comes();
  store.set({ model: 'alike', net: 'A' });
  await settled();
  fails(new DOMException('denied', 'SecurityError'));
  assert.deepEqual([notices.at(-1).code, notices.at(-1).params], ['model-load', { message: 'denied' }]);
});

test('a seed that is drawn too late is nobody’s', async () => {
  const { networks, comes, store, engine, log } = world();
  await networks.load();
  comes();
  store.set({ model: 'untrained', net: 'A' });
  await settled();
  store.set({ model: 'alike', net: 'B' });
  engine.seeds.forEach((resolve) => resolve(5));
  await settled();
  assert.deepEqual([store.state.model, store.state.net, store.state.seed], ['alike', 'B', null]);
  store.set({ model: 'untrained', net: 'A' });
  await settled();
  engine.seeds.forEach((resolve) => resolve(6));
  await settled();
  assert.equal(store.state.seed, 6);
  assert.deepEqual([log.at(-1).id, log.at(-1).seed], ['A', 6]);
});

test('what the page sets by itself is no choice: a file that was given meanwhile stays wanted', async () => {
  for (const goesWrong of [true, false]) {
    const { networks, comes, fails, store, engine, log } = world();
    await networks.load();
    comes();
    store.set(goesWrong ? { model: 'alike', net: 'B' } : { model: 'untrained', net: 'A' });
    await settled();
    const { file, release } = slowFile(GOOD);
    const taken = networks.takeFile(file, 'slow.safetensors', networks.now());
    if (goesWrong) fails({ message: '404' });
    else engine.seeds.forEach((resolve) => resolve(5));
    await settled();
    release();
    await taken;
    await settled();
    assert.equal(store.state.model, 'file');
    assert.equal(log.at(-1).kind, 'bytes');
  }
});

test('of two models given at once the last is loaded, and both are kept', async () => {
  const { networks, comes, store } = world();
  await networks.load();
  comes();
  const moment = networks.now();
  const taken = [];
  for (const name of ['a', 'b']) taken.push(await networks.takeFile(new Blob([GOOD]), name, moment));
  assert.deepEqual([taken, store.state.file], [[true, true], 2]);
});

test('a file that was superseded while it was read is kept all the same', async () => {
  const { networks, comes, store, log } = world();
  await networks.load();
  comes();
  const { file, release } = slowFile(GOOD, 5000);
  await networks.takeFile(file, 'mine.safetensors', networks.now());
  store.set({ model: 'shipped' });
  release();
  await settled();
  comes();
  file.slice = () => assert.fail('it is read again');
  store.set({ model: 'file', file: 1 });
  await settled();
  assert.equal(log.at(-1).kind, 'bytes');
});

test('after a failure the same network can be chosen again', async () => {
  const { networks, comes, engine, store, log } = world();
  await networks.load();
  comes();
  engine.status = 'failed';
  engine.network = null;
  store.set({ width: 1 });
  await settled();
  assert.equal(log.length, 2);
  store.set({ crop: 1 });
  await settled();
  assert.equal(log.length, 2, 'only what is about the network chooses it');
});

test('a file that is gone, and rows that are not here, give way to the shipped network', async () => {
  const one = world();
  one.store.state = { ...INITIAL, model: 'file', file: 3 };
  await one.networks.load();
  await settled();
  assert.deepEqual([one.store.state.model, one.store.state.file, one.told()], ['shipped', null, 'own-model-gone']);
  one.fails({ message: '404' });
  await settled();
  assert.equal(one.log.length, 1, 'no circle');

  const two = world({ hasAlike: false });
  two.store.state = { ...INITIAL, model: 'alike', net: 'A' };
  await two.networks.load();
  assert.deepEqual([two.store.state.model, two.told()], ['shipped', 'alike-missing']);
});

test('a file that cannot be read is told, and what runs stays', async () => {
  const { networks, comes, store, told } = world();
  await networks.load();
  comes();
  const blob = new Blob([GOOD]);
  let isGone = false;
  const vanishing = (/** @type {Blob} */ part) => /** @type {any} */ ({
    size: part.size,
    slice: (/** @type {number} */ from, /** @type {number} */ to) => vanishing(part.slice(from, to)),
    arrayBuffer: async () => {
      if (isGone) throw new DOMException('gone', 'NotFoundError');
      return part.arrayBuffer();
    },
  });
  const taken = networks.takeFile(vanishing(blob), 'mine.safetensors', networks.now());
  await taken;
  await settled();
  comes();
  assert.equal(networks.running?.values.file, 1);
  isGone = true;
  assert.equal((await networks.source())?.kind, 'bytes', 'its bytes are kept');
  await networks.takeFile(vanishing(blob), 'other.safetensors', networks.now());
  assert.equal(told(), 'unreadable-file');
  assert.equal(store.state.file, 1);
});

test('channels that are off are forgotten with their network, and only when it goes', async () => {
  const { networks, comes, fails, store } = world();
  await networks.load();
  comes();
  const off = [{ layer: 'conv1_1', channel: 3 }];
  store.set({ off });
  store.set({ model: 'alike', net: 'A' });
  await settled();
  fails({ message: '404' });
  assert.equal(store.state.off, off);
  store.set({ model: 'alike', net: 'A' });
  await settled();
  comes();
  assert.deepEqual(store.state.off, []);
  store.set({ model: 'alike', net: 'B', off });
  await settled();
  comes();
  assert.equal(store.state.off, off, 'an address may name both');
});

test('a network that is kept is loaded from its bytes, which are read anew each time', async () => {
  const { networks, log, comes, store, shelf, progress } = world();
  shelf.set('VGG', GOOD);
  store.state = { ...INITIAL, model: 'kept:VGG' };
  await networks.load();
  assert.deepEqual(new Uint8Array(log.at(-1).bytes), new Uint8Array(GOOD));
  assert.deepEqual(progress, [[1, GOOD.length, GOOD.length]]);
  comes();
  assert.equal(networks.running?.values.model, 'kept:VGG');
  assert.equal((await networks.source())?.kind, 'bytes');
  assert.equal(progress.length, 1, 'what runs beside has no progress');
  shelf.delete('VGG');
  await assert.rejects(networks.source(), { code: 'kept-missing' });
});

test('one that is not here gives way to the shipped network, or to what runs', async () => {
  const one = world();
  one.store.state = { ...INITIAL, model: 'kept:VGG' };
  await one.networks.load();
  await settled();
  assert.equal(one.store.state.model, 'shipped');
  const { code, params, stays } = one.notices.at(-1);
  assert.deepEqual([code, params, stays], ['kept-missing', { name: 'VGG' }, true]);
  assert.deepEqual(one.log.map(({ url }) => url), ['shipped']);
  one.fails({ message: '404' });
  await settled();
  assert.deepEqual([one.told(), one.log.length], ['model-load', 1], 'no circle');

  const two = world();
  await two.networks.load();
  two.comes();
  two.store.set({ model: 'alike', net: 'A' });
  await settled();
  two.comes();
  two.store.set({ model: 'kept:VGG' });
  await settled();
  assert.deepEqual([two.store.state.model, two.store.state.net, two.told()], ['alike', 'A', 'kept-missing']);
  two.shelf.set('VGG', GOOD);
  two.notices.at(-1).retry();
  await settled();
  assert.equal(two.store.state.model, 'kept:VGG');
  assert.equal(two.log.at(-1).kind, 'bytes');
});

test('one that the engine refuses gives way to the shipped network, too', async () => {
  const { networks, store, shelf, fails, told, log } = world();
  shelf.set('VGG', GOOD);
  store.state = { ...INITIAL, model: 'kept:VGG' };
  await networks.load();
  fails({ message: 'tensor conv1_1.weight: expected …' });
  await settled();
  assert.deepEqual([store.state.model, told(), log.at(-1).url], ['shipped', 'model-file', 'shipped']);
});

test('of two that are kept, one is not the other', async () => {
  const { networks, store, shelf, comes, log } = world();
  shelf.set('a', GOOD).set('b', GOOD);
  store.state = { ...INITIAL, model: 'kept:a' };
  await networks.load();
  comes();
  store.set({ model: 'kept:b', width: 1, seed: 3 });
  await settled();
  assert.equal(log.length, 2);
  store.set({ width: 0.5, seed: null });
  await settled();
  assert.equal(log.length, 2);
});

test('a new name loads nothing, whatever runs or is on its way', async () => {
  const { networks, store, shelf, comes, fails, log } = world();
  shelf.set('new', GOOD).set('old', GOOD);
  store.state = { ...INITIAL, model: 'kept:old' };
  await networks.load();
  networks.rename('kept:old', 'kept:new');
  comes();
  assert.deepEqual([store.state.model, networks.running?.values.model, log.length], ['kept:new', 'kept:new', 1]);
  networks.rename('kept:other', 'kept:third');
  assert.equal(store.state.model, 'kept:new');
  // While another comes, and does not come.
  store.set({ model: 'alike', net: 'A' });
  networks.rename('kept:new', 'kept:newest');
  assert.equal(store.state.model, 'alike');
  await settled();
  fails({ message: '404' });
  await settled();
  assert.deepEqual([store.state.model, log.length], ['kept:newest', 2]);
});

test('what was being loaded before has its new name when it is loaded after all', async () => {
  const { networks, store, shelf, fails, log } = world();
  shelf.set('new', GOOD);
  store.state = { ...INITIAL, model: 'kept:old' };
  shelf.set('old', GOOD);
  await networks.load();
  store.set({ model: 'alike', net: 'A' });
  shelf.delete('old');
  networks.rename('kept:old', 'kept:new');
  await settled();
  fails({ message: '404' });
  await settled();
  assert.equal(store.state.model, 'kept:new');
  assert.equal(log.at(-1).kind, 'bytes');
});

test('a file that is kept runs on under its name', async () => {
  const { networks, store, shelf, comes, log } = world();
  await networks.load();
  comes();
  await networks.takeFile(new Blob([GOOD]), 'mine.safetensors', networks.now());
  await settled();
  comes();
  assert.deepEqual([networks.file?.name, networks.file?.number, networks.file?.blob.size], ['mine.safetensors', 1, GOOD.length]);
  shelf.set('mine', GOOD);
  networks.rename('file', 'kept:mine', 2);
  assert.equal(store.state.model, 'file', 'that was another file');
  networks.rename('file', 'kept:mine', 1);
  assert.deepEqual([store.state.model, store.state.file, networks.running?.values.model, networks.file], ['kept:mine', null, 'kept:mine', null]);
  assert.equal(log.length, 2);
  store.set({ model: 'file', file: 1 });
  await settled();
  assert.equal(log.length, 3, 'Back to the file, which is kept as such, too');
});

test('a published network that is kept runs; its address stays', async () => {
  const { networks, store, shelf, comes, log, told } = world();
  shelf.set('imagenet:vgg16', GOOD);
  store.state = { ...INITIAL, model: 'imagenet:vgg16' };
  await networks.load();
  assert.deepEqual(new Uint8Array(log.at(-1).bytes), new Uint8Array(GOOD));
  comes();
  assert.deepEqual([store.state.model, networks.running?.values.model, told()], ['imagenet:vgg16', 'imagenet:vgg16', null]);
  assert.equal((await networks.source())?.kind, 'bytes');
});

test('one that is not here is offered, and the shipped network stands in until it comes', async () => {
  const { networks, store, shelf, comes, fails, log, notices, offered, told } = world();
  store.state = { ...INITIAL, model: 'imagenet:vgg16' };
  await networks.load();
  await settled();
  const { code, stays, action, retry } = notices.at(-1);
  assert.deepEqual([code, stays, action], ['published-missing', true, 'notice.get']);
  retry();
  assert.deepEqual(offered, ['vgg16']);
  comes();
  assert.deepEqual([store.state.model, networks.running?.values.model, told()], ['shipped', 'shipped', 'published-missing']);
  shelf.set('kept:other', GOOD);
  await networks.look();
  assert.equal(store.state.model, 'shipped', 'that was another');
  shelf.set('imagenet:vgg16', GOOD);
  await networks.look();
  await settled();
  assert.deepEqual([store.state.model, log.at(-1).kind, told()], ['imagenet:vgg16', 'bytes', null]);
  comes();
  await networks.look();
  await settled();
  assert.equal(log.length, 2);
  store.set({ model: 'imagenet:vgg19' });
  await settled();
  fails({ message: 'too large' });
  assert.equal(store.state.model, 'imagenet:vgg16', 'what runs goes on');
});

test('what was chosen meanwhile stays, though a published network comes', async () => {
  for (const choose of [
    async (/** @type {ReturnType<typeof world>} */ { store }) => store.set({ model: 'alike', net: 'A' }),
    async (/** @type {ReturnType<typeof world>} */ { store }) => store.set({ model: 'shipped' }),
    async (/** @type {ReturnType<typeof world>} */ { networks }) => networks.takeFile(new Blob([GOOD]), 'mine', networks.now()),
  ]) {
    const one = world();
    one.store.state = { ...INITIAL, model: 'imagenet:vgg16' };
    await one.networks.load();
    await settled();
    one.comes();
    await choose(one);
    const { model } = one.store.state;
    one.shelf.set('imagenet:vgg16', GOOD);
    await one.networks.look();
    await settled();
    assert.equal(one.store.state.model, model);
  }
});

test('chosen while another runs, one that is not here is offered and the other runs on', async () => {
  const { networks, store, shelf, comes, notices, offered, log } = world();
  await networks.load();
  comes();
  store.set({ model: 'alike', net: 'A' });
  await settled();
  comes();
  store.set({ model: 'imagenet:vgg11_bn' });
  await settled();
  assert.deepEqual([store.state.model, store.state.net], ['alike', 'A']);
  const { code, action, retry } = notices.at(-1);
  assert.deepEqual([code, action], ['published-missing', 'notice.get']);
  retry();
  assert.deepEqual(offered, ['vgg11_bn']);
  shelf.set('imagenet:vgg11_bn', GOOD);
  await networks.look();
  await settled();
  assert.deepEqual([store.state.model, log.at(-1).kind], ['imagenet:vgg11_bn', 'bytes']);
});

test('a network of the site is fetched; one that it has not gives way', async () => {
  const one = world();
  one.store.state = { ...INITIAL, model: 'site:lecture' };
  await one.networks.load();
  assert.equal(one.log.at(-1).url, 'site/lecture');
  one.comes();
  one.store.set({ model: 'site:other' });
  await settled();
  assert.deepEqual([one.store.state.model, one.told()], ['site:lecture', 'site-missing']);

  const two = world();
  two.store.state = { ...INITIAL, model: 'site:other' };
  await two.networks.load();
  await settled();
  assert.deepEqual([two.store.state.model, two.told(), two.log.at(-1).url], ['shipped', 'site-missing', 'shipped']);

  const three = world();
  three.store.state = { ...INITIAL, model: 'site:lecture' };
  await three.networks.load();
  three.fails({ message: '404' });
  await settled();
  assert.deepEqual([three.store.state.model, three.told()], ['shipped', 'model-load']);
});

test('a model of the state and the name of what is kept', () => {
  assert.equal(keptModel('VGG 16: mine'), 'kept:VGG 16: mine');
  assert.equal(keptName('kept:VGG 16: mine'), 'VGG 16: mine');
  assert.deepEqual([publishedKey(publishedModel('vgg16_bn')), siteName(siteModel('a: b'))], ['vgg16_bn', 'a: b']);
  for (const name of [keptName, publishedKey, siteName]) for (const model of ['shipped', 'alike', 'untrained', 'file', 'other:a']) assert.equal(name(model), null);
});

test('the address names what is kept; what was valid stays so', () => {
  const model = (/** @type {string} */ text) => parseAddress(`#/look?model=${text}`, SHARED).values.model;
  for (const name of ['VGG-16', '网络 16', 'a:b/c,d', 'x&y=#%+?']) {
    const address = formatAddress('look', { ...initialState(SHARED), model: keptModel(name) }, SHARED);
    assert.equal(parseAddress(address, SHARED).values.model, keptModel(name), address);
  }
  assert.equal(model('kept:VGG-16'), 'kept:VGG-16');
  assert.deepEqual(['shipped', 'alike', 'untrained', 'file'].map(model), ['shipped', 'alike', 'untrained', 'file']);
  assert.deepEqual(['imagenet:vgg16_bn', 'site:lecture 1'].map(model), ['imagenet:vgg16_bn', 'site:lecture 1']);
  for (const wrong of ['imagenet:', 'imagenet:vgg 16', `imagenet:${'v'.repeat(41)}`, 'site:', 'site:%20a', 'xkept:a', 'kept', 'kept:', 'kept:%20a', 'kept:%E2%80%8B', `kept:${'a'.repeat(81)}`, 'other']) assert.equal(model(wrong), 'shipped', wrong);
});

/** @type {[string, BlobPart, string, Record<string, unknown>?][]} */
const HEADS = [
  ['a.safetensors', new Uint8Array(), 'empty-file'],
  ['a.safetensors', text('Dear diary, this is not a model'), 'model-unknown'],
  ['a.safetensors', new Uint8Array(5000), 'model-unknown'],
  ['a.safetensors', text('<!DOCTYPE html><title>Log in</title>'), 'model-html'],
  ['vgg16.pth', text('\n  <html><body>404</body></html>'), 'model-html'],
  ['a.safetensors', text('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'), 'model-lfs'],
  ['vgg16.pth', zip('archive/data.pkl'), 'model-float', { format: 'PyTorch (zip)' }],
  ['script.pt', zip('script/data/0'), 'model-float', { format: 'PyTorch (zip)' }],
  ['weights.npz', zip('arr_0.npy'), 'model-format', { format: 'NumPy (zip)' }],
  ['vgg16-397923af.pth', Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc), 'model-float', { format: 'PyTorch (pickle)' }],
  ['vgg16_weights.h5', latin('\x89HDF\r\n\x1a\n\0\0'), 'model-float', { format: 'HDF5 (Keras)' }],
  ['llama.gguf', latin('GGUF\x03\0\0\0'), 'model-format', { format: 'GGUF' }],
  ['net.tflite', latin('\x1c\0\0\0TFL3'), 'model-format', { format: 'TensorFlow Lite' }],
  ['net.onnx', latin('\x08\x08\x12\x07pytorch'), 'model-format', { format: 'ONNX' }],
  ['vgg.safetensors', safetensors({ format: 'pt' }, [['features.0.weight', 'F32', 16], ['pre_logits.fc1.weight', 'F32', 16]]), 'model-float', { format: 'safetensors' }],
  ['vgg.safetensors', safetensors(null, [['features.0.bias', 'BF16', 2], ['features.1.num_batches_tracked', 'I64', 8]]), 'model-float', { format: 'safetensors' }],
  ['llama.safetensors', safetensors({ format: 'pt' }, [['model.embed.weight', 'F16', 4]]), 'model-float', { found: '0.0\u00a0MB' }],
  ['int8.safetensors', safetensors({}, [['conv1_1.weight', 'I8', 4]]), 'model-other', { tensor: 'conv1_1.weight' }],
  ['long.safetensors', safetensors({}, [['x'.repeat(5000), 'I8', 4]]), 'model-other', { tensor: 'x'.repeat(80) }],
  ['ours.safetensors', GOOD.subarray(0, GOOD.length - 1), 'model-cut', { found: String(GOOD.length - 1), expected: String(GOOD.length) }],
  ['ours.safetensors', GOOD.subarray(0, 40), 'model-cut', { found: '40' }],
  ['ours.safetensors', Buffer.concat([GOOD, Buffer.of(0)]), 'model-damaged'],
  ['ours.safetensors', withHeader('{"a":'), 'model-damaged'],
  ['ours.safetensors', withHeader('{"__metadata__":7,"a":null,"b":{"data_offsets":"x"}}'), 'model-other'],
];

for (const [name, bytes, code, params = {}] of HEADS) {
  test(`the head of ${name} is told: ${code} ${JSON.stringify(params)}`, async () => {
    await assert.rejects(checkModel(new Blob([bytes]), name), (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.equal(error.code, code);
      assert.deepEqual({ ...error.params, ...params }, error.params);
      return true;
    });
  });
}

test('a model of ours passes', async () => {
  await checkModel(new Blob([GOOD]), 'anything');
  await checkModel(await openAsBlob(new URL('../../www/models/alike/A.safetensors', import.meta.url)), 'A.safetensors');
});

test('half a gigabyte of float weights is told by its first kilobytes', async () => {
  const head = safetensors({ format: 'pt' }, [['features.0.weight', 'F32', 553e6]], false);
  let most = 0;
  const large = { size: 553e6, slice: (/** @type {number} */ from, /** @type {number} */ to) => ((most = Math.max(most, to)), new Blob([head.subarray(from, to)])) };
  await assert.rejects(checkModel(/** @type {any} */ (large), 'vgg16.safetensors'), { code: 'model-float', params: { name: 'vgg16.safetensors', format: 'safetensors', found: '553\u00a0MB' } });
  assert.ok(most < 10_000, `read to byte ${most}`);
});

test('a file of ours that no engine takes is refused before it is read', async () => {
  const head = safetensors({ format: 'vgglass 1' }, [['conv1_1.weight', 'I8', LIMITS.file_bytes]], false);
  const size = head.length + LIMITS.file_bytes;
  const large = { size, slice: (/** @type {number} */ from, /** @type {number} */ to) => new Blob([head.subarray(from, to)]) };
  await assert.rejects(checkModel(/** @type {any} */ (large), 'huge'), { code: 'model-too-large' });
});

test('a new version cannot bring back what is one’s own, the tenth picture no more than the first', () => {
  for (const picture of ['own', 'own-2', 'own-10']) assert.ok(losesOwn({ view: 'look', picture, model: 'shipped' }), picture);
  assert.ok(losesOwn({ view: 'look', picture: null, model: 'file' }));
  for (const picture of [null, 'goldfish.webp', 'owner-2.webp']) assert.ok(!losesOwn({ view: 'look', picture, model: 'alike' }), String(picture));
});

test('weights are offered to be imported: the network stays, and what cannot be imported is told', async () => {
  const { networks, notices, log, store } = world();
  const offered = /** @type {any[]} */ ([]);
  const weights = new Blob([safetensors({ format: 'pt' }, [['features.0.weight', 'F32', 16]])]);
  assert.equal(await networks.takeFile(weights, 'a.safetensors', networks.now()), false, 'where nothing can be imported');
  assert.equal(notices.at(-1).code, 'model-float');
  networks.convert = async (source) => void offered.push(source);
  assert.equal(await networks.takeFile(weights, 'a.safetensors', networks.now()), true);
  assert.deepEqual([offered, notices.at(-1), log], [[{ kind: 'blob', blob: weights, name: 'a.safetensors' }], null, []]);
  networks.convert = async () => {
    throw new Problem('import-naming', { file: 'a.safetensors', first: 'x' });
  };
  assert.equal(await networks.takeFile(weights, 'a.safetensors', networks.now()), false);
  assert.equal(notices.at(-1).code, 'import-naming');
  // Of what was chosen before it is nothing told any more.
  const late = networks.takeFile(weights, 'a.safetensors', networks.now());
  store.set({ model: 'alike', net: 'A' });
  const told = notices.length;
  await late;
  assert.equal(notices.length, told);
});

test('what may be meant as a model', () => {
  assert.ok(isModelLike(new Uint8Array(9), 'VGG16.PTH'));
  assert.ok(isModelLike(latin('GGUF'), 'x'));
  assert.ok(!isModelLike(text('hello'), 'notes.txt'));
  assert.ok(!isModelLike(zip('word/document.xml'), 'letter.docx'));
});

/** @param {string} characters */
function latin(characters) {
  return Uint8Array.from(characters, (letter) => letter.charCodeAt(0));
}

/** The beginning of a zip. @param {string} entry */
function zip(entry) {
  const bytes = new Uint8Array(200);
  bytes.set(latin('PK\x03\x04'));
  bytes.set(latin(entry), 30);
  return bytes;
}

/** @param {string} header */
function withHeader(header) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([bytes, Buffer.from(header)]);
}
