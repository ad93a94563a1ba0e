/** What a shelf has of the browser, in the page and in workers. */
import { Problem } from '../problem.js';
import { FOLDER } from './shelf.js';

/** @type {import('./shelf.js').World} */
export const hereAndNow = {
  async root() {
    if (location.protocol === 'file:') throw new Problem('kept-disk');
    if (!isSecureContext) throw new Problem('kept-insecure');
    return navigator.storage.getDirectory();
  },
  estimate: async () => navigator.storage.estimate(),
  locks: navigator.locks,
  tell(news) {
    const channel = new BroadcastChannel(FOLDER);
    channel.postMessage(news);
    channel.close();
  },
};
