/** What the browser remembers for a person from visit to visit; nothing where it refuses, as in some frames. */

/** @param {string} key @returns {string | null} */
export function recall(key) {
  try {
    return localStorage.getItem(`vgglass.${key}`);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
export function remember(key, value) {
  try {
    localStorage.setItem(`vgglass.${key}`, value);
  } catch {
    // Then it lasts as long as the page.
  }
}

/** @type {Map<string, number>} */
const counts = new Map();

/** The next number: of the tab, not of the page, which may be loaded anew while addresses with older numbers can be gone back to. @param {string} key */
export function countOn(key) {
  const name = `vgglass.${key}`;
  let number = (counts.get(key) ?? 0) + 1;
  try {
    const kept = Number(sessionStorage.getItem(name));
    // Whatever else lies there is nobody's count.
    if (Number.isSafeInteger(kept) && kept < 2 ** 52) number = Math.max(number, kept + 1);
    sessionStorage.setItem(name, String(number));
  } catch {
    // Then it counts as long as the page lasts.
  }
  counts.set(key, number);
  return number;
}
