/**
 * Files that are being fetched, as far as they have come: in the browser's own file system, so that fetching goes on after the
 * tab was closed. Each is two files:
 *
 *     FOLDER/ID.part    its bytes from the beginning on, as many as have come
 *     FOLDER/ID.json    what it is: its note
 *
 * Whoever fetches holds the lock `FOLDER/ID`. Writing goes in workers alone, the list in the page, too. No DOM.
 */

/** Beside that of the kept networks. */
export const FOLDER = 'vgglass-partial';
/** Bytes written at a time; so many are lost of a page that crashes. */
const PIECE = 1 << 20;
/** Bytes that are not worth going on with. */
const LEAST = 1 << 20;
/** What must be free for a file: itself, the network that is made of it, and as much again as that for whatever else. */
const ROOM = 1.5;
const LONGEST_NOTE = 10_000;

/** @typedef {import('./hub.js').HubFile} HubFile */
/** What is known of a file that has begun to come. @typedef {{file: HubFile, length: number, etag: string | null}} Note */
/** A file that has come in part, and that nobody fetches now. @typedef {{id: string, file: HubFile, length: number, bytes: number}} Half */
/** @typedef {Pick<import('../kept/shelf.js').World, 'root' | 'estimate' | 'locks'>} World */

export class Partials {
  #world;

  /** @param {World} world */
  constructor(world) {
    this.#world = world;
  }

  /** Those that nobody fetches now; what is left of others that is not worth going on with is cleared away. @returns {Promise<Half[]>} none where nothing can be kept */
  async list() {
    const all = /** @type {Half[]} */ ([]);
    const folder = await this.#folder().catch(() => null);
    if (!folder) return [];
    const ids = new Set();
    for await (const name of folder.keys()) {
      const [, id] = name.match(/^([0-9a-f]{16})\.(?:part|json)(?:\.crswap)?$/) ?? [];
      if (id) ids.add(id);
    }
    for (const id of ids) {
      await this.#ifFree(id, async () => {
        const [note, bytes] = [await noteOf(folder, id), await sizeOf(folder, id)];
        if (note && bytes >= LEAST) all.push({ id, file: note.file, length: note.length, bytes: Math.min(bytes, note.length) });
        else await remove(folder, id);
      });
    }
    return all;
  }

  /** If nobody fetches it. @param {string} id */
  async discard(id) {
    const folder = await this.#folder();
    await this.#ifFree(id, () => remove(folder, id));
  }

  /**
   * What has come of a file, to be gone on with; in a worker.
   * @param {HubFile} file
   * @returns {Promise<Partial | null>} null where nothing can be kept, and while another tab fetches the same
   */
  async open(file) {
    const { locks } = this.#world;
    try {
      const id = await idOf(file.url);
      const folder = await this.#folder(true);
      const release = await hold(locks, `${FOLDER}/${id}`);
      if (!release) return null;
      try {
        const note = await noteOf(folder, id);
        const handle = await folder.getFileHandle(`${id}.part`, { create: true });
        const access = await /** @type {any} */ (handle).createSyncAccessHandle();
        return new Partial({ folder, id, access, note, size: note ? await sizeOf(folder, id) : 0, release, hasRoom: (bytes) => this.#hasRoom(bytes) });
      } catch {
        release();
        return null;
      }
    } catch {
      return null;
    }
  }

  /** @param {number} bytes */
  async #hasRoom(bytes) {
    const { quota, usage } = await this.#world.estimate();
    return quota === undefined || quota - (usage ?? 0) > ROOM * bytes;
  }

  async #folder(create = false) {
    return (await this.#world.root()).getDirectoryHandle(FOLDER, { create });
  }

  /** @param {string} id @param {() => Promise<void>} work */
  async #ifFree(id, work) {
    const { locks } = this.#world;
    if (!locks) return work().catch(() => {});
    return locks.request(`${FOLDER}/${id}`, { ifAvailable: true }, (lock) => (lock ? work() : undefined));
  }
}

/** What has come of one file. Where it cannot be written any more, it is let go, and the file is fetched all the same. */
export class Partial {
  /** Bytes from the beginning that are here. */ size;
  /** @type {Note | null} */ note;
  #parts;
  #isEnded = false;
  #isGone = false;
  /** What has come and is not written yet, and how much of it there is. */ #waiting = new Uint8Array(PIECE);
  #count = 0;

  /**
   * @param {object} parts
   * @param {FileSystemDirectoryHandle} parts.folder
   * @param {string} parts.id
   * @param {any} parts.access a `FileSystemSyncAccessHandle`
   * @param {Note | null} parts.note
   * @param {number} parts.size
   * @param {() => void} parts.release
   * @param {(bytes: number) => Promise<boolean>} parts.hasRoom
   */
  constructor(parts) {
    this.#parts = parts;
    this.note = parts.note;
    this.size = Math.min(parts.size, parts.note?.length ?? 0);
  }

