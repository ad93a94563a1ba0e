/**
 * The page's views, by the name in their address; the first is shown where the address names none.
 *
 * @typedef {object} View
 * @property {string} id
 * @property {import('../page/address.js').Fields} fields of its address, besides the shared ones
 * @property {(app: import('../page/app.js').App, scope: import('../page/scope.js').Scope) => HTMLElement} mount
 */
import { compare } from './compare/index.js';
import { experiments } from './experiments/index.js';
import { field } from './field/index.js';
import { look } from './look/index.js';
import { memory } from './memory/index.js';
import { networks } from './networks/index.js';
import { scale } from './scale/index.js';
import { speed } from './speed/index.js';

/** @type {View[]} */
export const VIEWS = [look, networks, field, memory, scale, experiments, compare, speed];
