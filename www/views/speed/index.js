/** Speed: the loaded network timed on this machine, layer by layer, in every build of the engine that the browser takes. */
import { download, h } from '../../page/dom.js';
import { say } from '../../page/i18n.js';
import { BUILDS, choice } from '../../page/address.js';
import { beside, Cancelled, refusalOf } from '../../engine/beside.js';
import { noticeOf } from '../../engine/networks.js';
import { clockStep, count, fixed, megabytes, milliseconds, percent, short, UNKNOWN } from '../../page/format.js';
import { hasGap, rateOf, reading, roofOf, timed, toJson, widest } from './rates.js';
import { titleOf } from '../../page/names.js';
import { createClockNote } from '../../page/clock-note.js';
import { notes, region } from '../../page/controls.js';
import { createRoofline } from './roofline.js';

/** @typedef {import('../../page/i18n.js').Key} Key */
/** @typedef {import('../../engine/protocol.js').Bench} Bench */
/** @typedef {import('./rates.js').Timed} Timed */
/** @typedef {{bench: Bench, layers: Timed[]}} Measured */
/** @typedef {import('../../engine/beside.js').Refusal} Refusal */

/** How long a build is measured, in ms. */
const BUDGET = 2500;

/** @type {import('../index.js').View} */
export const speed = { id: 'speed', fields: { bench: choice(/** @type {any} */ (null), BUILDS) }, mount };

/** What was measured of a network stays with it while other views are shown. @type {WeakMap<object, Map<string, Measured | Refusal>>} */
const kept = new WeakMap();

