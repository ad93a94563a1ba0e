/** Which picture is shown: the last choice of a person, whatever comes late; and one's own pictures, which are kept. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { png, sample, text } from './files.js';
import { andRun, drop, everyLook, finishedRun, open, overflow, topNames, useBrowser, violations } from './harness.js';

useBrowser();

/** @typedef {import('playwright-core').Page} Page */

const GOLDFISH = { name: 'mine.webp', type: 'image/webp', bytes: sample('goldfish.webp') };
const ARCH = { name: 'arc.webp', type: 'image/webp', bytes: sample('arc-de-triomphe.webp') };
const dot = (/** @type {number} */ i) => ({ name: `dot-${i}.png`, type: 'image/png', bytes: png(2 + (i % 7), 3, () => [i, 255 - i, 30, 255]) });

/** @param {Page} page */
const pictureInAddress = (page) => page.evaluate(() => new URLSearchParams(location.hash.split('?')[1]).get('picture'));

/** @param {Page} page @param {string | null} id */
const addressNames = (page, id) =>
  page.waitForFunction((wanted) => new URLSearchParams(location.hash.split('?')[1]).get('picture') === wanted, id);

/** @param {Page} page @param {string} file */
const choose = (page, file) => page.locator(`[data-testid=sample][data-file="${file}"]`).click();

/** Holds the fetches of a sample until the returned function is called. @param {Page} page @param {string} file */
async function hold(page, file) {
  /** @type {(value?: unknown) => void} */
  let release = () => {};
  const held = new Promise((resolve) => (release = resolve));
  await page.route(`**/pictures/${file}`, async (route) => {
    await held;
    await route.continue();
  });
  return async () => {
    const came = page.waitForResponse(`**/pictures/${file}`);
    release();
    await (await came).finished();
    await settle(page);
  };
}

/** Set before a page is opened. @type {() => Promise<void>} */
let release = async () => {};

/** What has arrived has been decoded and, if it were so, shown. @param {Page} page */
async function settle(page) {
  await page.evaluate(async (data) => {
    for (let i = 0; i < 3; i++) (await createImageBitmap(await (await fetch(data)).blob())).close();
    await new Promise((resolve) => setTimeout(resolve, 150));
  }, `data:image/webp;base64,${sample('koala.webp').toString('base64')}`);
  await finishedRun(page);
}

/** @param {Page} page */
const best = async (page) => (await topNames(page))[0];

test('of two samples chosen the later stays, though the earlier comes last', async (t) => {
  const page = await open(t, { beforeOpening: async (opened) => void (release = await hold(opened, 'koala.webp')) });
  await choose(page, 'koala.webp');
  await andRun(page, () => choose(page, 'chelsea.jpg'));
  await release();
  assert.match(await best(page), /cat/);
  assert.equal(await pictureInAddress(page), 'chelsea.jpg');
  assert.equal(await page.locator('.sample[aria-pressed=true]').getAttribute('data-file'), 'chelsea.jpg');
});
test('a sample that was chosen before a file was dropped does not replace it', async (t) => {
  const page = await open(t, { beforeOpening: async (opened) => void (release = await hold(opened, 'koala.webp')) });
  await choose(page, 'koala.webp');
  await andRun(page, () => drop(page, [GOLDFISH]));
  await release();
  assert.equal(await best(page), 'goldfish');
  await addressNames(page, 'own');
});

test('the first sample of a visit does not replace what was dropped while it was under way', async (t) => {
  const page = await open(t, { untilRun: false, beforeOpening: async (opened) => void (release = await hold(opened, 'coffee.jpg')) });
  await page.getByTestId('stage').waitFor();
  await page.waitForFunction(() => document.documentElement.dataset.engine === 'ready');
  await andRun(page, () => drop(page, [GOLDFISH]));
  await release();
  assert.equal(await best(page), 'goldfish');
  await addressNames(page, 'own');
});

