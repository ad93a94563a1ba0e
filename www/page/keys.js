/** Which keys are nobody's: no part has taken them, and what has the focus has no use for them of its own. */

/** The browser's own use of keys in a control. @type {[string, (key: string) => boolean][]} */
const USES = [
  ['textarea, select, [contenteditable], input:not([type=range], [type=checkbox], [type=radio], [type=file])', () => true],
  ['input', (key) => /^(Arrow|Page|Home$|End$| $)/.test(key)],
  ['button, summary', (key) => key === ' ' || key === 'Enter'],
  ['a[href]', (key) => key === 'Enter'],
];

/** @param {KeyboardEvent} event */
export function isFree(event) {
  const { key, target } = event;
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (document.querySelector('dialog[open]')) return false;
  const element = target instanceof Element ? target : document.body;
  return !USES.some(([selector, uses]) => element.closest(selector) && uses(key)) && !scrolls(element, key);
}

/** Whether an arrow moves what an element, or one around it, holds; the page itself is not meant. @param {Element | null} element @param {string} key */
function scrolls(element, key) {
  const isSideways = key === 'ArrowLeft' || key === 'ArrowRight';
  if (!isSideways && key !== 'ArrowUp' && key !== 'ArrowDown') return false;
  for (; element && element !== document.body && element !== document.documentElement; element = element.parentElement) {
    const { overflowX, overflowY } = getComputedStyle(element);
    const overflow = isSideways ? overflowX : overflowY;
    const isLarger = isSideways ? element.scrollWidth > element.clientWidth : element.scrollHeight > element.clientHeight;
    if (isLarger && (overflow === 'auto' || overflow === 'scroll')) return true;
  }
  return false;
}
