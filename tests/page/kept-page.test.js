/** Networks kept on this machine, in the page: the list in the network dialog, the address, and all that can go wrong with storage. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { boxOf, andRun, everyLook, finishedRun, open, overflow, runs, speak, topNames, useBrowser, violations } from './harness.js';
import { FOLDER } from '../../www/engine/kept/shelf.js';

useBrowser();

/** @typedef {import('playwright-core').Page} Page */

const path = (/** @type {string} */ row) => new URL(`../../www/models/alike/${row}.safetensors`, import.meta.url).pathname;

/** What runs, and how the state calls it. @param {Page} page */
const network = (page) =>
  page.evaluate(() => {
    const { store, engine } = /** @type {any} */ (window).vgglass;
    return { model: store.state.model, title: engine.network?.info.title };
  });

/** Opens a model's file and keeps it; the dialog stays open. @param {Page} page @param {string} row */
async function keep(page, row) {
  await andRun(page, () => page.getByTestId('file-input').setInputFiles(path(row)));
  await page.getByTestId('network-button').click();
  await page.getByTestId('keep-button').click();
  await page.getByTestId('kept-status').filter({ hasText: row }).waitFor();
}

/** @param {Page} page */
const list = (page) => page.getByTestId('kept-row').evaluateAll((rows) => rows.map((/** @type {any} */ row) => row.dataset.name));

/** @param {Page} page @param {string} name */
const row = (page, name) => page.locator(`[data-testid=kept-row][data-name="${name}"]`);

/** @param {Page} page */
async function openDialog(page) {
  await page.getByTestId('network-button').click();
  await page.getByTestId('network-dialog').waitFor();
}

/** @param {Page} page @param {string} code */
const notice = (page, code) => page.locator(`[data-testid=notice][data-code=${code}]`);

/** The address has it a moment later. @param {Page} page @param {string} name */
const addressed = (page, name) => page.waitForFunction((end) => decodeURIComponent(location.hash).endsWith(end), `model=kept:${name}`);

/** What lies in the folder of kept networks, by name, and how long it is. @param {Page} page @returns {Promise<Record<string, number>>} */
const files = (page) =>
  page.evaluate(async (folder) => {
    const root = await navigator.storage.getDirectory();
    const found = /** @type {Record<string, number>} */ ({});
    const entries = /** @type {any} */ (await root.getDirectoryHandle(folder, { create: true })).entries();
    for await (const [name, handle] of entries) found[name] = (await handle.getFile()).size;
    return found;
  }, FOLDER);

/** Puts something there. @param {Page} page @param {string} name @param {string | null} content null: removes it */
const put = (page, name, content) =>
  page.evaluate(
    async ([folder, name, content]) => {
      const root = await navigator.storage.getDirectory();
      const there = await root.getDirectoryHandle(/** @type {string} */ (folder), { create: true });
      if (content === null) return there.removeEntry(/** @type {string} */ (name));
      const stream = await (await there.getFileHandle(/** @type {string} */ (name), { create: true })).createWritable();
      await stream.write(content);
      await stream.close();
    },
    [FOLDER, name, content],
  );

/** A message is in the language of the page. @param {Page} page @param {import('playwright-core').Locator} place */
async function inBothLanguages(page, place) {
  for (const [lang, letters] of /** @type {const} */ ([['zh', /[\u4e00-\u9fff]/], ['en', /^[^\u4e00-\u9fff]+$/]])) {
    await speak(page, lang);
    assert.match(await place.innerText(), letters);
  }
}

/** A browser that writes files in workers alone, and not as streams. @param {Page} page */
async function withoutStreams(page) {
  const without = 'delete FileSystemFileHandle.prototype.createWritable;';
  await page.context().addInitScript(without);
  await page.context().route('**/kept/worker.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: without + (await response.text()) });
  });
}

