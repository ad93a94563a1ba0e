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
 * @property {Op[][]} [modules] of the row `custom`, at width 1
 *
 * @typedef {{op: 'conv', kernel: number, channels: number, stride: number, pad: number}
 *   | {op: 'lrn'}
 *   | {op: 'pool', kernel: number, stride: number}} Op one layer of a module
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
 * @property {number} activation_bytes of all layers' values
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
 * @typedef {object} Scores what the network says at a test size, place by place
 * @property {number} size side of the input
 * @property {number} rows of the score map
 * @property {number} columns
 * @property {number} jump distance of two places in input pixels
 * @property {Float32Array} map logits, `[place][class]`, places row by row
 * @property {Float32Array} logits their mean over the places
 * @property {Float32Array} probabilities
 * @property {number} ms
 *
 * @typedef {{name: string, simd: string, threads: number, failed: string[]}} Build `failed`: kernels that compute wrongly on this machine and are not used
 *
 * @typedef {object} Bench medians over rounds
 * @property {number} rounds
 * @property {number[]} layers ms of each but the input
 * @property {number} ms of all together
 * @property {number} peak what the instruction of the i16 kernels can do, in 10^9 multiply-adds a second
 * @property {number | null} peak_i8 likewise of the i8 kernels, where the build has that instruction
 * @property {number} plain what a loop in JavaScript does that multiplies one pair after the other, likewise
 * @property {Build} build
 * @property {{threads: number, ms: number}[]} scaling the whole net on one thread, two and so on; empty where there is only one
 *
 * @typedef {{ms: number, bytes: number}} Measured a run with random weights: its time, the memory of weights and values
 *
 * @typedef {object} Off a channel that is switched off
 * @property {string} layer its name, so that it stands for itself in an address
 * @property {number} channel
 *
 * @typedef {object} Rerun what was computed again when channels were switched
 * @property {number} from index of the first layer
 * @property {number} count layers
 * @property {number} ms
 *
 * @typedef {object} WorkedOut one value: sum = bias + the products of patch and weights
 * @property {number} y
 * @property {number} x
 * @property {number} kernel
 * @property {number} stride
 * @property {number} pad
 * @property {number} input_channels
 * @property {number} y0 first row and column of the window; may lie outside the map
 * @property {number} x0
 * @property {Int16Array} patch `[channel][row][column]`, zeros outside the map
 * @property {Int8Array} weights the same
 * @property {number} bias
 * @property {number} sum
 * @property {number} input_scale what one of the patch's integers stands for
 * @property {number} weight_scale
 * @property {number} output_scale
 * @property {number} pre what the sum stands for
 * @property {number | null} [q] what is stored; null for logits
 * @property {number} value
 *
 * @typedef {object} Kernels of a whole layer, as real numbers
 * @property {number} kernel
 * @property {number} input_channels
 * @property {number} channels
 * @property {Float32Array} values `[channel][input channel][row][column]`
 *
 * @typedef {object} Effective how much a change of the picture changes one cell, block by block over the pixels that it sees
 * @property {{y: number, x: number}} cell of the layer
 * @property {Box} box its theoretical field
 * @property {Box} clipped what of it lies in the picture
 * @property {number} side of a block, in pixels
 * @property {number} columns
 * @property {number} rows
 * @property {Float32Array} changes sum over the channels, row by row
 * @property {number} done blocks
 * @property {number} step by how much of 255 a block was changed
 *
 * @typedef {object} Covered what the network says while a square hides a part of the picture
 * @property {number} columns places a side
 * @property {number} side of the square, in input pixels
 * @property {number} stride
 * @property {number} classes
 * @property {Float32Array} probabilities `[place][class]`, places row by row
 *
 * @typedef {{what: 'peaks', layer: number, channel: number, most: number}
 *   | {what: 'arithmetic', layer: number, channel: number, place: [number, number] | null}
 *   | {what: 'histogram', layer: number, channel: number | null}
 *   | {what: 'kernels', layer: number}} InsideQuestion
 *
 * @typedef {{what: 'atlas', layer: number, channels: Uint32Array, columns: number}
 *   | {what: 'probe', layer: number, channel: number, y: number, x: number}
 *   | {what: 'means', layer: number}
 *   | InsideQuestion
 *   | {what: 'occlusion', side: number, stride: number}
 *   | {what: 'effective', layer: number, budget: number}
 *   | {what: 'describe', id: string, options: NetworkOptions}
 *   | {what: 'modules', id: string}
 *   | {what: 'networks'}
 *   | {what: 'measure', id: string, options: NetworkOptions}
 *   | {what: 'seed'}
 *   | {what: 'build'}
 *   | {what: 'bench', square: Square, budget: number}
 *   | {what: 'scores', square: Square, size: number, crops: boolean}} Question
 *
 * @typedef {{type: 'load', ticket: number, source: ModelSource}
 *   | {type: 'picture', bitmap: ImageBitmap}
 *   | {type: 'run', run: number, square: Square, live: boolean, frame?: ImageBitmap, drawn?: number[]}
 *   | {type: 'display', display: Display, thumbnails: number}
 *   | {type: 'switch', off: Off[]}
 *   | {type: 'ask', id: number, question: Question}
 *   | {type: 'cancel', id: number}} Order
 *
 * @typedef {{type: 'progress', ticket: number, stage: 'engine' | 'model' | 'build', loaded: number, total: number}
 *   | {type: 'network', ticket: number, info: NetworkInfo, layers: LayerInfo[], build: Build}
 *   | {type: 'build', build: Build} threads have joined
 *   | {type: 'load-failed', ticket: number, message: string}
 *   | {type: 'run-start', run: number, seen: ImageData, live: boolean}
 *   | {type: 'layer', run: number, result: LayerResult}
 *   | {type: 'strip', index: number, strip: Strip}
 *   | {type: 'run-top', run: number, top: Prediction[], probabilities: Float32Array, ms: number} of a still picture, before all rows are drawn
 *   | {type: 'run-done', run: number, top: Prediction[], probabilities: Float32Array, before: Float32Array | null,
 *       rerun: Rerun | null, ms: number, live: boolean}
 *   | {type: 'part', id: number, part: any}
 *   | {type: 'answer', id: number, value?: any, error?: string}
 *   | {type: 'broken', message: string}} News
 */
export {};
