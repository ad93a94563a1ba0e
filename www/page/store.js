/**
 * The page's state and its address, kept equal. Views are functions of this state; what the engine
 * computes is not part of it.
 */
import { formatAddress, parseAddress } from './address.js';

/** @typedef {Record<string, any> & {view: string}} State */
/** `change` is what was set, be it other than before or not. @typedef {(state: State, before: State, change: Partial<State>) => void} Listener */

export class Store {
  /** @type {State} */ state;
  /** @type {Set<Listener>} */ #listeners = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #writing;

  /**
   * @param {import('./address.js').Fields} fields
   * @param {string[]} views names; the first is shown where the address names none
   */
  constructor(fields, views) {
    this.fields = fields;
    this.views = views;
    this.state = this.#read();
    addEventListener('popstate', () => {
      const state = this.#read();
      this.#apply(state, state);
    });
  }

  /** @param {Listener} listener @returns {() => void} stops listening */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * @param {Partial<State>} change
   * @param {{step?: boolean}} [options] `step`: the browser's Back undoes it
   */
  set(change, { step = false } = {}) {
    const next = /** @type {State} */ ({ ...this.state, ...change });
    const address = formatAddress(next.view, next, this.fields);
    // Inside another page, Back belongs to that page.
    if (!step || next.embed || address === location.hash || !write('pushState', address)) this.#writeSoon();
    this.#apply(next, change);
  }

  /** @returns {State} */
  #read() {
    const { view, values } = parseAddress(location.hash, this.fields);
    return { ...values, view: this.views.includes(view) ? view : this.views[0] };
  }

  /** @param {State} next @param {Partial<State>} change */
  #apply(next, change) {
    const before = this.state;
    this.state = next;
    // Those of a view that comes hear of the next change; those of a view that has just left, of none.
    for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) listener(next, before, change);
  }

  /** Browsers refuse more than about a hundred address changes in half a minute. */
  #writeSoon() {
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => {
      const address = formatAddress(this.state.view, this.state, this.fields);
      if (address !== location.hash) write('replaceState', address);
    }, 300);
  }
}

/**
 * Browsers refuse too many changes, and any in a document without an address of its own, as in a `srcdoc` frame; the state
 * holds without.
 * @param {'pushState' | 'replaceState'} how @param {string} address @returns {boolean}
 */
function write(how, address) {
  try {
    history[how](null, '', address);
    return true;
  } catch {
    return false;
  }
}
