/** In the footer of a hosted page: what of it is kept on this machine, and the way to keep all of it. */
import { h } from './dom.js';
import { say } from './i18n.js';
import { megabytes } from './format.js';

/** @typedef {Awaited<ReturnType<import('../engine/assets.js').Hosting['state']>>} Files */

/**
 * @param {import('./app.js').App} app
 * @param {import('../engine/assets.js').Hosting} hosting
 * @param {() => Promise<'offline' | 'outdated' | null>} whyNot
 */
export function createKeeping({ engine }, hosting, whyNot) {
  const status = h('p', { role: 'status', tabindex: -1, test: 'keeping-status' });
  const bar = h('span', { class: 'progress-bar' });
  const track = h('span', { class: 'progress-track', role: 'progressbar', test: 'keeping-progress', label: 'keeping.label', 'aria-valuemin': 0, 'aria-valuemax': 100 }, bar);
  const amount = h('span', {});
  const progress = h('p', { class: 'keeping-progress', hidden: true }, amount, track);
  const start = h('button', { class: 'button', type: 'button', test: 'keeping-start', on: { click: () => void keepAll() } });
  const stop = h('button', { class: 'button', type: 'button', test: 'keeping-stop', say: 'keeping.stop', hidden: true, on: { click: () => running?.abort() } });
  const root = h('div', { class: 'keeping', test: 'keeping', hidden: true }, status, progress, h('p', {}, start, stop));
  /** @type {AbortController | null} */
  let running = null;

  /** @param {Files} files */
  const bytesOf = (files) => files.reduce((sum, { bytes }) => sum + bytes, 0);

  /** @param {Files} files @param {string | null} reason why no more are kept */
  function show(files, reason) {
    const missing = files.filter(({ isKept }) => !isKept);
    const isWhole = missing.length === 0;
    const hadFocus = root.contains(document.activeElement);
    if (isWhole) say(status, 'keeping.whole', { size: megabytes(bytesOf(files)) });
    else if (reason) say(status, /** @type {import('./i18n.js').Key} */ (`keeping.${reason}`));
    else say(status, 'keeping.part');
    say(start, 'keeping.start', { size: megabytes(bytesOf(missing)) });
    start.hidden = isWhole;
    stop.hidden = true;
    progress.hidden = true;
    root.dataset.state = isWhole ? 'whole' : (reason ?? 'part');
    root.hidden = false;
    if (hadFocus) (isWhole ? status : start).focus();
  }

  async function keepAll() {
    if (running) return;
    running = new AbortController();
    const { signal } = running;
    say(status, 'keeping.running');
    showProgress(0, 1);
    root.dataset.state = 'running';
    stop.hidden = false;
    progress.hidden = false;
    stop.focus();
    start.hidden = true;
    // Asked for by a click, the browser is less ready to throw it away.
    void navigator.storage?.persist?.().catch(() => {});
    const reason = await keep(() => true, signal);
    running = null;
    show(await hosting.state(), reason);
  }

  /** What this browser needs for a first view the next time. */
  async function keepFirst() {
    const takesRelaxed = engine.network?.build.name !== 'base';
    return keep((part) => part === 'page' || part === 'first' || part === (takesRelaxed ? 'relaxed' : 'base'));
  }

  /**
   * @param {(part: string) => boolean} isWanted @param {AbortSignal} [signal]
   * @returns {Promise<string | null>} why not everything could be kept
   */
  async function keep(isWanted, signal) {
    try {
      const missing = (await hosting.state()).filter(({ isKept, part }) => !isKept && isWanted(part));
      const total = bytesOf(missing);
      let done = 0;
      for (const { path, bytes } of missing) {
        let here = 0;
        await hosting.keep(path, (count) => showProgress(done + (here += count), total), signal);
        done += bytes;
        showProgress(done, total);
      }
      return null;
    } catch (error) {
      return signal?.aborted ? null : ((await whyNot()) ?? /** @type {Error} */ (error).message);
    }
  }

  /** @param {number} loaded @param {number} total */
  function showProgress(loaded, total) {
    const part = Math.min(loaded / total, 1);
    say(amount, 'keeping.amount', { loaded: megabytes(loaded), total: megabytes(total) });
    bar.style.transform = `scaleX(${part})`;
    track.setAttribute('aria-valuenow', String(Math.round(part * 100)));
  }

  const end = engine.on('done', async () => {
    end();
    // Where little is to be loaded, only what is used is kept.
    const reason = isSaving() ? null : await keepFirst();
    if (!running) show(await hosting.state(), reason);
  });
  return root;
}

/** Whether the person asked the browser to load little. */
const isSaving = () => /** @type {any} */ (navigator).connection?.saveData ?? false;
