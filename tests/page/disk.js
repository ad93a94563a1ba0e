/** An origin private file system in memory, for tests without a browser; what can go wrong with one can be ordered. */

/** @typedef {Map<string, Uint8Array<ArrayBuffer> | Map<string, any>>} Folder */

const failure = (/** @type {string} */ name) => new DOMException(name, name);

export class Disk {
  /** @type {Folder} */ files = new Map();
  /** Bytes that may be written in all. */ room = Infinity;
  /** How long it takes until a stream is closed, in ms. */ delay = 0;
  /** What is being written cannot be removed. @type {Set<string>} */ #open = new Set();

  /** @param {{streams?: boolean}} [options] `streams`: whether files are written as streams, else as workers do it where there are none */
  constructor({ streams = true } = {}) {
    this.streams = streams;
  }

  /** @returns {Promise<any>} */
  root = async () => this.#folder(this.files);

  /** The file under a path, to be looked at or spoiled. @param {string} folder @param {string} name @returns {Uint8Array<ArrayBuffer>} */
  at(folder, name) {
    return /** @type {any} */ (this.files.get(folder)).get(name);
  }

  /** @param {number} bytes */
  #take(bytes) {
    if (bytes > this.room) throw failure('QuotaExceededError');
    this.room -= bytes;
  }

  /** @param {Folder} entries */
  #folder(entries) {
    return {
      getDirectoryHandle: async (/** @type {string} */ name, { create = false } = {}) => {
        if (!entries.has(name) && create) entries.set(name, new Map());
        const found = entries.get(name);
        if (!found) throw failure('NotFoundError');
        if (!(found instanceof Map)) throw failure('TypeMismatchError');
        return this.#folder(found);
      },
      getFileHandle: async (/** @type {string} */ name, { create = false } = {}) => {
        if (!entries.has(name) && create) entries.set(name, new Uint8Array());
        const found = entries.get(name);
        if (!found) throw failure('NotFoundError');
        if (found instanceof Map) throw failure('TypeMismatchError');
        return this.#file(entries, name);
      },
      removeEntry: async (/** @type {string} */ name) => {
        if (this.#open.has(name)) throw failure('NoModificationAllowedError');
        if (!entries.delete(name)) throw failure('NotFoundError');
      },
      async *keys() {
        yield* [...entries.keys()];
      },
    };
  }

  /** @param {Folder} entries @param {string} name */
  #file(entries, name) {
    const bytes = () => /** @type {Uint8Array<ArrayBuffer>} */ (entries.get(name));
    const put = (/** @type {Uint8Array} */ content, /** @type {Uint8Array} */ part, /** @type {number} */ at) => {
      const whole = new Uint8Array(Math.max(content.length, at + part.length));
      whole.set(content);
      whole.set(part, at);
      return whole;
    };
    const handle = {
      getFile: async () => new File([bytes()], name, { lastModified: 5 }),
    };
    const createWritable = async ({ keepExistingData = false } = {}) => {
      this.#open.add(name);
      /** Seen when it is closed. */
      let content = keepExistingData ? bytes() : new Uint8Array();
      let end = 0;
      return {
        write: async (/** @type {any} */ given) => {
          const { data, position } = given instanceof Uint8Array ? { data: given, position: end } : given;
          this.#take(data.length);
          content = put(content, data, position);
          end = position + data.length;
        },
        close: async () => {
          await new Promise((resolve) => setTimeout(resolve, this.delay));
          entries.set(name, content);
          this.#open.delete(name);
        },
        abort: async () => void this.#open.delete(name),
      };
    };
    const createSyncAccessHandle = async () => {
      if (this.#open.has(name)) throw failure('NoModificationAllowedError');
      this.#open.add(name);
      return {
        truncate: (/** @type {number} */ length) => entries.set(name, bytes().slice(0, length)),
        write: (/** @type {Uint8Array} */ part, /** @type {{at: number}} */ { at }) => {
          const count = Math.min(part.length, this.room);
          this.room -= count;
          entries.set(name, put(bytes(), part.subarray(0, count), at));
          // So Chromium says it, as an unsigned number.
          return count < part.length ? 4294967288 : count;
        },
        read: (/** @type {Uint8Array} */ into, /** @type {{at: number}} */ { at }) => {
          const part = bytes().subarray(at, at + into.length);
          into.set(part);
          return part.length;
        },
        flush() {},
        close: () => void this.#open.delete(name),
      };
    };
    return this.streams ? { ...handle, createWritable } : { ...handle, createSyncAccessHandle };
  }
}

/** Locks as the browser's tabs have them in common. @returns {any} */
export function makeLocks() {
  /** @type {Map<string, Promise<unknown>>} */
  const held = new Map();
  return {
    async request(/** @type {string} */ name, /** @type {any} */ ...rest) {
      const work = rest.at(-1);
      const { ifAvailable = false } = rest.length > 1 ? rest[0] : {};
      if (ifAvailable && held.has(name)) return work(null);
      while (held.has(name)) await held.get(name);
      const done = Promise.resolve(work({ name }));
      const free = done.then(() => {}, () => {}).then(() => void held.delete(name));
      held.set(name, free);
      return done;
    },
  };
}
