/** One of the networks set side by side: which it is, what it says, what it costs, and maps of one of its modules. */
import { h } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { BUILDS, NETWORKS, sizesOf, WIDTHS } from '../../page/address.js';
import { hasAlike } from '../../engine/assets.js';
import { keptModel, keptName } from '../../engine/model-name.js';
import { LIMITS } from '../../engine/table.js';
import { ALIKE_ROWS } from '../../page/columns.js';
import { megabytes, milliseconds, percent, shape, short } from '../../page/format.js';
import { rowName, titleOf } from '../../page/names.js';
import { createRanking } from '../../page/ranking.js';

/** @typedef {import('../../page/columns.js').Column} Column */
/** @typedef {import('../../page/i18n.js').Key} Key */
/**
 * What a network did with the picture.
 * @typedef {object} Ran
 * @property {import('../../engine/protocol.js').NetworkInfo} info
 * @property {import('../../engine/protocol.js').LayerInfo[]} layers
 * @property {import('../../engine/protocol.js').LayerResult[]} results
 * @property {import('../../engine/protocol.js').Prediction[]} top
 * @property {ImageData} seen
 * @property {import('../../engine/protocol.js').Bench} bench
 */
/** @typedef {{ran: Ran} | {state: 'waiting' | 'running'} | import('../../engine/beside.js').Refusal} Outcome */

/** What a column may be, in groups with a name. @type {[Key | null, string[]][]} */
const GROUPS = [
  [null, ['shipped', 'page']],
  ['compare.group.alike', hasAlike ? [...ALIKE_ROWS.keys()] : []],
  ['compare.group.untrained', NETWORKS],
];
const SAID = /** @type {Record<string, Key>} */ ({ shipped: 'network.shipped', page: 'compare.page' });

const MAPS_A_ROW = 4;
export const MAPS = 8;

/**
 * @param {number} number of the column, from 1
 * @param {Column} column
 * @param {(column: Column) => void} change
 * @param {(() => void) | null} remove
 * @param {string[]} kept names of the networks on this machine
 */
