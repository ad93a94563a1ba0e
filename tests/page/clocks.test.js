/** Whatever the browser's clock: no time is zero, infinite or not a number, those that are shown are right, and no result depends on it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKnown, STEPS as ENOUGH } from '../../www/engine/clock.js';
import { clockStep, duration, milliseconds } from '../../www/page/format.js';
import { findTick, spanOf, timeOf } from '../../www/engine/worker/clock.js';
import { bench } from '../../www/engine/worker/studies/bench.js';
import { PAGE } from './browser.js';
import { clockOf, STEPS } from './clocks.js';
import { everywhere } from './everywhere.js';
import { address, finishedRun } from './everywhere/page.js';
import { open, useBrowser } from './harness.js';
import { proxy } from './static-server.js';
import { openView } from './views.js';

useBrowser(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);

const WRONG = /NaN|Infinity|undefined|null|(?<![\d.<])0(?:\.0+)?\sms/;

/** @param {import('playwright-core').Locator} locator */
const text = (locator) => locator.innerText();

/**
 * A clock of its own in place of Node's, for work that takes what it says.
 * @param {import('node:test').TestContext} t @param {number} step @param {boolean} isShifted as browsers do: each step comes at a moment of its own
 */
function virtualClock(t, step, isShifted) {
  const exact = performance.now;
  t.after(() => {
    performance.now = exact;
  });
  let now = 1000.123;
  const shift = (/** @type {number} */ count) => (isShifted ? Math.abs(Math.sin(count * 12.9898) * 43758.5453) % 1 : 0);
  performance.now = () => {
    now += 0.0002;
    const count = Math.floor(now / step);
    return (count + (isShifted && now / step - count >= shift(count) ? 1 : 0)) * step;
  };
  return { pass: (/** @type {number} */ ms) => (now += ms), now: () => now };
}

for (const step of [0.005, 0.02, 0.1, ...STEPS]) {
  for (const isShifted of [false, true]) {
    test(`a clock of ${clockStep(step)}${isShifted ? ', shifted' : ''}: its step is found, and what takes 5 µs to 300 ms is timed to 5 %`, async (t) => {
      const { pass, now } = virtualClock(t, step, isShifted);
      const tick = await findTick();
      assert.ok(Math.abs(tick / step - 1) < 0.01, `${tick}`);
      for (const ms of [0.005, 0.07, 1.3, 17, 300]) {
        const before = now();
        const timed = timeOf((times) => pass(times * ms), tick);
        assert.ok(Math.abs(timed.ms / ms - 1) <= 0.05, `${timed.ms} for ${ms}`);
        const took = now() - before;
        assert.ok(took < 2 * spanOf(tick) + 4 * step + 2 * ms, `${took} for ${ms}`);
      }
    });
  }
}

/** Times of made-up layers, in ms: far more than a test's own doings take, even on a busy machine. */
const LAYERS = [400, 1300, 90, 2500, 700];

for (const step of [0.005, ...STEPS]) {
  test(`a clock of ${clockStep(step)}: a network’s layers are timed to 5 %, and add up to it`, async (t) => {
    const exact = performance.now.bind(performance);
    const { now: real } = performance;
    t.after(() => {
      performance.now = real;
    });
    let passed = 0;
    performance.now = () => Math.floor((exact() + passed) / step) * step;
    let done = 0;
    const pass = (/** @type {number} */ first, /** @type {number} */ end) => LAYERS.slice(first, end).forEach((ms) => (passed += ms));
    const net = {
      set_picture: () => (done = 0),
      step() {
        if (done === LAYERS.length) return undefined;
        const before = performance.now();
        pass(done, done + 1);
        done += 1;
        return { ms: performance.now() - before };
      },
      run: () => pass(0, LAYERS.length),
      repeat(/** @type {number} */ first, /** @type {number} */ end, /** @type {number} */ times) {
        for (let i = 0; i < times; i++) pass(first - 1, end - 1);
      },
      layers: () => [{ index: 0 }, ...LAYERS.map((ms, i) => ({ index: i + 1, kind: i === 4 ? 'fc' : 'conv', parameters: 10, macs: ms }))],
    };
    const vgg = { build: () => ({ name: 'base', threads: 1 }), peak_gmacs: () => 5, peak_i8_gmacs: () => 7 };
    const found = await bench(/** @type {any} */ (vgg), /** @type {any} */ (net), /** @type {any} */ (null), 100_000, step, () => {});
    const whole = LAYERS.reduce((sum, ms) => sum + ms, 0);
    assert.ok(Math.abs(/** @type {number} */ (found.ms) / whole - 1) < 0.05, `${found.ms} for ${whole}`);
    for (const [i, ms] of found.layers.entries()) assert.ok(ms === null ? step > 1 : Math.abs(ms / LAYERS[i] - 1) < 0.05, `layer ${i}: ${ms} for ${LAYERS[i]}`);
    assert.deepEqual([found.peak, found.peak_i8], [5, 7]);
    assert.ok(Number(found.plain) > 0);
  });
}

