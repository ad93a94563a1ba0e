/** Work put off to the next frame, or until a pointer rests: of many calls only the last counts. */

/**
 * @template {any[]} A
 * @param {(...args: A) => void} work
 * @returns {(...args: A) => void}
 */
export function eachFrame(work) {
  /** @type {A | null} */
  let newest = null;
  return (...args) => {
    const isScheduled = newest !== null;
    newest = args;
    if (isScheduled) return;
    requestAnimationFrame(() => {
      const last = /** @type {A} */ (newest);
      newest = null;
      work(...last);
    });
  };
}

/**
 * @template {any[]} A
 * @param {(...args: A) => void} work @param {number} ms
 * @returns {(...args: A) => void}
 */
export function whenQuiet(work, ms) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), ms);
  };
}

/**
 * Asks one question at a time; while an answer is on its way, only the newest further question is kept.
 * @template Q, A
 * @param {(question: Q) => Promise<A>} ask
 * @param {(answer: A, question: Q) => void} use
 * @returns {(question: Q) => void}
 */
export function newestWins(ask, use) {
  let isBusy = false;
  /** @type {{question: Q} | null} */
  let next = null;
  const go = async (/** @type {Q} */ question) => {
    isBusy = true;
    try {
      use(await ask(question), question);
    } catch {
      // The layer is being computed anew; its next event asks again.
    }
    isBusy = false;
    const further = next;
    next = null;
    if (further) void go(further.question);
  };
  return (question) => {
    if (isBusy) next = { question };
    else void go(question);
  };
}
