/**
 * What the network says at other test sizes: means over places and sizes, and a keeper that has the
 * sizes computed that are wanted, the first wanted first. No DOM here.
 */
import { softmax } from '../../engine/softmax.js';

/** @typedef {import('../../engine/protocol.js').Scores} Scores */
/** @typedef {import('../../picture/crop.js').Square} Square */
/** @typedef {import('../../page/ranking.js').Ranked} Ranked */
/** @typedef {{x: number, y: number}} Place column and row of a score map */
/** All places at once by a fully convolutional net, or each window cut out. @typedef {'dense' | 'crops'} Way */

/** Distance of the sizes that can be chosen: one more place a side in each of the paper's networks. */
export const STEP = 32;
export const LARGEST = 512;

/** @param {ArrayLike<number>} probabilities @param {number} length @returns {Ranked[]} best first */
export function ranking(probabilities, length) {
  const all = Array.from(probabilities, (probability, index) => ({ class: index, probability }));
  return all.sort((a, b) => b.probability - a.probability).slice(0, length);
}

/** Several scales: the mean of what softmax gives at each, as in section 4.2 of the paper. @param {Scores[]} scores */
export function meanOf(scores) {
  const sums = new Float64Array(scores[0].probabilities.length);
  for (const { probabilities } of scores) probabilities.forEach((value, index) => (sums[index] += value));
  return sums.map((sum) => sum / scores.length);
}

/** Logits of all classes at a place. @param {Scores} scores @param {Place} place */
export function logitsAt({ map, logits, columns }, { x, y }) {
  const start = (y * columns + x) * logits.length;
  return map.subarray(start, start + logits.length);
}

/**
 * A class at every place, row by row.
 * @param {Scores} scores @param {number} index of the class
 * @param {boolean} isProbability softmax at the place itself, else the logit
 * @param {number} [temperature]
 */
export function classMap(scores, index, isProbability, temperature) {
  return Float64Array.from({ length: scores.rows * scores.columns }, (_, i) => {
    const here = logitsAt(scores, { x: i % scores.columns, y: Math.floor(i / scores.columns) });
    return isProbability ? softmax(here, temperature)[index] : here[index];
  });
}

/** The part of the input that a place sees as its own picture, in input pixels. @param {Scores} scores @param {Place} place @param {number} native */
export const windowAt = ({ jump }, { x, y }, native) => ({ x: x * jump, y: y * jump, side: native });

/** @param {number} native */
export const sizesFrom = (native) => Array.from({ length: (LARGEST - native) / STEP + 1 }, (_, i) => native + i * STEP);

/** How the worker says that something newer came first. */
const SUPERSEDED = 'superseded';

export class ScoreKeeper {
  /** How far the size under way is. @type {{size: number, part: number} | null} */ underWay = null;
  /** What went wrong last. */ failure = '';

  /** What is known in either way, by size. @type {Record<Way, Map<number, Scores>>} */ #known = { dense: new Map(), crops: new Map() };
  /** @type {Way} */ #way = 'dense';
  /** @type {import('../../engine/engine.js').Engine} */ #engine;
  /** @type {() => void} */ #onChange;
  /** @type {number[]} */ #wanted = [];
  /** @type {Square | null} */ #square = null;
  /** Answers to an earlier turn do not count. */ #turn = 0;

  /** @param {import('../../engine/engine.js').Engine} engine @param {() => void} onChange */
  constructor(engine, onChange) {
    this.#engine = engine;
    this.#onChange = onChange;
  }

  /** What is known in the way that is wanted, by size. */
  get known() {
    return this.#known[this.#way];
  }

  /** Another network, picture or crop: nothing is known any more. */
  forget() {
    this.#turn += 1;
    for (const known of Object.values(this.#known)) known.clear();
    this.underWay = null;
    this.failure = '';
  }

  /** Nothing is wanted any more. */
  stop() {
    this.#turn += 1;
    this.#wanted = [];
  }

  /** @param {number[]} sizes the most urgent first @param {Square} square @param {Way} way */
  want(sizes, square, way) {
    if (way !== this.#way) this.underWay = null;
    this.#wanted = sizes;
    this.#square = square;
    this.#way = way;
    this.#next();
  }

  #next() {
    const size = this.#wanted.find((wanted) => !this.known.has(wanted));
    if (size === undefined || !this.#square || size === this.underWay?.size) return;
    this.#turn += 1;
    const turn = this.#turn;
    const { known } = this;
    this.underWay = { size, part: 0 };
    const isMine = () => turn === this.#turn;
    const onPart = (/** @type {number} */ part) => {
      if (!isMine()) return;
      this.underWay = { size, part };
      this.#onChange();
    };
    this.#engine.scores(this.#square, { size, crops: this.#way === 'crops' }, onPart).then(
      (scores) => {
        if (!isMine()) return;
        known.set(size, scores);
        this.underWay = null;
        this.#next();
        this.#onChange();
      },
      (error) => {
        if (!isMine()) return;
        this.underWay = null;
        // Where a run came first, its end asks again.
        if (error.message === SUPERSEDED) return;
        this.failure = error.message;
        this.#onChange();
      },
    );
  }
}
