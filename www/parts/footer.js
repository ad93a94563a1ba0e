/** What this is, what it cannot do, and where what you drop goes: nowhere. */
import { h } from '../core/dom.js';
import { say } from '../core/i18n.js';
import { count, percent } from '../core/format.js';
import { titleOf } from '../core/title.js';

/** @param {import('../core/app.js').App} app @param {() => void} openShortcuts */
export function createFooter({ engine, store }, openShortcuts) {
  const model = h('p', {});
  const build = h('p', {});
  const keys = h('p', {}, h('button', { class: 'quiet-button footer-keys', type: 'button', test: 'footer-keys', say: 'keys.title', on: { click: openShortcuts } }));
  const update = () => {
    if (!engine.network) return;
    const { info } = engine.network;
    const { accuracy } = info;
    if (accuracy) {
      say(model, store.state.model === 'shipped' ? 'footer.model' : 'footer.measured', {
        name: titleOf(info),
        size: info.input_size,
        classes: info.class_count,
        top1: percent(accuracy.top1),
        top5: percent(accuracy.top5),
        float1: percent(accuracy.float_top1),
        images: count(accuracy.images),
        licence: info.licence,
      });
    } else {
      say(model, info.trained ? 'footer.unmeasured' : 'footer.untrained', { name: titleOf(info), licence: info.licence });
    }
    say(build, 'footer.build', { simd: info.simd });
  };
  engine.on('network', update);
  return h(
    'footer',
    { class: 'page-footer' },
    h('div', {}, h('h2', { say: 'footer.private.title' }), h('p', { say: 'footer.private' }), build, keys),
    h('div', {}, h('h2', { say: 'footer.model.title' }), model),
    h('div', {}, h('h2', { say: 'footer.limits.title' }), h('p', { say: 'footer.limits' })),
  );
}