const COLUMNS = /** @type {const} */ (['memory.layer', 'speed.kernel', 'memory.macs', 'speed.ms', 'speed.share', 'speed.rate', 'speed.limit']);
const BUILD_COLUMNS = /** @type {const} */ (['speed.build', 'speed.instructions', 'speed.threads', 'speed.whole', 'speed.rate', 'speed.peak', 'speed.gain']);
const NOTES = /** @type {const} */ (['speed.note.median', 'speed.note.peak', 'speed.note.bytes', 'speed.note.share']);

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
function mount(app, scope) {
  const { engine, store } = app;
  const button = (/** @type {string} */ test, /** @type {Key} */ key, /** @type {() => void} */ click, /** @type {string} */ cls = 'button') =>
    h('button', { class: cls, type: 'button', test, say: key, on: { click } });
  const start = button('speed-start', 'speed.start', () => void measure(), 'button button-main');
  const cancel = button('speed-cancel', 'dialog.cancel', () => running?.abort());
  const save = button('speed-save', 'speed.save', saveJson);
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
  const clock = createClockNote();
  const footnotes = notes(NOTES);
  /** @type {AbortController | null} */
  let running = null;

  const results = () => (engine.network && kept.get(engine.network)) ?? new Map();
  /** @returns {Measured[]} */
  const measured = () => [...results().values()].filter((one) => 'bench' in one);
  /** The build chosen, or else the fastest. @returns {Measured | undefined} */
  const shown = () => {
    const all = measured();
    const chosen = all.find(({ bench }) => bench.build.name === store.state.bench);
    return chosen ?? all.reduce((/** @type {Measured | undefined} */ best, one) => (best && (best.bench.ms ?? Infinity) <= (one.bench.ms ?? Infinity) ? best : one), undefined);
  };

  async function measure() {
    const { network } = engine;
    const source = await app.networks.source().catch((error) => app.notify(noticeOf(error)));
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
   * @param {string} build @param {import('../../engine/protocol.js').ModelSource} source
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
    // They speak of what was measured.
    for (const key of NOTES) footnotes.only(key, now !== undefined);
    root.classList.toggle('is-measured', now !== undefined);
    root.dataset.ready = now && !isRunning ? now.bench.build.name : '';
    const coarse = measured().find(({ bench }) => hasGap(bench))?.bench;
    clock.show(coarse?.tick ?? 0, coarse !== undefined);
    rows.replaceChildren(...(now ? now.layers.map((layer) => layerRow(layer, now, point)) : layers.slice(1).map(plainRow)));
    if (!now) return;
    say(chartTitle, 'speed.roof.title', { build: now.bench.build.name });
    say(chartCaption, 'speed.roof.caption');
    chart.show(now.layers, roofOf(now.bench), now.bench.build.threads);
    showThreads(now.bench);
    explain(info, now);
    footnotes.set({ rounds: now.bench.rounds, tick: clockStep(now.bench.tick) });
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
    const longest = Math.max(...all.map(({ ms }) => ms ?? 0));
    threads.replaceChildren(
      ...all.map(({ threads: count, ms }) =>
        h(
          'tr',
          { 'data-threads': count, 'data-ms': ms },
          h('th', { scope: 'row' }, String(count)),
          h('td', {}, milliseconds(ms), bars(ms && ms / longest)),
          h('td', {}, times(all[0].ms, ms)),
        ),
      ),
    );
  }

  /** @param {string} build @param {Refusal | undefined} refusal */
  function refusedRow(build, refusal) {
    const cell = h('td', { colspan: BUILD_COLUMNS.length - 1, class: 'caption speed-refused' });
    if (!refusal) say(cell, 'speed.unmeasured');
    else if ('key' in refusal) say(cell, refusal.key, refusal.params);
    else cell.textContent = refusal.message;
    return h('tr', { test: 'speed-build', 'data-build': build }, h('th', { scope: 'row' }, build), cell);
  }

  /** @param {Measured} one @param {number | null} base ms of the base build */
  function buildRow({ bench, layers }, base) {
    const { name, simd, threads } = bench.build;
    const isShown = shown()?.bench.build.name === name;
    const longest = Math.max(...measured().map((other) => other.bench.ms ?? 0));
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
      h('td', {}, milliseconds(bench.ms), bars(bench.ms && bench.ms / longest)),
      h('td', {}, fixed(rateOf(layers, bench), 1)),
      h('td', {}, fixed(bench.peak, 1)),
      h('td', {}, base === null ? '' : times(base, bench.ms)),
    );
  }

  /** Each reason with its figures, where they are known. @param {import('../../engine/protocol.js').NetworkInfo} info @param {Measured} now */
  function explain(info, { bench, layers }) {
    const { peak, plain } = bench;
    const roof = roofOf(bench);
    const fc = widest(layers);
    const read = reading(fc);
    const told = (/** @type {keyof typeof reasons} */ id, /** @type {Key} */ key, /** @type {import('../../page/i18n.js').Params | null} */ params) =>
      say(reasons[id], params ? key : 'speed.why.unknown', params ?? {});
    told('int8', 'speed.why.int8.text', fc.ms === null || !read ? null : {
      parameters: short(info.parameters),
      small: megabytes(info.parameters),
      large: megabytes(4 * info.parameters),
      fc: fc.name,
      weights: short(fc.macs),
      ms: milliseconds(fc.ms),
      reading: read.toFixed(1),
      slow: milliseconds(4 * fc.ms),
    });
    told('simd', 'speed.why.simd.text', !peak || !plain ? null : {
      plain: plain.toFixed(2),
      peak: peak.toFixed(1),
      factor: (peak / plain).toFixed(0),
      simd: bench.build.simd,
    });
    const { name, algorithm, kernel, gain, gmacs } = layers.reduce((best, layer) => ((layer.gmacs ?? 0) > (best.gmacs ?? 0) ? layer : best));
    told('winograd', algorithm?.startsWith('winograd') ? 'speed.why.winograd.text' : 'speed.why.winograd.none', !gmacs || !roof ? null : {
      layer: name,
      gmacs: gmacs.toFixed(1),
      peaks: (gmacs / roof).toFixed(2),
      part: percent(gmacs / (gain * roof)),
      kernel,
    });
    told('roof', 'speed.why.roof.text', !read || !roof ? null : { fc: fc.name, reading: read.toFixed(1), bend: (roof / read).toFixed(1) });
  }

  function saveJson() {
    const { network } = engine;
    if (!network) return;
    const blob = new Blob([toJson(network.info, measured())], { type: 'application/json' });
    download(blob, `vgglass-${network.info.id}-${network.info.input_size}.json`);
  }

  const root = h(
    'div',
    { class: 'lecture speed', test: 'speed-view' },
    h('div', { class: 'lecture-head' }, h('h2', { say: 'speed.title' }), h('div', { class: 'controls' }, cancel, save, start)),
    intro,
    h('div', { class: 'speed-status' }, status, track),
    region('speed.builds', h('table', { class: 'cost-table', test: 'speed-builds' }, h('caption', { class: 'visually-hidden', say: 'speed.builds' }), head(BUILD_COLUMNS), builds)),
    clock.element,
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

/** How many times as fast. @param {number | null} before @param {number | null} now ms */
const times = (before, now) => (before && now ? `${(before / now).toFixed(2)}×` : UNKNOWN);

/** @param {number | null} part of the longest */
const bars = (part) =>
  part === null ? null : h('span', { class: 'time-track', 'aria-hidden': 'true' }, h('span', { class: 'time-bar', style: `width: ${100 * part}%` }));

/** @param {Timed} layer @param {Measured} measured @param {(name: string | null) => void} point */
function layerRow({ name, kind, kernel, macs, ms, share, gmacs, gain }, { bench, layers }, point) {
  const roof = roofOf(bench);
  const most = Math.max(...layers.map((layer) => layer.share ?? 0));
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
    h('td', {}, share === null ? UNKNOWN : percent(share), bars(share && share / most)),
    h('td', {}, macs ? fixed(gmacs, 1) : ''),
    h('td', {}, !macs ? '' : gmacs && roof ? `${percent(gmacs / (gain * roof))}${gain > 1 ? ` · ${Number(gain.toFixed(2))}×` : ''}` : UNKNOWN),
  );
}

/** Not measured yet. @param {import('../../engine/protocol.js').LayerInfo} layer */
const plainRow = ({ name, kind, kernel_name: kernel, macs }) =>
  h(
    'tr',
    { class: `cost-row cost-${kind}`, 'data-layer': name },
    h('th', { scope: 'row' }, name),
    h('td', { class: 'speed-kernel' }, kernel),
    h('td', {}, macs ? count(macs) : ''),
    ...Array.from({ length: 4 }, () => h('td', {}, UNKNOWN)),
  );
