/** What each row adds to the one that it is a change of. No DOM here. */

/** @typedef {import('../../engine/protocol.js').LayerInfo} LayerInfo */

/** The paper's way of writing a layer: conv3-64. @param {LayerInfo} layer */
export function label({ kind, kernel, stride, channels }) {
  if (kind === 'conv') return `conv${kernel}-${channels}${stride > 1 ? ` /${stride}` : ''}`;
  if (kind === 'fc') return `FC-${channels}`;
  if (kind === 'pool') return `max ${kernel}×${kernel} /${stride}`;
  return kind === 'lrn' ? 'LRN' : '';
}

/**
 * `added`: the base has no such layer; `changed`: it has one with another kernel. (What fc6 reads is as large as the input
 * and the pools leave it.)
 * @param {LayerInfo} layer @param {LayerInfo[] | undefined} base
 * @returns {'added' | 'changed' | null}
 */
export function change(layer, base) {
  if (!base) return null;
  const former = base.find(({ name }) => name === layer.name);
  if (!former) return 'added';
  return former.kernel === layer.kernel || layer.kind === 'fc' ? null : 'changed';
}

/**
 * How many layers of which sort a row adds.
 * @param {LayerInfo[]} layers @param {LayerInfo[] | undefined} base
 */
export function difference(layers, base) {
  const counts = { lrn: 0, conv: 0, point: 0, widened: 0 };
  for (const layer of layers) {
    const kind = change(layer, base);
    if (kind === 'changed') counts.widened += 1;
    else if (kind === 'added' && layer.kind === 'lrn') counts.lrn += 1;
    else if (kind === 'added' && layer.kind === 'conv') counts[layer.kernel === 1 ? 'point' : 'conv'] += 1;
  }
  return counts;
}

/**
 * The table's bands from top to bottom: each module's layers, the pooling after it, the classifier.
 * @param {LayerInfo[][]} rows
 */
export function bandsOf(rows) {
  const modules = Math.max(...rows.flat().map(({ kind, module }) => (kind === 'fc' ? module - 1 : module)));
  return [
    ...Array.from({ length: modules }, (_, i) => i + 1).flatMap((module) => [
      { id: `module${module}`, module, has: (/** @type {LayerInfo} */ layer) => layer.module === module && layer.kind !== 'pool' && layer.kind !== 'fc' },
      { id: `pool${module}`, module, has: (/** @type {LayerInfo} */ layer) => layer.module === module && layer.kind === 'pool' },
    ]),
    { id: 'full', module: modules + 1, has: (/** @type {LayerInfo} */ layer) => layer.kind === 'fc' },
  ];
}
