/** How fast something comes, and how long it will take. No DOM here. */

/** How far back is looked, in ms. */
const WINDOW = 5000;
/** Before so long nothing can be told, in ms. */
const SOON = 1000;

export class Pace {
  /** When, and how many bytes there were then, the oldest first. @type {{at: number, bytes: number}[]} */
  #seen = [];

  /** @param {number} bytes that have come by now @param {number} now in ms */
  see(bytes, now) {
    this.#seen.push({ at: now, bytes });
    while (this.#seen.length > 2 && this.#seen[1].at <= now - WINDOW) this.#seen.shift();
  }

  /** It has stood still: what was before does not count. */
  forget() {
    this.#seen = [];
  }

  /** Bytes a second; null where it cannot be told yet. */
  get rate() {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    if (!last || last.at - first.at < SOON) return null;
    return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
  }

  /** @param {number} left bytes that are to come @returns {number | null} seconds */
  secondsFor(left) {
    const { rate } = this;
    return rate ? left / rate : null;
  }
}
