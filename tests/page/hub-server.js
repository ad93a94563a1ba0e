/** Servers that behave as model hubs do, and misbehave as networks do: a hub that redirects to a CDN of another origin. */
import { createServer } from 'node:http';

/** Bytes that the CDN sends at a time. */
const PART = 1 << 16;

/**
 * How the CDN behaves; may be changed while it runs.
 * @typedef {object} Behaviour
 * @property {boolean} [hasParts] whether it answers to Range (the default)
 * @property {boolean} [isOpen] whether it lets other pages read (the default)
 * @property {boolean} [exposes] whether it lets them read ETag and Content-Range, too (the default)
 * @property {(number | null)[]} [breaksAt] how many bytes each answer with a body sends before its connection breaks; null: all; those after the last send all
 * @property {number} [lingers] ms between what was sent and the break: browsers may lose what they have not read by then
 * @property {number} [stallsAt] the next answer sends so many bytes and then nothing
 * @property {(number | [number, Record<string, string>])[]} [statuses] of the next answers, with their headers
 * @property {Record<string, string>} [headers] of every answer that has a file
 * @property {boolean} [isChunked] it does not say how long it is
 * @property {number} [lengthError] how much longer than the file it says that it is
 * @property {string | null} [etag]
 * @property {number} [pauses] ms between two parts of an answer
 */

/**
 * @param {import('node:test').TestContext} t ends them with it
 * @param {Record<string, Uint8Array>} files by their paths at the hub; may be changed
 * @param {Behaviour} [behaviour]
 */
export async function startHub(t, files, behaviour = {}) {
  /** Requests to the CDN. @type {{method: string, path: string, range: string | null, sent: number}[]} */
  const asked = [];
  const cdn = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const path = new URL(url, 'http://cdn').pathname;
    const record = { method, path, range: headers.range ?? null, sent: 0 };
    asked.push(record);
    const { hasParts = true, isOpen = true, exposes = true, etag = '"1"' } = behaviour;
    if (isOpen) response.setHeader('access-control-allow-origin', '*');
    if (exposes) response.setHeader('access-control-expose-headers', 'Accept-Ranges, Content-Range, Content-Type, Content-Disposition, ETag, X-Cache');
    const status = behaviour.statuses?.shift();
    if (method === 'OPTIONS' || (status !== undefined && status !== 200)) {
      const [code, more] = Array.isArray(status) ? status : [status ?? 403, {}];
      response.writeHead(code, more).end('no');
      return;
    }
    const file = files[path];
    if (!file) {
      response.writeHead(404).end('no such file');
      return;
    }
    const [, from, to] = (hasParts && record.range?.match(/^bytes=(\d+)-(\d*)$/)) || [];
    const first = Number(from ?? 0);
    if (first >= file.length) {
      response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
      return;
    }
    const end = to ? Math.min(Number(to) + 1, file.length) : file.length;
    const body = file.subarray(first, end);
    response.writeHead(from === undefined ? 200 : 206, {
      'content-type': 'application/octet-stream',
      ...(behaviour.isChunked ? {} : { 'content-length': String(body.length + (behaviour.lengthError ?? 0)) }),
      ...(etag === null ? {} : { etag }),
      ...(from === undefined ? {} : { 'content-range': `bytes ${first}-${end - 1}/${file.length}` }),
      ...behaviour.headers,
    });
    const { stallsAt } = behaviour;
    delete behaviour.stallsAt;
    const breaksAt = stallsAt ?? behaviour.breaksAt?.shift() ?? Infinity;
    const send = () => {
      if (response.destroyed) return;
      if (record.sent >= Math.min(breaksAt, body.length)) {
        if (record.sent >= body.length) response.end();
        else if (stallsAt === undefined) setTimeout(() => response.destroy(), behaviour.lingers ?? 0);
        return;
      }
      const part = body.subarray(record.sent, Math.min(record.sent + PART, breaksAt));
      record.sent += part.length;
      const go = () => (behaviour.pauses ? setTimeout(send, behaviour.pauses) : setImmediate(send));
      if (response.write(part)) go();
      else response.once('drain', go);
    };
    send();
  });
  const cdnAddress = await started(t, cdn);
  /** Paths that the hub was asked for. @type {string[]} */
  const hubAsked = [];
  const hub = createServer(({ url = '', method }, response) => {
    const path = new URL(url, 'http://hub').pathname;
    hubAsked.push(path);
    response.setHeader('access-control-allow-origin', '*');
    if (method === 'OPTIONS') response.writeHead(403).end();
    else if (path.includes('/raw/')) {
      const pointer = files[path];
      response.writeHead(pointer ? 200 : 404, { 'content-type': 'text/plain' }).end(pointer ?? 'Entry not found');
    } else response.writeHead(302, { location: `${cdnAddress}${path}?Expires=1`, 'x-linked-etag': '"not to be read"' }).end();
  });
  return { address: await started(t, hub), asked, hubAsked, files, behaviour };
}

/** @param {import('node:test').TestContext} t @param {import('node:http').Server} server */
async function started(t, server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
}