test('a file whose bytes come late does not replace the sample that was chosen meanwhile, but is kept', async (t) => {
  const page = await open(t, {
    beforeOpening: (opened) =>
      opened.addInitScript(() => {
        const held = new Promise((resolve) => Object.assign(window, { letFileCome: resolve }));
        File.prototype.arrayBuffer = async function () {
          await held;
          return Blob.prototype.arrayBuffer.call(this);
        };
      }),
  });
  await drop(page, [GOLDFISH]);
  await andRun(page, () => choose(page, 'chelsea.jpg'));
  await page.evaluate(() => /** @type {any} */ (window).letFileCome());
  await page.getByTestId('own-picture').waitFor();
  await settle(page);
  assert.match(await best(page), /cat/);
  await addressNames(page, 'chelsea.jpg');
});

test('choosing the shown sample again is a choice too', async (t) => {
  const page = await open(t, { hash: 'picture=chelsea.jpg', beforeOpening: async (opened) => void (release = await hold(opened, 'koala.webp')) });
  await choose(page, 'koala.webp');
  await choose(page, 'chelsea.jpg');
  await release();
  assert.match(await best(page), /cat/);
  await addressNames(page, 'chelsea.jpg');
});

test('a sample that cannot be loaded leaves the shown one, in the address too, and can be tried again', async (t) => {
  const page = await open(t, { expectedErrors: /Failed to load resource/ });
  await andRun(page, () => choose(page, 'chelsea.jpg'));
  await page.route('**/pictures/koala.webp', (route) => route.fulfill({ status: 503 }));
  await choose(page, 'koala.webp');
  const notice = page.locator('[data-testid=notice][data-code=picture-load]');
  await notice.waitFor();
  assert.match(await notice.locator('p').innerText(), /koala\.webp/);
  await addressNames(page, 'chelsea.jpg');
  await page.unroute('**/pictures/koala.webp');
  await andRun(page, () => notice.getByTestId('notice-retry').click());
  assert.equal(await best(page), 'koala');
  await addressNames(page, 'koala.webp');
  assert.equal(await page.getByTestId('notice').count(), 0);
});

test('a picture that was picked does not need its file any more', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vgglass-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'fish.webp');
  writeFileSync(path, GOLDFISH.bytes);
  const page = await open(t);
  await andRun(page, () => page.getByTestId('file-input').setInputFiles(path));
  assert.equal(await best(page), 'goldfish');

  writeFileSync(path, ARCH.bytes);
  const setState = (/** @type {object} */ state) => page.evaluate((change) => /** @type {any} */ (window).vgglass.store.set(change), state);
  await andRun(page, () => setState({ engine: 'base', threads: 1 }));
  assert.equal(await best(page), 'goldfish', 'written over, after a change of engine');

  rmSync(path);
  await andRun(page, () => setState({ engine: 'relaxed' }));
  assert.equal(await best(page), 'goldfish', 'deleted, after a change of engine');
  await andRun(page, () => choose(page, 'chelsea.jpg'));
  await andRun(page, () => page.getByTestId('own-picture').click());
  assert.equal(await best(page), 'goldfish', 'chosen again');
});

test('a picture picked before its file was deleted is there when the model comes at last', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vgglass-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'fish.webp');
  writeFileSync(path, GOLDFISH.bytes);
  const page = await open(t, {
    untilRun: false,
    beforeOpening: (opened) => opened.route('**/models/*.safetensors', (route) => route.fulfill({ status: 404 })),
    expectedErrors: /Failed to load resource/,
  });
  const notice = page.locator('[data-testid=notice][data-code=model-load]');
  await notice.waitFor();
  await page.getByTestId('file-input').setInputFiles(path);
  await page.getByTestId('own-picture').waitFor();
  rmSync(path);
  await page.unroute('**/models/*.safetensors');
  await notice.getByTestId('notice-retry').click();
  await page.waitForFunction(() => document.documentElement.dataset.engine !== 'failed');
  await finishedRun(page);
  assert.equal(await best(page), 'goldfish');
});

