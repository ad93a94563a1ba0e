/** In the network dialog: the networks kept on this machine, and the offer to keep the file that is open. */
import { keptModel, publishedKey } from '../engine/model-name.js';
import { noticeOf } from '../engine/networks.js';
import { nameOfFile } from '../engine/kept/names.js';
import { download, h } from './dom.js';
import { megabytes } from './format.js';
import { language, say } from './i18n.js';

/** @typedef {import('../engine/kept/kept.js').Kept} Kept */
/** @typedef {import('./i18n.js').Key} Key */
/** `model`: what the state calls it. @typedef {{element: HTMLElement, radio: HTMLInputElement, update: (one: Kept, model: string) => void}} Row */

/** Time between two news of what is under way, in ms. */
const TELL_EVERY = 200;

const DATE = /** @type {const} */ ({ year: 'numeric', month: 'short', day: 'numeric' });

/** @param {number} date */
const dateOf = (date) => () => new Date(date).toLocaleDateString(language() === 'zh' ? 'zh-CN' : 'en-GB', DATE);

/** Tells something in a place that is empty otherwise. @param {HTMLElement} place @param {Key} key @param {import('./i18n.js').Params} [params] */
const tellIn = (place, key, params) => place.replaceChildren(say(h('span', {}), key, params));

/** @param {HTMLElement} place @param {unknown} error what went wrong */
function tellProblemIn(place, error) {
  const { code, params } = noticeOf(error);
  tellIn(place, /** @type {Key} */ (`problem.${code}`), params);
}

/**
 * @param {import('./app.js').App} app
 * @param {typeof import('../engine/kept/kept.js')} kept
 * @param {{list: HTMLElement, offer: HTMLElement}} places where they go
 */
