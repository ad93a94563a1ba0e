/**
 * Where the page's own things come from: they lie beside it. In the standalone file another module takes the
 * place of this one, with everything inside: `xtask/bundle/embedded.js`.
 */

/** Whether the rows that were trained alike, to be compared, are at hand. */
export const hasAlike = true;

/** @param {string} path */
const beside = (path) => new URL(path, document.baseURI).href;

/** Of the shipped model, where a worker can fetch it. @type {string | null} */
export const modelUrl = beside('./models/vgg16-half-tiny.safetensors');

/** The shipped model. @returns {Promise<import('./protocol.js').ModelSource>} */
export const model = async () => ({ kind: 'url', url: /** @type {string} */ (modelUrl) });

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

/** @param {import('./engine.js').Choice} choice @param {string | null} [expected] a model's file that it will be asked for */
export function startWorker({ build, threads }, expected = null) {
  const url = new URL('../worker.js', import.meta.url);
  if (build) url.searchParams.set('build', build);
  if (threads) url.searchParams.set('threads', String(threads));
  if (expected) url.searchParams.set('expected', expected);
  return new Worker(url, { type: 'module' });
}

/** @param {string} url */
async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(response.statusText);
  return response;
}
