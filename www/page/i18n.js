/** The page's words. An element carries the key of its text, so that a change of language is one walk. */
import en from '../locale/en.js';
import zh from '../locale/zh.js';
import { recall, remember } from './storage.js';

/** @typedef {'en' | 'zh'} Language */
/** @typedef {keyof typeof en | keyof typeof import('../locale/import/en.js').default | keyof typeof import('../locale/published/en.js').default} Key */
/** A function gives what is said in the language of the moment. @typedef {Record<string, string | number | (() => string)>} Params */

/** @type {Record<Language, Record<string, string>>} */
const TABLES = { en, zh };
const TAGS = { en: 'en', zh: 'zh-CN' };

/** @type {Language} */
let current = 'en';

/** @type {WeakMap<Element, Record<string, {key: Key, params?: Params}>>} */
const bound = new WeakMap();

export const language = () => current;

/** Words of a part of the page that is loaded later. @param {Record<Language, Record<string, string>>} words */
export function addWords(words) {
  Object.assign(TABLES.en, words.en);
  Object.assign(TABLES.zh, words.zh);
}

/** @returns {Language} what the person chose before, or else the browser's */
export function preferredLanguage() {
  const chosen = recall('lang');
  if (chosen === 'en' || chosen === 'zh') return chosen;
  return (navigator.language ?? '').toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

/**
 * @param {Language} next
 * @param {{remember?: boolean}} [options]
 */
export function setLanguage(next, { remember: isChosen = false } = {}) {
  current = next;
  if (isChosen) remember('lang', next);
  document.documentElement.lang = TAGS[next];
  for (const element of document.querySelectorAll('[data-i18n]')) write(element);
}

/** Characters that are written from right to left, and those that turn what follows them round. */
const TURNING = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const CONTROLS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text that comes from a file, whose direction must not go over to the sentence around it.
 * @param {string} text
 */
export const isolate = (text) => (TURNING.test(text) ? `\u2068${text.replace(CONTROLS, '')}\u2069` : text);

/** @param {Key} key @param {Params} [params] a text among them is isolated, since it may be a file's */
export function t(key, params = {}) {
  return TABLES[current][key].replace(/\{(\w+)\}/g, (_, field) => {
    const value = params[field] ?? '';
    if (typeof value === 'function') return value();
    return typeof value === 'string' ? isolate(value) : String(value);
  });
}

/**
 * Gives an element a text that follows the language.
 * @template {Element} E
 * @param {E} element
 * @param {Key} key
 * @param {Params} [params]
 * @param {string} [target] `text`, or the name of an attribute
 * @returns {E}
 */
export function say(element, key, params, target = 'text') {
  const texts = bound.get(element) ?? {};
  texts[target] = { key, params };
  bound.set(element, texts);
  element.setAttribute('data-i18n', '');
  writeOne(element, target, key, params);
  return element;
}

/** @param {Element} element */
function write(element) {
  for (const [target, { key, params }] of Object.entries(bound.get(element) ?? {})) {
    writeOne(element, target, key, params);
  }
}

/** @param {Element} element @param {string} target @param {Key} key @param {Params} [params] */
function writeOne(element, target, key, params) {
  if (target === 'text') element.textContent = t(key, params);
  else element.setAttribute(target, t(key, params));
}
