/** Speed: the loaded network timed on this machine, layer by layer, in every build of the engine that the browser takes. */
import { h } from '../core/dom.js';
import { say } from '../core/i18n.js';
import { BUILDS, choice } from '../core/address.js';
import { beside, Cancelled, refusalOf } from '../core/beside.js';
import { count, megabytes, milliseconds, percent, short } from '../core/format.js';
import { rateOf, reading, roofOf, timed, toJson, widest } from '../core/speed.js';
import { titleOf } from '../core/title.js';
import { notes, region } from '../parts/lecture.js';
import { createRoofline } from '../parts/roofline.js';

/** @typedef {import('../core/i18n.js').Key} Key */
/** @typedef {import('../core/protocol.js').Bench} Bench */
/** @typedef {import('../core/speed.js').Timed} Timed */
/** @typedef {{bench: Bench, layers: Timed[]}} Measured */
/** @typedef {import('../core/beside.js').Refusal} Refusal */

/** How long a build is measured, in ms. */
const BUDGET = 2500;

/** @type {import('./index.js').View} */
export const speed = { id: 'speed', fields: { bench: choice(/** @type {any} */ (null), BUILDS) }, mount };

/** What was measured of a network stays with it while other views are shown. @type {WeakMap<object, Map<string, Measured | Refusal>>} */
const kept = new WeakMap();

const COLUMNS = /** @type {const} */ (['memory.layer', 'speed.kernel', 'memory.macs', 'speed.ms', 'speed.share', 'speed.rate', 'speed.limit']);
const BUILD_COLUMNS = /** @type {const} */ (['speed.build', 'speed.instructions', 'speed.threads', 'speed.whole', 'speed.rate', 'speed.peak', 'speed.gain']);

/**
 * @param {import('../core/app.js').App} app
 * @param {import('../core/scope.js').Scope} scope
 */
