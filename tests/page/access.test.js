/** Languages, keyboard, screen readers, window sizes, dark and light; and the server's headers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { andRun, boxOf, everyLook, finishedRun, open, overflow, runs, topNames, useBrowser, violations } from './harness.js';
import { WINDOWS } from './views.js';

useBrowser();

test('axe finds nothing, in either language, light and dark', async (t) => {
  const page = await open(t);
  const isClean = (/** @type {string} */ what) => everyLook(page, async (look) => assert.deepEqual(await violations(page), [], `${what}, ${look}`));
  await isClean('page');

  await page.locator('[data-testid=layer-row][data-layer=conv2_2]').getByTestId('layer-open').click();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=channel-cell]').length === 64);
  await isClean('open layer');

  await page.getByTestId('channel-cell').first().click();
  await page.getByTestId('channel-dialog').waitFor();
  await isClean('enlarged channel');
  await page.getByTestId('channel-close').click();

  await page.getByTestId('network-button').click();
  await page.getByTestId('network-dialog').waitFor();
  await isClean('choice of the network');
  assert.ok(await page.getByTestId('network-dialog').isVisible());
});

test('the language can be switched, is remembered and leaves the run alone', async (t) => {
  const page = await open(t);
  const ran = await runs(page);
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  const english = await page.locator('main').innerText();
  await page.getByTestId('lang-zh').click();
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  assert.equal(await page.getByTestId('lang-zh').getAttribute('aria-pressed'), 'true');
  const chinese = await page.locator('main').innerText();
  assert.ok((chinese.match(/[\u4e00-\u9fff]/g) ?? []).length > 100);
  assert.ok((english.match(/[\u4e00-\u9fff]/g) ?? []).length < 40, 'only the class names are Chinese on the English page');
  assert.equal(await runs(page), ran);

  await page.goto(page.url().split('#')[0]);
  await page.reload();
  await finishedRun(page);
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
});

test('a Chinese browser gets the Chinese page', async (t) => {
  const page = await open(t, { locale: 'zh-CN' });
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
});

test('both languages have the same texts', async () => {
  for (const folder of ['', 'import/', 'published/']) {
    const [en, zh] = await Promise.all(['en', 'zh'].map(async (code) => (await import(`../../www/locale/${folder}${code}.js`)).default));
    assert.deepEqual(Object.keys(zh).toSorted(), Object.keys(en).toSorted());
    for (const key of Object.keys(en)) {
      const fields = (/** @type {string} */ words) => [...new Set(words.match(/\{\w+\}/g) ?? [])].toSorted();
      assert.deepEqual(fields(zh[key]), fields(en[key]), key);
    }
  }
});

test('dark and light follow the system until chosen', async (t) => {
  const page = await open(t, { colorScheme: 'dark' });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
  const dark = await background();
  await page.getByTestId('theme-toggle').click();
  assert.equal(await page.getAttribute('html', 'data-theme'), 'light');
  assert.notEqual(await background(), dark);
});

for (const names of /** @type {(keyof typeof WINDOWS)[][]} */ ([['phone'], ['tablet', 'projector', 'wide']])) {
  test(`nothing is cut off or scrolls sideways on a ${names.join(', a ')}`, async (t) => {
    const page = await open(t, { hasTouch: names.includes('phone') });
    for (const name of names) {
      const [width, height] = WINDOWS[name];
      await page.setViewportSize({ width, height });
      assert.equal(await overflow(page), 0, `${name}, closed`);
      for (const layer of ['conv1_1', 'conv5_3', 'fc6']) {
        await page.locator(`[data-testid=layer-row][data-layer=${layer}]`).getByTestId('layer-open').click();
        await page.locator(`[data-testid=layer-detail][data-layer=${layer}]`).waitFor();
        await page.getByTestId('channel-cell').first().waitFor();
        assert.equal(await overflow(page), 0, `${name}, ${layer}`);
      }
      await page.getByTestId('lang-zh').click();
      assert.equal(await overflow(page), 0, `${name}, Chinese`);
      if (width > height) {
        await page.evaluate(() => scrollTo(0, 0));
        for (const part of ['stage', 'predictions']) {
          const box = await boxOf(page.getByTestId(part));
          assert.ok(box.y >= 0 && box.y + box.height <= height, `${part} is seen without scrolling on a ${name}`);
        }
      }
      await page.evaluate(() => /** @type {any} */ (window).vgglass.store.set({ layer: null, lang: 'en' }));
    }
  });
}

test('everything can be done from the keyboard', async (t) => {
  const page = await open(t);
  /** Presses Tab until an element with that test id has the focus. @param {string} id */
  const tabTo = async (id) => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))) === id) return;
    }
    assert.fail(`Tab does not reach ${id}`);
  };

  await tabTo('network-button');
  await page.keyboard.press('Enter');
  await page.getByTestId('network-dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('network-dialog').waitFor({ state: 'hidden' });

  await tabTo('crop-box');
  await andRun(page, () => page.keyboard.press('+'));
  await andRun(page, () => page.keyboard.press('ArrowRight'));
  await page.waitForURL(/crop=/);
  await andRun(page, () => page.keyboard.press('0'));
  assert.equal((await topNames(page))[0], 'espresso');

  await tabTo('pick-button');
  await tabTo('sample');
  await page.keyboard.press('Tab');
  await andRun(page, () => page.keyboard.press('Enter'));
  assert.equal((await topNames(page))[0], 'triumphal arch');

  await tabTo('layer-open');
  await page.keyboard.press('Tab');
  const layer = await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement?.closest('[data-layer]')).dataset.layer);
  await page.keyboard.press('Enter');
  await page.locator(`[data-testid=layer-detail][data-layer=${layer}]`).waitFor();
  await page.getByTestId('channel-cell').first().waitFor();

  await tabTo('channel-cell');
  const focused = () => page.evaluate(() => Number(/** @type {HTMLElement} */ (document.activeElement).dataset.place));
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 1);
  await page.keyboard.press('ArrowDown');
  assert.ok((await focused()) > 1);
  await page.keyboard.press('Control+Home');
  assert.equal(await focused(), 0);
  await page.keyboard.press('Control+End');
  await page.keyboard.press('Enter');
  await page.getByTestId('channel-dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('channel-dialog').waitFor({ state: 'hidden' });
  assert.equal(
    await page.evaluate(() => document.activeElement?.getAttribute('data-testid')),
    'channel-cell',
    'the focus returns to where it was',
  );
});

test('the result is announced', async (t) => {
  const page = await open(t);
  const live = page.getByTestId('live');
  assert.ok(['polite', 'assertive'].includes((await live.getAttribute('aria-live')) ?? ''));
  assert.match(await live.innerText(), /espresso/i);
});

test('the server isolates the page and names its types', async (t) => {
  const page = await open(t, { untilRun: false });
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  const answers = await page.evaluate(async () => {
    const paths = ['./', './main.js', './pkg/vgglass_bg.wasm', './pictures/pictures.json', './pictures/coffee.jpg'];
    return Promise.all(paths.map(async (path) => (await fetch(path, { method: 'HEAD' })).headers.get('content-type') ?? ''));
  });
  assert.match(answers[0], /^text\/html/);
  assert.match(answers[1], /^text\/javascript/);
  assert.equal(answers[2], 'application/wasm');
  assert.equal(answers[3], 'application/json');
  assert.equal(answers[4], 'image/jpeg');
});
