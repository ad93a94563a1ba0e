/**
 * What the page does without until somebody asks for it; `App.later` loads it. One module, so that what it has in common with
 * the page lies in few files.
 */
import en from '../locale/published/en.js';
import zh from '../locale/published/zh.js';
import { addWords } from './i18n.js';

addWords({ en, zh });

export * as kept from '../engine/kept/kept.js';
export { LICENCE, published } from '../engine/published.js';
export { createImporter } from './importer.js';
export { createKept } from './kept-list.js';
export { createPublished } from './published-list.js';