test('a picture that a new engine cannot be given is told, and another can be chosen', async (t) => {
  const page = await open(t);
  await page.evaluate(() => {
    const real = window.createImageBitmap;
    window.createImageBitmap = () => {
      window.createImageBitmap = real;
      return Promise.reject(new Error('out of memory'));
    };
    /** @type {any} */ (window).vgglass.store.set({ engine: 'base' });
  });
  await page.locator('[data-testid=notice][data-code=corrupt-picture]').waitFor();
  await andRun(page, () => choose(page, 'chelsea.jpg'));
  assert.match(await best(page), /cat/);
});

test('a picture decoded for a new engine does not replace a newer one', async (t) => {
  const page = await open(t);
  await page.evaluate(() => {
    const real = window.createImageBitmap;
    const held = new Promise((resolve) => Object.assign(window, { letPictureCome: resolve }));
    window.createImageBitmap = async (/** @type {any[]} */ ...given) => {
      window.createImageBitmap = real;
      await held;
      return Reflect.apply(real, window, given);
    };
    /** @type {any} */ (window).vgglass.store.set({ engine: 'base' });
  });
  await page.waitForFunction(() => document.documentElement.dataset.engine === 'ready');
  await andRun(page, () => choose(page, 'chelsea.jpg'));
  await page.evaluate(() => /** @type {any} */ (window).letPictureCome());
  await settle(page);
  await andRun(page, () => page.getByTestId('crop-box').press('+'));
  assert.match(await best(page), /cat/);
});

test('Back and Forward bring one’s own pictures back', async (t) => {
  const page = await open(t);
  await andRun(page, () => drop(page, [GOLDFISH]));
  await addressNames(page, 'own');
  await andRun(page, () => drop(page, [ARCH]));
  await addressNames(page, 'own-2');
  await page.locator('[data-testid=layer-row] button').first().click();
  await page.waitForFunction(() => location.hash.includes('layer='));
  await andRun(page, () => choose(page, 'chelsea.jpg'));
  await addressNames(page, 'chelsea.jpg');

  await andRun(page, () => page.goBack());
  assert.equal(await best(page), 'triumphal arch');
  assert.equal(await page.getByTestId('notice').count(), 0);
  await andRun(page, () => page.goForward());
  assert.match(await best(page), /cat/);
  for (const name of ['triumphal arch', 'triumphal arch', 'goldfish']) {
    await page.goBack();
    await page.waitForFunction((wanted) => {
      const { engine } = /** @type {any} */ (window).vgglass;
      return engine.top.length > 0 && engine.network.info.classes[engine.top[0].class].en === wanted && document.documentElement.dataset.run === 'done';
    }, name);
  }

  await page.goto(page.url().replace(/picture=[^&]*/, 'picture=own-2'));
  await page.waitForFunction(() => /** @type {any} */ (window).vgglass.engine.network.info.classes[/** @type {any} */ (window).vgglass.engine.top[0].class].en === 'triumphal arch');
});

/** Holds what files give until the returned function is called. @param {Page} page */
async function holdFiles(page) {
  await page.evaluate(() => {
    const { arrayBuffer } = Blob.prototype;
    const gate = new Promise((resolve) => Object.assign(window, { letFilesCome: resolve }));
    Blob.prototype.arrayBuffer = async function () {
      await gate;
      return arrayBuffer.call(this);
    };
  });
  return () => page.evaluate(() => /** @type {any} */ (window).letFilesCome());
}

