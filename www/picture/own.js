/** What pictures of one's own are called: `own`, `own-2` and so on. No DOM here. */

/** @param {number} number from 1 */
export const ownId = (number) => (number === 1 ? 'own' : `own-${number}`);

/** @param {string | null} id of a picture */
export const isOwn = (id) => /^own(-\d+)?$/.test(id ?? '');