test('a network is kept, runs after a reload, gets another name, goes out as a file and is removed', async (t) => {
  const page = await open(t);
  await keep(page, 'A');
  const ran = await runs(page);
  assert.deepEqual(await network(page), { model: 'kept:A', title: 'VGG-11' });
  assert.deepEqual(await list(page), ['A']);
  assert.ok(await row(page, 'A').getByTestId('kept-radio').isChecked());
  assert.equal(await page.getByTestId('keep-button').isVisible(), false);

  await row(page, 'A').getByTestId('kept-rename').click();
  await page.getByTestId('kept-input').fill('卷积 11 / mine');
  await page.keyboard.press('Enter');
  await row(page, '卷积 11 / mine').waitFor();
  assert.equal((await network(page)).model, 'kept:卷积 11 / mine');
  assert.equal(await runs(page), ran, 'it ran on');
  await addressed(page, '卷积 11 / mine');
  await page.getByTestId('network-cancel').click();
  const top = await topNames(page);
  await page.reload();
  await finishedRun(page);
  assert.deepEqual(await network(page), { model: 'kept:卷积 11 / mine', title: 'VGG-11' });
  assert.deepEqual(await topNames(page), top);
  assert.match(await page.locator('footer').innerText(), /a model file of your own/);

  await openDialog(page);
  const download = page.waitForEvent('download');
  await page.getByTestId('kept-export').click();
  assert.ok(readFileSync(await (await download).path()).equals(readFileSync(path('A'))));
  await page.getByTestId('kept-status').filter({ hasText: 'downloads' }).waitFor();

  await page.getByTestId('kept-remove').click();
  assert.deepEqual(await list(page), ['卷积 11 / mine'], 'it is asked first');
  await page.getByTestId('kept-really').click();
  await page.getByTestId('kept-status').filter({ hasText: 'removed' }).waitFor();
  assert.deepEqual([await list(page), await files(page)], [[], {}]);
  assert.equal((await network(page)).title, 'VGG-11', 'it runs until another is chosen');
});

test('of those that are kept one is chosen, by the keyboard alone', async (t) => {
  const page = await open(t, { locale: 'zh-CN' });
  await keep(page, 'A');
  await page.getByTestId('network-cancel').click();
  await keep(page, 'AlexNet');
  assert.equal(await page.evaluate(() => /** @type {any} */ (document.activeElement).value), 'kept:AlexNet', 'the focus is where it went');
  assert.deepEqual(await list(page), ['AlexNet', 'A']);
  await addressed(page, 'AlexNet');
  await page.keyboard.press('ArrowDown');
  await andRun(page, () => page.keyboard.press('Enter'));
  assert.deepEqual(await network(page), { model: 'kept:A', title: 'VGG-11' });
  await andRun(page, () => page.goBack());
  assert.deepEqual(await network(page), { model: 'kept:AlexNet', title: 'AlexNet' });

  await page.getByTestId('network-button').focus();
  await page.keyboard.press('Enter');
  await row(page, 'AlexNet').getByTestId('kept-radio').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.type('A');
  await page.keyboard.press('Enter');
  await page.getByTestId('kept-status').filter({ hasText: '已有名为“A”的网络' }).waitFor();
  assert.ok(await page.getByTestId('kept-input').isVisible());
  await page.keyboard.press('Escape');
  assert.ok(await page.getByTestId('network-dialog').isVisible(), 'Escape ends the question, not the dialog');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), '重命名“AlexNet”');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  await page.keyboard.press('Escape');
  assert.deepEqual(await list(page), ['AlexNet', 'A']);
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  await row(page, 'AlexNet').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), '重命名“A”');
  await page.keyboard.press('Escape');
  await page.getByTestId('network-dialog').waitFor({ state: 'hidden' });
});

test('the list can be read by everybody, on any window', async (t) => {
  const page = await open(t);
  await keep(page, 'A');
  await page.getByTestId('network-cancel').click();
  await keep(page, 'B');
  await row(page, 'A').getByTestId('kept-rename').click();
  await page.getByTestId('kept-input').fill('W'.repeat(80));
  await page.keyboard.press('Enter');
  await row(page, 'W'.repeat(80)).waitFor();
  await page.getByTestId('kept-rename').first().click();
  await page.getByTestId('kept-remove').last().click();
  await everyLook(page, async (look) => {
    assert.deepEqual(await violations(page), [], look);
    for (const [width, height] of [[360, 740], [1280, 720]]) {
      await page.setViewportSize({ width, height });
      assert.equal(await overflow(page), 0, `${look}, ${width}`);
      const box = await boxOf(page.getByTestId('network-apply'));
      assert.ok(box.y + box.height <= height, 'what ends the dialog is seen');
    }
  });
});

