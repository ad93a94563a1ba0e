/** Classes with their probabilities, best first; where they can be chosen, each is a button. */
import { h } from './dom.js';
import { language } from './i18n.js';
import { percent } from './format.js';
import { classNames } from './names.js';

/** @typedef {{class: number, probability: number}} Ranked */

/**
 * @param {object} options
 * @param {string} options.test
 * @param {import('./i18n.js').Key} options.label
 * @param {(index: number) => void} [options.choose] a class
 */
export function createRanking({ test, label, choose }) {
  const list = h('ol', { class: 'predictions', test, label });

  /** @param {import('../engine/protocol.js').NetworkInfo} info @param {Ranked} ranked @param {number | null} chosen */
  function row(info, { class: index, probability }, chosen) {
    const [first, second] = classNames(info, index);
    const parts = [
      h(
        'span',
        { class: 'prediction-names' },
        h('span', { class: 'prediction-name' }, first),
        h('span', { class: 'prediction-other', lang: language() === 'zh' ? 'en' : 'zh-CN' }, second),
      ),
      h('span', { class: 'prediction-value' }, percent(probability)),
      h(
        'span',
        { class: 'prediction-track', 'aria-hidden': 'true' },
        h('span', { class: 'prediction-bar', style: `transform: scaleX(${probability})` }),
      ),
    ];
    const facts = { 'data-class': index, 'data-probability': probability };
    if (!choose) return h('li', { class: 'prediction', ...facts }, ...parts);
    const button = h(
      'button',
      { class: 'prediction prediction-button', type: 'button', 'aria-pressed': String(index === chosen), on: { click: () => choose(index) } },
      ...parts,
    );
    return h('li', facts, button);
  }

  return {
    element: list,
    /**
     * @param {import('../engine/protocol.js').NetworkInfo} info
     * @param {Ranked[]} ranked
     * @param {number | null} [chosen]
     */
    show(info, ranked, chosen = null) {
      const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.closest('li');
      const kept = focused && list.contains(focused) ? focused.dataset.class : undefined;
      list.replaceChildren(...ranked.map((one) => row(info, one, chosen)));
      if (kept !== undefined) /** @type {HTMLElement | null} */ (list.querySelector(`[data-class="${kept}"] button`))?.focus();
    },
  };
}
