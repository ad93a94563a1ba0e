/**
 * What page and worker say to each other. Types only: each side imports them, neither the other.
 *
 * The page orders (`Order`), the worker tells (`News`). A question carries a number and gets exactly
 * one answer. Of two loads, and of two runs, only the newer counts.
 *
 * @typedef {import('./crop.js').Square} Square
 *
 * @typedef {{kind: 'url', url: string}
 *   | {kind: 'bytes', bytes: ArrayBuffer}
 *   | {kind: 'untrained', id: string, options: NetworkOptions, seed: number | null}} ModelSource
 *
 * @typedef {object} NetworkOptions
 * @property {number} width 1 is the paper's
 * @property {number} input_size
 * @property {number} fc
 * @property {number} classes
 *
 * @typedef {object} Display how maps are drawn
 * @property {string} colormap
 * @property {'channel' | 'layer'} normalise
 * @property {'activation' | 'pre'} view
 *
 * @typedef {object} LayerInfo
 * @property {number} index
 * @property {string} name
 * @property {'input' | 'conv' | 'lrn' | 'pool' | 'fc'} kind
 * @property {number} module 0 the input, 1 to 5, 6 the fully connected layers
 * @property {number} kernel side of the window, 0 where there is none
 * @property {number} stride
 * @property {number} pad
 * @property {boolean} relu
 * @property {number} input_channels
 * @property {number} channels
 * @property {number} height
 * @property {number} width
 * @property {number} values
 * @property {number} parameters
 * @property {number} macs
 * @property {number} receptive_field
 * @property {number} jump
 * @property {number} offset
 * @property {string} formula_parameters
 * @property {string} kernel_name
 *
 * @typedef {{id: string, title: string, weight_layers: number, parameters: number, macs: number, values: number}} NetworkSummary
 *
 * @typedef {object} NetworkInfo
 * @property {string} id
 * @property {string} title VGG-16
 * @property {number} width
 * @property {number} input_size
 * @property {number} fc
 * @property {number} class_count
 * @property {{wnid: string, en: string, zh: string}[]} classes empty for an untrained network
 * @property {boolean} trained
 * @property {number | null} [seed]
 * @property {number | null} [temperature] what logits are divided by before softmax; 1 where none is given
 * @property {{top1: number, top5: number, float_top1: number, float_top5: number, images: number} | null} [accuracy]
 * @property {string} licence
 * @property {string} provenance
 * @property {number} parameters
 * @property {number} macs
 * @property {number} values
 * @property {number} weight_bytes
 * @property {string} simd which vector instructions the engine uses
 *
 * @typedef {object} LayerStats
 * @property {number} min
 * @property {number} max
 * @property {number} mean
 * @property {number} zero_fraction
 * @property {number} saturated_fraction
 * @property {number} scale
 * @property {number} channels_dead
 *
 * @typedef {{class: number, probability: number, logit: number}} Prediction
 *
 * @typedef {object} Strip the strongest channels of a layer, side by side in one picture
 * @property {ImageBitmap} bitmap
 * @property {Uint32Array} order the channels, from left to right
 *
 * @typedef {object} LayerResult
 * @property {number} index
 * @property {number} ms
 * @property {LayerStats} stats
 * @property {Strip} strip
 *
 * @typedef {object} Atlas all asked channels of a layer, one pixel a cell
 * @property {ImageBitmap} bitmap
 * @property {number} columns
 *
 * @typedef {object} Probe one cell of a map
 * @property {number | null} q what is stored; null for logits, which are not
 * @property {number} value what it stands for
 * @property {number | null} [pre] its value before ReLU, where there is one
 * @property {Box} box its receptive field in input pixels, half open
 *
 * @typedef {{x0: number, y0: number, x1: number, y1: number}} Box
 *
 * @typedef {object} Scores what the network says at a size of its own, as a fully convolutional net
 * @property {number} size side of the input
 * @property {number} rows of the score map
 * @property {number} columns
 * @property {number} jump distance of two places in input pixels
 * @property {Float32Array} map logits, `[place][class]`, places row by row
 * @property {Float32Array} logits their mean over the places
 * @property {Float32Array} probabilities
 * @property {number} ms
 *
 * @typedef {{what: 'atlas', layer: number, channels: Uint32Array, columns: number}
 *   | {what: 'probe', layer: number, channel: number, y: number, x: number}
 *   | {what: 'means', layer: number}
 *   | {what: 'describe', id: string, options: NetworkOptions}
 *   | {what: 'networks'}
 *   | {what: 'seed'}
 *   | {what: 'scores', square: Square, size: number}} Question
 *
 * @typedef {{type: 'load', ticket: number, source: ModelSource}
 *   | {type: 'picture', bitmap: ImageBitmap}
 *   | {type: 'run', run: number, square: Square, live: boolean, frame?: ImageBitmap, drawn?: number[]}
 *   | {type: 'display', display: Display, thumbnails: number}
 *   | {type: 'ask', id: number, question: Question}} Order
 *
 * @typedef {{type: 'progress', ticket: number, stage: 'engine' | 'model' | 'build', loaded: number, total: number}
 *   | {type: 'network', ticket: number, info: NetworkInfo, layers: LayerInfo[]}
 *   | {type: 'load-failed', ticket: number, message: string}
 *   | {type: 'run-start', run: number, seen: ImageData, live: boolean}
 *   | {type: 'layer', run: number, result: LayerResult}
 *   | {type: 'strip', index: number, strip: Strip}
 *   | {type: 'run-done', run: number, top: Prediction[], ms: number, live: boolean}
 *   | {type: 'part', id: number, part: number}
 *   | {type: 'answer', id: number, value?: any, error?: string}
 *   | {type: 'broken', message: string}} News
 */
export {};
