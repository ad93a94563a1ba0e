/** Writing a file of the origin private file system: as a stream, or, where a browser has none, as only workers may, which can read it, too. */

/**
 * A file that is written over. It may be that nothing of it is seen before it is closed.
 * @typedef {object} Output
 * @property {(bytes: Uint8Array<ArrayBuffer>, at?: number) => Promise<void>} write behind what was written last, if `at` is left out
 * @property {(start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>} [read] what was written
 * @property {() => Promise<void>} close
 * @property {() => Promise<void>} abort
 */

/** Whether files can be written here: Safari before 26 does it in workers alone. */
export const canWrite = () =>
  typeof FileSystemFileHandle === 'function' && ['createWritable', 'createSyncAccessHandle'].some((name) => name in FileSystemFileHandle.prototype);

/** @param {FileSystemFileHandle} handle @returns {Promise<Output>} */
export async function openToWrite(handle) {
  if ('createWritable' in handle) {
    const stream = await handle.createWritable();
    return {
      write: (bytes, at) => stream.write(at === undefined ? bytes : { type: 'write', position: at, data: bytes }),
      close: () => stream.close(),
      abort: () => stream.abort(),
    };
  }
  return openToWork(handle);
}

/** In workers alone, of all browsers that have such files: what was written can be read. @param {FileSystemFileHandle} handle @returns {Promise<Output>} */
export async function openToWork(handle) {
  const access = await /** @type {any} */ (handle).createSyncAccessHandle();
  let end = 0;
  access.truncate(0);
  return {
    async write(bytes, at = end) {
      const written = access.write(bytes, { at });
      // Some browsers write what there is room for; Chromium gives a number beyond all bounds.
      if (written !== bytes.length) throw new DOMException('no room', 'QuotaExceededError');
      end = at + written;
    },
    async read(start, stop) {
      const bytes = new Uint8Array(stop - start);
      const count = access.read(bytes, { at: start });
      if (count !== bytes.length) throw new Error(`${count} bytes of ${bytes.length}`);
      return bytes;
    },
    async close() {
      access.flush();
      access.close();
    },
    async abort() {
      access.close();
    },
  };
}
