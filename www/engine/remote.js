/** Getting what lies at an address: for `assets.js` and for what takes its place in the built site. */

/** @param {string} url @returns {Promise<Response>} */
export async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(response.statusText);
  return response;
}

/**
 * @param {URL} url of the worker's script
 * @param {import('./engine.js').Choice} choice
 * @param {string | null} expected a model's file that it will be asked for
 */
export function workerAt(url, { build, threads }, expected) {
  if (build) url.searchParams.set('build', build);
  if (threads) url.searchParams.set('threads', String(threads));
  if (expected) url.searchParams.set('expected', expected);
  return new Worker(url, { type: 'module' });
}
