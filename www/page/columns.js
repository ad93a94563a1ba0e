/** The networks set side by side, as they stand in the address: `shipped,alike-A,kept:my-net,D~0.5~64~1~relaxed`. No DOM here. */
import { BUILDS, NETWORKS, sizesOf, WIDTHS } from './address.js';
import { isName } from '../engine/kept/names.js';
import { keptModel, keptName } from '../engine/model-name.js';
import { ALIKE } from './results.js';
import { LIMITS } from '../engine/table.js';

/**
 * @typedef {object} Column
 * @property {string} net a row of the table, or `alike-` and a row, or `kept:` and the name of a network on this machine, or `shipped`,
 *   or `page` for the network that the page runs
 * @property {number} width of a row
 * @property {number} size
 * @property {number} seed
 * @property {string | null} build of the engine; null: the best that the browser takes
 */

export const MOST = 3;
/** The rows as they were trained alike, by what stands for them in the address. */
export const ALIKE_ROWS = new Map(ALIKE.map(({ row }) => [`alike-${row}`, row]));
/** Networks whose weights are what they are. @param {string} net */
const isTrained = (net) => ['shipped', 'page', ...ALIKE_ROWS.keys()].includes(net) || keptName(net) !== null;

/** @type {Omit<Column, 'net'>} */
const USUAL = { width: 0.5, size: 64, seed: 1, build: null };

/** The same row trained and untrained. @type {Column[]} */
export const INITIAL = [
  { ...USUAL, net: 'shipped' },
  { ...USUAL, net: 'D' },
];

/** A kept network's name may have the signs that stand between columns. @param {string} net */
function written(net) {
  const name = keptName(net);
  return name === null ? net : keptModel(encodeURIComponent(name).replaceAll('~', '%7E'));
}

/** @param {string} text @returns {string | null} null for what makes no sense */
function read(text) {
  const name = keptName(text);
  if (name === null) return text;
  try {
    const own = decodeURIComponent(name);
    return isName(own) ? keptModel(own) : null;
  } catch {
    return null;
  }
}

/** @param {Column} column */
export function formatColumn({ net, width, size, seed, build }) {
  const parts = isTrained(net) ? [written(net)] : [net, width, size, seed];
  return [...parts, ...(build ? [build] : [])].join('~');
}

/** @param {string} text @returns {Column | undefined} */
function parseColumn(text) {
  const [first, ...parts] = text.split('~');
  const net = read(first);
  const build = BUILDS.includes(parts[parts.length - 1]) ? /** @type {string} */ (parts.pop()) : null;
  if (net === null) return undefined;
  if (isTrained(net)) return parts.length ? undefined : { ...USUAL, net, build };
  const [width, size, seed] = parts.map(Number);
  const isSensible =
    NETWORKS.includes(net) && parts.length === 3 && WIDTHS.includes(width) && sizesOf(net).includes(size) && Number.isInteger(seed) && seed >= 0 && seed <= LIMITS.seed;
  return isSensible ? { net, width, size, seed, build } : undefined;
}

/** @param {Column[]} columns */
export const formatColumns = (columns) => columns.map(formatColumn).join(',');

/** @param {string} text @returns {Column[] | undefined} */
export function parseColumns(text) {
  const columns = text.split(',').map(parseColumn);
  return columns.length <= MOST && columns.every((column) => column !== undefined) ? columns : undefined;
}

/** @typedef {{name: string, module: number}} Named */

/**
 * The layers of several networks in one order, module by module; in a module, what only one network has comes after
 * what precedes it there.
 * @param {Named[][]} lists
 * @returns {string[]} names
 */
export function merged(lists) {
  const modules = [...new Set(lists.flat().map(({ module }) => module))].sort((a, b) => a - b);
  return modules.flatMap((module) => {
    const parts = lists.map((list) => list.filter((layer) => layer.module === module).map(({ name }) => name));
    const [longest = [], ...others] = parts.sort((a, b) => b.length - a.length);
    const all = [...longest];
    for (const names of others) {
      names.forEach((name, i) => {
        if (!all.includes(name)) all.splice(i ? all.indexOf(names[i - 1]) + 1 : 0, 0, name);
      });
    }
    return all;
  });
}
