/** onnxruntime-web on its wasm backend. */
const DIST = new URL('../node_modules/onnxruntime-web/dist/', import.meta.url).href;

/** @type {typeof import('onnxruntime-web')} */
let ort;
/** @type {import('onnxruntime-web').InferenceSession} */
let session;
/** @type {Float32Array} */
let input;
let size = 0;

/** @param {{threads: number}} options */
export async function start({ threads }) {
  ort = await import(`${DIST}ort.wasm.min.mjs`);
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = DIST;
}

/** @param {Uint8Array} bytes an ONNX file @param {{input: Float32Array, size: number}} given */
export async function load(bytes, given) {
  size = given.size;
  input = planes(given.input);
  session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
}

export function describe() {
  return { version: ort.env.versions.web };
}

export async function run() {
  const pixels = new ort.Tensor('float32', input, [1, 3, size, size]);
  const { logits } = await session.run({ pixels });
  return { logits: logits.data };
}

/** `[H, W, 3]` to `[3, H, W]`. @param {Float32Array} pixels */
function planes(pixels) {
  const cells = pixels.length / 3;
  return pixels.map((_, i) => pixels[(i % cells) * 3 + Math.floor(i / cells)]);
}
