/** A row of one's own, as a text in the address and as modules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changes, conv, formatRows, lrn, parseRows, placeOf, pool, withOp, withoutOp } from '../../www/engine/blocks.js';

const D = '64,64,p/128,128,p/256,256,256,p/512,512,512,p/512,512,512,p';
const ALEXNET = '11x96s4p2,lrn,p3s2/5x256,lrn,p3s2/384/384/256,p3s2';

/** The modules of a text that is a row. @param {string} text */
function rows(text) {
  const modules = parseRows(text);
  assert.ok(modules, text);
  return modules;
}

test('a row is read from its text and written as the same text', () => {
  for (const text of [D, ALEXNET, '1x256', '64,lrn,p/7x3s2', '3']) assert.equal(formatRows(rows(text)), text);
  assert.deepEqual(parseRows('64,1x256,lrn,p'), [[conv(3, 64), conv(1, 256), lrn(), pool()]]);
  assert.deepEqual(parseRows('11x96s4p2'), [[{ op: 'conv', kernel: 11, channels: 96, stride: 4, pad: 2 }]]);
  assert.equal(formatRows(rows('3x64,p2s2,5x8p2')), '64,p,5x8', 'what is usual is left out');
});

test('what is no row is not read', () => {
  const bad = ['', '/', '64,', ',64', '64//64', 'x64', '0', '3x0', '0x3', '16x64', '64s0', '64s9', '64p3', '4096', 'p0s2', 'p2', 'q', '64 ,p', '64,64,p/', '-64', '1e3'];
  for (const text of bad) assert.equal(parseRows(text), null, text);
  assert.equal(parseRows(Array(9).fill('64').join('/')), null, 'too many modules');
  assert.equal(parseRows(Array(65).fill('64').join(',')), null, 'too many layers');
});

test('layers are put in before the pooling and taken out', () => {
  const modules = rows('64,p/128');
  assert.equal(formatRows(withOp(modules, 0, conv(5, 64))[0]), '64,5x64,p/128');
  assert.equal(withOp(modules, 0, lrn())[1], 1);
  assert.equal(formatRows(withOp(modules, 0, pool())[0]), '64,p,p/128');
  assert.equal(formatRows(withOp(modules, 1, pool())[0]), '64,p/128,p');
  assert.equal(formatRows(withoutOp(modules, 0, 1)), '64/128');
  assert.equal(formatRows(withoutOp(modules, 1, 0)), '64,p', 'an empty module goes');
  assert.equal(formatRows(modules), '64,p/128', 'the row given is left as it is');
});

test('what differs from the row it came from', () => {
  const base = rows('64,p/128,p');
  assert.deepEqual(changes(rows('64,64,p/5x128,p/256'), base), [[null, 'added', null], ['changed', null], ['added']]);
  assert.deepEqual(changes(rows('64,lrn,p/128,p'), base), [[null, 'added', null], [null, null]]);
});

test('a layer that the engine counts has its place in the row', () => {
  const modules = rows('64,p/128,lrn,p/256');
  const places = [1, 2, 3, 4, 5, 6].map((layer) => placeOf(modules, layer));
  assert.deepEqual(places.map((place) => place && [place.module, place.op]), [[0, 0], [0, 1], [1, 0], [1, 1], [1, 2], [2, 0]]);
  assert.equal(placeOf(modules, 7), null, 'fc6');
});