function mount(app, scope) {
  const { engine, store } = app;
  const button = (/** @type {string} */ test, /** @type {Key} */ key, /** @type {() => void} */ click, /** @type {string} */ cls = 'button') =>
    h('button', { class: cls, type: 'button', test, say: key, on: { click } });
  const start = button('speed-start', 'speed.start', () => void measure(), 'button button-main');
  const cancel = button('speed-cancel', 'dialog.cancel', () => running?.abort());
  const save = button('speed-save', 'speed.save', download);
  const intro = h('p', { class: 'caption' });
  const status = h('p', { class: 'caption', role: 'status', test: 'speed-status' });
  const bar = h('span', { class: 'progress-bar' });
  const track = h('span', { class: 'progress-track', role: 'progressbar', label: 'speed.progress' }, bar);
  const builds = h('tbody', {});
  const rows = h('tbody', {});
  const chart = createRoofline(scope, (name) => point(name));
  const chartTitle = h('h3', {});
  const chartCaption = h('p', { class: 'caption' });
  const why = (/** @type {Key} */ key) => h('p', { test: key.replace('speed.why.', 'why-') });
  const reasons = { int8: why('speed.why.int8.text'), simd: why('speed.why.simd.text'), winograd: why('speed.why.winograd.text'), roof: why('speed.why.roof.text') };
  const failed = h('p', { class: 'caption', hidden: true });
  const threads = h('tbody', {});
  const scaling = h(
    'section',
    { class: 'speed-measured' },
    h('h3', { say: 'speed.scaling' }),
    region('speed.scaling', h('table', { class: 'cost-table speed-scaling', test: 'speed-scaling' }, head(['speed.threads', 'speed.whole', 'speed.scaling.gain']), threads)),
  );
  const footnotes = notes(['speed.note.median', 'speed.note.peak', 'speed.note.bytes', 'speed.note.share']);
  /** @type {AbortController | null} */
  let running = null;

  const results = () => (engine.network && kept.get(engine.network)) ?? new Map();
  /** @returns {Measured[]} */
  const measured = () => [...results().values()].filter((one) => 'bench' in one);
  /** The build chosen, or else the fastest. @returns {Measured | undefined} */
  const shown = () => {
    const all = measured();
    const chosen = all.find(({ bench }) => bench.build.name === store.state.bench);
    return chosen ?? all.reduce((/** @type {Measured | undefined} */ best, one) => (best && best.bench.ms <= one.bench.ms ? best : one), undefined);
  };

  async function measure() {
    const { network } = engine;
    const source = await app.source();
    if (!network || !source || running) return;
    running = new AbortController();
    const { signal } = running;
    const outcome = new Map();
    kept.set(network, outcome);
    try {
      for (const [i, build] of BUILDS.entries()) {
        const report = (/** @type {number} */ part) => {
          bar.style.transform = `scaleX(${(i + part) / BUILDS.length})`;
          track.setAttribute('aria-valuenow', String(Math.round((100 * (i + part)) / BUILDS.length)));
        };
        report(0);
        say(status, 'speed.running', { build });
        update();
        outcome.set(build, await tryBuild(build, source, signal, report));
      }
      say(status, 'speed.done');
    } catch (error) {
      if (!signal.aborted) throw error;
      say(status, 'speed.cancelled');
    } finally {
      running = null;
      update();
    }
  }

  /**
   * @param {string} build @param {import('../core/protocol.js').ModelSource} source
   * @param {AbortSignal} signal @param {(part: number) => void} report
   * @returns {Promise<Measured | Refusal>}
   */
  async function tryBuild(build, source, signal, report) {
    try {
      return await beside(app, { source, build, signal }, async (other, square) => {
        const bench = await other.bench(square, BUDGET, report);
        return { bench, layers: timed(/** @type {NonNullable<typeof other.network>} */ (other.network).layers, bench) };
      });
    } catch (error) {
      if (error instanceof Cancelled) throw error;
      return refusalOf(error);
    }
  }

  /** @param {string | null} name */
  function point(name) {
    chart.mark(name);
    for (const row of rows.rows) row.classList.toggle('is-pointed', row.dataset.layer === name);
  }

  function update() {
    const { network } = engine;
    const isRunning = running !== null;
    start.disabled = isRunning || !network;
    cancel.hidden = !isRunning;
    track.hidden = !isRunning;
    save.hidden = isRunning || measured().length === 0;
    if (!network) {
      say(intro, 'summary.loading');
      return;
    }
    const { info, layers } = network;
    say(intro, 'speed.intro', { name: titleOf(info), width: info.width, size: info.input_size, macs: short(info.macs), memory: megabytes(info.weight_bytes) });
    showBuilds();
    const now = shown();
    root.classList.toggle('is-measured', now !== undefined);
    root.dataset.ready = now && !isRunning ? now.bench.build.name : '';
    rows.replaceChildren(...(now ? now.layers.map((layer) => layerRow(layer, now, point)) : layers.slice(1).map(plainRow)));
    if (!now) return;
    say(chartTitle, 'speed.roof.title', { build: now.bench.build.name });
    say(chartCaption, 'speed.roof.caption');
    chart.show(now.layers, roofOf(now.bench), now.bench.build.threads);
    showThreads(now.bench);
    explain(info, now);
    footnotes.set({ rounds: now.bench.rounds });
  }

  function showBuilds() {
    const base = results().get('base');
    builds.replaceChildren(
      ...BUILDS.map((build) => {
        const one = results().get(build);
        if (!one || !('bench' in one)) return refusedRow(build, one);
        return buildRow(one, base && 'bench' in base ? base.bench.ms : null);
      }),
    );
  }

  /** @param {Bench} bench */
  function showThreads({ scaling: all, build }) {
    scaling.hidden = all.length === 0;
    failed.hidden = build.failed.length === 0;
    say(failed, 'speed.failed', { kernels: build.failed.join(', ') });
    threads.replaceChildren(
      ...all.map(({ threads: count, ms }) =>
        h(
          'tr',
          { 'data-threads': count, 'data-ms': ms },
          h('th', { scope: 'row' }, String(count)),
          h('td', {}, milliseconds(ms), bars(ms / Math.max(...all.map((one) => one.ms)))),
          h('td', {}, `${(all[0].ms / ms).toFixed(2)}×`),
        ),
      ),
    );
  }

  /** @param {string} build @param {Refusal | undefined} refusal */
  function refusedRow(build, refusal) {
    const cell = h('td', { colspan: BUILD_COLUMNS.length - 1, class: 'caption speed-refused' });
    if (!refusal) say(cell, 'speed.unmeasured');
    else if ('key' in refusal) say(cell, refusal.key);
    else cell.textContent = refusal.message;
    return h('tr', { test: 'speed-build', 'data-build': build }, h('th', { scope: 'row' }, build), cell);
  }

  /** @param {Measured} one @param {number | null} base ms of the base build */
  function buildRow({ bench, layers }, base) {
    const { name, simd, threads } = bench.build;
    const isShown = shown()?.bench.build.name === name;
    const longest = Math.max(...measured().map((other) => other.bench.ms));
    return h(
      'tr',
      { test: 'speed-build', 'data-build': name, 'data-ms': bench.ms, 'data-peak': bench.peak, 'data-rounds': bench.rounds },
      h(
        'th',
        { scope: 'row' },
        h('button', { class: 'chip', type: 'button', 'aria-pressed': String(isShown), on: { click: () => store.set({ bench: name }) } }, name),
      ),
      h('td', {}, simd),
      h('td', {}, String(threads)),
      h('td', {}, milliseconds(bench.ms), bars(bench.ms / longest)),
      h('td', {}, rateOf(layers, bench).toFixed(1)),
      h('td', {}, bench.peak.toFixed(1)),
      h('td', {}, base === null ? '' : `${(base / bench.ms).toFixed(2)}×`),
    );
  }

  /** @param {import('../core/protocol.js').NetworkInfo} info @param {Measured} now */
  function explain(info, { bench, layers }) {
    const fc = widest(layers);
    say(reasons.int8, 'speed.why.int8.text', {
      parameters: short(info.parameters),
      small: megabytes(info.parameters),
      large: megabytes(4 * info.parameters),
      fc: fc.name,
      weights: short(fc.macs),
      ms: milliseconds(fc.ms),
      reading: reading(fc).toFixed(1),
      slow: milliseconds(4 * fc.ms),
    });
    say(reasons.simd, 'speed.why.simd.text', {
      plain: bench.plain.toFixed(2),
      peak: bench.peak.toFixed(1),
      factor: (bench.peak / bench.plain).toFixed(0),
      simd: bench.build.simd,
    });
    const fastest = layers.reduce((best, layer) => (layer.gmacs > best.gmacs ? layer : best));
    say(reasons.winograd, fastest.kernel.includes('Winograd') ? 'speed.why.winograd.text' : 'speed.why.winograd.none', {
      layer: fastest.name,
      gmacs: fastest.gmacs.toFixed(1),
      peaks: (fastest.gmacs / roofOf(bench)).toFixed(2),
      part: percent(fastest.gmacs / (fastest.gain * roofOf(bench))),
      kernel: fastest.kernel,
    });
    say(reasons.roof, 'speed.why.roof.text', { fc: fc.name, reading: reading(fc).toFixed(1), bend: (roofOf(bench) / reading(fc)).toFixed(1) });
  }

  function download() {
    const { network } = engine;
    if (!network) return;
    const blob = new Blob([toJson(network.info, measured())], { type: 'application/json' });
    const link = h('a', { href: URL.createObjectURL(blob), download: `vgglass-${network.info.id}-${network.info.input_size}.json` });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  const root = h(
    'div',
    { class: 'lecture speed', test: 'speed-view' },
    h('div', { class: 'lecture-head' }, h('h2', { say: 'speed.title' }), h('div', { class: 'controls' }, cancel, save, start)),
    intro,
    h('div', { class: 'speed-status' }, status, track),
    region('speed.builds', h('table', { class: 'cost-table', test: 'speed-builds' }, h('caption', { class: 'visually-hidden', say: 'speed.builds' }), head(BUILD_COLUMNS), builds)),
    failed,
    scaling,
    h('section', { class: 'speed-measured' }, chartTitle, chart.element, chartCaption),
    h(
      'section',
      { class: 'speed-measured speed-why' },
      ...(/** @type {const} */ (['int8', 'simd', 'winograd', 'roof'])).map((id) =>
        h('div', {}, h('h3', { say: /** @type {Key} */ (`speed.why.${id}`) }), reasons[id]),
      ),
    ),
    h('h3', { say: 'speed.layers' }),
    region('speed.layers', h('table', { class: 'cost-table', test: 'speed-layers' }, head(COLUMNS), rows)),
    footnotes.element,
  );

  scope.keep(() => running?.abort());
  scope.keep(engine.on('network', () => {
    running?.abort();
    update();
  }));
  scope.keep(engine.on('broken', update));
  scope.keep(
    store.listen((state, before) => {
      if (state.lang !== before.lang || state.bench !== before.bench) update();
    }),
  );
  update();
  return root;
}

/** @param {readonly Key[]} keys of the columns */
const head = (keys) => h('thead', {}, h('tr', {}, ...keys.map((key) => h('th', { scope: 'col', say: key }))));

/** @param {number} part of the longest */
const bars = (part) =>
  h('span', { class: 'time-track', 'aria-hidden': 'true' }, h('span', { class: 'time-bar', style: `width: ${100 * part}%` }));

/** @param {Timed} layer @param {Measured} measured @param {(name: string | null) => void} point */
function layerRow({ name, kind, kernel, macs, ms, share, gmacs, gain }, { bench, layers }, point) {
  const limit = gain * roofOf(bench);
  const most = Math.max(...layers.map((layer) => layer.share));
  return h(
    'tr',
    {
      test: 'speed-row',
      class: `cost-row cost-${kind}`,
      'data-layer': name,
      'data-ms': ms,
      'data-gmacs': gmacs,
      on: { pointerenter: () => point(name), pointerleave: () => point(null) },
    },
    h('th', { scope: 'row' }, name),
    h('td', { class: 'speed-kernel' }, kernel),
    h('td', {}, macs ? count(macs) : ''),
    h('td', {}, milliseconds(ms)),
    h('td', {}, percent(share), bars(share / most)),
    h('td', {}, gmacs ? gmacs.toFixed(1) : ''),
    h('td', {}, gmacs ? `${percent(gmacs / limit)}${gain > 1 ? ` · ${Number(gain.toFixed(2))}×` : ''}` : ''),
  );
}

/** Not measured yet. @param {import('../core/protocol.js').LayerInfo} layer */
const plainRow = ({ name, kind, kernel_name: kernel, macs }) =>
  h(
    'tr',
    { class: `cost-row cost-${kind}`, 'data-layer': name },
    h('th', { scope: 'row' }, name),
    h('td', { class: 'speed-kernel' }, kernel),
    h('td', {}, macs ? count(macs) : ''),
    ...Array.from({ length: 4 }, () => h('td', {}, '–')),
  );
