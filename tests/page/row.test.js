/**
 * A network is a row: one more in the engine's table is in the page's address, dialog and views without another edit. Here
 * the page gets the table as `cargo xtask build` would write it, and an engine that knows the row, too: by its modules.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRows } from '../../www/engine/blocks.js';
import { TABLE } from '../../www/engine/table.js';
import { ADDRESS } from './browser.js';
import { andRun, finishedRun, open, useBrowser } from './harness.js';

useBrowser();

/** With more modules than any other, and so without a cell left of the smallest pictures. */
const ROW = { id: 'F', title: 'VGG-13 in seven modules', depth: 13, modules: 7, smallest: 128, changedFrom: 'B' };
const MODULES = parseRows('64,p/128,p/256,p/512,p/512,512,p/512,512,p/512,512,p');
const LAYERS = 1 + 10 + 7 + 3;

const ENGINE = `
import init, * as engine from '/pkg/vgglass.js?own';
export * from '/pkg/vgglass.js?own';
export default init;
const ROW = ${JSON.stringify(ROW)};
const modulesOf = () => ${JSON.stringify(MODULES)};
const known = (id, options) => (id === ROW.id ? ['custom', { ...options, modules: modulesOf() }] : [id, options]);
export const describe = (...row) => engine.describe(...known(...row));
export const problem = (...row) => engine.problem(...known(...row));
export const modules = (id) => (id === ROW.id ? modulesOf() : engine.modules(id));
export const networks = () => {
  const layers = describe(ROW.id);
  const sums = Object.fromEntries(['parameters', 'macs', 'values'].map((key) => [key, layers.reduce((sum, layer) => sum + layer[key], 0)]));
  return engine.networks().toSpliced(-1, 0, { id: ROW.id, title: ROW.title, weight_layers: ROW.depth, ...sums });
};
export const Network = {
  from_model: (bytes) => engine.Network.from_model(bytes),
  untrained(id, options, seed) {
    const made = engine.Network.untrained(...known(id, options), seed);
    const info = made.info();
    return Object.assign(made, { info: () => (id === ROW.id ? { ...info, id, title: ROW.title } : info) });
  },
};
`;

/** @param {import('node:test').TestContext} t @param {Parameters<typeof open>[1] & {}} options */
async function openWithRow(t, { hash = '', ...options }) {
  const table = TABLE.toSpliced(-1, 0, ROW);
  return open(t, {
    ...options,
    hash: `engine=base&${hash}`,
    address: ADDRESS,
    async beforeOpening(page) {
      const script = (/** @type {string} */ body) => (/** @type {import('playwright-core').Route} */ route) =>
        route.fulfill({ contentType: 'text/javascript', body, headers: { 'cross-origin-embedder-policy': 'require-corp', 'cross-origin-resource-policy': 'same-origin' } });
      await page.context().route(/\/pkg\/vgglass\.js$/, script(ENGINE));
      await page.context().route(/\/engine\/table\.js$/, async (route) => {
        const text = await (await route.fetch()).text();
        await script(text.replace(/(?<=TABLE = )\[.*?\];/s, () => `${JSON.stringify(table)};`))(route);
      });
    },
  });
}

test('it is chosen in the dialog, runs, and stands in the address', async (t) => {
  const page = await openWithRow(t, {});
  await page.getByTestId('network-button').click();
  await page.getByTestId('choice-untrained').check();
  const net = page.getByTestId('net-select');
  assert.deepEqual(await net.locator('option').evaluateAll((all) => all.slice(-2).map(({ textContent }) => textContent)), [`F · ${ROW.title}`, 'AlexNet (torchvision)']);
  await page.getByTestId('size-select').selectOption('64');
  await net.selectOption(ROW.id);
  assert.equal(await page.getByTestId('size-select').inputValue(), '128', 'the smallest that it takes');
  const offered = await page.getByTestId('size-select').locator('option:not([disabled])').evaluateAll((/** @type {HTMLOptionElement[]} */ all) => all.map(({ value }) => Number(value)));
  assert.deepEqual(offered, [128, 160, 192, 224]);
  await page.getByTestId('width-select').selectOption('0.125');
  await page.getByTestId('seed-input').fill('7');
  await andRun(page, () => page.getByTestId('network-apply').click());
  await page.waitForURL(/model=untrained&net=F&width=0.125&size=128&seed=7/);
  assert.equal(await page.getByTestId('layer-row').count(), LAYERS);

  await page.reload();
  await finishedRun(page);
  const ran = await page.evaluate(() => {
    const { info, layers } = /** @type {any} */ (window).vgglass.engine.network;
    return [info.id, info.input_size, layers.length];
  });
  assert.deepEqual(ran, [ROW.id, 128, LAYERS]);
});

