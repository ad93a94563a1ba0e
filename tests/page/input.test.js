/** What is not a good picture gets a message in the page's language, and what was there stays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADDRESS } from './browser.js';
import { boxFile, corruptJpeg, fixture, hugePng, jpegOfSize, largestPng, oldBmp, PDF, png, sample, SVG, text, withMetadata } from './files.js';
import { andRun, drop, dropText, finishedRun, open, runs, shownState, topNames, useBrowser } from './harness.js';

useBrowser();

/** @type {{name: string, code: string, says: RegExp, give: (page: any) => Promise<void>}[]} */
const BAD = [
  file('notes.jpg', 'image/jpeg', text('Dear diary'), 'not-a-picture', /notes\.jpg/),
  file('photo.jpg', 'image/jpeg', corruptJpeg(), 'corrupt-picture', /photo\.jpg.*JPEG/),
  file('nothing.png', 'image/png', text(''), 'empty-file', /nothing\.png/),
  file('drawing.svg', 'image/svg+xml', SVG, 'svg', /drawing\.svg/),
  file('paper.pdf', 'application/pdf', PDF, 'pdf', /paper\.pdf/),
  file('big.png', 'image/png', hugePng(), 'too-large', /20[,.\s]?000 × 20[,.\s]?000/),
  file('sales.txt', 'text/plain', text('BMW sales rose in the first quarter of the year, as did others.'), 'not-a-picture', /sales\.txt/),
  file('scan.jpg', 'image/jpeg', withMetadata(jpegOfSize(30_000, 30_000), 1_500_000), 'too-large', /30[,.\s]?000 × 30[,.\s]?000/),
  file('old.bmp', 'image/bmp', text('BM' + '\0'.repeat(8) + '\x1a\0\0\0\x0c\0\0\0\x60\x75\x60\x75\x01\0\x18\0'), 'too-large', /30[,.\s]?048/),
  file('phone.heic', 'image/heic', boxFile(['heic', 'mif1', 'heic']), 'undecodable', /phone\.heic.*HEIC/),
  file('scan.tif', 'image/tiff', Buffer.concat([text('II*\0\x08\0\0\0'), Buffer.alloc(40)]), 'undecodable', /scan\.tif.*TIFF/),
  file('cut.jpg', 'image/jpeg', jpegOfSize(10, 10).subarray(0, 100), 'corrupt-picture', /cut\.jpg.*JPEG/),
  { name: 'a text', code: 'text', says: /./, give: (page) => dropText(page, 'a cat on a mat') },
  { name: 'a link', code: 'address', says: /./, give: (page) => dropText(page, 'https://example.org/cat.jpg') },
];

/** @param {string} name @param {string} type @param {Uint8Array} bytes @param {string} code @param {RegExp} says */
function file(name, type, bytes, code, says) {
  return { name, code, says, give: (/** @type {any} */ page) => drop(page, [{ name, type, bytes }]) };
}

for (const [lang, script] of [['en', /^[^\u4e00-\u9fff]+$/], ['zh', /[\u4e00-\u9fff]/]]) {
  test(`bad files get a message in ${lang} and change nothing`, async (t) => {
    const page = await open(t, { hash: `lang=${lang}` });
    const before = await shownState(page);
    const ran = await runs(page);
    for (const { name, code, says, give } of BAD) {
      await t.test(name, async () => {
        await give(page);
        const notice = page.locator(`[data-testid=notice][data-code=${code}]`);
        await notice.waitFor();
        const message = await notice.locator('p').innerText();
        assert.match(message, says);
        assert.match(message, /** @type {RegExp} */ (script));
        assert.equal(await page.getByTestId('notice').count(), 1);
        assert.equal(await shownState(page), before);
        await notice.getByTestId('notice-close').click();
        assert.equal(await page.getByTestId('notice').count(), 0);
      });
    }
    assert.equal(await runs(page), ran, 'nothing was run');
    await andRun(page, () => drop(page, [{ name: 'arc.webp', bytes: sample('arc-de-triomphe.webp') }]));
    assert.equal((await topNames(page))[0], 'triumphal arch', 'a good picture still works');
  });
}

test('a picture cut off half way is refused, and that is said', async (t) => {
  const page = await open(t);
  const before = await shownState(page);
  const half = sample('chelsea.jpg');
  await drop(page, [{ name: 'half.jpg', type: 'image/jpeg', bytes: half.subarray(0, half.length / 2) }]);
  await page.locator('[data-testid=notice][data-code=corrupt-picture]', { hasText: 'half.jpg' }).waitFor();
  assert.equal(await shownState(page), before);
});

