/** What networks, classes and channels are called. */
import { formOf } from '../engine/networks.js';
import { TABLE } from '../engine/table.js';
import { language, t } from './i18n.js';

/**
 * To be said, or called.
 * @param {{id: string, title: string}} info
 * @returns {() => string}
 */
export const titleOf = ({ id, title }) => () => (id === 'custom' ? t('network.custom') : title);

/** What people call a row of the table. @param {string} id */
export const rowTitle = (id) => TABLE.find((row) => row.id === id)?.title ?? id;

/** How a row is called where one is chosen: by its id and what people call it, but another form of a row by the latter alone. @param {string} id */
export function rowName(id) {
  const title = rowTitle(id);
  return title === id || formOf(id) !== id ? title : `${id} · ${title}`;
}

/**
 * A class in both languages, the page's first. An untrained network's classes have only numbers.
 * @param {import('../engine/protocol.js').NetworkInfo} info @param {number} index
 * @returns {[string, string]}
 */
export function classNames(info, index) {
  const { en, zh } = info.classes[index] ?? { en: '', zh: '' };
  if (!en && !zh) return [t('predictions.class', { number: index }), ''];
  const [first, second] = language() === 'zh' ? [zh, en] : [en, zh];
  return first ? [first, second] : [second, ''];
}

/**
 * What a channel is called: that of the last layer is a class, that of another flat layer a unit.
 * @param {import('../engine/protocol.js').NetworkInfo} info
 * @param {import('../engine/protocol.js').LayerInfo} layer @param {number} channel
 */
export function channelName(info, layer, channel) {
  if (layer.kind !== 'fc') return t('layer.channel', { channel });
  return layer.relu ? t('layer.unit', { channel }) : classNames(info, channel)[0];
}
