/** What a view has to let go of when it leaves: its parts register here how to stop listening. */
import { eachFrame } from './frame.js';

export class Scope {
  /** @type {(() => void)[]} */ #endings = [];

  /** @param {() => void} ending */
  keep(ending) {
    this.#endings.push(ending);
  }

  /**
   * Calls back with the size of an element's content, soon and whenever it changes. Not from within the observer: what is
   * drawn for a width has a height of its own, and an observer whose listener changes what it observes is an error
   * ("ResizeObserver loop"), which WebKit writes to the console.
   * @param {Element} element @param {(width: number, height: number) => void} listener
   */
  size(element, listener) {
    let isKept = true;
    const tell = eachFrame((/** @type {DOMRectReadOnly} */ { width, height }) => {
      if (isKept) listener(Math.floor(width), Math.floor(height));
    });
    const observer = new ResizeObserver(([entry]) => tell(entry.contentRect));
    observer.observe(element);
    this.keep(() => {
      isKept = false;
      observer.disconnect();
    });
  }

  end() {
    for (const ending of this.#endings) ending();
    this.#endings = [];
  }
}
