/** What the dialogs have in common that study one picture: a stage with its legend on one side, choices and words on the other. */
import { h } from '../../page/dom.js';
import { say } from '../../page/i18n.js';

/** @typedef {import('../../page/i18n.js').Key} Key */
/** @typedef {(Node | string)[]} Content */

/**
 * @param {string} name of the study: the words `NAME.title`, and the ids for tests
 * @param {object} parts
 * @param {Content} parts.stage @param {Content} parts.side
 * @param {() => void} parts.close
 * @param {string} [parts.kind] class of the dialog
 */
export function createStudyDialog(name, { stage, side, close, kind = '' }) {
  const title = h('h2', { id: `${name}-title`, say: /** @type {Key} */ (`${name}.title`) });
  const cross = h('button', { class: 'button', type: 'button', test: `${name}-close`, label: 'dialog.close', on: { click: close } }, '×');
  const element = h(
    'dialog',
    { class: `dialog study-dialog ${kind}`.trim(), test: `${name}-dialog`, 'aria-labelledby': title.id },
    h('div', { class: 'dialog-head' }, title, cross),
    h('div', { class: 'study-body' }, h('div', {}, ...stage), h('div', { class: 'study-side' }, ...side)),
  );
  element.addEventListener('click', (event) => {
    if (event.target === element) close();
  });
  return element;
}

/** A choice with its label in a row. @param {HTMLElement} control with an id @param {Key} label */
export const row = (control, label) => h('div', { class: 'field-row' }, say(h('label', { for: control.id }), label), control);

/** What the colours mean. @param {string} [map] */
export function createLegend(map) {
  const [low, ramp, high] = [h('span', {}), h('span', { class: 'ramp', ...(map ? { 'data-map': map } : {}) }), h('span', {})];
  return { low, ramp, high, element: h('p', { class: 'legend caption' }, low, ramp, high) };
}

/** A canvas that is pointed at, by keys too, and the square that it lies on. @param {string} test @param {string} describedBy ids */
export function createStage(test, describedBy) {
  const canvas = h('canvas', { class: 'study-canvas', test, tabindex: 0, role: 'application', 'aria-describedby': describedBy });
  return { canvas, stage: h('div', { class: 'study-stage' }, canvas) };
}
