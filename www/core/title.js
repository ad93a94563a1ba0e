/** What a network is called. */
import { t } from './i18n.js';

/**
 * To be said, or called.
 * @param {{id: string, title: string}} info
 * @returns {() => string}
 */
export const titleOf = ({ id, title }) => () => (id === 'custom' ? t('network.custom') : title);
