/** What is seen where the colours are the system's, where a picture is clear in parts, and where texts are long. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { png } from './files.js';
import { andRun, drop, open, overflow, useBrowser } from './harness.js';

useBrowser();

/** The colours in the picture of a part of the page, by how often they occur, most first. @param {import('playwright-core').Page} page @param {{x: number, y: number, width: number, height: number}} clip @returns {Promise<string[]>} */
async function colours(page, clip) {
  const base64 = (await page.screenshot({ clip })).toString('base64');
  return page.evaluate(async (text) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = /** @type {any} */ (canvas.getContext('2d'));
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    /** @type {Map<string, number>} */
    const found = new Map();
    for (let i = 0; i < data.length; i += 4) {
      const key = data.slice(i, i + 3).join();
      found.set(key, (found.get(key) ?? 0) + 1);
    }
    return [...found].sort((a, b) => b[1] - a[1]).map(([key]) => key);
  }, base64);
}

/** Opens a view with the system's colours. @param {import('node:test').TestContext} t @param {'light' | 'dark'} colorScheme @param {string} view @param {string} [hash] */
async function forced(t, colorScheme, view, hash = '') {
  const page = await open(t, { view, hash, colorScheme, beforeOpening: (opened) => opened.emulateMedia({ forcedColors: 'active', colorScheme, reducedMotion: 'reduce' }) });
  assert.ok(await page.evaluate(() => matchMedia('(forced-colors: active)').matches));
  return page;
}

/** What marks an element besides the weight of its letters. @param {import('playwright-core').Locator} locator */
const marks = (locator) =>
  locator.evaluate((element) => {
    const { backgroundColor, color, outlineStyle, outlineColor } = getComputedStyle(element);
    return [backgroundColor, color, outlineStyle, outlineColor].join();
  });

/** The bars of each view, and what it needs to show them. @type {[string, string, string][]} */
const BARS = [
  ['look', '', '.predictions .prediction-track'],
  ['scale', '', '.prediction-track'],
  ['scale', '', '.time-track'],
  ['field', '', '.compare-track'],
  ['scale', '', '.ramp'],
  ['look', 'layer=conv1_1', '.ramp'],
  ['look', 'layer=conv2_1&channel=3&panel=sum', '.worked-track'],
];

/** What can be chosen in each view. @type {[string, string, string, string][]} */
const CHOSEN = [
  ['look', '', '.sample[aria-pressed=true]', '.sample[aria-pressed=false]'],
  ['look', '', '.switch[aria-pressed=true]', '.switches .switch[aria-pressed=false]'],
  ['look', '', '.view-link[aria-current]', '.view-link:not([aria-current])'],
  ['scale', '', '.chip[aria-pressed=true]', '.chip[aria-pressed=false]'],
  ['experiments', '', '.claim[aria-pressed=true]', '.claim[aria-pressed=false]'],
  ['experiments', '', '.errors-table .is-compared', '.errors-table td:not(.is-compared)'],
];

/** @param {import('playwright-core').Page} page @param {string} view @param {string} hash */
async function go(page, view, hash) {
  await page.evaluate((to) => (location.hash = to), `#/${view}?${hash}`);
  await page.waitForFunction((id) => /** @type {any} */ (window).vgglass.store.state.view === id, view);
}

/**
 * The colours of the first bar that a selector finds. Rows are made anew while results come, and move what lies below them: a
 * picture counts only if the bar was where it was taken, before and after.
 * @param {import('playwright-core').Page} page @param {string} selector
 */
async function barColours(page, selector) {
  const place = async () => {
    const found = await page.waitForFunction((one) => {
      const barIn = (/** @type {Element} */ element) => element.querySelector(':scope > :not(.prediction-former, .worked-axis)') ?? element;
      const track = [...document.querySelectorAll(one)].find((element) => barIn(element).getBoundingClientRect().width > 2);
      track?.scrollIntoView({ block: 'center' });
      const { x, y, width, height } = track?.getBoundingClientRect() ?? new DOMRect();
      return track ? { x, y, width, height } : null;
    }, selector);
    return /** @type {{x: number, y: number, width: number, height: number}} */ (await found.jsonValue());
  };
  for (let tries = 0; tries < 20; tries++) {
    const clip = await place();
    const seen = await colours(page, clip);
    if (JSON.stringify(clip) === JSON.stringify(await place())) return seen;
  }
  throw new Error(`${selector} does not come to rest`);
}

