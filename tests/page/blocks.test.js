/** A row of one's own, as a text in the address and as modules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changes, conv, formatRows, lrn, parseRows, pool, problemOf, withOp, withoutOp } from '../../www/core/blocks.js';

const D = '64,64,p/128,128,p/256,256,256,p/512,512,512,p/512,512,512,p';
const ALEXNET = '11x96s4p2,lrn,p3s2/5x256,lrn,p3s2/384/384/256,p3s2';
const OPTIONS = { width: 1, input_size: 224, fc: 4096, classes: 1000 };

test('a row is read from its text and written as the same text', () => {
  for (const text of [D, ALEXNET, '1x256', '64,lrn,p/7x3s2', '3']) assert.equal(formatRows(parseRows(text)), text);
  assert.deepEqual(parseRows('64,1x256,lrn,p'), [[conv(3, 64), conv(1, 256), lrn(), pool()]]);
  assert.deepEqual(parseRows('11x96s4p2'), [[{ op: 'conv', kernel: 11, channels: 96, stride: 4, pad: 2 }]]);
  assert.equal(formatRows(parseRows('3x64,p2s2,5x8p2')), '64,p,5x8', 'what is usual is left out');
});

test('what is no row is not read', () => {
  const bad = ['', '/', '64,', ',64', '64//64', 'x64', '0', '3x0', '0x3', '16x64', '64s0', '64s9', '64p3', '4096', 'p0s2', 'p2', 'q', '64 ,p', '64,64,p/', '-64', '1e3'];
  for (const text of bad) assert.equal(parseRows(text), null, text);
  assert.equal(parseRows(Array(9).fill('64').join('/')), null, 'too many modules');
  assert.equal(parseRows(Array(65).fill('64').join(',')), null, 'too many layers');
});

test('layers are put in before the pooling and taken out', () => {
  const modules = parseRows('64,p/128');
  assert.equal(formatRows(withOp(modules, 0, conv(5, 64))[0]), '64,5x64,p/128');
  assert.equal(withOp(modules, 0, lrn())[1], 1);
  assert.equal(formatRows(withOp(modules, 0, pool())[0]), '64,p,p/128');
  assert.equal(formatRows(withOp(modules, 1, pool())[0]), '64,p/128,p');
  assert.equal(formatRows(withoutOp(modules, 0, 1)), '64/128');
  assert.equal(formatRows(withoutOp(modules, 1, 0)), '64,p', 'an empty module goes');
  assert.equal(formatRows(modules), '64,p/128', 'the row given is left as it is');
});

test('what differs from the row it came from', () => {
  const base = parseRows('64,p/128,p');
  assert.deepEqual(changes(parseRows('64,64,p/5x128,p/256'), base), [[null, 'added', null], ['changed', null], ['added']]);
  assert.deepEqual(changes(parseRows('64,lrn,p/128,p'), base), [[null, 'added', null], [null, null]]);
});

test('what keeps a row from being built is found, with its place', () => {
  const of = (/** @type {string} */ text, /** @type {object} */ more = {}) => problemOf(parseRows(text), { ...OPTIONS, ...more });
  for (const text of [D, ALEXNET]) assert.equal(of(text), null);
  assert.deepEqual(of('p,64'), { code: 'first', module: 0, op: 0, params: {} });
  assert.deepEqual(of('64,p,p,p/64,p,p,p,p', { input_size: 64 }), { code: 'vanish', module: 1, op: 4, params: { cells: 1, kernel: 2, size: 64 } });
  assert.equal(of('64').code, 'fc6');
  assert.deepEqual(of('64').params, { inputs: 64 * 224 * 224, most: 66_000, cells: 224, channels: 64 });
  const wide = of('64,p,p,p,p/2048,2048,2048,2048,2048,2048,2048,2048,2048,2048,2048,p,p');
  assert.equal(wide.code, 'parameters');
  assert.ok(wide.params.parameters > 400e6);
  assert.equal(of('2048,2048,2048,2048,p,p,p,p,p,p').code, 'values');
  assert.equal(of('64,p/7x2048/7x64', { input_size: 64 }).code, 'inputs');
});
