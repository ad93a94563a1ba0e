/** The rows trained here beside the paper's: a plot, a table, and the way into each of the networks. */
import { h } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { hasAlike } from '../../engine/assets.js';
import { changedFrom } from '../../engine/networks.js';
import { parseColumns } from '../../page/columns.js';
import { signed } from '../../page/format.js';
import { ALIKE, alikeError, change, DEPTHS, errorOf, point, ROWS } from '../../page/results.js';
import { createAlikeChart } from './alike-chart.js';
import { region } from '../../page/controls.js';

/** @typedef {import('../../page/i18n.js').Key} Key */
/** @typedef {import('../../page/results.js').Metric} Metric */

/** What is set side by side on a picture: depth, the same in all else. */
const SIDE_BY_SIDE = 'alike-A,alike-D,alike-E';

/** @param {import('../../page/app.js').App} app @param {import('../../page/scope.js').Scope} scope */
export function createAlikePanel({ store }, scope) {
  const chart = createAlikeChart(scope);
  const title = h('h2', { say: 'experiments.alike' });
  const plot = h('h3', {});
  const body = h('tbody', {});
  const heads = h('thead', {});
  const compare = h('button', {
    class: 'button',
    type: 'button',
    test: 'alike-compare',
    say: 'experiments.alike.compare',
    on: { click: () => store.set({ view: 'compare', nets: parseColumns(SIDE_BY_SIDE) }, { step: true }) },
  });

  /** @param {import('../../page/results.js').Alike} alike @param {Metric} metric */
  function tableRow({ row, ...errors }, metric) {
    const from = changedFrom(row);
    const isPaper = ROWS.includes(row);
    const open = h('button', {
      class: 'quiet-button',
      type: 'button',
      test: 'alike-open',
      'data-row': row,
      say: 'experiments.alike.open',
      on: { click: () => store.set({ view: 'look', model: 'alike', net: row, seed: null, channel: null }, { step: true }) },
    });
    say(open, 'experiments.alike.open.row', { row }, 'aria-label');
    return h(
      'tr',
      { test: 'alike-row', 'data-row': row },
      h('th', { scope: 'row' }, row),
      h('td', {}, String(DEPTHS[row])),
      h('td', {}, errors[metric].toFixed(1)),
      h('td', {}, from ? t('experiments.alike.than', { points: signed(alikeError(row, metric) - alikeError(from, metric)), row: from }) : '–'),
      h('td', {}, isPaper ? errorOf(point(row), metric).toFixed(1) : '–'),
      h('td', {}, from ? signed(change([point(from), point(row)], metric)) : '–'),
      h('td', {}, hasAlike ? open : null),
    );
  }

  const element = h(
    'section',
    { class: 'alike', test: 'alike-panel' },
    title,
    h('p', { class: 'caption', say: 'experiments.alike.caption' }),
    h(
      'div',
      { class: 'trade-grid' },
      h('div', {}, plot, chart.element),
      h(
        'div',
        { class: 'trade-side' },
        region('experiments.alike', h('table', { class: 'cost-table alike-table', test: 'alike-table' }, heads, body)),
        h('p', { say: 'experiments.alike.found' }),
        hasAlike ? h('div', { class: 'trade-measure' }, compare) : h('p', { class: 'caption', say: 'problem.alike-missing' }),
      ),
    ),
  );
  return {
    element,
    /** @param {Metric} metric */
    show(metric) {
      const params = { metric: t(`experiments.${metric}`) };
      say(plot, 'experiments.alike.chart', params);
      chart.show(metric);
      const keys = /** @type {Key[]} */ (['networks.row', 'networks.deep', 'experiments.alike.here', 'experiments.alike.change', 'experiments.alike.paper', 'experiments.alike.change.paper']);
      heads.replaceChildren(h('tr', {}, ...keys.map((key) => h('th', { scope: 'col', say: key })), h('th', { scope: 'col' }, h('span', { class: 'visually-hidden', say: 'experiments.alike.open' }))));
      body.replaceChildren(...ALIKE.map((alike) => tableRow(alike, metric)));
    },
  };
}