test('two tabs: both keep at once, and what is removed in one runs on in the other', async (t) => {
  const page = await open(t);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await finishedRun(other);
  await Promise.all([keep(page, 'A'), keep(other, 'A')]);
  const kept = [(await network(page)).model, (await network(other)).model];
  assert.deepEqual(kept.toSorted(), ['kept:A', 'kept:A (2)']);
  for (const tab of [page, other]) {
    await tab.waitForFunction(() => document.querySelectorAll('[data-testid=kept-row]').length === 2);
    assert.deepEqual((await list(tab)).toSorted(), ['A', 'A (2)']);
  }
  const name = kept[1].slice(5);
  await row(page, name).getByTestId('kept-rename').click();
  await page.getByTestId('kept-input').fill('theirs');
  await page.keyboard.press('Enter');
  await other.waitForFunction(() => /** @type {any} */ (window).vgglass.store.state.model === 'kept:theirs');
  await row(other, 'theirs').waitFor();

  await row(page, 'theirs').getByTestId('kept-remove').click();
  await page.getByTestId('kept-really').click();
  await row(other, 'theirs').waitFor({ state: 'detached' });
  await other.getByTestId('network-cancel').click();
  await andRun(other, () => other.getByTestId('sample').nth(1).click());
  assert.deepEqual([await network(other), (await topNames(other))[0]], [{ model: 'kept:theirs', title: 'VGG-11' }, 'triumphal arch']);

  // What needs its bytes once more says why it has none.
  await other.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ view: 'speed' }));
  await other.getByTestId('speed-start').click();
  await notice(other, 'kept-missing').waitFor();
  await other.reload();
  await finishedRun(other);
  await notice(other, 'kept-missing').waitFor();
  assert.deepEqual(await network(other), { model: 'shipped', title: 'VGG-16' });
  await inBothLanguages(other, notice(other, 'kept-missing').locator('p'));
});

test('a machine that has not got it says so, with the shipped network meanwhile', async (t) => {
  const page = await open(t, { hash: 'model=kept:Lecture&layer=conv2_1' });
  await notice(page, 'kept-missing').waitFor();
  assert.match(await notice(page, 'kept-missing').locator('p').innerText(), /“Lecture”/);
  assert.deepEqual(await network(page), { model: 'shipped', title: 'VGG-16' });
  assert.match(page.url(), /layer=conv2_1/);
});

/** @param {Page} page @param {number} [bytes] that its origin may store; left out: what the browser gives by itself */
async function allow(page, bytes) {
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(page.url()).origin, quotaSize: bytes });
}

test('too little room is said before anything is written, if the browser knows of it, or else nothing stays', async (t) => {
  const page = await open(t);
  await andRun(page, () => page.getByTestId('file-input').setInputFiles(path('A')));
  await openDialog(page);
  const message = page.getByTestId('keep-status');
  // Chromium tells every page of the same 10 GB.
  await allow(page, 3_000_000);
  await page.getByTestId('keep-button').click();
  await message.filter({ hasText: /3\.2\s*MB/ }).waitFor();
  await inBothLanguages(page, message);
  assert.deepEqual(await files(page), {});
  assert.equal((await network(page)).model, 'file');

  await page.evaluate(() => (StorageManager.prototype.estimate = async () => ({ quota: 4_100_000, usage: 1_000_000 })));
  await page.getByTestId('keep-button').click();
  await message.filter({ hasText: /3\.2\s*MB.*3\.1\s*MB/ }).waitFor();
  await inBothLanguages(page, message);
  assert.deepEqual(await files(page), {});

  await allow(page);
  await page.evaluate(() => (StorageManager.prototype.estimate = async () => ({ quota: 6_000_000, usage: 0 })));
  await page.getByTestId('keep-button').click();
  await row(page, 'A').waitFor();
});

