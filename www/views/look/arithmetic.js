/** One value worked out with the engine's own integers: a patch, a kernel, their products, the sum, and what is stored of it. */
import { h } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { channelOf, parts, total } from './products.js';
import { real, whole } from '../../page/format.js';
import { newestWins } from '../../page/frame.js';
import { isOff } from './off.js';
import { region } from '../../page/controls.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */
/** @typedef {import('../../engine/protocol.js').WorkedOut} WorkedOut */
/** @typedef {{layer: LayerInfo, channel: number, place: [number, number] | null}} Wanted */

/** Channels with a bar of their own. */
const BARS = 8;
/** A larger kernel's numbers are written small. */
const WIDE = 5;
const COLOURS = /** @type {const} */ (['channel.red', 'channel.green', 'channel.blue']);

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 * @param {(worked: WorkedOut, wanted: Wanted) => void} onWorked hears which cell it is
 */
export function createArithmetic({ engine, store }, scope, onWorked) {
  const where = h('p', { class: 'worked-where' });
  const select = h('select', { id: 'worked-channel', test: 'worked-channel', on: { change: () => choose(Number(select.value)) } });
  const tables = h('div', { class: 'worked-tables' });
  const units = h('p', { class: 'caption' });
  const channelLabel = h('label', { for: 'worked-channel' });
  const oneTitle = h('h3', {});
  const manyTitle = h('h3', {});
  const bars = h('tbody', {});
  const sumRow = h('tfoot', {});
  const steps = h('tbody', {});
  const formula = h('p', { class: 'caption', test: 'worked-formula' });
  const element = h(
    'section',
    { class: 'worked', test: 'arithmetic', label: 'sum.label' },
    where,
    oneTitle,
    h('div', { class: 'tool' }, channelLabel, select),
    region('sum.one', tables),
    units,
    h(
      'div',
      { class: 'worked-results' },
      h(
        'div',
        {},
        manyTitle,
        h('table', { class: 'worked-bars', test: 'worked-bars' }, headRow(['sum.part', 'sum.size', 'sum.integers']), bars, sumRow),
      ),
      h(
        'div',
        {},
        h('h3', { say: 'sum.stored' }),
        h('table', { class: 'worked-steps', test: 'worked-steps' }, headRow(['sum.step', 'sum.integers', 'sum.real']), steps),
        formula,
      ),
    ),
  );

  /** @type {{worked: WorkedOut, wanted: Wanted, list: import('./products.js').Part[]} | null} */
  let shown = null;
  let chosen = 0;

  const ask = newestWins(
    (/** @type {Wanted} */ { layer, channel, place }) => engine.workOut(layer.index, channel, place),
    (worked, wanted) => {
      const isOther = shown?.wanted.layer !== wanted.layer || shown.wanted.channel !== wanted.channel;
      const list = parts(worked);
      shown = { worked, wanted, list };
      // A channel chosen by hand stays while the cell moves.
      if (isOther) chosen = list[0].channel;
      draw();
      onWorked(worked, wanted);
    },
  );

  /** @param {LayerInfo} layer the one that is worked out @param {number} channel of the layer before */
  const nameOf = (layer, channel) => {
    if (layer.index === 1 && layer.input_channels === 3) return t(COLOURS[channel]);
    return t(isAfterUnits(layer) ? 'layer.unit' : 'layer.channel', { channel });
  };

  /** Whether its inputs are single values. @param {LayerInfo} layer */
  const isAfterUnits = ({ index }) => engine.network?.layers[index - 1]?.kind === 'fc';

  function draw() {
    if (!shown) return;
    const { worked, wanted, list } = shown;
    const { layer, channel } = wanted;
    const before = engine.network?.layers[layer.index - 1]?.name ?? '';
    const { kernel, input_channels: channels, bias, sum } = worked;
    Object.assign(element.dataset, { layer: layer.name, channel, y: worked.y, x: worked.x, sum, bias, q: worked.q ?? '', pre: worked.pre, value: worked.value });
    const isUnits = isAfterUnits(layer);
    say(where, isUnits ? 'sum.where.units' : layer.kind === 'fc' ? 'sum.where.unit' : 'sum.where', { layer: layer.name, channel, y: worked.y, x: worked.x, kernel, channels, before });
    select.replaceChildren(
      ...list.map((part) => h('option', { value: part.channel }, `${nameOf(layer, part.channel)}: ${whole(part.sum)}`)),
    );
    say(oneTitle, isUnits ? 'sum.one.units' : layer.kind === 'fc' ? 'sum.one.unit' : 'sum.one');
    drawChannel();
    say(manyTitle, isUnits ? 'sum.many.units' : 'sum.many', { channels });
    say(channelLabel, isUnits ? 'sum.unit' : 'sum.channel');
    const named = list.slice(0, BARS);
    const rest = list.slice(BARS);
    const rows = named.map((part) => barRow(part.sum, nameOf(layer, part.channel), part.channel));
    if (rest.length) rows.push(barRow(total(rest), t(isUnits ? 'sum.rest.units' : 'sum.rest', { channels: rest.length }), null));
    rows.push(barRow(bias, t('sum.bias'), null));
    const values = [...named.map((part) => part.sum), total(rest), bias];
    const low = Math.min(0, ...values);
    const span = Math.max(0, ...values) - low || 1;
    bars.style.setProperty('--zero', String(-low / span));
    rows.forEach(({ bar, value }) => {
      bar.style.left = `${((Math.min(value, 0) - low) / span) * 100}%`;
      bar.style.width = `${(Math.abs(value) / span) * 100}%`;
    });
    bars.replaceChildren(...rows.map(({ row }) => row));
    sumRow.replaceChildren(h('tr', {}, h('th', { scope: 'row', say: 'sum.total' }), h('td', {}), h('td', { test: 'worked-sum' }, whole(sum))));
    markChosen();
    drawSteps(worked, layer, isOff(store.state.off, layer.name, channel));
  }

  /** @param {number} value @param {string} name @param {number | null} channel of the input, to be chosen */
  function barRow(value, name, channel) {
    const bar = h('span', { class: value < 0 ? 'worked-bar is-minus' : 'worked-bar' });
    const title =
      channel === null
        ? name
        : h('button', { class: 'quiet-button', type: 'button', test: 'worked-part', 'data-channel': channel, on: { click: () => choose(channel) } }, name);
    const row = h(
      'tr',
      { 'data-value': value },
      h('th', { scope: 'row' }, title),
      h('td', { class: 'worked-track', 'aria-hidden': 'true' }, h('span', { class: 'worked-axis' }), bar),
      h('td', {}, whole(value)),
    );
    return { row, bar, value };
  }

  /** @param {number} channel of the input */
  function choose(channel) {
    chosen = channel;
    drawChannel();
    markChosen();
  }

  function markChosen() {
    select.value = String(chosen);
    for (const button of bars.querySelectorAll('button')) button.setAttribute('aria-pressed', String(Number(button.dataset.channel) === chosen));
  }

  function drawChannel() {
    if (!shown) return;
    const { worked, wanted } = shown;
    const { kernel, input_scale, weight_scale } = worked;
    const own = channelOf(worked, chosen);
    const isFlat = wanted.layer.kind === 'fc';
    const input = engine.network?.layers[wanted.layer.index - 1];
    const isOutside = (/** @type {number} */ i) => {
      const y = worked.y0 + Math.floor(i / kernel);
      const x = worked.x0 + (i % kernel);
      return !isFlat && input !== undefined && (y < 0 || x < 0 || y >= input.height || x >= input.width);
    };
    tables.replaceChildren(
      square(isFlat ? 'sum.values' : 'sum.patch', own.values, kernel, 'worked-patch', isOutside),
      h('span', { class: 'worked-sign', 'aria-hidden': 'true' }, '×'),
      square(isFlat ? 'sum.weights' : 'sum.kernel', own.kernel, kernel, 'worked-kernel'),
      h('span', { class: 'worked-sign', 'aria-hidden': 'true' }, '='),
      square('sum.products', own.products, kernel, 'worked-products'),
    );
    tables.dataset.sum = String(own.sum);
    say(units, wanted.layer.index === 1 ? 'sum.units.picture' : 'sum.units', {
      products: kernel * kernel,
      sum: whole(own.sum),
      input: real(input_scale),
      weight: real(weight_scale),
    });
  }

  /** @param {WorkedOut} worked @param {LayerInfo} layer @param {boolean} isSilent */
  function drawSteps(worked, layer, isSilent) {
    const { sum, pre, q, value, input_scale, weight_scale, output_scale } = worked;
    const isStored = typeof q === 'number';
    const step = (/** @type {import('../../page/i18n.js').Key} */ key, /** @type {string} */ integer, /** @type {number} */ stands) =>
      h('tr', {}, h('th', { scope: 'row', say: key }), h('td', {}, integer), h('td', {}, real(stands)));
    steps.replaceChildren(
      step('sum.total', whole(sum), pre),
      ...(layer.relu ? [step('sum.relu', whole(Math.max(0, sum)), Math.max(0, pre))] : []),
      ...(isSilent ? [step('sum.off', '0', 0)] : []),
      ...(isStored ? [step('sum.q', String(q), value)] : []),
    );
    say(formula, isStored ? 'sum.formula' : 'sum.formula.score', {
      sum: whole(sum),
      input: real(input_scale),
      weight: real(weight_scale),
      pre: real(pre),
      step: real(output_scale),
      raw: (Math.max(0, pre) / output_scale).toFixed(2),
      q: q ?? '',
    });
  }

  scope.keep(
    store.listen((state, before) => {
      if (state.lang !== before.lang) draw();
    }),
  );

  return { element, ask };
}

/** @param {import('../../page/i18n.js').Key[]} keys */
const headRow = (keys) => h('thead', {}, h('tr', {}, ...keys.map((key) => h('th', { scope: 'col', say: key }))));

/**
 * Numbers in a square, the larger the more coloured.
 * @param {import('../../page/i18n.js').Key} caption @param {number[]} values @param {number} side @param {string} test
 * @param {(i: number) => boolean} [isOutside] which of them are padding
 */
function square(caption, values, side, test, isOutside = () => false) {
  const most = Math.max(...values.map(Math.abs), 1);
  const cell = (/** @type {number} */ i) =>
    h(
      'td',
      {
        class: isOutside(i) ? 'is-outside' : values[i] < 0 ? 'is-minus' : 'is-plus',
        style: `--part: ${(Math.abs(values[i]) / most).toFixed(3)}`,
        title: isOutside(i) ? t('sum.outside') : null,
      },
      whole(values[i]),
    );
  const rows = Array.from({ length: side }, (_, y) => h('tr', {}, ...Array.from({ length: side }, (_, x) => cell(y * side + x))));
  return h('table', { class: side > WIDE ? 'worked-square is-wide' : 'worked-square', test }, h('caption', { say: caption }), h('tbody', {}, ...rows));
}
