/** Just enough of the model file to give its weights to other engines. The engine itself does not use this. */

/** @param {Uint8Array} bytes */
function open(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  return { header, data: bytes.byteOffset + 8 + length };
}

/** What the engine subtracts from pixels, a channel. @param {Uint8Array} bytes @returns {number[]} */
export function inputMean(bytes) {
  const { header } = open(bytes);
  return JSON.parse(header.__metadata__.mean).map((/** @type {number} */ mean) => Math.round(mean * 255));
}

/** A row of the VGG table without LRN. */
export class VggModel {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    const { header, data } = open(bytes);
    this.buffer = bytes.buffer;
    this.header = header;
    this.data = data;
    this.scales = JSON.parse(header.__metadata__.activation_scales);
  }

  /** Weighted layers in order. */
  layers() {
    const names = Object.keys(this.header)
      .filter((name) => name.endsWith('.weight'))
      .map((name) => name.slice(0, -'.weight'.length))
      .sort((a, b) => Number(a.startsWith('fc')) - Number(b.startsWith('fc')) || a.localeCompare(b));
    return names.map((name, index) => new Layer(this, name, names[index - 1], index === names.length - 1));
  }

  /** @param {string} name @param {{new (buffer: ArrayBufferLike, at: number, length: number): any, BYTES_PER_ELEMENT: number}} Type */
  tensor(name, Type) {
    const { data_offsets: [start, end] } = this.header[name];
    return new Type(this.buffer, this.data + start, (end - start) / Type.BYTES_PER_ELEMENT);
  }
}

class Layer {
  /** @param {VggModel} model @param {string} name @param {string | undefined} before @param {boolean} isLast */
  constructor(model, name, before, isLast) {
    const block = (/** @type {string} */ of) => (of.startsWith('fc') ? 'fc' : of.split('_')[0]);
    this.model = model;
    this.name = name;
    this.isLast = isLast;
    /** Max-pooling lies between this layer and the one before. */
    this.pooled = before !== undefined && block(before) !== block(name);
    this.scaleIn = before === undefined ? 1 : model.scales[before];
    /** @type {number[]} */
    this.shape = model.header[`${name}.weight`].shape;
    this.isConv = this.shape.length === 4;
    /** @type {Float32Array} */
    this.scale = model.tensor(`${name}.scale`, Float32Array);
  }

  bias() {
    const bias = this.model.tensor(`${this.name}.bias`, Int32Array);
    return Float32Array.from(bias, (q, output) => q * this.scaleIn * this.scale[output]);
  }

  /** Real weights, `[k, k, C_in, C_out]` or `[inputs, outputs]`. */
  weightInputsFirst() {
    const q = this.model.tensor(`${this.name}.weight`, Int8Array);
    const [outputs, inputs, height = 1, width = 1] = this.shape;
    const cells = height * width;
    const real = new Float32Array(q.length);
    let from = 0;
    for (let output = 0; output < outputs; output++) {
      for (let input = 0; input < inputs; input++) {
        for (let cell = 0; cell < cells; cell++) {
          real[(cell * inputs + input) * outputs + output] = q[from++] * this.scale[output];
        }
      }
    }
    return real;
  }
}
