/** Channels that are switched off. */

/** @typedef {import('../protocol.js').LayerInfo} LayerInfo */
/** @typedef {{layer: number, channel: number}} Switch */

/**
 * Those of the wanted channels that the network has and can do without.
 * @param {LayerInfo[]} layers @param {import('../protocol.js').Off[]} off
 * @returns {Switch[]}
 */
export function found(layers, off) {
  return off.flatMap(({ layer: name, channel }) => {
    const layer = layers.find((own) => own.name === name);
    const isThere = layer && layer.index > 0 && layer.index < layers.length - 1 && channel < layer.channels;
    return isThere ? [{ layer: layer.index, channel }] : [];
  });
}

/**
 * Makes just these channels be off; what was computed before the first change is kept.
 * @param {import('../../pkg/vgglass.js').Network} net @param {Switch[]} wanted
 */
export function apply(net, wanted) {
  const isIn = (/** @type {Switch[]} */ list, /** @type {Switch} */ { layer, channel }) =>
    list.some((own) => own.layer === layer && own.channel === channel);
  const former = net.switched_off();
  for (const one of former) if (!isIn(wanted, one)) net.switch_channel(one.layer, one.channel, true);
  for (const one of wanted) if (!isIn(former, one)) net.switch_channel(one.layer, one.channel, false);
}
