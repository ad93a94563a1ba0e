/** The live camera, with the browser's fake one: a moving pattern and a counter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { andRun, everyLook, open, useBrowser, violations } from './harness.js';

useBrowser(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);

/** Keeps every track that the page is given, to see whether it gives them back. @param {import('playwright-core').Page} page */
const keepTracks = (page) =>
  page.addInitScript(() => {
    /** @type {MediaStreamTrack[]} */
    const tracks = [];
    Object.assign(window, { tracks });
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
  const changed = (/** @type {{strips: string[]}} */ now, /** @type {{strips: string[]}} */ former) => now.strips.flatMap((strip, i) => (strip === former.strips[i] ? [] : [i]));
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
      return send(...args);
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

test('a picture that was chosen before the camera and comes later does not end it, and is there after it', async (t) => {
  const page = await open(t);
  const held = /** @type {(() => void)[]} */ ([]);
  await page.route('**/pictures/koala.webp', async (route) => {
    await new Promise((resolve) => held.push(() => resolve(undefined)));
    await route.continue();
  });
  const asked = page.waitForRequest('**/pictures/koala.webp');
  await page.locator('[data-testid=sample][data-file="koala.webp"]').click();
  await asked;
  await start(page);
  const came = page.waitForResponse('**/pictures/koala.webp');
  for (const release of held) release();
  await (await came).finished();
  // In the time of so many frames it is decoded, too.
  await framesSeen(page, 20 + Number(await page.getByTestId('live-rate').getAttribute('data-frames')));
  assert.equal(await page.getByTestId('live-button').getAttribute('aria-pressed'), 'true');
  assert.ok(await page.locator('video.stage-video').isVisible());
  await page.getByTestId('live-button').click();
  // The last frame's run may end behind the click.
  await page.waitForFunction(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    return engine.network.info.classes[engine.top[0].class].en === 'koala';
  });
});

test('channels stay off while the camera runs', async (t) => {
  const page = await open(t, { hash: 'off=conv1_1:8,conv2_1:3', beforeOpening: keepTracks });
  await start(page);
  const isSilent = () =>
    page.evaluate(async () => {
      const { engine } = /** @type {any} */ (window).vgglass;
      // Between two frames there is nothing to ask about.
      for (let tries = 0; tries < 500; tries++) {
        const means = await engine.means(4).catch(() => null);
        if (means) return means[3] === 0;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error('there is never anything to ask about');
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

test('axe finds nothing while the camera runs', async (t) => {
  const page = await open(t, { beforeOpening: keepTracks });
  await start(page);
  await everyLook(page, async (look) => assert.deepEqual(await violations(page), [], look));
  await page.getByTestId('live-button').click();
});

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

/**
 * Puts a camera in the place of the browser's: a canvas that is painted again and again, whose stream can be turned,
 * ended and kept back. `window.camera` is its remote control.
 * @param {import('playwright-core').Page} page
 */
const ownCamera = (page) =>
  page.addInitScript(() => {
    const camera = {
      width: 640,
      height: 480,
      isSilent: false,
      /** Streams are given when this is settled. */
      allowed: Promise.resolve(),
      /** @type {MediaStreamTrack[]} */ tracks: [],
    };
    Object.assign(window, { camera });
    navigator.mediaDevices.getUserMedia = async () => {
      await camera.allowed;
      const canvas = document.createElement('canvas');
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
      const stream = canvas.captureStream(camera.isSilent ? 0 : 30);
      const [track] = stream.getVideoTracks();
      camera.tracks.push(track);
      let hue = 0;
      const paint = () => {
        if (track.readyState === 'ended') clearInterval(timer);
        if (camera.isSilent) return;
        if (canvas.width !== camera.width || canvas.height !== camera.height) Object.assign(canvas, { width: camera.width, height: camera.height });
        context.fillStyle = `hsl(${(hue += 7)} 80% 50%)`;
        context.fillRect(0, 0, canvas.width, canvas.height);
        context.fillStyle = '#fff';
        context.beginPath();
        context.arc(canvas.width / 2, canvas.height / 2, 150, 0, 7);
        context.fill();
      };
      const timer = setInterval(paint, 30);
      paint();
      return stream;
    };
  });

/** @param {import('playwright-core').Page} page */
const ownTracks = (page) => page.evaluate(() => /** @type {any} */ (window).camera.tracks.map((/** @type {any} */ track) => track.readyState));

/** @param {import('playwright-core').Page} page @param {string} code */
const problem = (page, code) => page.locator(`[data-testid=notice][data-code=${code}]`).waitFor();

/** The stage's picture as it is laid out, and the video's own size. @param {import('playwright-core').Page} page */
const stageShape = (page) =>
  page.evaluate(() => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('video.stage-video'));
    const { width, height } = video.getBoundingClientRect();
    const crop = /** @type {HTMLElement} */ (document.querySelector('[data-testid=crop-box]')).getBoundingClientRect();
    return { own: video.videoWidth / video.videoHeight, shown: width / height, crop: crop.width / crop.height, inside: crop.width <= width + 1 && crop.height <= height + 1 };
  });

test('a camera that turns is followed', async (t) => {
  const page = await open(t, { beforeOpening: ownCamera });
  await start(page);
  const upright = await stageShape(page);
  assert.ok(Math.abs(upright.shown - 4 / 3) < 0.02, JSON.stringify(upright));
  await page.evaluate(() => Object.assign(/** @type {any} */ (window).camera, { width: 480, height: 640 }));
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector('video.stage-video')).videoWidth === 480);
  await framesSeen(page, Number(await page.getByTestId('live-rate').getAttribute('data-frames')) + 5);
  const turned = await stageShape(page);
  assert.ok(Math.abs(turned.own - 3 / 4) < 0.01 && Math.abs(turned.shown - 3 / 4) < 0.02, JSON.stringify(turned));
  assert.ok(Math.abs(turned.crop - 1) < 0.02 && turned.inside, 'the crop is a square inside it');
});

for (const button of ['live-button', 'camera-button']) {
  test(`a camera that sends nothing is given back, and that is said (${button})`, async (t) => {
    const page = await open(t, {
      beforeOpening: async (opened) => {
        await ownCamera(opened);
        await opened.addInitScript(() => (/** @type {any} */ (window).camera.isSilent = true));
        await opened.clock.install();
      },
    });
    await page.getByTestId(button).click();
    await page.waitForFunction(() => /** @type {any} */ (window).camera.tracks.length === 1);
    await page.clock.fastForward(5000);
    assert.deepEqual(await ownTracks(page), ['live'], 'a camera may take some seconds');
    await page.clock.fastForward(6000);
    await problem(page, 'camera-silent');
    assert.deepEqual(await ownTracks(page), ['ended']);
    assert.equal(await page.getByTestId('live-button').getAttribute('aria-pressed'), 'false');
    assert.equal(await page.getByTestId('camera-dialog').count(), 0);
  });

  test(`a camera that falls silent is given back (${button})`, async (t) => {
    const page = await open(t, {
      beforeOpening: async (opened) => {
        await ownCamera(opened);
        await opened.clock.install();
      },
    });
    await page.getByTestId(button).click();
    await page.waitForFunction(() => [...document.querySelectorAll('video')].some((video) => video.readyState >= 2));
    await page.evaluate(() => (/** @type {any} */ (window).camera.isSilent = true));
    await page.waitForTimeout(300);
    await page.clock.fastForward(11000);
    await problem(page, 'camera-silent');
    assert.deepEqual(await ownTracks(page), ['ended']);
  });

  test(`a camera that is unplugged is a notice (${button})`, async (t) => {
    const page = await open(t, { beforeOpening: ownCamera });
    await page.getByTestId(button).click();
    await page.waitForFunction(() => [...document.querySelectorAll('video')].some((video) => video.readyState >= 2));
    await page.evaluate(() => {
      const [track] = /** @type {any} */ (window).camera.tracks;
      track.stop();
      track.dispatchEvent(new Event('ended'));
    });
    await problem(page, 'camera-gone');
    assert.equal(await page.locator('video').count(), 0);
    assert.equal(await page.getByTestId('live-button').getAttribute('aria-pressed'), 'false');
  });

  test(`a browser that refuses to play the camera is a notice (${button})`, async (t) => {
    const page = await open(t, { beforeOpening: ownCamera });
    await page.evaluate(() => {
      HTMLMediaElement.prototype.play = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    });
    await page.getByTestId(button).click();
    await problem(page, 'camera-refused');
    assert.deepEqual(await ownTracks(page), ['ended']);
  });
}

/** Lets `createImageBitmap` fail for the next frames of a video. @param {import('playwright-core').Page} page @param {number} count */
const failFrames = (page, count) =>
  page.evaluate((left) => {
    const make = /** @type {any} */ (window).createImageBitmap;
    /** @type {any} */ (window).createImageBitmap = (/** @type {any[]} */ ...args) => {
      if (!(args[0] instanceof HTMLVideoElement) || left <= 0) return make(...args);
      left -= 1;
      return Promise.reject(new DOMException('no frame', 'InvalidStateError'));
    };
  }, count);

test('a frame that cannot be read does not end the camera; many do', async (t) => {
  const page = await open(t, { beforeOpening: ownCamera });
  await start(page);
  await failFrames(page, 1);
  const frames = Number(await page.getByTestId('live-rate').getAttribute('data-frames'));
  await framesSeen(page, frames + 5);
  await failFrames(page, Infinity);
  await problem(page, 'camera-unread');
  assert.deepEqual(await ownTracks(page), ['ended']);
});

test('only its own run is the end of a frame', async (t) => {
  const page = await open(t, { beforeOpening: ownCamera });
  await start(page);
  // The next frame is held back on its way to the network; meanwhile a channel is switched, and the network runs.
  await page.evaluate(() => {
    const make = /** @type {any} */ (window).createImageBitmap;
    const held = { letGo: () => {}, sent: 0 };
    const { engine } = /** @type {any} */ (window).vgglass;
    const send = engine.runFrame.bind(engine);
    engine.runFrame = (/** @type {any[]} */ ...args) => {
      held.sent += 1;
      return send(...args);
    };
    const gate = new Promise((resolve) => (held.letGo = () => resolve(undefined)));
    /** @type {any} */ (window).createImageBitmap = async (/** @type {any[]} */ ...args) => {
      if (args[0] instanceof HTMLVideoElement) await gate;
      return make(...args);
    };
    Object.assign(window, { held });
  });
  const quiet = async () => {
    const before = await page.getByTestId('live-rate').getAttribute('data-frames');
    await page.waitForTimeout(300);
    return before === (await page.getByTestId('live-rate').getAttribute('data-frames'));
  };
  for (let tries = 0; !(await quiet()); tries++) assert.ok(tries < 100, 'the frames do not end');
  const frames = await page.getByTestId('live-rate').getAttribute('data-frames');
  const ran = await page.evaluate(() => {
    const { engine, store } = /** @type {any} */ (window).vgglass;
    const done = new Promise((resolve) => engine.on('done', resolve));
    store.set({ off: [{ layer: 'conv1_1', channel: 1 }] });
    return done;
  });
  assert.ok(ran);
  assert.equal(await page.getByTestId('live-rate').getAttribute('data-frames'), frames, 'another run is no frame');
  await page.evaluate(() => /** @type {any} */ (window).held.letGo());
  await framesSeen(page, Number(frames) + 3);
});

test('asked for twice, the camera is opened once, and goes off with the view', async (t) => {
  const page = await open(t, {
    beforeOpening: async (opened) => {
      await ownCamera(opened);
      await opened.addInitScript(() => {
        const { camera } = /** @type {any} */ (window);
        camera.allowed = new Promise((resolve) => (camera.allow = resolve));
      });
    },
  });
  const states = ['live-button', 'live-button', 'live-button', 'camera-button'];
  for (const id of states) await page.getByTestId(id).evaluate((/** @type {HTMLElement} */ button) => button.click());
  await page.evaluate(() => /** @type {any} */ (window).camera.allow());
  await page.waitForFunction(() => [...document.querySelectorAll('video')].some((video) => video.readyState >= 2));
  assert.deepEqual((await ownTracks(page)).filter((/** @type {string} */ state) => state === 'live').length, 1);
  assert.equal(await page.getByTestId('live-button').getAttribute('aria-pressed'), 'false', 'the photo took it over');
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ view: 'memory' }, { step: true }));
  assert.equal(await page.getByTestId('camera-dialog').count(), 0);
  assert.ok((await ownTracks(page)).every((/** @type {string} */ state) => state === 'ended'));
});

