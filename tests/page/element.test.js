/** `<vgg-glass>`: the page in a document of one's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE } from './browser.js';
import { open, useBrowser } from './harness.js';

useBrowser();

const HOST = `${PAGE}host.html`;

/** @param {string} body */
const host = (body) => `<!doctype html><html lang="en"><title>host</title><body style="margin: 0">
  <script src="./element.js"></script>
  <script>keys = []; addEventListener('keydown', ({ key, keyCode, shiftKey }) => keys.push([key, keyCode, shiftKey]));</script>
  ${body}`;

/**
 * A document with the element in it.
 * @param {import('node:test').TestContext} t @param {string} body
 */
async function opened(t, body) {
  const page = await open(t, { untilRun: false });
  await page.route(HOST, (route) => route.fulfill({ contentType: 'text/html', body: host(body) }));
  await page.goto(HOST);
  return page;
}

/** The element's page, when it has run. @param {import('playwright-core').Page} page */
async function inside(page) {
  const frame = await (await page.waitForSelector('vgg-glass >> iframe')).contentFrame();
  assert.ok(frame);
  await frame.waitForFunction(() => document.documentElement.dataset.run === 'done' || document.documentElement.dataset.engine === 'failed');
  return frame;
}

/** Keys that the document has heard of since last asked. @param {import('playwright-core').Page} page */
const heard = (page) => page.evaluate(() => /** @type {any} */ (window).keys.splice(0));

/** @param {import('playwright-core').Frame} frame */
const state = (frame) => frame.evaluate(() => /** @type {any} */ (window).vgglass.store.state);

test('attributes are the address, and the page fills the element without its frame', async (t) => {
  const page = await opened(t, '<vgg-glass view="any-scale" picture="chelsea.jpg" lang="zh" scale="128" style="height: 600px"></vgg-glass>');
  const frame = await inside(page);
  const { view, picture, lang, q, embed } = await state(frame);
  assert.deepEqual({ view, picture, lang, q, embed }, { view: 'scale', picture: 'chelsea.jpg', lang: 'zh', q: 128, embed: true });
  assert.equal(await frame.locator('.page-header').isVisible(), false);
  assert.equal(await frame.locator('.page-footer').isVisible(), false);
  assert.deepEqual(await page.locator('vgg-glass').boundingBox(), { x: 0, y: 0, width: 1440, height: 600 });
  assert.deepEqual(await frame.evaluate(() => [innerWidth, innerHeight]), [1440, 600]);
  assert.equal(await frame.evaluate(() => document.documentElement.scrollWidth), 1440);

  const before = await page.evaluate(() => history.length);
  await page.locator('vgg-glass').evaluate((element) => element.setAttribute('view', 'memory'));
  await frame.waitForFunction(() => /** @type {any} */ (window).vgglass.store.state.view === 'memory');
  await frame.getByTestId('row-select').selectOption('A');
  assert.equal(await page.evaluate(() => history.length), before, 'Back belongs to the document');
});

test('keys that the page has no use for go on to the document', async (t) => {
  const page = await opened(t, '<vgg-glass view="look" style="height: 700px"></vgg-glass>');
  const frame = await inside(page);
  await page.keyboard.press('ArrowRight');
  assert.deepEqual(await heard(page), [['ArrowRight', 39, false]], 'without the focus the element has no part in it');

  await frame.getByTestId('crop-box').focus();
  const { crop } = await state(frame);
  await page.keyboard.press('ArrowRight');
  assert.notDeepEqual((await state(frame)).crop, crop);
  await frame.getByTestId('crop-zoom').focus();
  await page.keyboard.press('ArrowRight');
  assert.deepEqual(await heard(page), [], 'crop and slider keep their arrows');

  await frame.getByTestId('pick-button').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('PageDown');
  await page.keyboard.press('n');
  await page.waitForFunction(() => /** @type {any} */ (window).keys.length === 3);
  assert.deepEqual(await heard(page), [['ArrowRight', 39, false], ['PageDown', 34, false], ['n', 78, false]]);
  assert.equal((await state(frame)).view, 'look');

  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.activeElement === document.body);
  await page.keyboard.press('ArrowLeft');
  assert.deepEqual(await heard(page), [['ArrowLeft', 37, false]], 'Escape gives the keys back');
});

test('the page is not loaded before it comes into sight', async (t) => {
  const page = await opened(t, '<div style="height: 5000px"></div><vgg-glass view="memory" lang="en"></vgg-glass>');
  await page.waitForFunction(() => customElements.get('vgg-glass'));
  await page.waitForTimeout(300);
  assert.equal(page.frames().length, 2);
  assert.equal(page.frames()[1].url(), 'about:blank');
  await page.locator('vgg-glass').scrollIntoViewIfNeeded();
  const frame = await inside(page);
  assert.equal((await state(frame)).view, 'memory');
});
