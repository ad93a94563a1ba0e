/**
 * What there is to do, one thing after the other: the newest run, strips that are to be drawn anew, channels to be switched, scores
 * at another size, and, while there is nothing else, a study that goes on a little at a time.
 */
import { listen, Superseded } from './listen.js';
import { areTrue } from './pixels.js';
import { redraw, run, scores, switchOver } from './run.js';
import { tell, tellBroken } from './tell.js';

/** @typedef {import('../protocol.js').Scores} Scores */
/** @typedef {Extract<import('../protocol.js').Order, {type: 'run'}>} RunOrder */
/** @typedef {Extract<import('../protocol.js').Question, {what: 'scores'}>} ScoresQuestion */
/** @typedef {import('./studies/occlusion.js').Occlusion | import('./studies/effective.js').EffectiveField | import('./studies/smooth.js').SmoothGrad} Steps */
/** Whoever asked, by the number of the question. @template T @typedef {{id: number, resolve: (value: T) => void, reject: (error: unknown) => void}} Asker */
/** @typedef {Asker<Steps['result']> & {steps: Steps}} Study */

export class Queue {
  /** Not yet begun. @type {RunOrder | null} */ #waiting = null;
  /** Asked for and not yet begun. @type {(Asker<Scores> & {question: ScoresQuestion}) | null} */ #scores = null;
  /** @type {Study | null} */ #study = null;
  #isWorking = false;
  /** The page knows that its pixels are not the true ones. */ #isDisturbanceTold = false;

  /** @param {import('./session.js').Session} session */
  constructor(session) {
    this.session = session;
  }

  /** In place of one that has not begun. @param {RunOrder} order */
  run(order) {
    this.#waiting?.frame?.close();
    this.#waiting = order;
    void this.work();
  }

  /** In place of those that have not begun. @param {number} id @param {ScoresQuestion} question @returns {Promise<Scores>} */
  scores(id, question) {
    return new Promise((resolve, reject) => {
      this.#scores?.reject(new Superseded());
      this.#scores = { id, question, resolve, reject };
      void this.work();
    });
  }

  /** In place of the present one. @param {number} id @param {() => Steps} begin @returns {Promise<Steps['result']>} */
  study(id, begin) {
    return new Promise((resolve, reject) => {
      this.pauseStudy();
      this.leaveStudy();
      this.#study = { id, steps: begin(), resolve, reject };
      void this.work();
    });
  }

  /** The network holds the shown run again, until the study goes on. */
  pauseStudy() {
    this.#study?.steps.giveBack();
  }

  leaveStudy() {
    this.#study?.reject(new Superseded());
    this.#study = null;
  }

  /** @param {number} id of the question */
  cancel(id) {
    if (this.#study?.id !== id) return;
    this.pauseStudy();
    this.leaveStudy();
  }

  /** Until there is nothing left to do. */
  async work() {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      if (!(await areTrue) && !this.#isDisturbanceTold) {
        this.#isDisturbanceTold = true;
        tell({ type: 'disturbed' });
      }
      for (let next = this.#next(); next; next = this.#next()) await next();
    } catch (error) {
      tellBroken(error);
    } finally {
      this.#isWorking = false;
    }
  }

  /** @returns {(() => Promise<void>) | null} */
  #next() {
    const { session } = this;
    const { network, picture } = session;
    if (!network) return null;
    const isOther = () => session.network !== network;
    if (this.#waiting) {
      const order = this.#waiting;
      const from = order.frame ?? picture;
      return from && (() => this.#runNow(network, order, from));
    }
    if (session.isOutdated) {
      return () => {
        this.pauseStudy();
        return redraw(session, network, () => isOther() || this.#waiting !== null);
      };
    }
    if (session.mustSwitch) {
      return () => {
        this.pauseStudy();
        this.leaveStudy();
        return switchOver(session, network, { run: 0, live: true }, () => isOther() || this.#waiting !== null);
      };
    }
    if (this.#scores && picture) {
      const asked = this.#scores;
      return () => this.#scoresNow(network, asked, picture);
    }
    const study = this.#study;
    return study && (() => this.#goOn(study));
  }

  /**
   * A live run is not cut short by the next live one, or nothing would ever finish while the crop is dragged over a slow network.
   * @param {import('./session.js').Network} network @param {RunOrder} order @param {ImageBitmap} from
   */
  #runNow(network, order, from) {
    this.#waiting = null;
    this.leaveStudy();
    const isStale = () => this.session.network !== network || (this.#waiting !== null && !(order.live && this.#waiting.live));
    return run(this.session, network, order, from, isStale);
  }

  /** @param {import('./session.js').Network} network @param {Asker<Scores> & {question: ScoresQuestion}} asked @param {ImageBitmap} from */
  async #scoresNow(network, { id, question, resolve, reject }, from) {
    this.#scores = null;
    this.leaveStudy();
    const isStale = () => this.session.network !== network || this.#waiting !== null || this.#scores !== null;
    try {
      resolve(await scores(this.session, network, question, from, isStale, (part) => tell({ type: 'part', id, part })));
    } catch (error) {
      reject(error);
    }
  }

  /** A little of it; then whoever speaks is heard. @param {Study} study */
  async #goOn({ id, steps, resolve }) {
    if (steps.advance()) {
      steps.giveBack();
      this.#study = null;
      resolve(steps.result);
      return;
    }
    const part = steps.news();
    if (part) tell({ type: 'part', id, part });
    await listen();
  }
}
