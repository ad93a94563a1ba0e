/** The lecture's views: tables and figures made of the engine's own numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { andRun, boxOf, finishedRun, isPainted, open, overflow, useBrowser } from './harness.js';
import { holdsFor, openView, WINDOWS } from './views.js';

useBrowser();

const VIEWS = ['networks', 'field', 'memory', 'experiments'];

for (const view of VIEWS) holdsFor(view);

test('the views are reached from the header, by mouse, keyboard and Back', async (t) => {
  const page = await open(t);
  for (const view of VIEWS) {
    await page.getByTestId(`view-${view}`).focus();
    await page.keyboard.press('Enter');
    await page.locator(`[data-testid=${view}-view][data-ready]`).waitFor();
    assert.match(page.url(), new RegExp(`#/${view}`));
    assert.equal(await page.getByTestId(`view-${view}`).getAttribute('aria-current'), 'page');
    assert.equal(await page.title(), `${await page.getByTestId(`view-${view}`).innerText()} · vgglass`);
  }
  await page.getByTestId('view-look').click();
  await page.getByTestId('prediction').first().waitFor();
  assert.equal(await page.getByTestId('prediction').count(), 5, 'what was computed is shown again');
  assert.ok(await isPainted(page.locator('[data-testid=layer-row][data-layer=conv1_1]').getByTestId('layer-strip')));
  await page.goBack();
  await page.getByTestId(`${VIEWS.at(-1)}-view`).waitFor();
});

test('memory: the table of VGG-16 adds up to the paper’s parameters and to 15.2 M values', async (t) => {
  const page = await openView(t, 'memory');
  const rows = await page.getByTestId('memory-row').count();
  assert.equal(rows, 22);
  const fc6 = page.locator('[data-testid=memory-row][data-layer=fc6]');
  assert.match(await fc6.innerText(), /7·7·512·4096 \+ 4096 = 102,764,544/);
  const conv1 = page.locator('[data-testid=memory-row][data-layer=conv1_1]');
  assert.match(await conv1.innerText(), /224·224·64 = 3,211,264/);
  const total = await page.getByTestId('memory-total').innerText();
  for (const number of ['15,237,608', '138,357,544', '15,470,264,320']) assert.ok(total.includes(number), number);
  for (const cost of ['values', 'parameters', 'macs']) {
    const cells = await page.locator(`[data-${cost}]`).evaluateAll((all, key) => all.map((cell) => Number(cell.dataset[key])), cost);
    const shown = await page.locator(`[data-cost=${cost}]`).getAttribute('data-total');
    assert.equal(cells.reduce((sum, value) => sum + value, 0), Number(shown), cost);
  }
  assert.match(await page.getByTestId('notes').innerText(), /24M.*15,237,608/s);
});

test('memory: row, width and input are chosen and stand in the address', async (t) => {
  const page = await openView(t, 'memory');
  await page.getByTestId('row-select').selectOption('AlexNet');
  await page.getByTestId('scale-select').selectOption('0.5');
  await page.getByTestId('input-select').selectOption('128');
  await page.locator('[data-testid=memory-view][data-ready="AlexNet,0.5,128"]').waitFor();
  await page.waitForURL(/input=128/);
  assert.match(await page.getByTestId('memory-title').innerText(), /AlexNet/);
  await page.reload();
  await page.locator('[data-testid=memory-view][data-ready="AlexNet,0.5,128"]').waitFor();
  await finishedRun(page);

  const { NETWORKS, sizesOf } = await import('../../www/page/address.js');
  for (const row of NETWORKS) {
    await page.getByTestId('row-select').selectOption(row);
    for (const [scale, input] of [['0.125', String(sizesOf(row)[0])], ['1', '352']]) {
      await page.getByTestId('scale-select').selectOption(scale);
      await page.getByTestId('input-select').selectOption(input);
      await page.locator(`[data-testid=memory-view][data-ready="${row},${scale},${input}"]`).waitFor();
    }
  }
});

test('memory: inputs up to 512, by the page’s arithmetic where the engine ends', async (t) => {
  const { resized } = await import('../../www/page/costs.js');
  const { NETWORKS, smallestOf } = await import('../../www/page/address.js');
  const page = await openView(t, 'memory');
  const describe = (/** @type {string} */ row, /** @type {number} */ input_size, width = 1) =>
    page.evaluate(
      ([id, options]) => /** @type {any} */ (window).vgglass.engine.describe(id, options),
      /** @type {const} */ ([row, { width, input_size, fc: Math.round(4096 * width), classes: 1000 }]),
    );
  for (const row of NETWORKS) {
    const layers = await describe(row, 224);
    for (const input of [64, 96, 160, 288, 352].filter((side) => side >= smallestOf(row))) assert.deepEqual(resized(layers, input), await describe(row, input), `${row} ${input}`);
  }
  assert.deepEqual(resized(await describe('D', 224, 0.5), 512), await describe('D', 512, 0.5), 'where the engine goes further, at half width');

  await page.getByTestId('input-select').selectOption('512');
  await page.locator('[data-testid=memory-view][data-ready="D,1,512"]').waitFor();
  const fc6 = page.locator('[data-testid=memory-row][data-layer=fc6]');
  assert.match(await fc6.innerText(), /16·16·512·4096 \+ 4096 = 536,875,008/);
  assert.match(await page.locator('[data-note="memory.note.input"]').innerText(), /512×512.*16×16/s);
  await page.waitForURL(/input=512/);
});

