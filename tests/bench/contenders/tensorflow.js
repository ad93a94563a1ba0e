/** TensorFlow.js on its wasm backend, one thread, float32: the model's weights dequantised, fused operators. */
import { VggModel } from '../safetensors.js';

const MODULES = new URL('../node_modules/@tensorflow/', import.meta.url).href;

/** @type {any} */
let tf;
/** @type {((x: any) => any)[]} */
let layers;
/** @type {Float32Array} */
let input;
let size = 0;

export async function start() {
  // These are UMD files, which put their exports into `globalThis.tf`.
  await import(`${MODULES}tfjs-core/dist/tf-core.min.js`);
  ({ tf } = /** @type {any} */ (globalThis));
  await import(`${MODULES}tfjs-backend-cpu/dist/tf-backend-cpu.min.js`);
  await import(`${MODULES}tfjs-backend-wasm/dist/tf-backend-wasm.min.js`);
  // One thread needs no shared memory, whose accesses would only be slower.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  tf.wasm.setWasmPaths(`${MODULES}tfjs-backend-wasm/dist/`);
  await tf.setBackend('wasm');
  await tf.ready();
}

/** @param {Uint8Array} bytes the vgglass model @param {{input: Float32Array, size: number}} given */
export function load(bytes, given) {
  ({ input, size } = given);
  layers = new VggModel(bytes).layers().flatMap((layer) => {
    const bias = tf.tensor1d(layer.bias());
    const activation = layer.isLast ? 'linear' : 'relu';
    const pool = layer.pooled ? [(/** @type {any} */ x) => tf.maxPool(x, 2, 2, 'valid')] : [];
    if (layer.isConv) {
      const [outputs, inputs, kernel] = layer.shape;
      const filter = tf.tensor4d(layer.weightInputsFirst(), [kernel, kernel, inputs, outputs]);
      const convolve = (/** @type {any} */ x) =>
        tf.fused.conv2d({ x, filter, strides: 1, pad: 'same', bias, activation });
      return [...pool, convolve];
    }
    const [outputs, inputs] = layer.shape;
    const b = tf.tensor2d(layer.weightInputsFirst(), [inputs, outputs]);
    // The file's rows are flattened C, H, W.
    const plain = (/** @type {any} */ x) => tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [1, inputs]);
    const flatten = layer.pooled ? [plain] : [];
    return [...pool, ...flatten, (/** @type {any} */ x) => tf.fused.matMul({ a: x, b, bias, activation })];
  });
}

export function describe() {
  return { version: tf.version_core };
}

export function run() {
  const logits = tf.tidy(() => {
    const pixels = tf.tensor4d(input, [1, size, size, 3]);
    return layers.reduce((x, layer) => layer(x), pixels);
  });
  const values = logits.dataSync();
  logits.dispose();
  return { logits: values };
}