test('a camera that is allowed after the view is left is given back at once', async (t) => {
  const page = await open(t, {
    beforeOpening: async (opened) => {
      await ownCamera(opened);
      await opened.addInitScript(() => {
        const { camera } = /** @type {any} */ (window);
        camera.allowed = new Promise((resolve) => (camera.allow = resolve));
      });
    },
  });
  for (const id of ['camera-button', 'live-button']) {
    await page.getByTestId(id).evaluate((/** @type {HTMLElement} */ button) => button.click());
    await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ view: 'memory' }));
    await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ view: 'look' }));
  }
  await page.evaluate(() => /** @type {any} */ (window).camera.allow());
  await page.waitForFunction(() => /** @type {any} */ (window).camera.tracks.length === 2);
  assert.deepEqual(await ownTracks(page), ['ended', 'ended']);
  assert.equal(await page.getByTestId('camera-dialog').count(), 0);
});

test('the shutter waits for the first frame', async (t) => {
  const page = await open(t, {
    beforeOpening: async (opened) => {
      await ownCamera(opened);
      await opened.addInitScript(() => (/** @type {any} */ (window).camera.isSilent = true));
    },
  });
  const name = await page.evaluate(() => /** @type {any} */ (window).vgglass.store.state.picture);
  await page.getByTestId('camera-button').click();
  const shoot = page.getByTestId('camera-shoot');
  await page.waitForFunction(() => /** @type {any} */ (window).camera.tracks.length === 1);
  assert.ok(await shoot.isDisabled());
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('[data-testid=camera-dialog]'));
  assert.deepEqual(await ownTracks(page), ['ended']);
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.store.state.picture), name);

  await page.evaluate(() => (/** @type {any} */ (window).camera.isSilent = false));
  await page.getByTestId('camera-button').click();
  await page.waitForFunction(() => !(/** @type {any} */ (document.querySelector('[data-testid=camera-shoot]')).disabled));
  await andRun(page, () => shoot.click());
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).vgglass.store.state.picture), 'own');
  assert.deepEqual(await ownTracks(page), ['ended', 'ended']);
});

test('the camera goes on where its picture has scrolled out of sight', async (t) => {
  const page = await open(t, { viewport: { width: 360, height: 640 }, beforeOpening: ownCamera });
  await start(page);
  await page.locator('[data-layer=fc8]').last().scrollIntoViewIfNeeded();
  await page.waitForTimeout(200);
  assert.ok(await page.evaluate(() => /** @type {any} */ (document.querySelector('video.stage-video')).getBoundingClientRect().bottom < 0));
  const frames = Number(await page.getByTestId('live-rate').getAttribute('data-frames'));
  await framesSeen(page, frames + 10);
});
