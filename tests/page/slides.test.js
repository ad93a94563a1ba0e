/** The example decks of the built site: reveal.js with live views in place. `cargo xtask site` writes them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { open, useBrowser, violations } from './harness.js';
import { built, serve } from './static-server.js';

useBrowser();

const SITE = built('site/', 'cargo xtask site');

test('a live view keeps the keys that it uses, and the slides get the others', async (t) => {
  const root = `${await serve(t, { '/deck/': SITE })}/deck/`;
  const page = await open(t, { address: root, untilRun: false });
  await page.waitForFunction(() => crossOriginIsolated);
  await page.goto(`${root}slides/en.html#/5`);
  const element = page.locator('section.present vgg-glass');
  await element.waitFor();
  const frame = await (await element.locator('iframe').elementHandle())?.contentFrame();
  assert.ok(frame);
  await frame.waitForFunction(() => document.documentElement.dataset.run === 'done');
  const before = await frame.evaluate(() => /** @type {any} */ (window).vgglass.store.state);
  assert.equal(before.view, 'look');
  const box = await element.boundingBox();
  assert.ok(box && box.width > 1000 && box.height > 500 && box.y + box.height <= 900, JSON.stringify(box));

  assert.deepEqual(await violations(page), []);

  await frame.getByTestId('crop-box').focus();
  await page.keyboard.press('ArrowRight');
  await frame.waitForFunction((cx) => /** @type {any} */ (window).vgglass.store.state.crop.cx !== cx, before.crop.cx);
  assert.match(page.url(), /#\/5$/, 'the crop has taken the arrow');

  await frame.getByTestId('pick-button').focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForURL(/#\/6$/);
  await page.keyboard.press('ArrowLeft');
  await page.waitForURL(/#\/5$/);
  await frame.getByTestId('pick-button').focus();
  await page.keyboard.press('Escape');
  await page.keyboard.press('PageDown');
  await page.waitForURL(/#\/6$/);
});

test('both decks have the same live views, each a view of the page', () => {
  const elements = (/** @type {string} */ lang) =>
    [...readFileSync(`${SITE}slides/${lang}.html`, 'utf8').matchAll(/<vgg-glass (.*?) lang="(\w+)"/g)].map(([, attributes, own]) => {
      assert.equal(own, lang);
      return attributes;
    });
  const [en, zh] = [elements('en'), elements('zh')];
  assert.deepEqual(zh, en);
  for (const view of ['look', 'networks', 'field', 'memory', 'any-scale', 'experiments', 'compare', 'speed']) {
    assert.ok(en.some((attributes) => attributes.includes(`view="${view}"`)), view);
  }
});
