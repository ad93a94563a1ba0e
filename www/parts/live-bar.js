/** The switch of the live camera, and how fast the network keeps up with it. */
import { h } from '../core/dom.js';
import { say, t } from '../core/i18n.js';
import { milliseconds, percent } from '../core/format.js';
import { classNames } from './predictions.js';

/** Numbers that change more often cannot be read, in ms. */
const REST = 400;
/** A screen reader is told of another first guess no more often than this, in ms. */
const QUIET = 3000;

/**
 * @param {import('../core/live.js').Live} live
 * @param {import('../core/engine.js').Engine} engine
 * @param {import('../core/scope.js').Scope} scope
 */
export function createLiveBar(live, engine, scope) {
  const button = h('button', {
    class: 'button',
    type: 'button',
    test: 'live-button',
    on: { click: () => (live.isOn ? live.stop() : void live.start()) },
  });
  const text = h('p', { class: 'caption live-rate', test: 'live-rate' });
  const spoken = h('p', { class: 'visually-hidden', role: 'status' });
  let written = 0;
  let saidAt = 0;
  let said = -1;
  const update = () => {
    button.setAttribute('aria-pressed', String(live.isOn));
    button.classList.toggle('is-live', live.isOn);
    say(button, live.isOn ? 'picture.live.stop' : 'picture.live');
    button.title = t('picture.live.label');
    text.hidden = !live.isOn;
    Object.assign(text.dataset, { frames: live.frames, dropped: live.dropped });
    if (!live.isOn || performance.now() - written < REST) return;
    written = performance.now();
    const key = live.frames < 2 ? 'picture.live.begin' : 'picture.live.rate';
    say(text, key, { rate: live.rate.toFixed(live.rate < 10 ? 1 : 0), ms: milliseconds(engine.ms) });
  };
  const speak = () => {
    const best = engine.top[0];
    if (!live.isOn || !best || !engine.network || best.class === said || performance.now() - saidAt < QUIET) return;
    said = best.class;
    saidAt = performance.now();
    const [name] = classNames(engine.network.info, best.class);
    spoken.textContent = t('live.done', { name, percent: percent(best.probability) });
  };
  scope.keep(live.listen(update));
  scope.keep(live.listen(speak));
  update();
  return { button, element: h('div', {}, text, spoken) };
}
