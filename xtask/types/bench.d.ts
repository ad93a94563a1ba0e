// What the bench uses of packages that are installed for it alone.
declare module 'onnxruntime-web' {
  export class Tensor {
    constructor(type: 'float32', data: Float32Array, dims: number[]);
    data: Float32Array;
  }
  export class InferenceSession {
    static create(bytes: Uint8Array, options: { executionProviders: string[]; graphOptimizationLevel: string }): Promise<InferenceSession>;
    run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  }
  export const env: { wasm: { numThreads: number; wasmPaths: string }; versions: { web: string } };
}
