/** Wheels and fingers: what is on the page takes them only where it has a use for them; else they scroll. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, useBrowser } from './harness.js';

useBrowser();

const PHONE = { width: 390, height: 700 };

/** @typedef {import('playwright-core').Page} Page */

/** @param {Page} page @returns {Promise<{cx: number, cy: number, size: number}>} */
const crop = (page) => page.evaluate(() => /** @type {any} */ (window).vgglass.store.state.crop);

/** @param {Page} page */
const scrolled = (page) => page.evaluate(() => Math.round(scrollY));

/** Waits until the page has stopped scrolling. @param {Page} page */
async function rested(page) {
  for (let last = -1; ; ) {
    const now = await scrolled(page);
    if (now === last) return now;
    last = now;
    await page.waitForTimeout(150);
  }
}

/** The middle of what can be seen of an element. @param {Page} page @param {string} selector */
const middleOf = (page, selector) =>
  page.locator(selector).first().evaluate((element) => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return { x: (Math.max(left, 0) + Math.min(right, innerWidth)) / 2, y: (Math.max(top, 70) + Math.min(bottom, innerHeight)) / 2 };
  });

/**
 * Fingers as the browser gets them from a screen: each goes from one point to another.
 * @param {Page} page @param {...[{x: number, y: number}, {x: number, y: number}]} ways
 */
async function fingers(page, ...ways) {
  const session = await page.context().newCDPSession(page);
  const at = (/** @type {number} */ part) =>
    ways.map(([from, to], id) => ({ id, x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }));
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) });
  for (let i = 1; i <= 10; i++) {
    await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(i / 10) });
    await page.waitForTimeout(16);
  }
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await session.detach();
}

/** @param {Page} page @param {{x: number, y: number}} from @param {number} dx @param {number} dy */
const swipe = (page, from, dx, dy) => fingers(page, [from, { x: from.x + dx, y: from.y + dy }]);

for (const [where, size] of /** @type {[string, number][]} */ ([['whole', 1], ['zoomed', 0.4]])) {
  test(`the wheel over the picture scrolls the page, both ways (${where})`, async (t) => {
    const page = await open(t, { viewport: { width: 700, height: 600 }, hash: `crop=0.5,0.5,${size}` });
    await page.evaluate(() => scrollTo(0, 60));
    const { x, y } = await middleOf(page, '[data-testid=crop-box]');
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, 40);
    const down = await rested(page);
    assert.ok(down > 60, `down: ${down}`);
    await page.mouse.wheel(0, -80);
    const up = await rested(page);
    assert.ok(up < 60, `up: ${up}`);
    assert.equal((await crop(page)).size, size);
  });
}

test('with Ctrl, as a pinched trackpad has it, the wheel zooms the crop and not the page', async (t) => {
  const page = await open(t, { viewport: { width: 1200, height: 600 } });
  const { x, y } = await middleOf(page, '[data-testid=crop-box]');
  await page.mouse.move(x, y);
  const wheel = (/** @type {number} */ deltaY, /** @type {object} */ keys) =>
    page.evaluate(
      ([at, delta, held]) =>
        !document.elementFromPoint(at.x, at.y)?.dispatchEvent(new WheelEvent('wheel', { deltaY: delta, clientX: at.x, clientY: at.y, bubbles: true, cancelable: true, ...held })),
      /** @type {const} */ ([{ x, y }, deltaY, keys]),
    );
  assert.equal(await wheel(-60, { ctrlKey: true }), true, 'the page stays');
  const { size } = await crop(page);
  assert.ok(size < 0.9);
  assert.equal(await wheel(-60, { metaKey: true }), true);
  assert.ok((await crop(page)).size < size);
  for (let i = 0; i < 20; i++) assert.equal(await wheel(60, { ctrlKey: true }), true, 'at the end of the zoom too');
  assert.equal((await crop(page)).size, 1);
  assert.equal(await wheel(60, {}), false);
});

test('a swipe over a crop that fills the picture scrolls the page', async (t) => {
  // 512 × 512, so that it cannot move.
  const page = await open(t, { viewport: PHONE, hasTouch: true, hash: 'picture=astronaut.jpg' });
  const before = await crop(page);
  await swipe(page, await middleOf(page, '[data-testid=crop-box]'), 0, -90);
  assert.ok((await rested(page)) > 40);
  await page.evaluate(() => scrollTo(0, 100));
  await swipe(page, await middleOf(page, '[data-testid=crop-box]'), 0, 60);
  assert.ok((await rested(page)) < 80, 'and back');
  assert.deepEqual(await crop(page), before);
});

