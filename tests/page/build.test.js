/** Build your own: a row edited, what it costs, what is wrong with it, and run on the picture. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { andRun, everyLook, finishedRun, open, overflow, useBrowser, violations } from './harness.js';

useBrowser();

const D = '64,64,p/128,128,p/256,256,256,p/512,512,512,p/512,512,512,p';
const FIVES = '5x64,p/5x128,p/5x256,p/5x512,p/5x512,p';
/** Large maps, then large kernels: less than the most parameters and the most values. */
const MUCH_MEMORY = `${Array(7).fill('1x1024').join(',')},p,p,p,p/${Array(7).fill('7x1024').join(',')},7x16,p,p`;
const WINDOWS = { phone: [360, 740], tablet: [820, 1180], projector: [1280, 720], wide: [1920, 1080] };

/** @param {import('playwright-core').Page} page @param {string} from @param {string} rows @param {number} [wide] @param {number} [side] */
const ready = (page, from, rows, wide = 1, side = 224) => page.locator(`[data-testid=builder][data-ready="${from} ${rows} ${wide} ${side}"]`).waitFor();

/** @param {import('node:test').TestContext} t @param {string} [hash] @param {Parameters<typeof open>[1]} [options] */
async function openBuilder(t, hash = '', options = {}) {
  const page = await open(t, { ...options, view: 'networks', hash: `mode=build&${hash}` });
  await page.locator('[data-testid=builder][data-ready]').waitFor();
  return page;
}

/** Each cost, and that of the row it came from. @param {import('playwright-core').Page} page */
const costs = (page) =>
  page.getByTestId('build-figures').locator('[data-cost]').evaluateAll((all) =>
    Object.fromEntries(all.map(({ dataset }) => [dataset.cost, [Number(dataset.total), Number(dataset.base)]])),
  );

/** @param {import('playwright-core').Page} page @param {number} module @param {string} what */
const inModule = (page, module, what) => page.locator(`[data-testid=build-module][data-module="${module}"]`).getByTestId(what);

test('an untouched row costs what the row costs', async (t) => {
  const page = await openBuilder(t);
  await ready(page, 'D', D);
  const same = (/** @type {number} */ value) => [value, value];
  assert.deepEqual(await costs(page), { parameters: same(138_357_544), values: same(15_237_608), macs: same(15_470_264_320), field: same(212) });
  assert.equal(await page.getByTestId('build-op').count(), 18);
  assert.equal(await page.locator('[data-testid=build-op][data-change]').count(), 0);
  assert.ok(await page.getByTestId('build-again').isDisabled());
  await page.getByTestId('from-select').selectOption('AlexNet');
  await ready(page, 'AlexNet', '11x96s4p2,lrn,p3s2/5x256,lrn,p3s2/384/384/256,p3s2');
  assert.equal((await costs(page)).field[0], 195);
});

test('every edit changes parameters, memory, multiply-adds and view at once, against the row it came from', async (t) => {
  const page = await openBuilder(t, 'from=A');
  const A = ['64,p', '128,p', '256,256,p', '512,512,p', '512,512,p'];
  const rows = (/** @type {Record<number, string>} */ changed = {}) => A.map((module, i) => changed[i + 1] ?? module).join('/');
  await ready(page, 'A', rows());
  const { parameters: [own] } = await costs(page);
  const C = 64;

  await inModule(page, 1, 'build-add-conv').click();
  await ready(page, 'A', rows({ 1: '64,64,p' }));
  let now = await costs(page);
  assert.deepEqual(now.parameters, [own + 9 * C * C + C, own]);
  assert.equal(now.macs[0] - now.macs[1], 9 * C * C * 224 * 224);
  assert.equal(now.values[0] - now.values[1], C * 224 * 224);
  assert.equal(now.field[0] - now.field[1], 2);

  await inModule(page, 1, 'build-kernel').nth(1).selectOption('5');
  await ready(page, 'A', rows({ 1: '64,5x64,p' }));
  now = await costs(page);
  assert.equal(now.parameters[0], own + 25 * C * C + C);
  assert.equal(now.field[0] - now.field[1], 4);
  assert.match(await page.getByTestId('build-figures').innerText(), /\+102\sk \(<0\.1\s%\) against A/);

  await inModule(page, 1, 'build-channels').nth(1).selectOption('16');
  await inModule(page, 2, 'build-add-lrn').click();
  await inModule(page, 5, 'build-add-pool').click();
  await ready(page, 'A', rows({ 1: '64,5x16,p', 2: '128,lrn,p', 5: '512,512,p,p' }));
  const changed = await page.locator('[data-testid=build-op][data-change]').evaluateAll((all) => all.map(({ dataset }) => `${dataset.op} ${dataset.change}`));
  assert.deepEqual(changed, ['conv added', 'lrn added', 'pool added']);
  assert.match((await page.getByTestId('build-status').textContent()) ?? '', /parameters, .* values, .* multiply-adds, receptive field \d+×\d+/);

  await inModule(page, 2, 'build-remove').nth(1).click();
  await inModule(page, 1, 'build-remove').nth(1).click();
  await inModule(page, 5, 'build-remove').nth(3).click();
  await ready(page, 'A', rows());
  assert.deepEqual((await costs(page)).parameters, [own, own]);

  await page.getByTestId('build-add-module').click();
  await ready(page, 'A', `${rows()}/512,p`);
  await page.getByTestId('build-again').click();
  await ready(page, 'A', rows());
});

