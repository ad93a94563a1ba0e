/**
 * The page's views, by the name in their address; the first is shown where the address names none.
 *
 * @typedef {object} View
 * @property {string} id
 * @property {import('../core/address.js').Fields} fields of its address, besides the shared ones
 * @property {(app: import('../core/app.js').App, scope: import('../core/scope.js').Scope) => HTMLElement} mount
 */
import { compare } from './compare.js';
import { experiments } from './experiments.js';
import { field } from './field.js';
import { look } from './look.js';
import { memory } from './memory.js';
import { networks } from './networks.js';
import { scale } from './scale.js';
import { speed } from './speed.js';

/** @type {View[]} */
export const VIEWS = [look, networks, field, memory, scale, experiments, compare, speed];
