/** What a person is told when something cannot be done. No DOM here. */

/** A problem to be told; its code is the key of its message. */
export class Problem extends Error {
  /** @param {string} code @param {Record<string, string | number>} [params] */
  constructor(code, params = {}) {
    super(code);
    this.code = code;
    this.params = params;
  }
}