test('a clock that stands still is given up', async (t) => {
  const exact = performance.now;
  t.after(() => {
    performance.now = exact;
  });
  performance.now = () => 5;
  assert.equal(await findTick(), Infinity);
});

test('times read off once say no more than the clock does', () => {
  const shown = (/** @type {number | null} */ ms, /** @type {number} */ tick) => milliseconds(ms, tick).replace('\u00a0ms', '');
  assert.deepEqual([0, 1, 2, 19, 20, 176].map((ms) => shown(ms, 1)), ['<1', '<2', '≈2', '≈19', '20', '176']);
  assert.deepEqual([0, 1, 2, 20].map((count) => shown((count * 1000) / 60, 1000 / 60)), ['<17', '<34', '≈33', '333']);
  assert.deepEqual([0, 0.1, 0.3, 2.5].map((ms) => shown(ms, 0.1)), ['<0.1', '<0.2', '≈0.3', '2.5']);
  assert.deepEqual([0, 0.02, 0.14, 0.4, 12].map((ms) => shown(ms, 0.02)), ['<0.02', '<0.04', '≈0.14', '0.40', '12.0']);
  assert.deepEqual([0, 0.005, 0.03, 0.4, 5.64, 12, 181].map((ms) => shown(ms, 0.005)), ['<0.01', '<0.01', '0.03', '0.40', '5.64', '12.0', '181']);
  assert.deepEqual([0, 0.0004, 0.0042, 0.027, 0.1, 5].map((ms) => shown(ms, 0)), ['<0.001', '<0.001', '0.004', '0.027', '0.10', '5.00']);
  assert.deepEqual([shown(null, 0), shown(NaN, 1), shown(5, Infinity)], ['–', '–', '–']);
  assert.deepEqual([duration(0, 100), duration(5400, 0.005), duration(1500, 100)], ['<100\u00a0ms', '5.4\u00a0s', '≈1.5\u00a0s']);
  assert.deepEqual([0.005, 0.1, 1, 1000 / 60, 100].map(clockStep), ['5\u00a0µs', '100\u00a0µs', '1\u00a0ms', '16.7\u00a0ms', '100\u00a0ms']);
  assert.ok(isKnown(ENOUGH, 1) && !isKnown(ENOUGH - 1, 1));
});