export function createColumn(number, column, change, remove, kept) {
  const choose = (/** @type {Key} */ label, /** @type {string} */ test, /** @type {[any, string][]} */ choices, /** @type {keyof Column} */ key) => {
    const select = h(
      'select',
      { test, on: { change: () => change({ ...column, [key]: choices[select.selectedIndex][0] }) } },
      ...choices.map(([value, text]) => h('option', { value: value ?? '' }, text)),
    );
    select.selectedIndex = choices.findIndex(([value]) => value === column[key]);
    return h('label', { class: 'control' }, h('span', { say: label }), select);
  };
  const own = keptName(column.net);
  // It may have been removed since.
  const names = own === null || kept.includes(own) ? kept : [...kept, own];
  const groups = [...GROUPS, /** @type {[Key, string[]]} */ (['network.kept', names.map(keptModel)])];
  const options = new Map(groups.flatMap(([, ids]) => ids).map((id) => [id, h('option', { value: id }, keptName(id) ?? rowName(ALIKE_ROWS.get(id) ?? id))]));
  for (const [id, key] of Object.entries(SAID)) say(/** @type {Element} */ (options.get(id)), key);
  const net = h(
    'select',
    { test: 'compare-net', on: { change: () => change({ ...column, net: net.value, size: Math.max(column.size, sizesOf(net.value)[0] ?? 0) }) } },
    ...groups.filter(([, ids]) => ids.length).flatMap(([key, ids]) => {
      const inside = ids.map((id) => /** @type {HTMLElement} */ (options.get(id)));
      return key ? [say(h('optgroup', {}, ...inside), key, {}, 'label')] : inside;
    }),
  );
  net.value = column.net;
  const seed = h('input', {
    type: 'number',
    min: 0,
    max: LIMITS.seed,
    step: 1,
    value: column.seed,
    test: 'compare-seed',
    on: {
      change() {
        if (seed.value !== '' && seed.validity.valid) change({ ...column, seed: Number(seed.value) });
      },
    },
  });
  const build = choose('speed.build', 'compare-build', [[null, ''], ...BUILDS.map((name) => /** @type {[any, string]} */ ([name, name]))], 'build');
  say(/** @type {Element} */ (build.querySelector('option')), 'compare.build.best');
  const isRow = NETWORKS.includes(column.net);
  const controls = h(
    'div',
    { class: 'compare-controls' },
    h('label', { class: 'control' }, h('span', { say: 'network.net' }), net),
    isRow ? choose('network.width', 'compare-width', WIDTHS.map((width) => [width, `× ${width}`]), 'width') : null,
    isRow ? choose('network.size', 'compare-size', sizesOf(column.net).map((size) => [size, `${size}`]), 'size') : null,
    isRow ? h('label', { class: 'control' }, h('span', { say: 'network.seed' }), seed) : null,
    build,
  );

  const title = h('h3', { test: 'compare-title' });
  const status = h('p', { class: 'caption', role: 'status' });
  const seen = h('canvas', { class: 'seen pixels', role: 'img', label: 'predictions.seen', width: 1, height: 1 });
  const ranking = createRanking({ test: 'compare-ranking', label: 'predictions.title' });
  const facts = h('dl', { class: 'compare-facts' });
  const maps = h('canvas', { class: 'compare-maps pixels', role: 'img', test: 'compare-maps', width: 1, height: 1 });
  const caption = h('p', { class: 'caption' });
  const body = h(
    'div',
    { class: 'compare-body' },
    h('div', { class: 'compare-head' }, seen, facts),
    ranking.element,
    h('div', { class: 'compare-map-box' }, maps),
    caption,
  );
  const element = h(
    'section',
    { class: 'compare-column', test: 'compare-column' },
    h(
      'div',
      { class: 'compare-title' },
      title,
      remove ? h('button', { class: 'quiet-button', type: 'button', test: 'compare-remove', say: 'compare.remove', on: { click: remove } }) : null,
    ),
    controls,
    status,
    body,
  );
  element.setAttribute('data-net', column.net);
  say(element, 'compare.column', { number }, 'aria-label');
  say(title, 'compare.column', { number });

  /** @param {Ran} ran @param {number} depth a module */
  function showMaps({ layers, results }, depth) {
    const layer = layers.findLast(({ module, kind }) => module === depth && kind === 'conv');
    const strip = layer && results[layer.index]?.strip;
    maps.hidden = !strip;
    if (!layer || !strip) {
      caption.textContent = '';
      return;
    }
    const { width, height, name } = layer;
    const order = [...strip.order].slice(0, MAPS);
    // Gaps of a part of a map look alike in maps of any size.
    const gap = Math.max(1, Math.round(width / 24));
    maps.width = MAPS_A_ROW * (width + gap) - gap;
    maps.height = Math.ceil(order.length / MAPS_A_ROW) * (height + gap) - gap;
    const context = /** @type {CanvasRenderingContext2D} */ (maps.getContext('2d'));
    order.forEach((_, i) => {
      const x = (i % MAPS_A_ROW) * (width + gap);
      const y = Math.floor(i / MAPS_A_ROW) * (height + gap);
      context.drawImage(strip.bitmap, i * width, 0, width, height, x, y, width, height);
    });
    maps.dataset.layer = name;
    maps.setAttribute('aria-label', t('layer.strip', { name, channels: order.join(', ') }));
    say(caption, 'compare.maps.caption', { name, shape: shape(layer), maps: order.length });
  }

  /** @param {Ran} ran */
  function showFacts({ info, bench }) {
    const fact = (/** @type {Key} */ key, /** @type {string} */ value, data = {}) => h('div', {}, h('dt', { say: key }), h('dd', data, value));
    facts.replaceChildren(
      fact('compare.time', milliseconds(bench.ms), { class: 'compare-ms', test: 'compare-ms', 'data-ms': bench.ms }),
      info.accuracy ? fact('compare.accuracy', percent(info.accuracy.top1), { test: 'compare-accuracy' }) : '',
      fact('memory.parameters', short(info.parameters), { 'data-parameters': info.parameters }),
      fact('memory.macs', short(info.macs)),
      fact('compare.memory', megabytes(info.weight_bytes + info.activation_bytes)),
    );
  }

  return {
    element,
    /** @param {Outcome} outcome @param {number} depth */
    show(outcome, depth) {
      const ran = 'ran' in outcome ? outcome.ran : null;
      element.dataset.state = ran ? 'done' : 'state' in outcome ? outcome.state : 'failed';
      body.hidden = !ran;
      if ('message' in outcome) status.textContent = outcome.message;
      else if ('key' in outcome) say(status, outcome.key, outcome.params);
      else if ('state' in outcome) say(status, outcome.state === 'running' ? 'compare.running' : 'compare.waiting');
      if (!ran) return;
      const { info, bench, top } = ran;
      const { build: used } = bench;
      say(status, info.trained ? 'compare.trained' : 'compare.untrained', { size: info.input_size, width: info.width, seed: info.seed ?? '', build: used.name, threads: used.threads });
      say(title, 'compare.titled', { number, name: titleOf(info) });
      seen.width = ran.seen.width;
      seen.height = ran.seen.height;
      seen.getContext('2d')?.putImageData(ran.seen, 0, 0);
      ranking.show(info, top);
      showFacts(ran);
      showMaps(ran, depth);
    },
  };
}
