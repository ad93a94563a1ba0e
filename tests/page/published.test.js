/** Published networks in the page: the list in the network dialog, the addresses that name them, and the way from a hub to a prediction. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { boxOf, everyLook, finishedRun, open, overflow, speak, useBrowser, violations } from './harness.js';
import { startHub } from './hub-server.js';
import { FOLDER } from '../../www/engine/import/partial.js';
import { bytesOf, PUBLISHED } from '../../www/engine/published.js';

useBrowser();

/** @typedef {import('playwright-core').Page} Page */

/** Float weights that are small. */
const WEIGHTS = new Uint8Array(readFileSync(new URL('../../training/weights/B.safetensors', import.meta.url)));
const FILE = '/timm/vgg13.tv_in1k/resolve/main/model.safetensors';
const POINTER = '/timm/vgg13.tv_in1k/raw/main/model.safetensors';
const HASH = createHash('sha256').update(WEIGHTS).digest('hex');
const pointer = (/** @type {string} */ hash) => Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${hash}\nsize ${WEIGHTS.length}\n`);

/** @param {Page} page @param {string} key */
const row = (page, key) => page.locator(`[data-testid=published-row][data-key=${key}]`);

/** @param {Page} page */
async function openList(page) {
  await page.getByTestId('network-button').click();
  await page.getByTestId('published').locator('summary').click();
  await row(page, 'vgg19_bn').waitFor();
}

/** @param {Page} page @param {string} address */
async function setBase(page, address) {
  await page.getByTestId('published-change').click();
  await page.getByTestId('published-input').fill(address);
  await page.keyboard.press('Enter');
}

/** @param {Page} page @returns {Promise<{model: string, title: string, classes: number}>} */
const network = (page) =>
  page.evaluate(() => {
    const { store, engine } = /** @type {any} */ (window).vgglass;
    return { model: store.state.model, title: engine.network?.info.title, classes: engine.network?.info.class_count };
  });

test('the list says what each is; nothing is fetched before it is asked for', async (t) => {
  const page = await open(t);
  await openList(page);
  assert.equal(await page.getByTestId('published-row').count(), PUBLISHED.length);
  assert.match(await row(page, 'vgg16').innerText(), /VGG-16\s+top-1 71\.6\s%, top-5 90\.4\s%\s+· 138\sMB kept\s+File\s+Copy\s+Get \(553\sMB\)/);
  assert.ok(PUBLISHED.every((one) => bytesOf(one) > 2e8));
  const file = row(page, 'vgg16').getByTestId('published-file');
  assert.equal(await file.getAttribute('href'), 'https://huggingface.co/timm/vgg16.tv_in1k/resolve/main/model.safetensors');
  assert.equal(await row(page, 'alexnet').getByTestId('published-file').getAttribute('href'), 'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth');

  // A mirror: what makes no sense is said, what does is kept.
  await setBase(page, 'ftp://mirror');
  await page.getByTestId('published-why').filter({ hasText: 'ftp://mirror' }).waitFor();
  await page.keyboard.press('Escape');
  assert.ok(await page.getByTestId('network-dialog').isVisible(), 'Escape ends the question, not the dialog');
  await setBase(page, 'models.school.example/hf/');
  await page.getByTestId('published-status').filter({ hasText: 'https://models.school.example/hf' }).waitFor();
  assert.match((await file.getAttribute('href')) ?? '', /^https:\/\/models\.school\.example\/hf\/timm\/vgg16/);
  await page.reload();
  await finishedRun(page);
  await openList(page);
  assert.match(await page.getByTestId('published-base').innerText(), /models\.school\.example\/hf/);
  await page.getByTestId('published-change').click();
  await page.getByTestId('published-reset').click();
  assert.match((await file.getAttribute('href')) ?? '', /^https:\/\/huggingface\.co\//);

  for (const [width, height] of [[1280, 720], [360, 740]]) {
    await page.setViewportSize({ width, height });
    await everyLook(page, async (look) => {
      if (width === 360) assert.deepEqual(await violations(page), [], look);
      assert.equal(await overflow(page), 0, `${look}, ${width}`);
      const box = await boxOf(page.getByTestId('network-apply'));
      assert.ok(box.y + box.height <= height, 'what ends the dialog is seen');
    });
  }
});

test('where bytes cost something it is asked first', async (t) => {
  const beforeOpening = (/** @type {Page} */ page) =>
    page.addInitScript(() => Object.defineProperty(navigator, 'connection', { value: { saveData: true } }));
  const page = await open(t, { beforeOpening, locale: 'zh-CN' });
  await openList(page);
  await row(page, 'vgg16').getByTestId('published-get').click();
  assert.match(await row(page, 'vgg16').innerText(), /省流量[^]*553/);
  await page.keyboard.press('Escape');
  assert.ok(await row(page, 'vgg16').getByTestId('published-get').isVisible());
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-testid')), 'published-get');
});

test('from the hub to a prediction, over a connection that breaks; its address runs it from then on', async (t) => {
  const hub = await startHub(t, { [FILE]: WEIGHTS, [POINTER]: pointer(HASH) }, { breaksAt: [3_000_000] });
  const page = await open(t, { hash: 'model=imagenet:vgg13', expectedErrors: /foreign request: http:\/\/127\.0\.0\.1|ERR_CONTENT_LENGTH_MISMATCH|ERR_INCOMPLETE_CHUNKED/ });
  assert.deepEqual(await network(page), { model: 'shipped', title: 'VGG-16', classes: 200 });
  const notice = page.locator('[data-testid=notice][data-code=published-missing]');
  for (const [lang, words] of /** @type {const} */ ([['zh', /VGG-13（ImageNet/], ['en', /VGG-13 with ImageNet’s 1000 classes is not on this machine/]])) {
    await speak(page, lang);
    assert.match(await notice.innerText(), words);
  }
  await notice.getByTestId('notice-retry').click();
  await row(page, 'vgg13').and(page.locator('.is-asked')).waitFor();
  await setBase(page, hub.address);
  await row(page, 'vgg13').getByTestId('published-get').click();
  await page.waitForFunction(() => /** @type {any} */ (window).vgglass.store.state.model === 'imagenet:vgg13');
  await finishedRun(page);
  assert.equal((await network(page)).title, 'VGG-13');
  await page.getByTestId('import-text').filter({ hasText: 'it is what runs now' }).waitFor();
  assert.deepEqual(hub.asked.map(({ method }) => method), ['GET', 'GET'], 'and no question beforehand');
  assert.match(hub.asked[1].range ?? '', /^bytes=[1-9]\d{4,6}-$/);
  assert.match(await page.locator('footer').innerText(), /VGG-13: torchvision’s weights[^]*BSD-3-Clause[^]*69\.9\s%/);
  await page.waitForURL(/model=imagenet:vgg13/);
  await page.reload();
  await finishedRun(page);
  assert.equal((await network(page)).title, 'VGG-13');
  await openList(page);
  await row(page, 'vgg13').getByTestId('published-get').filter({ hasText: 'Use' }).waitFor();
  const kept = page.getByTestId('kept-row');
  assert.equal(await kept.count(), 1);
  assert.ok(await kept.getByTestId('kept-radio').isChecked());
});

test('after the tab was closed it goes on where it was, or is discarded', async (t) => {
  const hub = await startHub(t, { [FILE]: WEIGHTS }, { stallsAt: 3_500_000 });
  const page = await open(t, { expectedErrors: /foreign request: http:\/\/127\.0\.0\.1/ });
  const parts = () =>
    page.evaluate(async (folder) => {
      const root = await navigator.storage.getDirectory();
      const sizes = [];
      for await (const [name, handle] of /** @type {any} */ (await root.getDirectoryHandle(folder, { create: true })).entries()) {
        if (name.endsWith('.part')) sizes.push((await handle.getFile()).size);
      }
      return sizes;
    }, FOLDER);
  const begin = async () => {
    await row(page, 'vgg13').getByTestId('published-get').click();
    for (let size = 0; size < 3_000_000; [size = 0] = await parts()) await page.waitForTimeout(50);
    await page.reload();
    await finishedRun(page);
    await openList(page);
    await row(page, 'vgg13').and(page.locator('[data-state=half]')).waitFor();
  };
  await openList(page);
  await setBase(page, hub.address);
  await begin();
  assert.match(await row(page, 'vgg13').getByTestId('published-get').innerText(), /^Go on \(3\.1\sMB of 532\sMB are here\)$/);
  assert.equal(await overflow(page), 0);
  await row(page, 'vgg13').getByTestId('published-discard').click();
  await page.getByTestId('published-status').filter({ hasText: 'VGG-13' }).waitFor();
  assert.deepEqual(await parts(), []);

  hub.behaviour.stallsAt = 3_500_000;
  await begin();
  await row(page, 'vgg13').getByTestId('published-get').click();
  await page.waitForFunction(() => /** @type {any} */ (window).vgglass.store.state.model === 'imagenet:vgg13');
  await finishedRun(page);
  assert.equal((await network(page)).title, 'VGG-13');
  const text = page.getByTestId('import-text');
  assert.match(await text.innerText(), new RegExp(`what runs now[^]*SHA-256[^]*${HASH.slice(0, 8)}`));
  assert.deepEqual(hub.asked.map(({ range }) => range), [null, null, 'bytes=3145728-']);
  assert.deepEqual(await parts(), []);
});

test('another file than the published one is not kept, and one that may not be read can be brought by hand', async (t) => {
  const hub = await startHub(t, { [FILE]: WEIGHTS, [POINTER]: pointer('0'.repeat(64)) });
  const page = await open(t, { expectedErrors: /foreign request: http:\/\/127\.0\.0\.1|CORS policy|net::ERR_FAILED/ });
  await openList(page);
  await setBase(page, hub.address);
  await row(page, 'vgg13').getByTestId('published-get').click();
  const text = page.getByTestId('import-text');
  await text.filter({ hasText: 'SHA-256' }).waitFor();
  assert.deepEqual(await network(page), { model: 'shipped', title: 'VGG-16', classes: 200 });
  await page.getByTestId('import-close').click();

  hub.behaviour.isOpen = false;
  await page.getByTestId('network-button').click();
  assert.equal(await page.getByTestId('kept-row').count(), 0);
  await row(page, 'vgg13').getByTestId('published-get').click();
  await page.locator('[data-testid=notice][data-code=hub-unreachable]').filter({ hasText: hub.address + FILE }).waitFor();
});

test('in a slide one sentence says what is missing', async (t) => {
  const page = await open(t, { hash: 'model=imagenet:vgg16&embed=1&present=1', viewport: { width: 640, height: 360 } });
  const notice = page.locator('[data-testid=notice][data-code=published-missing]');
  const box = await boxOf(notice);
  assert.ok(box.y >= 0 && box.y + box.height <= 360 && box.height < 130, JSON.stringify(box));
  const opened = page.context().waitForEvent('page');
  await notice.getByTestId('notice-retry').click();
  assert.match((await opened).url(), /#\/look\?model=imagenet:vgg16$/);
});