test('a picture that fails does not take the place of one that was dropped after it', async (t) => {
  /** @type {() => void} */
  let fail = () => {};
  const page = await open(t, {
    expectedErrors: /Failed to load resource/,
    beforeOpening: (opened) =>
      opened.route('**/pictures/koala.webp', async (route) => {
        // The thumbnail is another request.
        if (route.request().resourceType() !== 'fetch') return route.continue();
        await new Promise((resolve) => (fail = () => resolve(null)));
        return route.abort();
      }),
  });
  await choose(page, 'koala.webp');
  await page.waitForFunction(() => /** @type {any} */ (window).vgglass.store.state.picture === 'koala.webp');
  const letFilesCome = await holdFiles(page);
  await drop(page, [GOLDFISH]);
  fail();
  await page.locator('[data-testid=notice][data-code=picture-load]').waitFor();
  await andRun(page, letFilesCome);
  assert.equal(await best(page), 'goldfish');
  await addressNames(page, 'own');
});

test('what was removed while it was opened is not shown', async (t) => {
  const page = await open(t);
  await andRun(page, () => drop(page, [GOLDFISH]));
  await andRun(page, () => choose(page, 'chelsea.jpg'));
  const letFilesCome = await holdFiles(page);
  await drop(page, [ARCH]);
  await page.getByTestId('own-clear').click();
  await letFilesCome();
  await settle(page);
  assert.match(await best(page), /cat/);
  await addressNames(page, 'chelsea.jpg');
  assert.equal(await page.getByTestId('own-picture').count(), 0);
});

test('a count that something else has written over is begun anew', async (t) => {
  const page = await open(t);
  for (const odd of ['abc', '1e308', 'Infinity', '9007199254740992']) {
    await page.evaluate((value) => sessionStorage.setItem('vgglass.own', value), odd);
    await andRun(page, () => drop(page, [GOLDFISH]));
    assert.match((await pictureInAddress(page)) ?? '', /^own(-\d+)?$/);
  }
});

test('after a reload the address’s own picture is gone, says the page, and its name is not given again', async (t) => {
  const page = await open(t);
  await andRun(page, () => drop(page, [GOLDFISH]));
  await addressNames(page, 'own');
  await page.reload();
  await finishedRun(page);
  await page.locator('[data-testid=notice][data-code=own-picture-gone]').waitFor();
  await page.waitForFunction(() => !location.hash.includes('picture='));
  await andRun(page, () => drop(page, [ARCH]));
  await addressNames(page, 'own-2');
  assert.equal(await page.getByTestId('own-picture').count(), 1);
});

test('several pictures become a tray: the first is shown, what is no picture is told once', async (t) => {
  const page = await open(t, { hash: 'lang=en' });
  const others = [
    { name: 'notes.txt', bytes: text('Dear diary') },
    { name: 'empty.png', bytes: text('') },
    { name: 'vgg16.pth', bytes: Uint8Array.of(0x80, 2, 0x8a) },
  ];
  await andRun(page, () => drop(page, [others[0], GOLDFISH, others[1], others[2], ARCH, dot(3)]));
  assert.equal(await best(page), 'goldfish');
  const notice = page.locator('[data-testid=notice][data-code=left-out]');
  await notice.waitFor();
  const message = await notice.locator('p').innerText();
  assert.match(message, /3 of 6/);
  assert.match(message, /notes\.txt, empty\.png, vgg16\.pth/);
  await page.getByTestId('lang-zh').click();
  assert.match(await notice.locator('p').innerText(), /不是这里可用的图片.*notes\.txt/);
  const own = page.getByTestId('own-picture');
  assert.equal(await own.count(), 3);
  assert.deepEqual(await own.evaluateAll((all) => all.map((one) => [one.ariaLabel, one.ariaPressed, /** @type {any} */ (one).tabIndex])), [
    ['mine.webp', 'true', 0],
    ['arc.webp', 'false', -1],
    ['dot-3.png', 'false', -1],
  ]);

  // By keyboard: along, choose, remove.
  await own.first().focus();
  await page.keyboard.press('ArrowRight');
  await andRun(page, () => page.keyboard.press('Enter'));
  assert.equal(await best(page), 'triumphal arch');
  await andRun(page, () => page.keyboard.press('Delete'));
  assert.deepEqual(await own.evaluateAll((all) => all.map((one) => one.ariaLabel)), ['mine.webp', 'dot-3.png']);
  assert.equal(await page.evaluate(() => document.activeElement?.ariaLabel), 'dot-3.png', 'the focus stays in its place');
  assert.equal(await own.nth(1).getAttribute('aria-pressed'), 'true');

  await andRun(page, () => page.getByTestId('own-remove').click());
  assert.equal(await best(page), 'goldfish');
  await andRun(page, () => page.getByTestId('own-clear').click());
  assert.equal(await best(page), 'espresso');
  assert.equal(await page.getByTestId('own-tray').isVisible(), false);
  await addressNames(page, null);
});