test('memory: the table is copied as CSV and as LaTeX', async (t) => {
  const page = await openView(t, 'memory');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const copied = async (/** @type {string} */ button) => {
    await page.getByTestId(button).click();
    await page.getByTestId('copy-status').filter({ hasText: /./ }).waitFor();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const lines = (await copied('copy-csv')).trim().split('\n').map((line) => line.split(','));
  assert.equal(lines.length, 24);
  assert.ok(lines.every((line) => line.length === lines[0].length));
  assert.equal(lines.at(-1)?.[lines[0].indexOf('parameters')], '138357544');
  const latex = await copied('copy-latex');
  assert.match(latex, /\\begin\{tabular\}.*conv1\\_1 & 224\$\\cdot\$224\$\\cdot\$64 & 3\\,211\\,264 &.*\\end\{tabular\}/s);
  const rows = latex.split('\n').filter((line) => line.endsWith('\\\\'));
  assert.ok(rows.every((row) => row.split(' & ').length === 5), 'five columns in every row');
});

test('memory: where the clipboard is refused, the text comes up to be copied', async (t) => {
  const page = await openView(t, 'memory', {
    beforeOpening: (opened) =>
      opened.addInitScript(() => {
        navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
      }),
  });
  await page.getByTestId('copy-csv').click();
  const text = page.getByTestId('copy-text');
  await text.waitFor();
  assert.match(await text.inputValue(), /^layer,kind/);
});

test('networks: the rows are the paper’s, and what each adds is marked', async (t) => {
  const page = await openView(t, 'networks');
  const blocks = await page.getByTestId('block').evaluateAll((/** @type {HTMLElement[]} */ all) =>
    all.map(({ dataset, innerText }) => /** @type {Record<string, string>} */ ({ ...dataset, text: innerText.trim() })),
  );
  const rowOf = (/** @type {string} */ row) => blocks.filter((block) => block.row === row);
  const marked = (/** @type {string} */ row) => rowOf(row).filter(({ change }) => change).map(({ layer, change }) => `${layer} ${change}`);
  assert.deepEqual(marked('A'), []);
  assert.deepEqual(marked('A-LRN'), ['lrn1 added']);
  assert.deepEqual(marked('B'), ['conv1_2 added', 'conv2_2 added']);
  assert.deepEqual(marked('C'), ['conv3_3 added', 'conv4_3 added', 'conv5_3 added']);
  assert.deepEqual(marked('D'), ['conv3_3 changed', 'conv4_3 changed', 'conv5_3 changed']);
  assert.deepEqual(marked('E'), ['conv3_4 added', 'conv4_4 added', 'conv5_4 added']);
  assert.deepEqual(marked('AlexNet'), []);
  assert.ok(rowOf('C').some(({ text }) => text.includes('conv1-256')));
  assert.match(rowOf('AlexNet')[0].text, /^conv11-96/);

  const millions = await page.getByTestId('networks-millions').evaluateAll((all) => all.map(({ dataset, textContent }) => [dataset.row, textContent]));
  const papers = { A: '133', 'A-LRN': '133', B: '133', C: '134', D: '138', E: '144', AlexNet: '62' };
  assert.deepEqual({ ...Object.fromEntries(millions), ...papers }, Object.fromEntries(millions));
});

test('networks: arrow keys move between blocks; Enter runs the row and opens the layer', async (t) => {
  const page = await openView(t, 'networks');
  await finishedRun(page);
  const focused = () => page.evaluate(() => {
    const { row, layer } = /** @type {HTMLElement} */ (document.activeElement).dataset;
    return `${row} ${layer}`;
  });
  await page.getByTestId('block').first().focus();
  assert.equal(await page.locator('[data-testid=block][tabindex="0"]').count(), 1, 'one stop for Tab');
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(), 'A pool1');
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'A-LRN pool1');
  await page.keyboard.press('ArrowUp');
  assert.equal(await focused(), 'A-LRN lrn1');
  await andRun(page, () => page.keyboard.press('Enter'));
  await page.locator('[data-testid=layer-detail][data-layer=lrn1]').waitFor();
  await page.waitForURL(/#\/look\?.*net=A-LRN/);

  await page.goBack();
  await page.locator('[data-testid=networks-view][data-ready]').waitFor();
  await page.getByTestId('target-select').selectOption('memory');
  await page.locator('[data-testid=block][data-row=E][data-layer=conv4_4]').click();
  await page.locator('[data-testid=memory-view][data-ready="E,1,224"]').waitFor();
  await page.locator('[data-testid=memory-row][data-layer=conv4_4].is-open').waitFor();
});

