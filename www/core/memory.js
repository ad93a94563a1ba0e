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
