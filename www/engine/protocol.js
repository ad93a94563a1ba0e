/**
 * What page and worker say to each other. Types only: each side imports them, neither the other.
 *
 * The page orders (`Order`), the worker tells (`News`). A question carries a number and gets exactly
 * one answer. Of two loads, and of two runs, only the newer counts.
 *
 * @typedef {import('../picture/crop.js').Square} Square
 *
 * @typedef {{kind: 'url', url: string}
 *   | {kind: 'bytes', bytes: ArrayBuffer}
 *   | {kind: 'untrained', id: string, options: NetworkOptions, seed: number | null}} ModelSource
 *
 * What comes from the engine as it is:
 * @typedef {import('../pkg/vgglass.js').Op} Op
 * @typedef {import('../pkg/vgglass.js').LayerInfo} LayerInfo
 * @typedef {import('../pkg/vgglass.js').NetworkProblem} NetworkProblem
 * @typedef {import('../pkg/vgglass.js').NetworkSummary} NetworkSummary
 * @typedef {import('../pkg/vgglass.js').NetworkInfo} NetworkInfo
 * @typedef {import('../pkg/vgglass.js').Build} Build
 * @typedef {import('../pkg/vgglass.js').Stats} LayerStats
 * @typedef {import('../pkg/vgglass.js').TopClass} Prediction
 * @typedef {import('../pkg/vgglass.js').PixelBox} Box
 *
 * @typedef {Omit<import('../pkg/vgglass.js').NetworkOptions, 'modules'>} Scale
 * @typedef {Required<Scale> & {modules?: Op[][]}} NetworkOptions all numbers of a row; `modules` of the row `custom`
 *
 * @typedef {object} Display how maps are drawn
 * @property {'viridis' | 'grey' | 'diverging'} colormap
 * @property {'channel' | 'layer'} normalise
 * @property {'activation' | 'pre'} view
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
 * @typedef {object} Bench medians over rounds; what the clock is too coarse for is null
 * @property {number} tick a step of the clock, in ms
 * @property {number} rounds
 * @property {(number | null)[]} layers ms of each but the input
 * @property {number | null} ms of all together
 * @property {number | null} peak what the instruction of the i16 kernels can do, in 10^9 multiply-adds a second
 * @property {number | null} peak_i8 likewise of the i8 kernels, where the build has that instruction
 * @property {number | null} plain what a loop in JavaScript does that multiplies one pair after the other, likewise
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
 * @typedef {import('../pkg/vgglass.js').Arithmetic & {y: number, x: number}} WorkedOut one value, and where it is
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
 * @typedef {object} Attribution what speaks for a class, where it is positive, or against it
 * @property {number} width
 * @property {number} height
 * @property {Float32Array} values row by row
 * @property {number} [part] of it that is done, 1 if it is not given
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
 *   | {what: 'attribution', method: string, layer: number, class: number}
 *   | {what: 'smoothgrad', class: number}
 *   | {what: 'effective', layer: number}
 *   | {what: 'describe' | 'problem', id: string, options: NetworkOptions}
 *   | {what: 'modules', id: string}
 *   | {what: 'networks'}
 *   | {what: 'measure', id: string, options: NetworkOptions}
 *   | {what: 'seed'}
 *   | {what: 'build'}
 *   | {what: 'bench', square: Square, budget: number}
 *   | {what: 'scores', square: Square, size: number, crops: boolean}} Question
 *
 * What the page orders. `begin`: another network was chosen, `load` follows. `listening`: whether the worker does, answered at
 * once.
 * @typedef {{type: 'begin', ticket: number}
 *   | {type: 'load', ticket: number, source: ModelSource}
 *   | {type: 'picture', bitmap: ImageBitmap}
 *   | {type: 'run', run: number, square: Square, live: boolean, frame?: ImageBitmap, drawn?: number[]}
 *   | {type: 'display', display: Display, thumbnails: number}
 *   | {type: 'switch', off: Off[]}
 *   | {type: 'ask', id: number, question: Question}
 *   | {type: 'listening'}
 *   | {type: 'cancel', id: number}} Order
 *
 * What the worker tells. `network`: `tick` is a step of the clock that times are read off, in ms. `threads`: the engine wants
 * threads, which the page starts; `build`: they have joined. `load-failed`: `code` is what it was, where that is known.
 * `run-top`: of a still picture, before all rows are drawn. `disturbed`: the pixels of pictures are not the true ones.
 * @typedef {{type: 'progress', ticket: number, stage: 'engine' | 'file' | 'model' | 'build', loaded: number, total: number}
 *   | {type: 'network', ticket: number, info: NetworkInfo, layers: LayerInfo[], build: Build, tick: number}
 *   | {type: 'threads', asked: import('./worker/threads.js').Asked}
 *   | {type: 'build', build: Build}
 *   | {type: 'load-failed', ticket: number, code?: string, message: string}
 *   | {type: 'listening'}
 *   | {type: 'run-start', run: number, seen: ImageData, live: boolean}
 *   | {type: 'layer', run: number, result: LayerResult}
 *   | {type: 'strip', index: number, strip: Strip}
 *   | {type: 'run-top', run: number, top: Prediction[], probabilities: Float32Array, ms: number}
 *   | {type: 'run-done', run: number, top: Prediction[], probabilities: Float32Array, before: Float32Array | null,
 *       rerun: Rerun | null, ms: number, live: boolean}
 *   | {type: 'part', id: number, part: any}
 *   | {type: 'answer', id: number, value?: any, error?: string}
 *   | {type: 'disturbed'}
 *   | {type: 'broken', message: string}} News
 */
export {};
