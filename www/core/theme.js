/** Dark or light: what the person chose, else what the system says. */

/** @typedef {'light' | 'dark'} Theme */

const STORAGE_KEY = 'vgglass.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

/** @returns {Theme} */
export function preferredTheme() {
  const chosen = localStorage.getItem(STORAGE_KEY);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return system.matches ? 'dark' : 'light';
}

/** @param {Theme} theme @param {{remember?: boolean}} [options] */
export function setTheme(theme, { remember = false } = {}) {
  if (remember) localStorage.setItem(STORAGE_KEY, theme);
  document.documentElement.dataset.theme = theme;
}

/** @param {() => void} listener called when the system's wish changes */
export function onSystemTheme(listener) {
  system.addEventListener('change', listener);
}