test('it was not trained alike: D stands in for it there, in the dialog and in an address', async (t) => {
  const page = await openWithRow(t, { hash: 'model=untrained&net=F&width=0.125&size=128&seed=7' });
  await page.getByTestId('network-button').click();
  await page.getByTestId('choice-alike').check();
  assert.equal(await page.getByTestId('alike-select').inputValue(), 'D');
  await andRun(page, () => page.getByTestId('network-apply').click());
  const running = () => page.evaluate(() => {
    const { id, trained } = /** @type {any} */ (window).vgglass.engine.network.info;
    return [id, trained];
  });
  await page.waitForURL(/[?&]model=alike(?!.*net=)/);
  assert.deepEqual(await running(), ['D', true]);

  await page.goto('about:blank');
  await page.goto(`${ADDRESS}#/look?engine=base&model=alike&net=F`);
  await finishedRun(page);
  assert.deepEqual(await running(), ['D', true]);
});

test('it is in the table of networks, to be built upon, and in the memory table', async (t) => {
  const page = await openWithRow(t, { view: 'networks' });
  await page.locator('[data-testid=networks-view][data-ready]').waitFor();
  const names = await page.locator('.rows-id').allInnerTexts();
  assert.deepEqual(names, [...TABLE.filter(({ formOf }) => !formOf).map(({ id }) => id), ROW.id], 'another form of a row is not set beside it');
  const blocks = page.locator(`[data-testid=block][data-row=${ROW.id}]`);
  assert.equal(await blocks.count(), LAYERS - 1, 'every layer has its block, in seven modules');
  const added = page.locator('.rows-adds td').nth(names.indexOf(ROW.id));
  assert.match(await added.innerText(), /^B \+ 4/, 'what it adds is told against the row that it is a change of, and pools are no convolutions');
  assert.equal(await blocks.and(page.locator('[data-change=added]')).count(), 6, 'two modules of two convolutions and a pool');
  await blocks.first().click();
  await page.waitForURL(/#\/look\?.*net=F&.*size=128/);
  await finishedRun(page);

  await page.goto(`${ADDRESS}#/networks?engine=base&mode=build&from=F`);
  await page.locator('[data-testid=builder][data-ready^="F "]').waitFor();
  assert.equal(await page.getByTestId('build-module').count(), 7);

  await page.goto(`${ADDRESS}#/memory?engine=base&row=F`);
  await page.locator('[data-testid=memory-view][data-ready="F,1,224"]').waitFor();
  assert.match(await page.getByTestId('memory-title').innerText(), new RegExp(ROW.title));
  assert.equal(await page.getByTestId('memory-row').count(), LAYERS);
  assert.ok(await page.getByTestId('input-select').locator('option[value="96"]').isDisabled());
});

test('it is set beside others, and the views that know nothing of it show without it', async (t) => {
  const nets = 'F~0.125~128~1~base,A~0.125~64~1~base';
  const page = await openWithRow(t, { view: 'compare', hash: `nets=${nets}` });
  await page.locator(`[data-testid=compare-view][data-ready="${nets}"]`).waitFor();
  assert.equal(await page.getByTestId('compare-net').first().inputValue(), ROW.id);
  assert.equal(await page.getByTestId('depth-select').locator('option').count(), ROW.modules);
  await page.goto(`${ADDRESS}#/experiments?engine=base`);
  await page.locator('[data-testid=experiments-view][data-ready]').waitFor();
  assert.equal(await page.locator('[data-testid=alike-row]').count(), 7);
});
