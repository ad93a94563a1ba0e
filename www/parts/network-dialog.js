/** Which network: the shipped one, one of the rows trained alike, an untrained one of any row, or a model file. */
import { h } from '../core/dom.js';
import { say } from '../core/i18n.js';
import { NETWORKS, SIZES, WIDTHS } from '../core/address.js';
import { inTable, rowOf } from '../core/app.js';
import { hasAlike } from '../core/assets.js';
import { sum } from '../core/costs.js';
import { megabytes, percent, short } from '../core/format.js';
import { ALIKE } from '../core/results.js';

const NAMES = { A: 'VGG-11', 'A-LRN': 'VGG-11, LRN', B: 'VGG-13', C: 'VGG-16, 1×1', D: 'VGG-16', E: 'VGG-19' };
const MODELS = /** @type {const} */ (['shipped', 'alike', 'untrained', 'file']);
/** @param {string} id of a row */
const nameOf = (id) => (id in NAMES ? `${id} · ${NAMES[/** @type {'A'} */ (id)]}` : id);

/** @param {import('../core/app.js').App} app */
export function createNetworkDialog(app) {
  const { engine, store } = app;
  const net = h(
    'select',
    { id: 'net-select', test: 'net-select' },
    ...NETWORKS.map((id) => h('option', { value: id }, nameOf(id))),
  );
  const alike = h(
    'select',
    { id: 'alike-select', test: 'alike-select' },
    ...ALIKE.map(({ row, top1 }) => say(h('option', { value: row }), 'network.alike.row', { name: nameOf(row), top1: percent(1 - top1 / 100) })),
  );
  const custom = h('option', { value: 'custom', say: 'network.custom' });
  const width = h(
    'select',
    { id: 'width-select', test: 'width-select' },
    ...WIDTHS.map((value) => h('option', { value }, `× ${value}`)),
  );
  const size = h(
    'select',
    { id: 'size-select', test: 'size-select' },
    ...SIZES.map((value) => h('option', { value }, `${value} × ${value}`)),
  );
  const seed = h('input', {
    id: 'seed-input',
    test: 'seed-input',
    type: 'number',
    min: 0,
    max: 2 ** 32 - 1,
    step: 1,
    required: true,
    inputmode: 'numeric',
  });
  const roll = async () => {
    seed.value = String(await engine.seed());
  };
  const cost = h('p', { class: 'caption', role: 'status' });
  const file = h('input', {
    id: 'model-file-input',
    class: 'visually-hidden',
    test: 'model-file-input',
    type: 'file',
    accept: '.safetensors',
    label: 'network.file',
    tabindex: -1,
  });
  const pick = h('button', { class: 'button', type: 'button', say: 'network.file.pick', on: { click: () => file.click() } });
  const picked = h('span', { class: 'caption', say: 'network.file.none' });
  const radios = Object.fromEntries(
    MODELS.map((value) => [value, h('input', { type: 'radio', name: 'model', value, id: `choice-${value}`, test: `choice-${value}` })]),
  );
  const field = (/** @type {import('../core/i18n.js').Key} */ key, /** @type {HTMLElement} */ input, /** @type {Node[]} */ ...more) =>
    h('div', { class: 'field-row' }, h('label', { for: input.id, say: key }), input, ...more);
  const choice = (/** @type {typeof MODELS[number]} */ model, /** @type {Node[]} */ ...more) =>
    h('div', { class: 'choice' }, radios[model], h('label', { for: radios[model].id, say: `network.${model}` }), h('div', { class: 'choice-more' }, ...more));

  const untrained = h(
    'div',
    { class: 'untrained' },
    h('p', { class: 'caption', say: 'network.untrained.why' }),
    field('network.net', net),
    field('network.width', width),
    field('network.size', size),
    field(
      'network.seed',
      seed,
      h('button', { class: 'quiet-button', type: 'button', test: 'seed-roll', say: 'network.roll', on: { click: () => void roll() } }),
    ),
    cost,
  );
  const form = h(
    'form',
    { method: 'dialog' },
    h('h2', { id: 'network-title', say: 'network.choose' }),
    choice('shipped', h('p', { class: 'caption', say: 'network.shipped.what' })),
    hasAlike ? choice('alike', h('p', { class: 'caption', say: 'network.alike.what' }), field('network.net', alike)) : null,
    choice('untrained', untrained),
    choice('file', h('p', { class: 'caption', say: 'network.file.what' }), h('p', { class: 'file-row' }, pick, picked, file)),
    h(
      'div',
      { class: 'dialog-actions' },
      h('button', { class: 'button', type: 'button', test: 'network-cancel', say: 'dialog.cancel', on: { click: () => dialog.close() } }),
      h('button', { class: 'button button-main', type: 'submit', test: 'network-apply', say: 'network.apply' }),
    ),
  );
  const dialog = h('dialog', { class: 'dialog', test: 'network-dialog', 'aria-labelledby': 'network-title' }, form);

  const chosen = () => MODELS.find((model) => radios[model].checked) ?? 'shipped';

  async function tellCost() {
    untrained.classList.toggle('is-off', chosen() !== 'untrained');
    seed.disabled = chosen() !== 'untrained';
    try {
      const { id, options } = rowOf(net.value, store.state.rows, Number(width.value), Number(size.value));
      const layers = await engine.describe(id, options);
      const parameters = sum(layers, 'parameters');
      say(cost, 'network.cost', { parameters: short(parameters), macs: short(sum(layers, 'macs')), memory: megabytes(parameters) });
    } catch (error) {
      cost.textContent = /** @type {Error} */ (error).message;
    }
  }

  form.addEventListener('change', (event) => {
    const { target } = event;
    if (target === file && file.files?.length) {
      radios.file.checked = true;
      picked.textContent = file.files[0].name;
    } else if (target === alike) radios.alike.checked = true;
    else if (target === net || target === width || target === size || target === seed) radios.untrained.checked = true;
    void tellCost();
  });
  form.addEventListener('submit', (event) => {
    const model = chosen();
    const [blob] = file.files ?? [];
    if (model === 'file' && !blob && store.state.model !== 'file') {
      event.preventDefault();
      file.click();
    } else if (model === 'file' && blob) void app.takeFile(blob, blob.name);
    else if (model === 'untrained') {
      store.set(
        {
          model,
          net: net.value,
          width: Number(width.value),
          size: Number(size.value),
          seed: Number(seed.value),
          channel: null,
        },
        { step: true },
      );
    } else if (model === 'shipped') store.set({ model, seed: null, channel: null }, { step: true });
    else if (model === 'alike') store.set({ model, net: alike.value, seed: null, channel: null }, { step: true });
  });

  return {
    element: dialog,
    open() {
      const { state } = store;
      for (const model of MODELS) radios[model].checked = model === state.model;
      // It can be chosen again, but it is made elsewhere.
      if (state.rows) net.append(custom);
      else custom.remove();
      net.value = state.net;
      alike.value = inTable(state.net);
      width.value = String(state.width);
      size.value = String(state.size);
      if (state.seed === null) void roll();
      else seed.value = String(state.seed);
      file.value = '';
      say(picked, 'network.file.none');
      void tellCost();
      dialog.showModal();
    },
  };
}
