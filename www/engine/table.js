/**
 * Made by `cargo xtask build` from the tables of limits and of rows in `crate/src/`: what the page has to know of the
 * engine before it has come.
 */

/**
 * The rows in their order. `depth`: layers with weights; `smallest`: side of the smallest input that leaves every layer
 * something; `formOf`: the row that stands for this one where the papers' rows are side by side; `changedFrom`: the row that
 * this one is a change of.
 */
export const TABLE = [
  { id: 'A', title: 'VGG-11', depth: 11, modules: 5, smallest: 32 },
  { id: 'A-LRN', title: 'VGG-11 LRN', depth: 11, modules: 5, smallest: 32, changedFrom: 'A' },
  { id: 'B', title: 'VGG-13', depth: 13, modules: 5, smallest: 32, changedFrom: 'A' },
  { id: 'C', title: 'VGG-16 (1×1)', depth: 16, modules: 5, smallest: 32, changedFrom: 'B' },
  { id: 'D', title: 'VGG-16', depth: 16, modules: 5, smallest: 32, changedFrom: 'C' },
  { id: 'E', title: 'VGG-19', depth: 19, modules: 5, smallest: 32, changedFrom: 'D' },
  { id: 'AlexNet', title: 'AlexNet', depth: 8, modules: 5, smallest: 63 },
  { id: 'AlexNet-TV', title: 'AlexNet (torchvision)', depth: 8, modules: 5, smallest: 63, formOf: 'AlexNet' },
];

/** Numbers of every row in its paper. */
export const PAPER = { input_size: 224, fc: 4096, classes: 1000 };

/** What the engine takes at most. */
export const LIMITS = { channels: 2048, kernel: 15, stride: 8, layers: 64, fan_in: 66000, seed: 4294967295, threads: 64, header_bytes: 4194304, file_bytes: 536870912 };