export function createKept({ store, networks }, kept, places) {
  const brief = h('p', { class: 'caption kept-brief', say: 'network.kept.brief', hidden: true });
  const list = h('ul', { class: 'kept-list', 'aria-labelledby': 'kept-title' });
  const status = h('p', { class: 'kept-status', role: 'status', test: 'kept-status', tabindex: -1 });
  places.list.append(h('h3', { id: 'kept-title', say: 'network.kept' }), brief, list, status);
  const why = h('p', { class: 'caption' });
  const keepButton = h('button', { class: 'button', type: 'button', test: 'keep-button', on: { click: () => void keep() } });
  const keepStatus = h('p', { class: 'kept-status', role: 'status', test: 'keep-status' });
  places.offer.append(why, keepButton, keepStatus);
  /** @type {Map<string, Row>} */
  const rows = new Map();
  let isKeeping = false;

  /** @param {Key} key @param {import('./i18n.js').Params} [params] */
  const tell = (key, params) => tellIn(status, key, params);

  /** @param {unknown} error */
  function tellProblem(error) {
    tellProblemIn(status, error);
    show();
  }

  /** Nothing is shown of what is not there. */
  function show() {
    places.list.hidden = rows.size === 0 && !status.hasChildNodes();
    list.hidden = rows.size === 0;
  }

  /** @param {Kept} one @returns {Row} */
  function createRow(one) {
    const { id } = one;
    const radio = h('input', { type: 'radio', name: 'model', id: `kept-${id}`, test: 'kept-radio' });
    const label = h('label', { for: radio.id, test: 'kept-name' });
    const about = h('span', { class: 'caption' });
    const button = (/** @type {'rename' | 'export' | 'remove'} */ what, /** @type {() => void} */ click) =>
      h('button', { class: 'quiet-button', type: 'button', test: `kept-${what}`, say: `network.kept.${what}`, on: { click } });
    const buttons = { rename: button('rename', askName), export: button('export', () => void exportIt()), remove: button('remove', askRemove) };
    const actions = h('span', { class: 'kept-actions' }, buttons.rename, buttons.export, buttons.remove);
    const head = h('div', { class: 'kept-head' }, label, about);
    const more = h('div', { class: 'kept-more', hidden: true });
    const element = h('li', { class: 'kept-row', test: 'kept-row' }, radio, head, actions, more);

    /** @param {Kept} now @param {string} model */
    function update(now, model) {
      one = now;
      element.dataset.name = one.name;
      element.dataset.state = one.isWhole ? 'whole' : 'lost';
      label.textContent = one.name;
      radio.value = model;
      radio.disabled = buttons.rename.disabled = buttons.export.disabled = !one.isWhole;
      say(about, one.isWhole ? 'network.kept.about' : 'network.kept.lost', { size: megabytes(one.bytes), date: dateOf(one.date) });
      for (const [what, button] of Object.entries(buttons)) {
        say(button, /** @type {Key} */ (`network.kept.${what}.name`), { name: one.name }, 'aria-label');
      }
    }

    /** A question in place of the buttons; Escape takes it back, not the dialog. @param {Node[]} content */
    function ask(...content) {
      actions.hidden = true;
      more.hidden = false;
      more.replaceChildren(...content);
    }

    /** @param {HTMLElement} [focus] what gets it back */
    function endQuestion(focus) {
      more.replaceChildren();
      more.hidden = true;
      actions.hidden = false;
      focus?.focus();
    }

    function askName() {
      const input = h('input', { type: 'text', class: 'text-input', test: 'kept-input', maxlength: 80, autocomplete: 'off' });
      say(input, 'network.kept.new-name', { name: one.name }, 'aria-label');
      input.value = one.name;
      const end = () => endQuestion(buttons.rename);
      const save = async () => {
        try {
          const name = await kept.rename(id, input.value);
          if (name !== one.name) tell('network.kept.renamed', { name });
          await refresh();
          end();
        } catch (error) {
          tellProblem(error);
          input.focus();
        }
      };
      input.addEventListener('keydown', (event) => {
        // Until the word is composed, Enter and Escape are the input method's.
        if (event.isComposing || event.key !== 'Enter') return;
        event.preventDefault();
        void save();
      });
      ask(
        input,
        h('button', { class: 'button', type: 'button', test: 'kept-save', say: 'network.kept.save', on: { click: () => void save() } }),
        h('button', { class: 'quiet-button', type: 'button', test: 'kept-cancel', say: 'dialog.cancel', on: { click: end } }),
      );
      input.select();
      input.focus();
    }

    function askRemove() {
      const end = () => endQuestion(buttons.remove);
      const text = say(h('p', { id: `ask-${id}` }), 'network.kept.ask', { name: one.name, size: megabytes(one.bytes) });
      const yes = h('button', {
        class: 'button',
        type: 'button',
        test: 'kept-really',
        say: 'network.kept.remove',
        'aria-describedby': text.id,
        on: { click: () => void remove() },
      });
      ask(text, yes, h('button', { class: 'quiet-button', type: 'button', test: 'kept-cancel', say: 'dialog.cancel', on: { click: end } }));
      yes.focus();
    }

    async function remove() {
      const next = /** @type {HTMLElement | null} */ (element.nextElementSibling ?? element.previousElementSibling);
      try {
        await kept.remove(id);
        tell('network.kept.removed', { name: one.name });
        await refresh();
        (next?.querySelector('button') ?? status).focus();
      } catch (error) {
        endQuestion(buttons.remove);
        tellProblem(error);
      }
    }

    async function exportIt() {
      buttons.export.disabled = true;
      try {
        download(await kept.fileOf(one), `${one.name}.safetensors`);
        tell('network.kept.exported', { name: one.name });
      } catch (error) {
        tellProblem(error);
      }
      buttons.export.disabled = false;
    }

    element.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.isComposing || more.hidden) return;
      event.preventDefault();
      event.stopPropagation();
      /** @type {HTMLElement | null} */ (more.querySelector('[data-testid=kept-cancel]'))?.click();
    });
    return { element, radio, update };
  }

  /** Brings the list up to date; what somebody is at stays as it is. */
  async function refresh() {
    const all = await kept.list();
    for (const [id, { element }] of rows) {
      if (all.some((one) => one.id === id)) continue;
      element.remove();
      rows.delete(id);
    }
    const keys = new Set();
    for (const [i, one] of all.entries()) {
      const row = rows.get(one.id) ?? createRow(one);
      // The newest of a published network is what its address means.
      const isKey = one.key !== null && one.isWhole && publishedKey(one.key) !== null && !keys.has(one.key);
      if (isKey) keys.add(one.key);
      row.update(one, isKey ? /** @type {string} */ (one.key) : keptModel(one.name));
      if (!rows.has(one.id)) list.insertBefore(row.element, list.children[i] ?? null);
      rows.set(one.id, row);
    }
    brief.hidden = rows.size === 0 || (await kept.isLasting()) !== false;
    show();
    offer();
  }

  /** The file that is open can be kept. */
  function offer() {
    const { file } = networks;
    const isOffered = file !== null && !isKeeping;
    why.hidden = keepButton.hidden = !isOffered;
    if (!isOffered) return;
    say(why, 'network.keep.why', { name: file.name });
    say(keepButton, 'network.keep', { size: megabytes(file.blob.size) });
  }

  async function keep() {
    const { file } = networks;
    if (!file || isKeeping) return;
    isKeeping = true;
    offer();
    let told = -Infinity;
    try {
      const { name } = await kept.keep(file.blob, nameOfFile(file.name), (loaded, total) => {
        if (performance.now() - told < TELL_EVERY) return;
        told = performance.now();
        tellIn(keepStatus, 'network.keep.running', { name: file.name, loaded: megabytes(loaded), total: megabytes(total) });
      });
      isKeeping = false;
      networks.rename('file', keptModel(name), file.number);
      await refresh();
      keepStatus.replaceChildren();
      tell('network.keep.done', { name });
      check();
      [...rows.values()].find(({ radio }) => radio.checked)?.radio.focus();
    } catch (error) {
      isKeeping = false;
      tellProblemIn(keepStatus, error);
      offer();
      if (!keepButton.hidden) keepButton.focus();
    }
  }

  /** The network that the state names. */
  function check() {
    const { model } = store.state;
    for (const { radio, element } of rows.values()) radio.checked = [radio.value, keptModel(element.dataset.name ?? '')].includes(model);
  }

  kept.onChange(() => {
    if (places.list.closest('dialog')?.open) refresh().catch(tellProblem);
  });

  return {
    /** The dialog was opened. */
    async open() {
      for (const place of [status, keepStatus]) place.replaceChildren();
      try {
        const swept = await kept.sweep();
        if (swept.length > 0) tell('network.kept.swept', { name: swept[0] });
        await refresh();
        check();
      } catch (error) {
        // Where nothing can be kept, that is told to whom it matters.
        offer();
        if (networks.file) {
          keepButton.hidden = true;
          why.hidden = true;
          tellProblemIn(keepStatus, error);
        }
        show();
      }
    },
  };
}