for (const [how, spoil] of /** @type {[string, () => void][]} */ ([
  ['refuses', () => (StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('Security error when calling GetDirectory', 'SecurityError')))],
  // As Firefox does with cookies switched off.
  ['refuses all', () => {
    const refuse = () => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    };
    Object.assign(window, { BroadcastChannel: function () { refuse(); } });
    StorageManager.prototype.getDirectory = async () => refuse();
  }],
  ['has not', () => delete (/** @type {any} */ (StorageManager.prototype).getDirectory)],
])) {
  test(`a browser that ${how} storage says so, and runs files all the same`, async (t) => {
    const page = await open(t, { hash: 'model=kept:A', beforeOpening: (opened) => opened.addInitScript(spoil) });
    await notice(page, 'kept-off').waitFor();
    await inBothLanguages(page, notice(page, 'kept-off').locator('p'));
    assert.equal((await network(page)).model, 'shipped');
    await openDialog(page);
    assert.equal(await page.getByTestId('kept').isVisible(), false);
    await page.getByTestId('network-cancel').click();
    await andRun(page, () => page.getByTestId('file-input').setInputFiles(path('A')));
    await openDialog(page);
    await page.getByTestId('keep-status').filter({ hasText: 'keep nothing' }).waitFor();
    await inBothLanguages(page, page.getByTestId('keep-status'));
    assert.equal(await page.getByTestId('keep-button').isVisible(), false);
  });
}

test('what a crash left half-written is told once and cleared away; the rest of the list stands', async (t) => {
  const page = await open(t);
  await keep(page, 'A');
  await page.getByTestId('network-cancel').click();
  await put(page, '00112233445566aa.json', JSON.stringify({ state: 'writing', name: 'VGG-16', bytes: 138e6, date: 1, hash: null }));
  await put(page, '00112233445566aa.safetensors', 'half of it');
  await page.reload();
  await finishedRun(page);
  await openDialog(page);
  const status = page.getByTestId('kept-status');
  await status.filter({ hasText: 'VGG-16' }).waitFor();
  await inBothLanguages(page, status);
  assert.deepEqual(await list(page), ['A']);
  assert.equal(Object.keys(await files(page)).length, 2);
  await page.getByTestId('network-cancel').click();
  await openDialog(page);
  await row(page, 'A').waitFor();
  assert.equal(await status.innerText(), '');
});

for (const streams of [true, false]) {
  test(`a page that goes amid writing ${streams ? 'a stream' : 'in a worker'} leaves nothing that is taken for a network`, async (t) => {
    const page = await open(t, { beforeOpening: streams ? undefined : withoutStreams });
    const other = await page.context().newPage();
    await other.goto(page.url());
    await finishedRun(other);
    await other.evaluate(async () => {
      const { begin } = await import(/** @type {any} */ ('/engine/kept/kept.js'));
      const writer = await begin('half', { bytes: 1000 });
      await writer.write(new Uint8Array(500));
    });
    await openDialog(page);
    assert.deepEqual(await list(page), []);
    assert.ok(Object.keys(await files(page)).length >= 2, 'another page is writing it');
    await page.getByTestId('network-cancel').click();
    await other.close();
    await openDialog(page);
    await page.getByTestId('kept-status').filter({ hasText: 'half' }).waitFor();
    assert.deepEqual(await files(page), {});
  });
}

test('where the page may not write files, a worker does', async (t) => {
  const page = await open(t, { beforeOpening: withoutStreams });
  await keep(page, 'A');
  await row(page, 'A').getByTestId('kept-rename').click();
  await page.getByTestId('kept-input').fill('by a worker');
  await page.getByTestId('kept-save').click();
  await row(page, 'by a worker').waitFor();
  await addressed(page, 'by a worker');
  await page.reload();
  await finishedRun(page);
  assert.deepEqual(await network(page), { model: 'kept:by a worker', title: 'VGG-11' });
  await andRun(page, () => page.getByTestId('file-input').setInputFiles(path('AlexNet')));
  await allow(page, 3_400_000);
  await openDialog(page);
  await page.getByTestId('keep-button').click();
  await page.getByTestId('keep-status').filter({ hasText: 'too little room' }).waitFor();
  assert.deepEqual(await list(page), ['by a worker']);
});

