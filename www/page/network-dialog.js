/** Which network: the shipped one, one of the rows trained alike, an untrained one of any row, or a model file. */
import { h } from './dom.js';
import { say } from './i18n.js';
import { NETWORKS, SIZES, sizesOf, WIDTHS } from './address.js';
import { keptName, publishedKey, siteModel, siteName } from '../engine/model-name.js';
import { alikeOf, noticeOf, rowOf } from '../engine/networks.js';
import { addedNetworks, hasAlike, startImporter } from '../engine/assets.js';
import { LIMITS } from '../engine/table.js';
import { sum } from './costs.js';
import { megabytes, percent, short } from './format.js';
import { rowName } from './names.js';
import { ALIKE } from './results.js';

const MODELS = /** @type {const} */ (['shipped', 'alike', 'untrained', 'file']);

/** @param {import('./app.js').App} app */
export function createNetworkDialog(app) {
  const { engine, store } = app;
  const net = h(
    'select',
    { id: 'net-select', test: 'net-select' },
    ...NETWORKS.map((id) => h('option', { value: id }, rowName(id))),
  );
  const alike = h(
    'select',
    { id: 'alike-select', test: 'alike-select' },
    ...ALIKE.map(({ row, top1 }) => say(h('option', { value: row }), 'network.alike.row', { name: rowName(row), top1: percent(1 - top1 / 100) })),
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
    max: LIMITS.seed,
    step: 1,
    required: true,
    inputmode: 'numeric',
  });
  const roll = async () => {
    // Without an engine one types a number.
    const drawn = await engine.seed().catch(() => null);
    if (drawn !== null) seed.value = String(drawn);
  };
  const cost = h('p', { class: 'caption', role: 'status' });
  const file = h('input', {
    id: 'model-file-input',
    class: 'visually-hidden',
    test: 'model-file-input',
    type: 'file',
    accept: '.safetensors,.pth,.pt,.bin,.h5',
    label: 'network.file',
    tabindex: -1,
  });
  const pick = h('button', { class: 'button', type: 'button', say: 'network.file.pick', on: { click: () => file.click() } });
  const picked = h('span', { class: 'caption', say: 'network.file.none' });
  const radios = Object.fromEntries(
    MODELS.map((value) => [value, h('input', { type: 'radio', name: 'model', value, id: `choice-${value}`, test: `choice-${value}` })]),
  );
  const field = (/** @type {import('./i18n.js').Key} */ key, /** @type {HTMLElement} */ input, /** @type {Node[]} */ ...more) =>
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
  /** Networks that were added to this site. */
  const added = addedNetworks.map(({ name, bytes }, i) => {
    const radio = h('input', { type: 'radio', name: 'model', value: siteModel(name), id: `choice-site-${i}`, test: 'choice-site' });
    const size = say(h('p', { class: 'caption' }), 'network.site.what', { size: megabytes(bytes) });
    return { radio, element: h('div', { class: 'choice' }, radio, h('label', { for: radio.id }, name), h('div', { class: 'choice-more' }, size)) };
  });
  const published = {
    place: h('div', {}),
    details: h('details', { class: 'published', test: 'published' }, h('summary', {}, h('span', { id: 'published-title', say: 'network.published' }))),
  };
  published.details.append(published.place);
  /** @type {Promise<{open: (key?: string) => Promise<void>}> | null} */
  let publishedList = null;
  /** It is loaded when it is opened for the first time. @param {string} [key] of the network that is asked for */
  async function openPublished(key) {
    publishedList ??= app.later().then((later) =>
      later.createPublished(later.kept, published.place, {
        get(file, about) {
          dialog.close();
          app.importer().then((importer) => importer.offer(file, about)).catch((error) => app.notify(noticeOf(error)));
        },
        use(model) {
          dialog.close();
          store.set({ model, file: null, seed: null, channel: null }, { step: true });
        },
      }),
    );
    try {
      await (await publishedList).open(key);
    } catch (error) {
      publishedList = null;
      app.notify(noticeOf(error));
    }
  }
  published.details.addEventListener('toggle', () => published.details.open && void openPublished(asked));
  /** The published network that the dialog was opened for. @type {string | undefined} */
  let asked;

  const kept = { list: h('div', { class: 'kept', test: 'kept', hidden: true }), offer: h('div', { class: 'keep', test: 'keep' }) };
  /** @type {Promise<{open: () => Promise<void>}> | null} */
  let keptList = null;
  /** It is loaded when it may be seen for the first time. */
  async function openKept() {
    keptList ??= app.later().then((later) => later.createKept(app, later.kept, kept));
    try {
      await (await keptList).open();
    } catch (error) {
      keptList = null;
      app.notify(noticeOf(error));
    }
  }

  const form = h(
    'form',
    { method: 'dialog' },
    h('h2', { id: 'network-title', say: 'network.choose' }),
    choice('shipped', h('p', { class: 'caption', say: 'network.shipped.what' })),
    kept.list,
    ...added.map(({ element }) => element),
    startImporter && published.details,
    hasAlike ? choice('alike', h('p', { class: 'caption', say: 'network.alike.what' }), field('network.net', alike)) : null,
    choice('untrained', untrained),
    choice('file', h('p', { class: 'caption', say: 'network.file.what' }), h('p', { class: 'file-row' }, pick, picked, file), kept.offer),
    h(
      'div',
      { class: 'dialog-actions' },
      h('button', { class: 'button', type: 'button', test: 'network-cancel', say: 'dialog.cancel', on: { click: () => dialog.close() } }),
      h('button', { class: 'button button-main', type: 'submit', test: 'network-apply', say: 'network.apply' }),
    ),
  );
  const dialog = h('dialog', { class: 'dialog network-dialog', test: 'network-dialog', 'aria-labelledby': 'network-title' }, form);

  /** What the state's `model` is to be. @returns {string} */
  const chosen = () => form.querySelector(/** @type {'input'} */ ('input[name=model]:checked'))?.value ?? store.state.model;

  /** A row takes no input of which it leaves nothing. */
  function offerSizes() {
    const sizes = sizesOf(net.value);
    for (const option of size.options) option.disabled = !sizes.includes(Number(option.value));
    if (size.selectedOptions[0]?.disabled) size.value = String(sizes[0]);
  }

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
    offerSizes();
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
    else if ([keptName, publishedKey, siteName].some((name) => name(model) !== null)) store.set({ model, file: null, seed: null, channel: null }, { step: true });
    else if (model === 'alike') store.set({ model, net: alike.value, seed: null, channel: null }, { step: true });
  });

  return {
    element: dialog,
    /** @param {string} [key] of a published network, to be shown */
    open(key) {
      const { state } = store;
      for (const model of MODELS) radios[model].checked = model === state.model;
      for (const { radio } of added) radio.checked = radio.value === state.model;
      // It can be chosen again, but it is made elsewhere.
      if (state.rows) net.append(custom);
      else custom.remove();
      net.value = state.net;
      alike.value = alikeOf(state.net);
      width.value = String(state.width);
      size.value = String(state.size);
      if (state.seed === null) void roll();
      else seed.value = String(state.seed);
      file.value = '';
      say(picked, 'network.file.none');
      offerSizes();
      void tellCost();
      asked = key;
      dialog.showModal();
      void openKept();
      if (published.details.open) void openPublished(key);
      else published.details.open = key !== undefined;
    },
  };
}