for (const step of STEPS) {
  const clock = clockOf(step);

  test(`look: a clock of ${clockStep(step)} gives bounds, not zeros`, async (t) => {
    const page = await open(t, { beforeOpening: clock });
    const times = await page.locator('[data-testid=layer-row]:not([data-layer=input]) [data-testid=layer-ms]').allInnerTexts();
    assert.equal(times.length, 21);
    for (const time of times) assert.match(time, /^[<≈]?\d+\sms$/);
    assert.ok(times.some((time) => time.startsWith('<')), 'no layer of the shipped network takes twenty steps');
    assert.doesNotMatch(await text(page.locator('main')), WRONG);
  });

  test(`speed: a clock of ${clockStep(step)} is enough for figures, or the page says for which it is not`, { timeout: 300_000 }, async (t) => {
    const page = await openView(t, 'speed', {
      hash: 'bench=base',
      expectedErrors: /ERR_FAILED/,
      beforeOpening: async (page) => {
        await clock(page);
        // One build is enough.
        await page.context().route(/\/pkg\/(relaxed|threads)\//, (route) => route.abort());
      },
    });
    await page.waitForFunction(() => document.documentElement.dataset.run === 'done');
    await page.getByTestId('speed-start').click();
    await page.waitForFunction(() => /** @type {HTMLElement} */ (document.querySelector('[data-testid=speed-view]')).dataset.ready, null, { timeout: 200_000 });
    const view = page.getByTestId('speed-view');
    assert.doesNotMatch(await view.innerHTML(), /NaN|Infinity|undefined/);
    assert.doesNotMatch(await text(view), WRONG);

    const base = await page.locator('[data-testid=speed-build][data-build=base]').evaluate(({ dataset }) => ({ ...dataset }));
    const whole = Number(base.ms);
    assert.ok(whole > 0.3 && Number(base.rounds) > 1, JSON.stringify(base));
    const rows = await page.getByTestId('speed-row').evaluateAll((all) => all.map((row) => /** @type {Record<string, string>} */ ({ ...row.dataset, text: /** @type {HTMLElement} */ (row).innerText })));
    assert.equal(rows.length, 21);
    const known = rows.filter(({ ms }) => ms);
    for (const { ms } of known) assert.ok(Number(ms) > 0);
    for (const { ms, text: shown } of rows) if (!ms) assert.match(shown, /–/);
    const sum = known.reduce((total, { ms }) => total + Number(ms), 0);
    const marks = await page.getByTestId('roof-mark').count();
    const note = page.getByTestId('clock-note');
    if (known.length === rows.length) {
      // Near the whole on a quiet machine; on one that does other things too, of the same size.
      assert.ok(sum > 0.2 * whole && sum < 5 * whole, `layers ${sum}, the whole ${whole}`);
      assert.equal(marks, 16);
    } else {
      assert.ok(sum < 5 * whole && known.length >= 3, `${known.length} layers are known`);
      assert.ok(known.some(({ layer }) => layer === 'fc6'), 'it tells what memory delivers');
      assert.equal(marks, known.filter(({ gmacs }) => Number(gmacs) > 0).length);
    }
    if (step === 1) assert.equal(known.length, rows.length, 'a second is enough for all');
    const cells = await view.locator('td').allInnerTexts();
    assert.equal(await note.isVisible(), cells.some((cell) => cell.trim() === '–'));
    if (await note.isVisible()) assert.ok((await text(note)).includes(`steps of ${clockStep(step)}`));
  });

  test(`compare: a clock of ${clockStep(step)} gives times, or a reason`, { timeout: 300_000 }, async (t) => {
    const page = await open(t, { view: 'compare', hash: 'nets=shipped,A~0.125~64~5', beforeOpening: clock });
    const view = page.locator('[data-testid=compare-view][data-ready]');
    await view.waitFor({ timeout: 200_000 });
    assert.doesNotMatch(await view.innerHTML(), /NaN|Infinity|undefined/);
    assert.doesNotMatch(await text(view), WRONG);
    const wholes = await page.getByTestId('compare-ms').evaluateAll((all) => all.map(({ dataset }) => Number(dataset.ms)));
    assert.ok(wholes.length === 2 && wholes.every((ms) => ms > 0), `${wholes}`);
    assert.match(await text(page.getByTestId('compare-verdict')), /takes \d+\.\d\d times as long/);
    assert.equal(await page.getByTestId('clock-note').isVisible(), (await page.locator('[data-testid=compare-times] .is-unknown').count()) > 0);
  });

  test(`live: a clock of ${clockStep(step)} gives a rate`, async (t) => {
    const page = await open(t, { beforeOpening: clock });
    const begun = performance.now();
    await page.getByTestId('live-button').click();
    const rate = page.getByTestId('live-rate');
    await page.waitForFunction(() => /\d.*pictures a second/.test(/** @type {HTMLElement} */ (document.querySelector('[data-testid=live-rate]'))?.innerText ?? ''));
    assert.ok(performance.now() - begun > (ENOUGH - 1) * step, 'no rate before it is known');
    for (let i = 0; i < 10; i++) {
      const shown = await text(rate);
      assert.doesNotMatch(shown, WRONG);
      const [, number] = /** @type {RegExpMatchArray} */ (shown.match(/^([\d.]+) pictures a second/));
      assert.ok(Number(number) > 0.5 && Number(number) < 1000, shown);
      await page.waitForTimeout(150);
    }
  });
}

test('the effective field is the same at any clock', { timeout: 300_000 }, async (t) => {
  /** @type {{centre: string | null, radius: string | null, grid: string}[]} */
  const found = [];
  for (const step of [null, ...STEPS]) {
    const page = await open(t, { view: 'field', hash: 'effective=conv2_2', beforeOpening: step === null ? undefined : clockOf(step) });
    await page.getByTestId('effective-start').click();
    await page.locator('[data-testid=effective][data-state=done]').waitFor({ timeout: 120_000 });
    const statement = page.getByTestId('effective-statement');
    const grid = await text(page.getByTestId('effective-grid'));
    assert.doesNotMatch(grid, WRONG);
    found.push({ centre: await statement.getAttribute('data-centre'), radius: await statement.getAttribute('data-radius'), grid: grid.replace(/, in [^.]+\.\d+\s?s|, in [^.]+ms/, '') });
    await page.context().close();
  }
  for (const one of found) assert.deepEqual(one, found[0]);
});

test('experiments: networks are timed by any clock; one that a single run does not tell has no place', { timeout: 300_000 }, async (t) => {
  const page = await openView(t, 'experiments', { beforeOpening: clockOf(1000 / 60) });
  await page.getByTestId('trade-measure').click();
  await page.waitForFunction(() => document.querySelectorAll('[data-testid=trade-row][data-here]').length === 3, null, { timeout: 200_000 });
  const view = page.getByTestId('experiments-view');
  assert.doesNotMatch(await view.innerHTML(), /NaN|Infinity|undefined/);
  const rows = await page.locator('[data-testid=trade-row][data-here]').allInnerTexts();
  assert.ok(/\d\sms/.test(rows[0]) && /\d\sms/.test(rows[1]) && /–\s*$/.test(rows[2]), rows.join('; '));
  assert.ok(await page.getByTestId('clock-note').isVisible());
});

everywhere('speed is measured where the page is not isolated, by the clock that it then has', async (tab, t) => {
  const open = 'unsafe-none';
  const plain = await proxy(t, PAGE, (_, bytes) => ({ bytes, headers: { 'cross-origin-opener-policy': open, 'cross-origin-embedder-policy': open } }));
  await tab.go(address('speed', 'bench=base&lang=en', plain));
  await finishedRun(tab);
  assert.equal(await tab.evaluate(() => crossOriginIsolated), false);
  const tick = await tab.evaluate(() => /** @type {any} */ (window).vgglass.engine.tick);
  assert.ok(tick >= 0.05 && tick < 10, `a step of ${tick} ms`);
  await tab.click('[data-testid=speed-start]');
  await tab.until(() => /** @type {HTMLElement} */ (document.querySelector('[data-testid=speed-view]')).dataset.ready, null, 200_000);
  const shown = await tab.text('[data-testid=speed-view]');
  assert.doesNotMatch(shown, WRONG);
  const rows = await tab.evaluate(() => [...document.querySelectorAll('[data-testid=speed-row]')].map((row) => Number(/** @type {HTMLElement} */ (row).dataset.ms)));
  assert.ok(rows.length === 21 && rows.every((ms) => ms > 0), rows.join(', '));
});