test('networks: no text is wider than its block', async (t) => {
  const page = await openView(t, 'networks');
  for (const [width, height] of Object.values(WINDOWS)) {
    await page.setViewportSize({ width, height });
    const wide = await page.getByTestId('block').evaluateAll((all) => all.filter((block) => block.scrollWidth > block.clientWidth + 1).length);
    assert.equal(wide, 0, `${width}`);
  }
});

test('field: the page’s rule gives what the engine gives, for every layer of every row', async (t) => {
  const { fields } = await import('../../www/views/field/fields.js');
  const { NETWORKS } = await import('../../www/page/address.js');
  const page = await open(t);
  for (const row of NETWORKS) {
    const layers = await page.evaluate((id) => {
      const options = { width: 1, input_size: 224, fc: 4096, classes: 1000 };
      return /** @type {any} */ (window).vgglass.engine.describe(id, options);
    }, row);
    const windowed = layers.filter((/** @type {any} */ { kind }) => kind === 'conv' || kind === 'pool');
    const found = fields(windowed).slice(1);
    for (const [i, layer] of windowed.entries()) {
      const { receptive_field: size, jump, offset } = layer;
      assert.deepEqual(found[i], { size, jump, offset }, `${row} ${layer.name}`);
    }
  }
});

test('field: the lecture’s question', async (t) => {
  const page = await openView(t, 'field');
  const answer = page.getByTestId('field-answer');
  for (const [guess, verdict, size] of [['2', 'wrong', '5×5'], ['4', 'wrong', '9×9'], ['3', 'right', '7×7']]) {
    await page.locator(`[data-testid=field-guess][data-guess="${guess}"]`).click();
    assert.equal(await answer.getAttribute('data-verdict'), verdict);
    assert.match(await page.getByTestId('field-seen').innerText(), new RegExp(size));
  }
  assert.match(await answer.innerText(), /3 → 5 → 7.*27C².*49C²/);
  await page.waitForURL(/guess=3/);

  const compare = page.getByTestId('field-compare');
  const parameters = () => compare.locator('[data-parameters]').evaluateAll((all) => all.map(({ dataset }) => Number(dataset.parameters)));
  assert.deepEqual(await parameters(), [27 * 64 ** 2, 49 * 64 ** 2]);
  await page.getByTestId('field-channels').focus();
  await page.keyboard.press('End');
  assert.deepEqual(await parameters(), [27 * 512 ** 2, 49 * 512 ** 2]);
  await page.getByTestId('stack-select').selectOption('2');
  assert.match(await compare.innerText(), /18C²\s.*25C²/s);
});

