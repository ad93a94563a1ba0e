/** Which network, as the state's `model` says it: a kind of them, or a kind of which there are many and a name behind it. No DOM here. */

/** Those of which there are many. */
const [KEPT, PUBLISHED, SITE] = ['kept:', 'imagenet:', 'site:'];

/** @param {string} kind @returns {(model: string) => string | null} what is named, if that is what `model` means */
const named = (kind) => (model) => (model.startsWith(kind) ? model.slice(kind.length) : null);

/** What the state's `model` says of a network kept under that name. @param {string} name */
export const keptModel = (name) => KEPT + name;

/** The name of a network that is kept on this machine, if that is what `model` means. */
export const keptName = named(KEPT);

/** What the state's `model`, and the note of one that is kept, say of a published network. @param {string} key */
export const publishedModel = (key) => PUBLISHED + key;

/** The key of a published network, if that is what `model` means. */
export const publishedKey = named(PUBLISHED);

/** What the state's `model` says of a network that whoever put up this site has added. @param {string} name */
export const siteModel = (name) => SITE + name;

/** The name of such a network, if that is what `model` means. */
export const siteName = named(SITE);