/** Mean colour of what the network sees, in the left, right, upper and lower half. @param {import('playwright-core').Page} page */
const halves = (page) =>
  page.evaluate(() => {
    const { data, width, height } = /** @type {any} */ (window).vgglass.engine.seen;
    const mean = (/** @type {(x: number, y: number) => boolean} */ isIn) => {
      const sum = [0, 0, 0];
      let count = 0;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          if (isIn(x, y)) {
            count += 1;
            for (let c = 0; c < 3; c++) sum[c] += data[(y * width + x) * 4 + c];
          }
      return sum.map((total) => total / count);
    };
    return {
      left: mean((x) => x < width * 0.45),
      right: mean((x) => x > width * 0.55),
      top: mean((_, y) => y < height * 0.45),
      bottom: mean((_, y) => y > height * 0.55),
    };
  });

/** @param {number[]} colour */
const isRed = ([r, g, b]) => r > 150 && g < 90 && b < 90;
/** @param {number[]} colour */
const isBlue = ([r, g, b]) => b > 110 && r < 100 && g < 100;

/** @param {import('node:test').TestContext} t @param {string} name @param {Uint8Array} bytes */
async function show(t, name, bytes) {
  const page = await open(t);
  await andRun(page, () => drop(page, [{ name, bytes }]));
  return page;
}

test('a CMYK JPEG keeps its colours', async (t) => {
  const { left, right } = await halves(await show(t, 'print.jpg', fixture('cmyk.jpg')));
  assert.ok(isRed(left) && isBlue(right), `left ${left}, right ${right}`);
});

test('a photo is turned as its EXIF data say', async (t) => {
  const { top, bottom } = await halves(await show(t, 'phone.jpg', fixture('rotated.jpg')));
  assert.ok(isRed(top) && isBlue(bottom), `top ${top}, bottom ${bottom}`);
});

test('a transparent PNG lies on white', async (t) => {
  const bytes = png(64, 64, (x) => (x < 32 ? [0, 0, 0, 0] : [30, 30, 200, 255]));
  const { left, right } = await halves(await show(t, 'logo.png', bytes));
  assert.ok(left.every((value) => value > 250), `left ${left}`);
  assert.ok(isBlue(right), `right ${right}`);
});

test('of an animated GIF the first frame is used, and the page says so', async (t) => {
  const page = await show(t, 'dance.gif', fixture('animated.gif'));
  await page.locator('[data-testid=notice][data-code=animated]').waitFor();
  const { left, right } = await halves(page);
  assert.ok(isRed(left) && isRed(right), `left ${left}, right ${right}`);
});

test('what the browser decodes is not refused for its first bytes', async (t) => {
  const page = await open(t);
  const files = {
    'mif1.avif': fixture('mif1.avif'),
    'old.bmp': oldBmp([200, 30, 30], [30, 30, 200]),
    'halves.jxl': fixture('halves.jxl'),
  };
  for (const [name, bytes] of Object.entries(files)) {
    const isDecoded = await page.evaluate(
      (data) => fetch(data).then((answer) => answer.blob()).then(createImageBitmap).then(() => true, () => false),
      `data:application/octet-stream;base64,${bytes.toString('base64')}`,
    );
    if (isDecoded) {
      await andRun(page, () => drop(page, [{ name, bytes }]));
      const { left, right } = await halves(page);
      assert.ok(isRed(left) && isBlue(right), `${name}: left ${left}, right ${right}`);
    } else {
      // The BMP and the AVIF are decoded by all browsers that run these tests.
      assert.equal(name, 'halves.jxl');
      await drop(page, [{ name, bytes }]);
      await page.locator('[data-testid=notice][data-code=undecodable]', { hasText: 'JPEG XL' }).waitFor();
    }
  }
});

test('a photo with much metadata is a photo', async (t) => {
  const page = await show(t, 'raw.jpg', withMetadata(sample('chelsea.jpg'), 1_500_000));
  assert.match((await topNames(page))[0], /cat/);
});

test('the largest picture is read without a canvas of its size', async (t) => {
  const page = await open(t);
  const [worker] = page.workers();
  await worker.evaluate(() => {
    const { get, set } = /** @type {Required<PropertyDescriptor>} */ (Object.getOwnPropertyDescriptor(OffscreenCanvas.prototype, 'height'));
    const seen = { most: 0, last: /** @type {any} */ (null) };
    Object.assign(self, { seen });
    Object.defineProperty(OffscreenCanvas.prototype, 'height', {
      get,
      set(value) {
        set.call(this, value);
        seen.most = Math.max(seen.most, this.width * this.height);
        seen.last = this;
      },
    });
  });
  await andRun(page, () => drop(page, [{ name: 'poster.png', bytes: largestPng() }]));
  const { left, right } = await halves(page);
  assert.ok(left.every((value) => value === 0) && right.every((value) => value === 255), `left ${left}, right ${right}`);
  const { most, rest } = await worker.evaluate(() => {
    const { most, last } = /** @type {any} */ (self).seen;
    return { most, rest: last.width * last.height };
  });
  assert.ok(most > 1 << 20 && most <= 1 << 24, `a canvas of ${most} pixels`);
  assert.equal(rest, 1, 'given back');
});