test('field: the fields grow layer by layer on the picture, and follow keys and mouse', async (t) => {
  const page = await openView(t, 'field', { hash: 'stack=3' });
  const rings = () => page.getByTestId('field-ring').evaluateAll((all) => all.map(({ dataset }) => Number(dataset.size)));
  assert.deepEqual(await rings(), [7, 5, 3, 1]);
  await page.getByTestId('field-play').focus();
  for (const sizes of [[1], [3, 1], [5, 3, 1], [7, 5, 3, 1]]) {
    await page.keyboard.press('Enter');
    assert.deepEqual(await rings(), sizes);
  }
  const place = () => page.getByTestId('field-ring').first().evaluate((ring) => [ring.getAttribute('x'), ring.getAttribute('y')].map(Number));
  await page.getByTestId('field-stage').focus();
  const [x, y] = await place();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+ArrowUp');
  assert.deepEqual(await place(), [x + 1, y - 8]);
  const box = await boxOf(page.getByTestId('field-stage'));
  await page.mouse.move(box.x + (box.width * 20.5) / 32, box.y + (box.height * 10.5) / 32);
  assert.deepEqual(await place(), [17, 7], 'the 7×7 field around pixel 20, 10');
  await page.waitForURL(/at=/);
  await page.reload();
  await page.locator('[data-testid=field-view][data-ready]').waitFor();
  assert.deepEqual(await place(), [17, 7]);
  await finishedRun(page);
});

test('field: every stack and pooling can be chosen', async (t) => {
  const page = await openView(t, 'field');
  for (const pools of ['0', '1', '2', '3']) {
    await page.getByTestId('pools-select').selectOption(pools);
    for (const layers of ['1', '4', '7']) {
      await page.getByTestId('stack-select').selectOption(layers);
      const sizes = await page.getByTestId('field-steps').locator('[data-size]').evaluateAll((all) => all.map(({ dataset }) => Number(dataset.size)));
      assert.ok(sizes.every((size, i) => i === 0 || size > sizes[i - 1]));
      assert.ok((await page.getByTestId('field-compare').innerText()).includes(`${sizes.at(-1)}×${sizes.at(-1)}`));
      assert.equal(await overflow(page), 0);
    }
  }
});

test('field: where motion is welcome, one click grows the whole stack', async (t) => {
  const page = await openView(t, 'field', { hash: 'stack=2' });
  await page.emulateMedia({ reducedMotion: 'no-preference' });
  const grown = (/** @type {number} */ rings) =>
    page.waitForFunction((count) => document.querySelectorAll('[data-testid=field-ring]').length === count, rings);
  await grown(3);
  await page.getByTestId('field-play').click();
  for (const rings of [1, 2, 3]) await grown(rings);
});

test('memory: without an engine the view says so, and comes up once there is one', async (t) => {
  let isBroken = true;
  const page = await open(t, {
    view: 'memory',
    untilRun: false,
    expectedErrors: /ERR_FAILED|wasm/,
    beforeOpening: (opened) => opened.context().route('**/*.wasm', (route) => (isBroken ? route.abort() : route.continue())),
  });
  await page.getByTestId('notice-retry').waitFor();
  assert.match(await page.getByTestId('memory-title').innerText(), /No network/);
  isBroken = false;
  await page.getByTestId('notice-retry').click();
  await page.locator('[data-testid=memory-view][data-ready]').waitFor();
  await finishedRun(page);
});
