/**
 * How far loading is, for the eye and for the ear, and the page's condition on the root element, where
 * styles and tests read it.
 */
import { h } from './dom.js';
import { say, t } from './i18n.js';
import { megabytes, percent } from './format.js';
import { classNames, titleOf } from './names.js';

/** @param {import('./app.js').App} app */
export function createProgress({ engine }) {
  const { dataset } = document.documentElement;
  const bar = h('span', { class: 'progress-bar' });
  const text = h('span', { class: 'progress-text' });
  const track = h('span', { class: 'progress-track', role: 'progressbar', test: 'progress', label: 'progress.label' }, bar);
  const progress = h('div', { class: 'progress', hidden: true }, text, track);
  const live = h('p', { class: 'visually-hidden', test: 'live', role: 'status', 'aria-live': 'polite' });

  const settle = (/** @type {string} */ status) => {
    progress.hidden = true;
    dataset.engine = status;
  };

  dataset.engine = 'loading';
  dataset.run = 'idle';
  dataset.runs = '0';
  engine.on('begin', () => {
    dataset.engine = 'loading';
  });
  engine.on('progress', ({ stage, loaded, total }) => {
    progress.hidden = false;
    say(text, /** @type {any} */ (`progress.${stage}`), { loaded: megabytes(loaded), total: total ? megabytes(total) : '…' });
    const part = total ? Math.min(loaded / total, 1) : 0;
    bar.style.transform = `scaleX(${part})`;
    track.classList.toggle('is-unknown', !total);
    if (total) track.setAttribute('aria-valuenow', String(Math.round(part * 100)));
    else track.removeAttribute('aria-valuenow');
  });
  engine.on('network', ({ info }) => {
    settle('ready');
    dataset.run = 'idle';
    say(live, 'live.ready', { name: titleOf(info) });
    document.dispatchEvent(new CustomEvent('vgglass:network', { detail: { info } }));
  });
  engine.on('failed', () => settle(engine.status));
  engine.on('broken', () => settle(engine.status));
  engine.on('start', () => {
    dataset.run = 'running';
  });
  engine.on('done', ({ top, ms, live: isLive }) => {
    dataset.run = 'done';
    dataset.runs = String(engine.runs);
    if (!isLive && engine.network) {
      const [name] = classNames(engine.network.info, top[0].class);
      live.textContent = t('live.done', { name, percent: percent(top[0].probability) });
    }
    document.dispatchEvent(new CustomEvent('vgglass:run', { detail: { run: engine.runs, ms, top } }));
  });
  return h('div', {}, progress, live);
}
