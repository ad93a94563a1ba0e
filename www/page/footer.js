/** What this is, what it cannot do, and where what you drop goes: nowhere. */
import { hosting, whyNot } from '../engine/assets.js';
import { publishedKey } from '../engine/model-name.js';
import { h } from './dom.js';
import { say } from './i18n.js';
import { count, percent } from './format.js';
import { titleOf } from './names.js';
import { createKeeping } from './keeping.js';

/** @param {import('./app.js').App} app @param {() => void} openShortcuts */
export function createFooter(app, openShortcuts) {
  const { engine, store } = app;
  const model = h('p', {});
  const build = h('p', { test: 'footer-build' });
  const limits = h('p', { test: 'footer-build-limits', hidden: true });
  const broken = h('p', { hidden: true });
  const keys = h('p', {}, h('button', { class: 'quiet-button footer-keys', type: 'button', test: 'footer-keys', say: 'keys.title', on: { click: openShortcuts } }));
  const update = () => {
    if (!engine.network) return;
    const { info } = engine.network;
    const { accuracy } = info;
    const key = publishedKey(store.state.model);
    if (key !== null) void tellPublished(key, info);
    else if (accuracy) {
      say(model, ['shipped', 'alike'].includes(store.state.model) ? 'footer.model' : 'footer.measured', {
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
    showBuild(engine.network.build);
  };
  /** @param {string} key @param {import('../engine/protocol.js').NetworkInfo} info of the network that runs */
  async function tellPublished(key, info) {
    const { LICENCE, published } = await app.later();
    const one = published(key);
    if (!one || engine.network?.info !== info) return;
    const figures = { top1: percent(one.top1 / 100), top5: percent(one.top5 / 100) };
    say(model, 'footer.published', { name: one.title, size: info.input_size, classes: info.class_count, licence: LICENCE, ...figures });
  }
  /** @param {import('../engine/protocol.js').Build} runs */
  const showBuild = ({ name, simd, threads, failed }) => {
    say(build, threads > 1 ? 'footer.build.threads' : 'footer.build', { name, simd, threads });
    const wanted = store.state.engine;
    if (wanted && wanted !== name) say(limits, 'footer.build.other', { wanted });
    else if (!wanted && name !== 'threads') say(limits, crossOriginIsolated ? 'footer.build.alone' : 'speed.refused.isolated');
    limits.hidden = wanted ? wanted === name : name === 'threads';
    broken.hidden = failed.length === 0;
    say(broken, 'speed.failed', { kernels: failed.join(', ') });
  };
  engine.on('network', update);
  engine.on('build', update);
  return h(
    'footer',
    { class: 'page-footer' },
    h('div', {}, h('h2', { say: 'footer.private.title' }), h('p', { say: 'footer.private' }), hosting && createKeeping(app, hosting, whyNot), build, limits, broken, keys),
    h('div', {}, h('h2', { say: 'footer.model.title' }), model),
    h('div', {}, h('h2', { say: 'footer.limits.title' }), h('p', { say: 'footer.limits' })),
  );
}
