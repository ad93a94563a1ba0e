/** Channels switched off, as the address has them: `off=conv3_2:12,conv4_1:3`. No DOM here. */

/** @typedef {import('../../engine/protocol.js').Off} Off */

/** More make an address that is too long to be sent. */
export const MOST = 64;

/** @param {Off[]} list */
const write = (list) => list.map(({ layer, channel }) => `${layer}:${channel}`).join(',');

/** @type {import('../../page/address.js').Field<Off[]>} */
export const off = {
  initial: [],
  read(text) {
    const list = text.split(',').map((part) => /^([\w-]{1,20}):(\d{1,5})$/.exec(part));
    if (list.length > MOST) return undefined;
    const found = list.filter((match) => match !== null);
    return found.length < list.length ? undefined : found.map(([, layer, channel]) => ({ layer, channel: Number(channel) }));
  },
  write,
  same: (a, b) => write(a) === write(b),
};

/** @param {Off[]} list @param {string} layer @param {number} channel */
export const isOff = (list, layer, channel) => list.some((one) => one.layer === layer && one.channel === channel);

/** @param {Off[]} list @param {string} layer @param {number} channel @returns {Off[]} with that channel switched over */
export const toggled = (list, layer, channel) =>
  isOff(list, layer, channel)
    ? list.filter((one) => one.layer !== layer || one.channel !== channel)
    : [...list, { layer, channel }].slice(-MOST);

/**
 * Input and scores stay on.
 * @param {import('../../engine/protocol.js').LayerInfo} layer @param {import('../../engine/engine.js').Engine['network']} network
 */
export const canSwitch = ({ index }, network) => index > 0 && network !== null && index < network.layers.length - 1;
