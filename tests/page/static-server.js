/** A plain host of files, under a sub-path and with no headers of its own, as GitHub Pages is. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
};

/**
 * @param {import('node:test').TestContext} t ends the server with it
 * @param {Record<string, string>} folders by the address they have, `/like/this/`
 * @returns {Promise<string>} the server's address, without a slash at its end
 */
export async function serve(t, folders) {
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url ?? '', 'http://localhost');
    const [root, folder] = Object.entries(folders).find(([root]) => pathname.startsWith(root)) ?? [];
    const path = decodeURIComponent(pathname.slice(root?.length)) || 'index.html';
    try {
      if (!folder) throw new Error(pathname);
      const bytes = await readFile(join(folder, path.endsWith('/') ? `${path}index.html` : path));
      const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(path.endsWith('/') ? '.html' : path))] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
}
