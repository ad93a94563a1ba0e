/** Inside another page: keys that nothing here has a use for go to that page. `element.js` is its side. */
import { isFree } from './keys.js';

/** What may be meant for slides; other keys are the browser's. */
const PASSED = /^(.|Arrow\w+|Page\w+|Home|End)$/;

/** @param {import('./store.js').Store} store */
export function passKeysOn(store) {
  addEventListener('keydown', (event) => {
    if (!store.state.embed || parent === window || !isFree(event)) return;
    const { key, code, keyCode, shiftKey } = event;
    if (key === 'Escape') parent.postMessage({ vgglass: 'leave' }, '*');
    else if (PASSED.test(key) && !movesPage(key)) parent.postMessage({ vgglass: 'key', key, code, keyCode, shiftKey }, '*');
    else return;
    event.preventDefault();
  });
}

/** A view longer than its frame is read with the arrows. @param {string} key */
function movesPage(key) {
  const { scrollHeight, clientHeight } = document.documentElement;
  return (key === 'ArrowUp' || key === 'ArrowDown') && scrollHeight > clientHeight;
}
