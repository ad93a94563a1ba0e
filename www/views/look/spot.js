/**
 * The cell that is pointed at, by mouse, finger or key. Whoever points says where; whoever shows
 * (the picture, the magnifier, the readout) hears its value and receptive field once they are known.
 */
import { newestWins } from '../../page/frame.js';

/** @typedef {{layer: number, channel: number, y: number, x: number}} Place */
/** @typedef {Place & import('../../engine/protocol.js').Probe} Reading */

export class Spot {
  /** @type {Place | null} */ place = null;
  /** @type {Set<(reading: Reading | null) => void>} */ #listeners = new Set();
  /** @type {(place: Place) => void} */ #ask;

  /**
   * @param {import('../../engine/engine.js').Engine} engine
   * @param {import('../../page/scope.js').Scope} scope
   */
  constructor(engine, scope) {
    this.#ask = newestWins(
      (/** @type {Place} */ { layer, channel, y, x }) => engine.probe(layer, channel, y, x),
      (probe, place) => {
        if (this.place === place) this.#emit({ ...place, ...probe });
      },
    );
    scope.keep(engine.on('network', () => this.point(null)));
    scope.keep(
      engine.on('layer', ({ index }) => {
        if (this.place?.layer === index) this.point(this.place);
      }),
    );
  }

  /** @param {Place | null} place */
  point(place) {
    this.place = place;
    if (place) this.#ask(place);
    else this.#emit(null);
  }

  /** @param {(reading: Reading | null) => void} listener @returns {() => void} stops listening */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param {Reading | null} reading */
  #emit(reading) {
    for (const listener of this.#listeners) listener(reading);
  }
}
