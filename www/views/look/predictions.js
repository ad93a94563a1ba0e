/** What the network sees and what it takes it for. */
import { h } from '../../page/dom.js';
import { language, say, t } from '../../page/i18n.js';
import { milliseconds, percent } from '../../page/format.js';
import { classNames } from '../../page/names.js';
import { createOffList } from './off-list.js';

const ROWS = 5;

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createPredictions(app, scope) {
  const { engine, store } = app;
  const seen = h('canvas', { class: 'seen pixels', test: 'seen', role: 'img', label: 'predictions.seen', width: 1, height: 1 });
  const caption = h('p', { class: 'caption' });
  // One more than are shown: room for what was best before channels were switched off.
  const rows = Array.from({ length: ROWS + 1 }, () => {
    const name = h('span', { class: 'prediction-name' });
    const other = h('span', { class: 'prediction-other' });
    const value = h('span', { class: 'prediction-value' });
    const bar = h('span', { class: 'prediction-bar' });
    const former = h('span', { class: 'prediction-former' });
    const row = h(
      'li',
      { class: 'prediction', test: 'prediction' },
      h('span', { class: 'prediction-names' }, name, other),
      value,
      h('span', { class: 'prediction-track', 'aria-hidden': 'true' }, former, bar),
    );
    return { row, name, other, value, bar, former };
  });
  const cover = h('button', {
    class: 'button',
    type: 'button',
    test: 'occlusion-button',
    say: 'occlusion.open',
    hint: 'occlusion.title',
    on: { click: () => store.set({ study: 'occlusion' }, { step: true }) },
  });
  const why = h('button', {
    class: 'button',
    type: 'button',
    test: 'why-button',
    say: 'why.open',
    hint: 'why.title',
    on: { click: () => store.set({ study: 'why' }, { step: true }) },
  });
  const list = h('ol', { class: 'predictions', test: 'predictions', label: 'predictions.title' }, ...rows.slice(0, ROWS).map(({ row }) => row));
  const root = h(
    'section',
    { class: 'predictions-panel' },
    h(
      'div',
      { class: 'predictions-head' },
      seen,
      h('div', {}, h('div', { class: 'predictions-title' }, h('h2', { say: 'predictions.title' }), h('span', { class: 'predictions-studies' }, why, cover)), caption),
    ),
    list,
    createOffList(app, scope),
  );

  const drawSeen = () => {
    if (!engine.seen) return;
    seen.width = engine.seen.width;
    seen.height = engine.seen.height;
    seen.getContext('2d')?.putImageData(engine.seen, 0, 0);
  };
  const update = () => {
    const { network, top, probabilities, before } = engine;
    root.classList.toggle('is-empty', top.length === 0);
    if (!network) return;
    const { info } = network;
    const key = info.trained ? 'predictions.caption' : 'predictions.untrained';
    // The time is that of what is shown.
    caption.hidden = top.length === 0;
    say(caption, key, { size: info.input_size, count: info.class_count, ms: milliseconds(engine.ms, engine.tick) });
    const shown = top.map(({ class: index, probability }) => ({ class: index, probability }));
    const best = before ? before.indexOf(Math.max(...before)) : -1;
    if (before && probabilities && !shown.some((one) => one.class === best)) shown.push({ class: best, probability: probabilities[best] });
    rows.forEach(({ row, name, other, value, bar, former }, i) => {
      const prediction = shown[i];
      row.hidden = !prediction;
      if (i === ROWS && prediction) list.append(row);
      else if (i === ROWS) row.remove();
      if (!prediction) return;
      const [first, second] = classNames(info, prediction.class);
      name.textContent = first;
      other.textContent = second;
      other.lang = language() === 'zh' ? 'en' : 'zh-CN';
      const now = percent(prediction.probability);
      value.textContent = before ? t('predictions.change', { before: percent(before[prediction.class]), now }) : now;
      former.hidden = !before;
      former.style.transform = `scaleX(${before?.[prediction.class] ?? 0})`;
      row.dataset.before = before ? String(before[prediction.class]) : '';
      bar.style.transform = `scaleX(${prediction.probability})`;
      row.dataset.class = String(prediction.class);
      row.dataset.probability = String(prediction.probability);
    });
  };
  scope.keep(engine.on('start', drawSeen));
  scope.keep(engine.on('network', update));
  scope.keep(engine.on('top', update));
  scope.keep(engine.on('done', update));
  scope.keep(
    store.listen((state, before) => {
      if (state.lang !== before.lang) update();
    }),
  );
  drawSeen();
  update();
  return root;
}
