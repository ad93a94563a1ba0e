/**
 * State in the URL: `#/look?layer=conv3_2&map=grey`. What is left out has its initial value. A view
 * may add fields of its own; an unknown key or a value that makes no sense is ignored. No DOM here.
 */
import { parseRows } from '../engine/blocks.js';
import { isName } from '../engine/kept/names.js';
import { LIMITS, TABLE } from '../engine/table.js';
import { CENTRE, same } from '../picture/crop.js';

/**
 * @template T
 * @typedef {object} Field
 * @property {T} initial
 * @property {(text: string) => T | undefined} read undefined for what makes no sense
 * @property {(value: T) => string} [write]
 * @property {(a: T, b: T) => boolean} [same]
 */

/** @typedef {Record<string, Field<any>>} Fields */

/** @param {string} initial @param {string[]} values @returns {Field<any>} */
export const choice = (initial, values) => ({
  initial,
  read: (text) => (values.includes(text) ? text : undefined),
});

/** @param {number | null} initial @param {number} low @param {number} high @returns {Field<number | null>} */
export const whole = (initial, low, high) => ({
  initial,
  read: (text) => (/^\d{1,10}$/.test(text) && +text >= low && +text <= high ? +text : undefined),
});

/** @type {Field<boolean>} */
const flag = { initial: false, read: (text) => (text === '1' ? true : undefined), write: () => '1' };

/** @param {string | null} initial @returns {Field<string | null>} */
export const name = (initial) => ({
  initial,
  read: (text) => (/^[\w.\- ]{1,80}$/.test(text) ? text : undefined),
});

/** @type {Field<import('../picture/crop.js').Crop>} */
const crop = {
  initial: CENTRE,
  read(text) {
    const [cx, cy, size, ...rest] = text.split(',').map(Number);
    const sensible = [cx, cy, size].every((v) => v >= 0 && v <= 1) && size > 0 && rest.length === 0;
    return sensible ? { cx, cy, size } : undefined;
  },
  write: ({ cx, cy, size }) => [cx, cy, size].map((v) => String(+v.toFixed(4))).join(','),
  same,
};

export const WIDTHS = [0.125, 0.25, 0.5, 1];
export const SIZES = [64, 96, 128, 160, 192, 224];
/** Builds of the engine, the plainest first. */
export const BUILDS = ['base', 'relaxed', 'threads'];
/** Ids of the table's rows. */
export const NETWORKS = TABLE.map(({ id }) => id);
/** Those that are set side by side: of a network's forms the paper's. */
export const SIDE_BY_SIDE = TABLE.filter(({ formOf }) => !formOf).map(({ id }) => id);
/** Side of the smallest input of which a row leaves something; of others than those of the table 1. @param {string} id */
export const smallestOf = (id) => TABLE.find((row) => row.id === id)?.smallest ?? 1;
/** @param {string} id of a row */
export const sizesOf = (id) => SIZES.filter((size) => size >= smallestOf(id));

/**
 * Which network: a kind of them, or `kept:` and the name of one that is kept on this machine, `imagenet:` and the key of a
 * published one, `site:` and the name of one that was added to this site. @type {Field<string>}
 */
const model = {
  initial: 'shipped',
  read(text) {
    const [, kind, name] = text.match(/^(kept|site):(.*)$/su) ?? [];
    const isOne = kind ? isName(name) : /^(shipped|alike|untrained|file|imagenet:\w{1,40})$/.test(text);
    return isOne ? text : undefined;
  },
};

/** The modules of a network of one's own. @type {Field<string | null>} */
export const rows = { initial: null, read: (text) => (parseRows(text) ? text : undefined) };

/** The state that every view shares. @type {Fields} */
export const SHARED = {
  lang: choice(/** @type {any} */ (null), ['en', 'zh']),
  theme: choice(/** @type {any} */ (null), ['light', 'dark']),
  present: flag,
  embed: flag,
  picture: name(null),
  crop,
  model,
  net: choice('D', [...NETWORKS, 'custom']),
  rows,
  width: {
    initial: 0.5,
    read: (text) => (WIDTHS.includes(+text) ? +text : undefined),
  },
  size: {
    initial: 64,
    read: (text) => (SIZES.includes(+text) ? +text : undefined),
  },
  seed: whole(null, 0, LIMITS.seed),
  file: whole(null, 1, 1e6),
  engine: choice(/** @type {any} */ (null), BUILDS),
  threads: whole(null, 1, LIMITS.threads),
  layer: name(null),
  channel: whole(null, 0, 1e6),
  map: choice('viridis', ['viridis', 'grey', 'diverging']),
  norm: choice('channel', ['channel', 'layer']),
  values: choice('activation', ['activation', 'pre']),
  sort: choice('number', ['number', 'strength']),
  cell: choice('m', ['s', 'm', 'l']),
};

/** @param {Fields} fields */
export const initialState = (fields) =>
  Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.initial]));

/**
 * @param {string} hash with or without its `#`
 * @param {Fields} fields
 * @returns {{view: string, values: Record<string, any>}} `values` holds every field
 */
export function parseAddress(hash, fields) {
  const [path, query = ''] = hash.replace(/^#?\/?/, '').split('?');
  const given = new URLSearchParams(query);
  const values = initialState(fields);
  for (const [key, field] of Object.entries(fields)) {
    const text = given.get(key);
    const value = text === null ? undefined : field.read(text);
    if (value !== undefined) values[key] = value;
  }
  return { view: path, values };
}

/**
 * @param {string} view
 * @param {Record<string, any>} values
 * @param {Fields} fields
 * @returns {string} with its `#`
 */
export function formatAddress(view, values, fields) {
  const parts = [];
  for (const [key, field] of Object.entries(fields)) {
    const equal = field.same ?? Object.is;
    if (values[key] === null || equal(values[key], field.initial)) continue;
    const text = field.write ? field.write(values[key]) : String(values[key]);
    parts.push(`${key}=${encodeURIComponent(text).replaceAll('%2C', ',').replaceAll('%2F', '/').replaceAll('%3A', ':')}`);
  }
  return `#/${view}${parts.length ? `?${parts.join('&')}` : ''}`;
}