  /** What is there is of another file. */
  forget() {
    this.size = 0;
    this.#count = 0;
    this.note = null;
  }

  /** Nothing has come of it yet. @param {Note} note */
  async begin(note) {
    const { access, folder, id, hasRoom } = this.#parts;
    try {
      this.forget();
      access.truncate(0);
      if (!(await hasRoom(note.length))) throw new Error('no room');
      const json = await folder.getFileHandle(`${id}.json`, { create: true });
      const output = await /** @type {any} */ (json).createSyncAccessHandle();
      const text = new TextEncoder().encode(JSON.stringify(note));
      output.truncate(0);
      output.write(text, { at: 0 });
      output.close();
      this.note = note;
    } catch {
      await this.discard();
    }
  }

  /** The bytes behind those that are here. @param {Uint8Array} bytes */
  async append(bytes) {
    try {
      for (let at = 0; at < bytes.length && !this.#isEnded; ) {
        const part = bytes.subarray(at, at + PIECE - this.#count);
        this.#waiting.set(part, this.#count);
        this.#count += part.length;
        this.size += part.length;
        at += part.length;
        if (this.#count === PIECE) this.#write();
      }
    } catch {
      await this.discard();
    }
  }

  #write() {
    const bytes = this.#waiting.subarray(0, this.#count);
    if (bytes.length === 0) return;
    const written = this.#parts.access.write(bytes, { at: this.size - bytes.length });
    if (written !== bytes.length) throw new Error('no room');
    this.#count = 0;
  }

  /** Bytes that are here. @param {number} start @param {number} end @returns {Uint8Array<ArrayBuffer>} */
  read(start, end) {
    this.#write();
    const bytes = new Uint8Array(end - start);
    const count = this.#parts.access.read(bytes, { at: start });
    if (count !== bytes.length) throw new Error(`${count} bytes of ${bytes.length}`);
    return bytes;
  }

  /** It stays as it is. */
  close() {
    if (this.#isEnded) return;
    this.#isEnded = true;
    try {
      this.#write();
    } catch {
      // Then it ends before.
    }
    this.#parts.access.close();
    this.#parts.release();
  }

  /** It is of no use any more. */
  async discard() {
    if (this.#isGone) return;
    this.#isGone = true;
    this.size = 0;
    const { access, folder, id, release } = this.#parts;
    if (!this.#isEnded) access.close();
    this.#isEnded = true;
    await remove(folder, id).catch(() => {});
    release();
  }
}

/** @param {FileSystemDirectoryHandle} folder @param {string} id */
async function remove(folder, id) {
  for (const ending of ['part', 'json', 'json.crswap']) {
    await folder.removeEntry(`${id}.${ending}`).catch((error) => {
      if (error.name !== 'NotFoundError') throw error;
    });
  }
}

/** @param {FileSystemDirectoryHandle} folder @param {string} id @returns {Promise<number>} bytes that have come */
async function sizeOf(folder, id) {
  try {
    return (await (await folder.getFileHandle(`${id}.part`)).getFile()).size;
  } catch {
    return 0;
  }
}

/** @param {FileSystemDirectoryHandle} folder @param {string} id @returns {Promise<Note | null>} null for what is none */
async function noteOf(folder, id) {
  try {
    const file = await (await folder.getFileHandle(`${id}.json`)).getFile();
    const { file: wanted, length, etag } = file.size > LONGEST_NOTE ? {} : JSON.parse(await file.text());
    const isText = (/** @type {unknown} */ text) => text === undefined || typeof text === 'string';
    const isOne =
      wanted?.kind === 'hub' && typeof wanted.url === 'string' && typeof wanted.name === 'string' && URL.canParse(wanted.url) &&
      [wanted.key, wanted.sha256, wanted.pointer].every(isText) &&
      Number.isSafeInteger(length) && length > 0 && (etag === null || typeof etag === 'string') &&
      (await idOf(wanted.url)) === id;
    return isOne ? { file: wanted, length, etag } : null;
  } catch {
    return null;
  }
}

/** @param {string} url */
async function idOf(url) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(url));
  return [...new Uint8Array(hash, 0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @param {LockManager | undefined} locks @param {string} name @returns {Promise<(() => void) | null>} lets it go; null: another holds it */
async function hold(locks, name) {
  if (!locks) return () => {};
  return new Promise((resolve, reject) => {
    locks.request(name, { ifAvailable: true }, (lock) => (lock ? new Promise((release) => resolve(() => release(undefined))) : resolve(null))).catch(reject);
  });
}
