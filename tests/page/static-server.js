/** A plain host of files, under a sub-path and with no headers of its own, as GitHub Pages is; and what is put up there. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

/** Bytes that a proxy sends at a time. */
const PART = 1 << 18;

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

/** How long a host outlives its test, in ms. */
const LINGER = 2000;

/** What `cargo xtask test page` has built before. @param {string} path in `dist/` @param {string} command that builds it */
export function built(path, command) {
  const found = fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
  if (!existsSync(found)) throw new Error(`${found} is missing: run ${command}`);
  return found;
}

/**
 * What may be changed while the host runs.
 * @typedef {object} Host
 * @property {Record<string, string>} [headers] of every answer
 * @property {(path: string, bytes: Buffer) => Buffer | null | Promise<Buffer | null>} [change] what is sent instead of a file;
 *   null: it is not there
 * @property {Record<string, string>} [redirects] from path to address
 * @property {{path: string, method: string, bytes: number}[]} [asked] what was asked for, and how many bytes were sent
 */

/**
 * @param {import('node:test').TestContext} t ends the server with it
 * @param {Record<string, string>} folders by the address they have, `/like/this/`; may be changed, too
 * @param {Host} [host]
 * @returns {Promise<string>} the server's address, without a slash at its end
 */
export async function serve(t, folders, host = {}) {
  const server = createServer(async ({ url, method = 'GET', headers: { range } }, response) => {
    const { pathname } = new URL(url ?? '', 'http://localhost');
    const [root, folder] = Object.entries(folders).find(([root]) => pathname.startsWith(root)) ?? [];
    const asked = decodeURIComponent(pathname.slice(root?.length));
    const path = asked === '' || asked.endsWith('/') ? `${asked}index.html` : asked;
    const record = { path, method, bytes: 0 };
    host.asked?.push(record);
    for (const [name, value] of Object.entries(host.headers ?? {})) response.setHeader(name, value);
    try {
      const redirect = host.redirects?.[path];
      if (redirect) {
        response.writeHead(302, { location: redirect }).end();
        return;
      }
      if (!folder) throw new Error(pathname);
      const file = await readFile(join(folder, path));
      const bytes = host.change ? await host.change(path, file) : file;
      if (!bytes) throw new Error(path);
      const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(path))] ?? 'application/octet-stream';
      const [, from, to] = range?.match(/^bytes=(\d+)-(\d+)$/) ?? [];
      const sent = from ? bytes.subarray(Number(from), Number(to) + 1) : bytes;
      if (from) response.setHeader('content-range', `bytes ${from}-${to}/${bytes.length}`);
      if (method !== 'HEAD') record.bytes = sent.length;
      response.writeHead(from ? 206 : 200, { 'content-type': type, 'content-length': sent.length }).end(sent);
    } catch {
      response.writeHead(404).end('There is no such file.');
    }
  });
  return started(t, server);
}

/**
 * Stands before another server and changes what it answers.
 * @param {import('node:test').TestContext} t ends it with it
 * @param {string} address of the other
 * @param {(path: string, bytes: Buffer) => {bytes: Uint8Array, headers?: Record<string, string>}} change
 * @returns {Promise<string>} its address, with a slash at its end
 */
export async function proxy(t, address, change) {
  const server = createServer(async ({ url = '' }, response) => {
    const answer = await fetch(new URL(url, address));
    const { bytes, headers } = change(url.split('?')[0], Buffer.from(await answer.arrayBuffer()));
    const own = Object.fromEntries([...answer.headers].filter(([name]) => /^(content-type|cross-origin-.*|cache-control)$/.test(name)));
    response.writeHead(answer.status, { ...own, 'content-length': bytes.length, ...headers });
    // In parts, as from afar.
    for (let at = 0; at < bytes.length; at += PART) {
      response.write(bytes.subarray(at, at + PART));
      if (bytes.length > PART) await pause(20);
    }
    response.end();
  });
  return `${await started(t, server)}/`;
}

/** @param {import('node:test').TestContext} t @param {import('node:http').Server} server */
async function started(t, server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  // Of what is done at the end of a test the page's end comes later, and a page that still loads is not to see this one.
  t.after(() => {
    setTimeout(() => {
      server.closeAllConnections();
      server.close();
    }, LINGER);
  });
  return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
}
