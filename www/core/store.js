/**
 * The page's state and its address, kept equal. Views are functions of this state; what the engine
 * computes is not part of it.
 */
import { formatAddress, parseAddress } from './address.js';

/** @typedef {Record<string, any> & {view: string}} State */
/** @typedef {(state: State, before: State) => void} Listener */

export class Store {
  /** @type {State} */ state;
  /** @type {Set<Listener>} */ #listeners = new Set();
  #writing = 0;

  /**
   * @param {import('./address.js').Fields} fields
   * @param {string[]} views names; the first is shown where the address names none
   */
  constructor(fields, views) {
    this.fields = fields;
    this.views = views;
    this.state = this.#read();
    addEventListener('popstate', () => this.#apply(this.#read()));
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
    if (step && !next.embed && address !== location.hash) history.pushState(null, '', address);
    else this.#writeSoon();
    this.#apply(next);
  }

  /** @returns {State} */
  #read() {
    const { view, values } = parseAddress(location.hash, this.fields);
    return { ...values, view: this.views.includes(view) ? view : this.views[0] };
  }

  /** @param {State} next */
  #apply(next) {
    const before = this.state;
    this.state = next;
    for (const listener of [...this.#listeners]) listener(next, before);
  }

  /** Browsers refuse more than about a hundred address changes in half a minute. */
  #writeSoon() {
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => {
      const address = formatAddress(this.state.view, this.state, this.fields);
      if (address !== location.hash) history.replaceState(null, '', address);
    }, 300);
  }
}