/** A browser that gives noise for what is drawn. */
const NOISE = `OffscreenCanvasRenderingContext2D.prototype.getImageData = (x, y, width, height) => {
  const image = new ImageData(width, height);
  crypto.getRandomValues(image.data.subarray(0, 65536));
  return image;
};`;

/** @param {import('node:test').TestContext} t @param {string} prelude of the worker @param {string} [hash] */
async function openWith(t, prelude, hash) {
  return open(t, {
    hash,
    address: ADDRESS,
    beforeOpening: (opened) =>
      opened.route('**/worker/pixels.js', async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: `${prelude}\n${await response.text()}` });
      }),
  });
}

test('where canvases give noise, the pixels are taken another way, and are the same', async (t) => {
  const logits = (/** @type {import('playwright-core').Page} */ page) =>
    page.evaluate(() => /** @type {any} */ (window).vgglass.engine.top.map((/** @type {any} */ { logit }) => logit));
  const plain = await logits(await open(t, { hash: 'picture=goldfish.webp' }));
  const page = await openWith(t, NOISE, 'picture=goldfish.webp');
  assert.deepEqual(await logits(page), plain);
  assert.equal(await page.getByTestId('notice').count(), 0);
});

test('where the true pixels cannot be had, the page says so', async (t) => {
  const page = await openWith(t, `${NOISE}\ndelete self.VideoFrame;`);
  const notice = page.locator('[data-testid=notice][data-code=pixels-disturbed]');
  await notice.waitFor();
  assert.match(await notice.locator('p').innerText(), /tracking/);
  await andRun(page, () => page.locator('[data-file="chelsea.jpg"]').click());
  assert.equal(await notice.count(), 1, 'it stays');
});

test('a picture of one pixel and one of extreme shape are taken', async (t) => {
  const page = await show(t, 'dot.png', png(1, 1, () => [30, 30, 200, 255]));
  assert.ok(isBlue((await halves(page)).left));
  await andRun(page, () => drop(page, [{ name: 'line.png', bytes: png(5000, 2, () => [200, 30, 30, 255]) }]));
  assert.ok(isRed((await halves(page)).left));
});

const MODEL = '**/models/*.safetensors';

/** Ways in which a model can fail to come. @type {[string, (route: import('playwright-core').Route) => Promise<void>][]} */
const FAILURES = [
  ['is absent', (route) => route.fulfill({ status: 404, body: 'not found' })],
  ['does not arrive', (route) => route.abort()],
  ['is cut off', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ status: 200, body: (await response.body()).subarray(0, 100_000) });
  }],
  ['is something else', (route) => route.fulfill({ status: 200, contentType: 'text/html', body: '<!doctype html><title>Log in</title>' })],
];

for (const [name, answer] of FAILURES) {
  test(`a model that ${name} leaves the page usable`, async (t) => {
    const page = await open(t, {
      untilRun: false,
      beforeOpening: (opened) => opened.route(MODEL, answer),
      expectedErrors: /Failed to load resource/,
    });
    const notice = page.locator('[data-testid=notice][data-code=model-load]');
    await notice.waitFor();
    const english = await notice.locator('p').innerText();

    await page.getByTestId('lang-zh').click();
    assert.notEqual(await notice.locator('p').innerText(), english);
    assert.ok((await page.getByTestId('sample').count()) >= 8);

    await page.unroute(MODEL);
    await notice.getByTestId('notice-retry').click();
    await page.waitForFunction(() => document.documentElement.dataset.engine !== 'failed');
    await finishedRun(page);
    assert.equal(await page.getByTestId('notice').count(), 0);
    assert.equal((await topNames(page))[0], 'espresso');
  });
}

test('without a model an untrained network can be had', async (t) => {
  const page = await open(t, {
    untilRun: false,
    beforeOpening: (opened) => opened.route(MODEL, (route) => route.abort()),
    expectedErrors: /Failed to load resource/,
  });
  await page.locator('[data-testid=notice][data-code=model-load]').waitFor();
  await page.getByTestId('network-button').click();
  await page.getByTestId('choice-untrained').check();
  await page.getByTestId('width-select').selectOption('0.125');
  await page.getByTestId('seed-input').fill('1');
  await page.getByTestId('network-apply').click();
  await finishedRun(page);
  assert.equal(await page.getByTestId('prediction').count(), 5);
});