test('models that the browser has thrown away, notes that something else has written over', async (t) => {
  const page = await open(t);
  await keep(page, 'A');
  const [model] = Object.keys(await files(page)).filter((name) => name.endsWith('.safetensors'));
  await page.getByTestId('network-cancel').click();
  await keep(page, 'B');
  await page.getByTestId('network-cancel').click();
  await put(page, model.replace('safetensors', 'json'), '<html>');
  await openDialog(page);
  const found = `model-${model.slice(0, 4)}`;
  await row(page, found).waitFor();
  assert.deepEqual((await list(page)).toSorted(), ['B', found].toSorted());
  await row(page, found).getByTestId('kept-radio').check();
  await andRun(page, () => page.getByTestId('network-apply').click());
  assert.deepEqual(await network(page), { model: `kept:${found}`, title: 'VGG-11' });

  const other = Object.keys(await files(page)).filter((name) => name.endsWith('.safetensors') && name !== model)[0];
  await put(page, other, null);
  await openDialog(page);
  await page.locator('[data-testid=kept-row][data-name=B][data-state=lost]').waitFor();
  assert.ok(await row(page, 'B').getByTestId('kept-radio').isDisabled());
  await page.getByTestId('network-cancel').click();
  await page.goto(`${page.url().split('#')[0]}#/look?model=kept:B`);
  await notice(page, 'kept-lost').waitFor();
  await inBothLanguages(page, notice(page, 'kept-lost').locator('p'));
  assert.equal((await network(page)).model, `kept:${found}`, 'what runs goes on');
  await openDialog(page);
  await row(page, 'B').getByTestId('kept-remove').click();
  await page.getByTestId('kept-really').click();
  await row(page, 'B').waitFor({ state: 'detached' });
  assert.equal(Object.keys(await files(page)).length, 2);

  await put(page, model, readFileSync(path('A')).toString('latin1').slice(0, 500_000));
  await page.reload();
  await finishedRun(page);
  assert.equal((await network(page)).model, 'shipped');
});

test('nothing of it is loaded before somebody asks', async (t) => {
  const asked = /** @type {string[]} */ ([]);
  const page = await open(t, { beforeOpening: async (opened) => void opened.on('request', (request) => asked.push(request.url())) });
  const later = () => asked.filter((url) => /\/(later-\w+|kept[/\w-]*)\.js/.test(url)).length;
  assert.equal(later(), 0);
  const answer = page.waitForResponse(/\/later-\w+\.js/);
  await openDialog(page);
  await answer;
  assert.equal(later(), 1);
});

test('a kept network stands beside others in Compare; where it is gone, that is said', async (t) => {
  const page = await open(t);
  await keep(page, 'AlexNet');
  await page.keyboard.press('Escape');
  const top = await topNames(page);
  await page.evaluate(() => void (location.hash = '#/compare?nets=shipped,kept:AlexNet'));
  await page.locator('[data-testid=compare-view][data-ready="shipped,kept:AlexNet"]').waitFor();
  const [first, second] = await page.getByTestId('compare-column').all();
  assert.equal(await second.getByTestId('compare-ranking').locator('[data-class]').first().innerText().then((text) => text.includes(top[0])), true);
  // It can be chosen in any column.
  await first.getByTestId('compare-net').selectOption('kept:AlexNet');
  await page.locator('[data-testid=compare-view][data-ready="kept:AlexNet,kept:AlexNet"]').waitFor();
  await page.evaluate(() => {
    const { store } = /** @type {any} */ (window).vgglass;
    store.set({ nets: [store.state.nets[0], { ...store.state.nets[1], net: 'kept:gone, ~ (2)' }] });
  });
  await page.locator('[data-testid=compare-column][data-state=failed]').filter({ hasText: 'gone, ~ (2)' }).waitFor();
  await page.waitForURL(/nets=kept:AlexNet,kept:gone/);
  await page.reload();
  await page.locator('[data-testid=compare-column][data-state=failed]').filter({ hasText: 'gone, ~ (2)' }).waitFor();
});
