/** In the network dialog: the published networks, what each is, and the ways to get it. */
import { Partials } from '../engine/import/partial.js';
import { hereAndNow } from '../engine/kept/world.js';
import { publishedModel } from '../engine/model-name.js';
import { addressOf, baseFrom, bytesOf, HUB, LICENCE, PUBLISHED } from '../engine/published.js';
import { Problem } from '../engine/problem.js';
import { h } from './dom.js';
import { megabytes, percent } from './format.js';
import { say } from './i18n.js';
import { recall, remember } from './storage.js';

/** @typedef {import('../engine/published.js').Published} Published */
/** @typedef {import('./i18n.js').Key} Key */
/** @typedef {import('../engine/import/partial.js').Half} Half */
/**
 * `update`: it is known whether it is kept, or has come in part; `point`: where it is fetched from, too.
 * @typedef {{update: (isKept: boolean, half: Half | null) => void, point: () => void, element: HTMLElement, button: HTMLButtonElement}} Row
 */

/** What the browser remembers the base address as. */
const BASE = 'hub';

/** What a person has set since the page was loaded. @type {string | null} */
let chosen = null;

/** Where networks are fetched from: what a person has set, if it still makes sense here. */
function base() {
  try {
    return chosen ?? baseFrom(recall(BASE) ?? '');
  } catch {
    return HUB;
  }
}

/** Whether bytes cost something here, as far as the browser says. */
function isMetered() {
  const { saveData, type } = /** @type {any} */ (navigator).connection ?? {};
  return saveData === true || type === 'cellular';
}

/**
 * @param {typeof import('../engine/kept/kept.js')} kept
 * @param {HTMLElement} place where it goes
 * @param {object} ways
 * @param {(file: import('../engine/import/hub.js').HubFile, about: import('./importer.js').About) => void} ways.get
 * @param {(model: string) => void} ways.use
 */