for (const scheme of /** @type {const} */ (['light', 'dark'])) {
  test(`with the system's colours bars are seen (${scheme})`, async (t) => {
    const page = await forced(t, scheme, 'look');
    for (const [view, hash, selector] of BARS) {
      await go(page, view, hash);
      const [most, next] = await barColours(page, selector);
      assert.ok(next, `${view} ${selector}: nothing but ${most}`);
    }
  });

  test(`with the system's colours one sees what is chosen (${scheme})`, async (t) => {
    const page = await forced(t, scheme, 'look');
    for (const [view, hash, chosen, other] of CHOSEN) {
      await go(page, view, hash);
      await page.locator(chosen).first().waitFor();
      await page.mouse.move(0, 0);
      assert.notEqual(await marks(page.locator(chosen).first()), await marks(page.locator(other).first()), `${view} ${chosen}`);
    }
  });
}

test('drawings have readable words though the theme is not the system’s', async (t) => {
  const page = await forced(t, 'dark', 'look', 'theme=light');
  const fill = await page.locator('.slab-name').first().evaluate((element) => getComputedStyle(element).fill);
  assert.equal(fill, 'rgb(255, 255, 255)');
});

for (const [view, selector] of /** @type {[string, string][]} */ ([
  ['look', '.stage-picture'],
  ['look', '[data-testid=own-tray] canvas'],
  ['field', '[data-testid=field-stage] canvas'],
  ['scale', '[data-testid=score-canvas]'],
])) {
  test(`black lines on a clear picture lie on white, as the network sees them (${view} ${selector})`, async (t) => {
    const page = await open(t, { view, hash: 'theme=dark' });
    const lines = png(256, 256, (x) => (x % 128 < 16 ? [0, 0, 0, 255] : [0, 0, 0, 0]));
    await andRun(page, () => drop(page, [{ name: 'lines.png', type: 'image/png', bytes: lines }]));
    const { light, isClear } = await page.locator(selector).evaluate((element) => {
      const canvas = /** @type {HTMLCanvasElement} */ (element);
      const { data } = /** @type {any} */ (canvas.getContext('2d')).getImageData(0, 2, canvas.width, 1);
      let sum = 0;
      let isClear = false;
      for (let i = 0; i < data.length; i += 4) {
        sum += data[i];
        isClear ||= data[i + 3] < 255;
      }
      return { light: sum / (data.length / 4), isClear };
    });
    assert.ok(!isClear && light > 180, `${light}`);
  });
}

/** The shipped model with texts of its own in its header. @param {Record<string, string>} texts */
function modelWith(texts) {
  const bytes = readFileSync(new URL('../../www/models/vgg16-half-tiny.safetensors', import.meta.url));
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
  Object.assign(header.__metadata__, texts);
  let json = Buffer.from(JSON.stringify(header));
  json = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([size, json, bytes.subarray(8 + length)]);
}

for (const width of [360, 1300]) {
  test(`texts from files without a space do not widen the page (${width})`, async (t) => {
    const page = await open(t, { viewport: { width, height: 800 } });
    const classes = Array.from({ length: 200 }, (_, i) => ({ wnid: `n${i}`, en: 'W'.repeat(120) + i, zh: '宽'.repeat(60) + i }));
    const bytes = modelWith({ licence: 'L'.repeat(4000), classes: JSON.stringify(classes) });
    await andRun(page, () => drop(page, [{ name: `${'m'.repeat(200)}.safetensors`, bytes }]));
    assert.match(await page.locator('.page-footer').innerText(), /L{4000}/);
    const bad = `${'n'.repeat(240)}.png`;
    for (const view of await page.evaluate(() => /** @type {any} */ (window).vgglass.store.views)) {
      await page.evaluate((id) => /** @type {any} */ (window).vgglass.store.set({ view: id, layer: 'fc8' }), view);
      await drop(page, [{ name: bad, type: 'image/png', bytes: new Uint8Array(0) }]);
      await page.getByTestId('notice').waitFor();
      await page.waitForTimeout(300);
      assert.equal(await overflow(page), 0, view);
    }
  });
}
