/** The live camera, with the browser's fake one: a moving pattern and a counter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, useBrowser, violations } from './harness.js';

useBrowser(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);

/** Keeps every track that the page is given, to see whether it gives them back. @param {import('playwright-core').Page} page */
const keepTracks = (page) =>
  page.addInitScript(() => {
    const tracks = (/** @type {any} */ (window).tracks = []);
    const media = navigator.mediaDevices;
    const ask = media.getUserMedia.bind(media);
    media.getUserMedia = async (wish) => {
      const stream = await ask(wish);
      tracks.push(...stream.getTracks());
      return stream;
    };
  });

/** @param {import('playwright-core').Page} page */
const trackStates = (page) => page.evaluate(() => /** @type {any} */ (window).tracks.map((/** @type {any} */ track) => track.readyState));

/** @param {import('playwright-core').Page} page @param {number} count */
const framesSeen = (page, count) =>
  page.waitForFunction((least) => Number(/** @type {HTMLElement} */ (document.querySelector('[data-testid=live-rate]'))?.dataset.frames) >= least, count);

/** @param {import('playwright-core').Page} page */
const shown = (page) =>
  page.evaluate(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    return {
      top: JSON.stringify(engine.top),
      orders: engine.results.map((/** @type {any} */ { strip }) => [...strip.order].join()),
      strips: [...document.querySelectorAll('[data-testid=layer-strip]')].map((/** @type {any} */ canvas) => canvas.toDataURL()),
    };
  });

/** @param {import('playwright-core').Page} page */
async function start(page) {
  await page.getByTestId('live-button').click();
  await framesSeen(page, 3);
}

test('the network follows the camera, row for row, and keeps its channels', async (t) => {
  const page = await open(t, { beforeOpening: keepTracks });
  const still = await shown(page);
  await start(page);
  assert.equal(await page.getByTestId('live-button').getAttribute('aria-pressed'), 'true');
  assert.ok(await page.locator('video.stage-video').isVisible());
  const first = await shown(page);
  assert.notEqual(first.top, still.top);
  const frames = Number(await page.getByTestId('live-rate').getAttribute('data-frames'));
  await framesSeen(page, frames + 20);
  const later = await shown(page);
  assert.notEqual(later.top, first.top, 'predictions change');
  assert.deepEqual(later.orders, first.orders, 'rows keep their channels');
  const changed = (/** @type {any} */ now, /** @type {any} */ former) => now.strips.flatMap((strip, i) => (strip === former.strips[i] ? [] : [i]));
  assert.deepEqual(changed(later, first).slice(0, 3), [0, 1, 2], 'maps in sight change');
  await page.locator('[data-layer=fc8]').last().scrollIntoViewIfNeeded();
  await framesSeen(page, frames + 40);
  assert.ok(changed(await shown(page), later).includes(later.strips.length - 1), 'and others when they come in sight');
  await page.waitForFunction(() => /\d/.test(document.querySelector('[data-testid=live-rate]')?.textContent ?? ''));

  await page.getByTestId('live-button').click();
  assert.deepEqual(await trackStates(page), ['ended']);
  assert.equal(await page.locator('video.stage-video').count(), 0);
  // A frame that is under way still tells of its end.
  await page.waitForFunction((top) => JSON.stringify(/** @type {any} */ (window).vgglass.engine.top) === top, still.top);
});

test('frames are dropped, never queued, when the network is slow', async (t) => {
  const page = await open(t, { hash: 'model=untrained&net=D&width=1&size=128&seed=1', beforeOpening: keepTracks });
  const inFlight = await page.evaluate(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    const seen = { most: 0, now: 0 };
    const send = engine.runFrame.bind(engine);
    engine.runFrame = (/** @type {any[]} */ ...args) => {
      seen.now += 1;
      seen.most = Math.max(seen.most, seen.now);
      send(...args);
    };
    engine.on('done', () => (seen.now -= 1));
    Object.assign(window, { seen });
    return seen.most;
  });
  assert.equal(inFlight, 0);
  await start(page);
  await page.waitForFunction(() => Number(/** @type {HTMLElement} */ (document.querySelector('[data-testid=live-rate]')).dataset.dropped) > 0);
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).seen.most), 1, 'one frame at a time');
});

test('the camera goes off with the view, with the tab, and for another picture', async (t) => {
  const page = await open(t, { beforeOpening: keepTracks });
  await start(page);
  await page.getByTestId('view-memory').click();
  assert.deepEqual(await trackStates(page), ['ended']);

  await page.getByTestId('view-look').click();
  await start(page);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
    Object.defineProperty(document, 'hidden', { value: false, configurable: true });
  });
  assert.deepEqual(await trackStates(page), ['ended', 'ended']);
  assert.equal(await page.getByTestId('live-button').getAttribute('aria-pressed'), 'false');

  await start(page);
  await page.locator('[data-file="arc-de-triomphe.webp"]').click();
  await page.waitForFunction(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    return engine.network.info.classes[engine.top[0].class].en === 'triumphal arch';
  });
  assert.deepEqual(await trackStates(page), ['ended', 'ended', 'ended']);
});

test('channels stay off while the camera runs', async (t) => {
  const page = await open(t, { hash: 'off=conv1_1:8,conv2_1:3', beforeOpening: keepTracks });
  await start(page);
  const isSilent = () =>
    page.evaluate(async () => {
      const { engine } = /** @type {any} */ (window).vgglass;
      // Between two frames there is nothing to ask about.
      for (;;) {
        const means = await engine.means(4).catch(() => null);
        if (means) return means[3] === 0;
      }
    });
  assert.ok(await isSilent());
  await page.getByTestId('off-all-on').click();
  const frames = Number(await page.getByTestId('live-rate').getAttribute('data-frames'));
  await framesSeen(page, frames + 3);
  assert.ok(!(await isSilent()));
});

test('another network takes the camera over, and the crop is its own', async (t) => {
  const page = await open(t, { beforeOpening: keepTracks });
  await start(page);
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ model: 'untrained', net: 'A', width: 0.125, size: 64, seed: 1 }));
  await page.waitForFunction(() => /** @type {any} */ (window).vgglass.engine.network?.info.id === 'A');
  const frames = Number(await page.getByTestId('live-rate').getAttribute('data-frames'));
  await framesSeen(page, frames + 5);
  await page.getByTestId('crop-box').focus();
  await page.keyboard.press('+');
  await framesSeen(page, frames + 15);
  assert.deepEqual(await trackStates(page), ['live']);
});

for (const lang of ['en', 'zh']) {
  test(`axe finds nothing while the camera runs (${lang})`, async (t) => {
    const page = await open(t, { hash: `lang=${lang}`, beforeOpening: keepTracks });
    await start(page);
    assert.deepEqual(await violations(page), []);
    await page.getByTestId('live-button').click();
  });
}

test('a camera that is not there is a notice', async (t) => {
  const page = await open(t, {
    beforeOpening: (opened) =>
      opened.addInitScript(() => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotFoundError'));
      }),
  });
  await page.getByTestId('live-button').click();
  await page.locator('[data-testid=notice][data-code=camera-none]').waitFor();
  assert.equal(await page.getByTestId('live-button').getAttribute('aria-pressed'), 'false');
});
