/** What kept networks may be called. The address has their names. No DOM here. */

/** Characters of a name. */
export const LONGEST = 80;
/** Signs that nobody sees, and those that turn the direction of writing round. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/** @param {string} text */
export const isName = (text) => text !== '' && text === nameFrom(text);

/** The name that a text comes down to; empty if there is nothing to be seen. @param {string} text */
export function nameFrom(text) {
  const seen = text.replace(UNSEEN, ' ').replace(/\s+/g, ' ').trim();
  return [...seen].slice(0, LONGEST).join('').trim();
}

/**
 * The name, or with a number after it, so that it is none of those taken.
 * @param {string} name @param {Iterable<string>} taken
 */
export function freeName(name, taken) {
  const all = new Set(taken);
  for (let number = 1; ; number++) {
    const end = number === 1 ? '' : ` (${number})`;
    const one = [...name].slice(0, LONGEST - end.length).join('').trimEnd() + end;
    if (!all.has(one)) return one;
  }
}

/** What a file that was downloaded is called without its ending. @param {string} file */
export const nameOfFile = (file) => nameFrom(file.replace(/\.(safetensors|pth?|bin|h5)$/i, ''));
