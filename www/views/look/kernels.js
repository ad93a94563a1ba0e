/** The first layer's kernels as small colour pictures: red, green and blue weights as red, green and blue, grey for 0. */
import { h } from '../../page/dom.js';
import { say, t } from '../../page/i18n.js';
import { real } from '../../page/format.js';

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */

/** @param {LayerInfo} layer */
export const hasColours = ({ kind, input_channels, index }) => kind === 'conv' && index === 1 && input_channels === 3;

/**
 * @param {import('../../page/app.js').App} app
 * @param {import('../../page/scope.js').Scope} scope
 */
export function createKernels({ engine, store }, scope) {
  const low = h('span', {});
  const high = h('span', {});
  const list = h('ul', { class: 'kernels', test: 'kernels' });
  const element = h(
    'section',
    { class: 'kernels-panel', label: 'kernels.label' },
    h('p', { class: 'caption', say: 'kernels.text' }),
    h('p', { class: 'legend caption' }, low, h('span', { class: 'ramp kernels-ramp' }), high),
    list,
  );
  /** @type {import('../../engine/protocol.js').Kernels | null} */
  let shown = null;

  function draw() {
    if (!shown) return;
    const { channels, kernel, values } = shown;
    const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1;
    const each = kernel * kernel * 3;
    element.dataset.most = String(most);
    say(low, 'kernels.low', { value: real(-most) });
    say(high, 'kernels.high', { value: real(most) });
    list.replaceChildren(
      ...Array.from({ length: channels }, (_, channel) => {
        const canvas = h('canvas', { class: 'kernel-picture pixels', width: kernel, height: kernel, 'aria-hidden': 'true' });
        canvas.getContext('2d')?.putImageData(paint(values.subarray(channel * each, (channel + 1) * each), kernel, most), 0, 0);
        const open = () => store.set({ channel }, { step: true });
        return h(
          'li',
          {},
          h('button', { class: 'kernel', type: 'button', test: 'kernel', 'data-channel': channel, 'aria-label': t('kernels.open', { channel }), on: { click: open } }, canvas, String(channel)),
        );
      }),
    );
  }

  scope.keep(
    store.listen((state, before) => {
      if (state.lang !== before.lang) draw();
    }),
  );

  return {
    element,
    /** @param {LayerInfo} layer */
    async show(layer) {
      try {
        shown = await engine.kernels(layer.index);
      } catch {
        // The network was replaced; the next one's layer asks again.
        return;
      }
      draw();
    },
  };
}

/** @param {Float32Array} values `[colour][row][column]` @param {number} side @param {number} most @returns {ImageData} */
function paint(values, side, most) {
  const image = new ImageData(side, side);
  for (let place = 0; place < side * side; place++) {
    for (let colour = 0; colour < 3; colour++) {
      image.data[place * 4 + colour] = Math.round(127.5 + (127.5 * values[colour * side * side + place]) / most);
    }
    image.data[place * 4 + 3] = 255;
  }
  return image;
}