test('a row keeps at least one layer and at most 64', async (t) => {
  const page = await openBuilder(t, 'from=A&build=64');
  assert.ok(await page.getByTestId('build-remove').isDisabled());
  const many = Array(63).fill('16').join(',');
  await page.evaluate((build) => /** @type {any} */ (window).vgglass.store.set({ build }), many);
  await inModule(page, 1, 'build-add-pool').click();
  await ready(page, 'A', `${many},p`);
  for (const what of ['build-add-conv', 'build-add-pool', 'build-add-lrn']) assert.ok(await inModule(page, 1, what).isDisabled(), what);
  assert.ok(await page.getByTestId('build-add-module').isDisabled());
});

test('B with 5×5 in place of pairs of 3×3, from the experiments', async (t) => {
  const page = await open(t, { view: 'experiments', hash: 'claim=kernels' });
  await page.getByTestId('experiments-build').click();
  await ready(page, 'B', FIVES);
  const { parameters, field } = await costs(page);
  assert.equal(field[0], field[1], 'the same view');
  const pairs = [[3, 64], [64, 128], [128, 256], [256, 512], [512, 512]];
  const saved = pairs.reduce((total, [from, to]) => total + 25 * from * to - 9 * from * to - 9 * to * to - to, 0);
  assert.equal(parameters[0] - parameters[1], saved);
  await page.goBack();
  await page.locator('[data-testid=experiments-view]').waitFor();
});

test('by keyboard: the focus stays with what is edited', async (t) => {
  const page = await openBuilder(t, 'from=A');
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
  await inModule(page, 3, 'build-add-conv').focus();
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'Module 3, layer 3: kernel');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Module 3, layer 3: channels');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Remove layer 3 of module 3 (conv3-256)');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'Remove layer 3 of module 3 (max 2×2 / 2)');
  await inModule(page, 1, 'build-kernel').focus();
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => /5x64/.test(/** @type {any} */ (window).vgglass.store.state.build));
  assert.equal(await focused(), 'Module 1, layer 1: kernel');
});