test('the tray has names, contrast and room for fingers', async (t) => {
  const page = await open(t, { viewport: { width: 360, height: 800 } });
  await andRun(page, () => drop(page, [GOLDFISH, ARCH]));
  await page.locator('[data-testid=own-picture]').nth(1).waitFor();
  await everyLook(page, async (look) => {
    assert.deepEqual(await violations(page), [], look);
    assert.equal(await overflow(page), 0, look);
  });
});

test('the tray is there in every view that offers pictures', async (t) => {
  const page = await open(t);
  await andRun(page, () => drop(page, [GOLDFISH, ARCH]));
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=own-picture]').length === 2);
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ view: 'scale' }));
  const own = page.locator('.picture-choice [data-testid=own-picture]');
  assert.equal(await own.count(), 2);
  await andRun(page, () => own.nth(1).click());
  await addressNames(page, 'own-2');
});

test('of a folder all pictures are taken, those of the folders inside it too', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vgglass-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'photos/more'), { recursive: true });
  for (let i = 1; i <= 120; i++) writeFileSync(join(folder, `photos/readme-${i}.txt`), `${i}`);
  writeFileSync(join(folder, 'photos/.hidden'), 'x');
  writeFileSync(join(folder, 'photos/IMG_10.webp'), ARCH.bytes);
  writeFileSync(join(folder, 'photos/IMG_9.webp'), GOLDFISH.bytes);
  writeFileSync(join(folder, 'photos/more/cat.jpg'), sample('chelsea.jpg'));
  const page = await open(t);
  await andRun(page, () => dropPaths(page, [join(folder, 'photos')]));
  assert.equal(await best(page), 'goldfish', '9 comes before 10');
  const notice = page.locator('[data-testid=notice][data-code=left-out]');
  await notice.waitFor();
  assert.match(await notice.locator('p').innerText(), /^3 of 123 .*readme-1\.txt, readme-2\.txt, readme-3\.txt and 117 more/);
  assert.deepEqual(await page.getByTestId('own-picture').evaluateAll((all) => all.map((one) => one.ariaLabel)), ['IMG_9.webp', 'IMG_10.webp', 'cat.jpg']);
});

/** Drops what lies on the disk, folders too. @param {Page} page @param {string[]} files */
async function dropPaths(page, files) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
    await session.send('Input.dispatchDragEvent', { type, x: 700, y: 500, data });
  }
  await session.detach();
}

test('a file that cannot be read is not called a folder', async (t) => {
  const page = await open(t);
  await dropPaths(page, [join(tmpdir(), 'moved-away.png')]);
  const notice = page.locator('[data-testid=notice][data-code=unreadable-file]');
  await notice.waitFor();
  assert.match(await notice.locator('p').innerText(), /moved-away\.png/);
});

test('the tray is bounded, and says what it left out', async (t) => {
  const page = await open(t);
  await andRun(page, () => drop(page, Array.from({ length: 103 }, (_, i) => dot(i))));
  const notice = page.locator('[data-testid=notice][data-code=left-out]');
  await notice.waitFor();
  assert.match(await notice.locator('p').innerText(), /100 of 103.* 3 were left out/);
  assert.equal(await page.getByTestId('own-picture').count(), 100);
  // One more is always taken; the oldest makes room.
  await andRun(page, () => drop(page, [GOLDFISH]));
  assert.equal(await best(page), 'goldfish');
  const names = await page.getByTestId('own-picture').evaluateAll((all) => all.map((one) => one.ariaLabel));
  assert.equal(names.length, 100);
  assert.ok(!names.includes('dot-0.png') && names.includes('mine.webp'));
});

