/** The switch of the live camera, and how fast the network keeps up with it. */
import { h } from '../core/dom.js';
import { say, t } from '../core/i18n.js';
import { milliseconds } from '../core/format.js';

/** Numbers that change more often cannot be read. */
const REST = 400;

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
  let written = 0;
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
  scope.keep(live.listen(update));
  update();
  return { button, element: text };
}