export function createPublished(kept, place, { get, use }) {
  const partials = new Partials(hereAndNow);
  const list = h('ul', { class: 'published-list', 'aria-labelledby': 'published-title' });
  const status = h('p', { class: 'kept-status', role: 'status', test: 'published-status' });
  const from = h('span', { test: 'published-base' });
  const change = h('button', { class: 'quiet-button', type: 'button', test: 'published-change', say: 'published.change', on: { click: askBase } });
  const fromRow = h('p', { class: 'published-from caption' }, from, ' ', change);
  const baseForm = h('div', { class: 'published-base', hidden: true });
  place.append(
    h('p', { class: 'caption', say: 'published.what' }),
    list,
    status,
    h('p', { class: 'caption', say: 'published.hand' }),
    fromRow,
    baseForm,
    say(h('p', { class: 'caption' }), 'published.measured', { licence: LICENCE }),
  );
  /** @type {Map<string, Row>} */
  const rows = new Map();

  /** @param {Key} key @param {import('./i18n.js').Params} [params] */
  const tell = (key, params) => status.replaceChildren(say(h('span', {}), key, params));

  /** @param {Published} one @returns {Row} */
  function createRow(one) {
    const { key, title, top1, top5 } = one;
    const size = megabytes(bytesOf(one));
    const link = h('a', { class: 'published-file', target: '_blank', rel: 'noreferrer', test: 'published-file', say: 'published.file' });
    const copy = h('button', { class: 'quiet-button', type: 'button', test: 'published-copy', say: 'published.copy', on: { click: () => void copyAddress() } });
    const button = h('button', { class: 'button', type: 'button', test: 'published-get', on: { click: () => (isKept ? use(publishedModel(key)) : ask()) } });
    const discard = h('button', { class: 'quiet-button', type: 'button', test: 'published-discard', say: 'published.discard', on: { click: () => void forget() } });
    say(discard, 'published.discard.name', { name: title }, 'aria-label');
    const actions = h('span', { class: 'kept-actions' }, link, copy, discard, button);
    const more = h('div', { class: 'kept-more', hidden: true });
    const about = say(h('span', { class: 'caption' }), 'published.accuracy', { top1: percent(top1 / 100), top5: percent(top5 / 100) });
    const room = say(h('span', { class: 'caption' }), 'published.kept', { size: megabytes(one.kept) });
    const head = h('div', { class: 'kept-head' }, h('strong', {}, title), about, ' · ', room);
    const element = h('li', { class: 'published-row', test: 'published-row', 'data-key': key }, head, actions, more);
    let isKept = false;
    /** What has come of it. @type {Half | null} */
    let half = null;
    say(link, 'published.file.name', { name: title }, 'aria-label');
    say(copy, 'published.copy.name', { name: title }, 'aria-label');

    async function copyAddress() {
      try {
        await navigator.clipboard.writeText(link.href);
        tell('published.copied');
      } catch {
        // Selected, it can be copied by hand.
        const text = h('input', { type: 'text', class: 'text-input', readonly: true, label: 'copy.text' });
        text.value = link.href;
        status.replaceChildren(say(h('span', {}), 'copy.refused'), text);
        text.select();
      }
    }

    async function forget() {
      if (half) await partials.discard(half.id);
      await update();
      tell('published.discarded', { name: title });
      button.focus();
    }

    /** Where bytes cost something it is asked first. */
    function ask() {
      if (!isMetered()) return fetchIt();
      const size = megabytes(bytesOf(one) - (half?.bytes ?? 0));
      const text = say(h('p', { id: `ask-${key}` }), 'published.metered', { name: title, size });
      const yes = h('button', { class: 'button', type: 'button', test: 'published-anyway', 'aria-describedby': text.id, on: { click: fetchIt } });
      say(yes, 'published.anyway', { size });
      const no = h('button', { class: 'quiet-button', type: 'button', test: 'published-cancel', say: 'dialog.cancel', on: { click: end } });
      actions.hidden = true;
      more.hidden = false;
      more.replaceChildren(text, yes, no);
      yes.focus();
    }

    function end() {
      more.replaceChildren();
      more.hidden = true;
      actions.hidden = false;
      button.focus();
    }

    function fetchIt() {
      end();
      // What has begun to come goes on from where it began.
      const file = half?.file ?? { kind: /** @type {const} */ ('hub'), ...addressOf(one, base()), key: publishedModel(key) };
      get(file, { name: `${title} ImageNet`, licence: LICENCE, origin: file.url, key: publishedModel(key), isWanted: true });
    }

    element.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || more.hidden) return;
      event.preventDefault();
      event.stopPropagation();
      end();
    });
    return {
      element,
      button,
      update(isKeptNow, halfNow) {
        isKept = isKeptNow;
        half = isKept ? null : halfNow;
        const state = isKept ? 'kept' : half ? 'half' : 'missing';
        const what = { kept: 'use', half: 'goon', missing: 'get' }[state];
        const params = { name: title, size, bytes: megabytes(half?.bytes ?? 0) };
        element.dataset.state = state;
        discard.hidden = half === null;
        say(button, /** @type {Key} */ (`published.${what}`), params);
        say(button, /** @type {Key} */ (`published.${what}.name`), params, 'aria-label');
      },
      point: () => void (link.href = addressOf(one, base()).url),
    };
  }

  for (const one of PUBLISHED) {
    const row = createRow(one);
    row.point();
    row.update(false, null);
    rows.set(one.key, row);
    list.append(row.element);
  }

  /** A question in place of the line; Escape takes it back, not the dialog. */
  function askBase() {
    const input = h('input', { type: 'text', class: 'text-input', test: 'published-input', label: 'published.base', inputmode: 'url', autocomplete: 'off', spellcheck: 'false', maxlength: 500 });
    input.value = base() === HUB ? '' : base();
    input.placeholder = HUB;
    const why = h('p', { class: 'kept-status', role: 'status', test: 'published-why' });
    const end = () => {
      baseForm.hidden = true;
      fromRow.hidden = false;
      change.focus();
    };
    const set = (/** @type {string} */ text) => {
      try {
        chosen = baseFrom(text);
        remember(BASE, chosen);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        why.replaceChildren(say(h('span', {}), /** @type {Key} */ (`problem.${error.code}`), error.params));
        input.focus();
        return;
      }
      void update();
      end();
      tell('published.saved', { base: base() });
    };
    const reset = h('button', { class: 'quiet-button', type: 'button', test: 'published-reset', on: { click: () => set('') } });
    say(reset, 'published.reset', { base: new URL(HUB).host });
    const what = h('p', { class: 'caption' });
    say(what, 'published.base.what', { path: '/timm/vgg16.tv_in1k/resolve/main/model.safetensors', base: HUB });
    baseForm.replaceChildren(
      input,
      h('button', { class: 'button', type: 'button', test: 'published-save', say: 'published.save', on: { click: () => set(input.value) } }),
      reset,
      h('button', { class: 'quiet-button', type: 'button', say: 'dialog.cancel', on: { click: end } }),
      why,
      what,
    );
    baseForm.onkeydown = (event) => {
      if (event.isComposing || !['Enter', 'Escape'].includes(event.key) || (event.key === 'Enter' && event.target !== input)) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.key === 'Enter') set(input.value);
      else end();
    };
    fromRow.hidden = true;
    baseForm.hidden = false;
    input.focus();
  }

  async function update() {
    say(from, 'published.from', { base: base() });
    for (const row of rows.values()) row.point();
    // Where nothing can be kept, that is told by whoever would keep it.
    const [all, halves] = await Promise.all([kept.list().catch(() => []), partials.list()]);
    for (const [key, row] of rows) {
      const model = publishedModel(key);
      row.update(all.some((one) => one.isWhole && one.key === model), halves.find(({ file }) => file.key === model) ?? null);
    }
  }

  kept.onChange(() => {
    if (place.closest('dialog')?.open) void update();
  });

  return {
    /** The dialog was opened. @param {string} [key] of the network that is asked for */
    async open(key) {
      status.replaceChildren();
      await update();
      const row = key === undefined ? undefined : rows.get(key);
      for (const { element } of rows.values()) element.classList.toggle('is-asked', element === row?.element);
      row?.element.scrollIntoView({ block: 'center' });
      row?.button.focus();
    },
  };
}