test('a thumbnail dragged to the stage is a choice', async (t) => {
  const page = await open(t);
  await andRun(page, () => page.dragAndDrop('[data-file="chelsea.jpg"]', '[data-testid=stage]'));
  assert.match(await best(page), /cat/);
  await andRun(page, () => drop(page, [GOLDFISH]));
  await andRun(page, () => choose(page, 'chelsea.jpg'));
  await andRun(page, () => page.dragAndDrop('[data-testid=own-picture]', '[data-testid=stage]'));
  assert.equal(await best(page), 'goldfish');
  assert.equal(await page.getByTestId('notice').count(), 0);
});

test('the veil goes when what was under the pointer is replaced', async (t) => {
  const page = await open(t);
  await page.evaluate(() => {
    const element = document.body.appendChild(document.createElement('div'));
    const tell = (/** @type {string} */ type, /** @type {Node} */ target) => target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true }));
    tell('dragenter', document.body);
    tell('dragenter', element);
    tell('dragleave', document.body);
    element.remove();
    tell('dragenter', document.body);
    tell('dragleave', document.body);
  });
  await page.locator('.drop-veil').waitFor({ state: 'hidden' });
});

test('a file’s name cannot turn a message round', async (t) => {
  for (const lang of ['en', 'zh']) {
    const page = await open(t, { hash: `lang=${lang}` });
    await drop(page, [{ name: 'photo\u202Egpj.exe\u2069', bytes: text('Dear diary') }]);
    const message = await page.getByTestId('notice').locator('p').innerText();
    assert.match(message, /\u2068photogpj\.exe\u2069/);
    assert.doesNotMatch(message, /\u202E/);
    await andRun(page, () => drop(page, [{ ...GOLDFISH, name: 'تصویر.webp' }]));
    assert.equal(await page.locator('.tray-block > .caption').innerText(), '\u2068تصویر.webp\u2069');
  }
});

test('pictures that are let go give their memory back', async (t) => {
  const page = await open(t, {
    beforeOpening: (opened) =>
      opened.addInitScript(() => {
        const real = window.createImageBitmap;
        /** @type {ImageBitmap[]} */
        const made = [];
        Object.assign(window, { made });
        window.createImageBitmap = async (/** @type {any[]} */ ...given) => {
          const bitmap = await Reflect.apply(real, window, given);
          made.push(bitmap);
          return bitmap;
        };
      }),
  });
  // Given away or closed, a bitmap has no size.
  const alive = () => page.evaluate(() => /** @type {any} */ (window).made.filter((/** @type {ImageBitmap} */ { width }) => width > 0).length);
  for (const file of ['koala.webp', 'chelsea.jpg', 'pagoda.jpg']) await andRun(page, () => choose(page, file));
  for (let i = 0; i < 3; i++) {
    // Superseded before they are decoded.
    await page.evaluate((file) => /** @type {any} */ (document.querySelector(`[data-file="${file}"]`)).click(), 'koala.webp');
    await andRun(page, () => choose(page, ['rocket.jpg', 'flower.jpg', 'crocodile.webp'][i]));
  }
  await settle(page);
  assert.equal(await alive(), 1, 'the preview of the one that is shown');
  await andRun(page, () => drop(page, [GOLDFISH, ARCH]));
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=own-picture]').length === 2);
  await settle(page);
  assert.equal(await alive(), 1 + 2, 'and the thumbnails of two');
  await andRun(page, () => page.getByTestId('own-clear').click());
  assert.equal(await alive(), 1);
});
