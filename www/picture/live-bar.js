/** The switch of the live camera, and how fast the network keeps up with it. */
import { h } from '../page/dom.js';
import { say, t } from '../page/i18n.js';
import { milliseconds, percent } from '../page/format.js';
import { classNames } from '../page/names.js';

/** Numbers that change more often cannot be read, in ms. */
const REST = 400;
/** A screen reader is told of another first guess no more often than this, in ms. */
const QUIET = 3000;

/**
 * @param {import('./live.js').Live} live
 * @param {import('../engine/engine.js').Engine} engine
 * @param {import('../page/scope.js').Scope} scope
 */
export function createLiveBar(live, engine, scope) {
  const button = h('button', {
    class: 'button',
    type: 'button',
    test: 'live-button',
    on: { click: () => (live.isOn ? live.stop() : live.start()) },
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
    if (!live.isOn || (live.frames > 0 && performance.now() - written < REST)) return;
    written = performance.now();
    const { rate } = live;
    if (live.frames === 0) say(text, 'picture.live.begin');
    else if (rate === null) say(text, 'picture.live.first');
    else say(text, 'picture.live.rate', { rate: rate.toFixed(rate < 10 ? 1 : 0), ms: milliseconds(engine.ms, engine.tick) });
  };
  const speak = () => {
    const best = engine.top[0];
    if (!live.isOn || live.frames === 0 || !best || !engine.network || best.class === said || performance.now() - saidAt < QUIET) return;
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
