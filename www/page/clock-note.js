/** Says in words why a figure is missing that the browser's clock is too coarse for. */
import { h } from './dom.js';
import { say } from './i18n.js';
import { clockStep } from './format.js';

export function createClockNote() {
  const element = h('p', { class: 'caption', test: 'clock-note', hidden: true });
  return {
    element,
    /** @param {number} tick a step of the clock, in ms @param {boolean} isMissing whether any figure is */
    show(tick, isMissing) {
      element.hidden = !isMissing;
      if (Number.isFinite(tick)) say(element, 'clock.coarse', { tick: clockStep(tick) });
      else say(element, 'clock.stands');
    },
  };
}
