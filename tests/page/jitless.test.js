/** A browser without WebAssembly, as with Lockdown Mode: this one is started with `--jitless`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, useBrowser } from './harness.js';

useBrowser(['--js-flags=--jitless']);

for (const [lang, words] of /** @type {[string, RegExp][]} */ ([['en', /Lockdown Mode/], ['zh', /锁定模式/]])) {
  test(`without WebAssembly the page says what has switched it off (${lang})`, async (t) => {
    const page = await open(t, { hash: `lang=${lang}`, untilRun: false });
    assert.equal(await page.evaluate(() => typeof WebAssembly), 'undefined');
    const notice = page.locator('[data-testid=notice][data-code=no-webassembly]');
    await notice.waitFor();
    assert.match(await notice.innerText(), words);
    assert.ok(await page.locator('.progress').isHidden());
    assert.equal(await page.evaluate(() => document.documentElement.dataset.engine), 'failed');
    await page.getByTestId('view-memory').click();
    assert.ok(await page.locator('main h2').first().isVisible());
  });
}