test('what cannot be built is told in its place, in both languages', async (t) => {
  const page = await openBuilder(t, `from=D&side=64&build=${D},p,p`);
  const problem = page.getByTestId('build-problem').filter({ visible: true });
  await problem.waitFor();
  assert.match(await problem.innerText(), /input is 1×1, its window 2×2.*64×64/s);
  assert.equal(await page.locator('[data-testid=build-module]:has([data-testid=build-problem]:not([hidden]))').getAttribute('data-module'), '5');
  assert.equal(await page.locator('.build-op.is-wrong').count(), 1);
  assert.ok(await page.getByTestId('build-run').isDisabled());
  await page.getByTestId('lang-zh').click();
  assert.match(await problem.innerText(), /输入是 1×1，窗口是 2×2/);
  await page.getByTestId('side-select').selectOption('192');
  await page.locator('[data-testid=builder][data-problem=""]').waitFor();
  assert.equal(await problem.count(), 0);
  assert.ok(await page.getByTestId('build-run').isEnabled());

  const wide = '1024,p,p,p,p/1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,1024,p';
  for (const [rows, code] of [['p,64', 'first'], ['64,64', 'fc6'], [`${wide}/1024,1024,1024,1024,1024,1024,1024,1024,1024,1024`, 'parameters'], ['1024,1024,1024,1024,1024,1024,1024,1024,p,p,p,p,p', 'values'], [MUCH_MEMORY, 'memory'], ['64,p,p,p,p/7x1536/7x64,p,p', 'inputs'], ['64,p/7x64s8/7x64s8/7x64s8/7x64s8/7x64s8/64s8', 'other']]) {
    await page.evaluate((build) => /** @type {any} */ (window).vgglass.store.set({ build, side: 224, wide: 1, lang: 'en' }), rows);
    await page.locator(`[data-testid=builder][data-problem=${code}]`).waitFor();
    assert.equal(await problem.count(), 1, code);
    assert.doesNotMatch(await problem.innerText(), /\{/);
  }
});

test('it runs on the picture, and the address brings it back', async (t) => {
  const rows = '5x64,p/128,lrn,p/256,1x256,p';
  const page = await openBuilder(t, `from=B&build=${rows}&wide=0.125&side=64`);
  await ready(page, 'B', rows, 0.125, 64);
  await andRun(page, () => page.getByTestId('build-run').click());
  assert.match(page.url(), /#\/look\?.*net=custom.*rows=5x64,p\/128,lrn,p\/256,1x256,p/);
  const layers = () => page.evaluate(() => /** @type {any} */ (window).vgglass.engine.network.layers.map((/** @type {any} */ { name, kernel, channels }) => `${name} ${kernel} ${channels}`));
  const expected = ['input 0 3', 'conv1_1 5 8', 'pool1 2 8', 'conv2_1 3 16', 'lrn2 0 16', 'pool2 2 16', 'conv3_1 3 32', 'conv3_2 1 32', 'pool3 2 32', 'fc6 8 512', 'fc7 1 512', 'fc8 1 1000'];
  assert.deepEqual(await layers(), expected);
  assert.match(await page.locator('.network-title').innerText(), /row of your own/);
  const address = page.url();
  await page.getByTestId('prediction').first().waitFor();
  await page.goto('about:blank');
  await page.goto(address);
  await finishedRun(page);
  assert.deepEqual(await layers(), expected);
  await page.getByTestId('lang-zh').click();
  assert.match(await page.locator('.network-title').innerText(), /自己搭建的网络/);
  await page.getByTestId('network-button').click();
  assert.equal(await page.getByTestId('net-select').inputValue(), 'custom');
  await page.getByTestId('network-cancel').click();
});

test('an address that names no row of one’s own runs D', async (t) => {
  const page = await open(t, { hash: 'model=untrained&net=custom&width=0.125&size=64&seed=1&rows=64,,' });
  assert.match(await page.locator('.network-title').innerText(), /VGG-16/);
});

test('axe finds nothing, in either language, light and dark', async (t) => {
  const page = await openBuilder(t, `from=B&build=${FIVES}`);
  await everyLook(page, async (look) => assert.deepEqual(await violations(page), [], look));
  await page.evaluate((build) => /** @type {any} */ (window).vgglass.store.set({ build, side: 64 }), `${FIVES},p,p`);
  await page.locator('[data-testid=builder][data-problem=vanish]').waitFor();
  await everyLook(page, async (look) => assert.deepEqual(await violations(page), [], `nothing is left, ${look}`));
});

test('nothing scrolls sideways, in either language, and the Chinese is Chinese', async (t) => {
  const page = await openBuilder(t);
  for (const [name, [width, height]] of Object.entries(WINDOWS)) {
    await page.setViewportSize({ width, height });
    for (const lang of ['en', 'zh']) {
      await page.getByTestId(`lang-${lang}`).click();
      assert.equal(await overflow(page), 0, `${name}, ${lang}`);
    }
  }
  const words = (await page.locator('main').innerText()).match(/[a-z]{3,}(?: [a-z]{2,}){2,}/g);
  assert.equal(words, null);
});
