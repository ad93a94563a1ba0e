/**
 * Where the page's own things come from: they lie beside it. In the standalone file another module takes the
 * place of this one, with everything inside: `xtask/bundle/embedded.js`.
 */

const MODEL = './models/vgg16-half-tiny.safetensors';

/** Whether the rows that were trained alike, to be compared, are at hand. */
export const hasAlike = true;

/** @param {string} path */
const beside = (path) => new URL(path, document.baseURI).href;

/** The shipped model. @returns {Promise<import('./protocol.js').ModelSource>} */
export const model = async () => ({ kind: 'url', url: beside(MODEL) });

/** A row of the table as it was trained together with all others. @param {string} row @returns {Promise<import('./protocol.js').ModelSource>} */
export const alike = async (row) => ({ kind: 'url', url: beside(`./models/alike/${row}.safetensors`) });

/** A sample picture, as an image's source. @param {string} file */
export const pictureUrl = (file) => beside(`./pictures/${file}`);

/** @returns {Promise<import('./app.js').Sample[]>} */
export async function samples() {
  return (await fetched(beside('./pictures/pictures.json'))).json();
}

/** @param {string} file @returns {Promise<Blob>} */
export async function picture(file) {
  return (await fetched(pictureUrl(file))).blob();
}

/** @param {import('./engine.js').Choice} choice */
export function startWorker({ build, threads }) {
  const url = new URL('../worker.js', import.meta.url);
  if (build) url.searchParams.set('build', build);
  if (threads) url.searchParams.set('threads', String(threads));
  return new Worker(url, { type: 'module' });
}

/** @param {string} url */
async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(response.statusText);
  return response;
}
