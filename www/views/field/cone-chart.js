/** What one cell sees, level by level from the last layer down to the pixels, in one dimension and to scale. */
import { svg } from '../../page/dom.js';
import { t } from '../../page/i18n.js';
import { cone, fields } from './fields.js';
import { createChart } from '../../page/chart.js';

/** @typedef {import('./fields.js').Window} Window */

const CELL = 22;
const LEVEL = 42;
const LABEL = 112;
/** Narrower cells are drawn as one bar. */
const THIN = 3;

/**
 * @param {import('../../page/scope.js').Scope} scope
 * @param {string} test
 */
export function createConeChart(scope, test) {
  /** @type {Window[]} */
  let windows = [];
  let goal = 1;

  /** @param {number} room */
  function draw(room) {
    if (room < LABEL + 40) return null;
    const unit = Math.min(CELL, (room - LABEL) / goal);
    const all = fields(windows);
    const levels = cone(windows);
    const height = levels.length * LEVEL;
    const middle = LABEL + (room - LABEL) / 2;
    const eye = all[all.length - 1].offset + all[all.length - 1].size / 2;
    // The level's cells as spans of pixels around the middle of what the last cell sees.
    const spans = levels.map(({ first, last }, i) => {
      const { jump, offset, size } = all[i];
      const start = offset + size / 2 - jump / 2 - eye;
      return { from: middle + (start + first * jump) * unit, cells: last - first + 1, width: jump * unit };
    });
    const top = (/** @type {number} */ i) => height - (i + 1) * LEVEL + 8;
    const shapes = spans.flatMap(({ from, cells, width }, i) => {
      const y = top(i);
      const above = spans[i + 1];
      /** @type {SVGElement[]} */
      const rows = above
        ? [svg('path', { class: 'cone-light', d: `M${from} ${y}L${above.from} ${y - LEVEL + CELL}h${above.width * above.cells}L${from + cells * width} ${y}Z` })]
        : [];
      const kind = i === 0 ? 'pixel' : windows[i - 1].kind;
      if (width < THIN) rows.push(svg('rect', { class: `cone-cell cone-${kind}`, x: from, y, width: cells * width, height: CELL }));
      else {
        for (let c = 0; c < cells; c++) {
          rows.push(svg('rect', { class: `cone-cell cone-${kind}`, x: from + c * width + 0.5, y, width: width - 1, height: CELL }));
        }
      }
      rows.push(svg('text', { class: 'cone-name', x: 0, y: y + 15 }, levelName(i)), svg('text', { class: 'cone-count', x: LABEL - 10, y: y + 15, 'text-anchor': 'end' }, String(cells)));
      return rows;
    });
    const label = t('field.cone', { levels: spans.map(({ cells }, i) => `${levelName(i)} ${cells}`).toReversed().join(', ') });
    return { height, label, shapes };
  }

  /** @param {number} i */
  function levelName(i) {
    if (i === 0) return t('field.pixels');
    const { kind, kernel } = windows[i - 1];
    return kind === 'pool' ? t('field.pool.short') : `${kernel}×${kernel}`;
  }

  const { element, redraw } = createChart(scope, 'cone-chart', draw, test);
  return {
    element,
    /** @param {Window[]} next @param {number} size of the widest field, which fills the room */
    show(next, size) {
      windows = next;
      goal = size;
      redraw();
    },
  };
}