test('a finger moves the crop where it can go, and scrolls where it cannot', async (t) => {
  // Wider than high.
  const page = await open(t, { viewport: PHONE, hasTouch: true, hash: 'picture=coffee.jpg' });
  const from = await middleOf(page, '[data-testid=crop-box]');
  await swipe(page, from, 0, -90);
  assert.ok((await rested(page)) > 40, 'up and down is the page’s');
  assert.equal((await crop(page)).cx, 0.5, 'and the crop stays');
  await page.evaluate(() => scrollTo(0, 0));
  await swipe(page, from, 40, 0);
  assert.equal(await rested(page), 0);
  const { cx } = await crop(page);
  assert.ok(cx > 0.55, `sideways is the crop’s: ${cx}`);
  await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ crop: { cx: 0.5, cy: 0.5, size: 0.5 } }));
  await swipe(page, from, 0, -30);
  assert.equal(await rested(page), 0);
  assert.ok((await crop(page)).cy < 0.45, 'a smaller one goes up and down too');
});

test('beside the crop a swipe scrolls and a tap brings the crop there', async (t) => {
  const page = await open(t, { viewport: PHONE, hasTouch: true, hash: 'picture=coffee.jpg&crop=0.3,0.3,0.3' });
  const stage = await page.locator('.stage-frame').boundingBox();
  assert.ok(stage);
  const beside = { x: stage.x + stage.width * 0.8, y: stage.y + stage.height * 0.8 };
  const before = await crop(page);
  await swipe(page, beside, 0, -80);
  assert.ok((await rested(page)) > 30);
  assert.deepEqual(await crop(page), before);
  await page.evaluate(() => scrollTo(0, 0));
  await page.touchscreen.tap(beside.x, beside.y);
  const { cx, cy } = await crop(page);
  assert.ok(Math.abs(cx - 0.8) < 0.02 && Math.abs(cy - 0.8) < 0.03, `${cx}, ${cy}`);
});

test('two fingers resize the crop, and the page stays', async (t) => {
  const page = await open(t, { viewport: PHONE, hasTouch: true, hash: 'picture=coffee.jpg&crop=0.5,0.5,0.5' });
  const { x, y } = await middleOf(page, '[data-testid=crop-box]');
  await fingers(page, [{ x: x - 20, y: y - 20 }, { x: x - 45, y: y - 45 }], [{ x: x + 20, y: y + 20 }, { x: x + 45, y: y + 45 }]);
  const { size } = await crop(page);
  assert.ok(size > 0.8, `spread: ${size}`);
  await fingers(page, [{ x: x - 60, y }, { x: x - 30, y }], [{ x: x + 60, y }, { x: x + 30, y }]);
  assert.ok((await crop(page)).size < size * 0.7, 'pinched');
  assert.equal(await rested(page), 0);
  assert.equal(await page.evaluate(() => visualViewport?.scale), 1);
});

/** Whatever can be pointed at, by view: a place to scroll from all the same. @type {[string, string, string][]} */
const POINTED = [
  ['field', '', '[data-testid=field-stage]'],
  ['scale', '', '[data-testid=score-stage]'],
  ['look', 'layer=conv1_1', '[data-testid=channel-grid]'],
  ['look', '', '[data-testid=layer-strip]'],
];

for (const [view, hash, selector] of POINTED) {
  test(`wheel and swipe scroll over ${selector} (${view})`, async (t) => {
    const page = await open(t, { view, viewport: PHONE, hasTouch: true, hash, untilRun: true });
    await page.locator(selector).first().waitFor();
    const bring = () => page.locator(selector).first().evaluate((element) => scrollTo(0, scrollY + element.getBoundingClientRect().top - 250));
    await bring();
    const start = await rested(page);
    const from = await middleOf(page, selector);
    await page.mouse.move(from.x, from.y);
    await page.mouse.wheel(0, -60);
    assert.ok((await rested(page)) < start, 'the wheel, up');
    await bring();
    await rested(page);
    await swipe(page, await middleOf(page, selector), 0, 90);
    assert.ok((await rested(page)) < start - 40, 'a finger');
  });
}

for (const [hash, dialog, selector] of [
  ['study=occlusion', '[data-testid=occlusion-dialog]', '[data-testid=occlusion-map]'],
  ['layer=conv1_1&channel=3', '[data-testid=channel-dialog]', '[data-testid=map-canvas]'],
]) {
  test(`a swipe scrolls ${dialog} from its map`, async (t) => {
    const page = await open(t, { viewport: { width: 390, height: 520 }, hasTouch: true, hash });
    await page.locator(`${dialog}[open] ${selector}`).waitFor();
    await page.locator(`${dialog} ${selector}`).evaluate((element) => element.scrollIntoView({ block: 'center' }));
    const top = () => page.locator(dialog).evaluate((element) => element.scrollTop);
    const before = await top();
    const most = await page.locator(dialog).evaluate((element) => element.scrollHeight - element.clientHeight);
    const way = before > most / 2 ? 80 : -80;
    await swipe(page, await middleOf(page, `${dialog} ${selector}`), 0, way);
    await page.waitForTimeout(300);
    const after = await top();
    assert.ok(way > 0 ? after < before - 20 : after > before + 20, `${before} to ${after} of ${most}`);
  });
}
