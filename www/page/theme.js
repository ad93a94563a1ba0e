/** Dark or light: what the person chose, else what the system says. */

import { recall, remember } from './storage.js';

/** @typedef {'light' | 'dark'} Theme */

const system = matchMedia('(prefers-color-scheme: dark)');

/** @returns {Theme} */
export function preferredTheme() {
  const chosen = recall('theme');
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return system.matches ? 'dark' : 'light';
}

/** @param {Theme} theme @param {{remember?: boolean}} [options] */
export function setTheme(theme, { remember: isChosen = false } = {}) {
  if (isChosen) remember('theme', theme);
  document.documentElement.dataset.theme = theme;
}

/** @param {() => void} listener called when the system's wish changes */
export function onSystemTheme(listener) {
  system.addEventListener('change', listener);
}
