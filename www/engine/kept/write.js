/** Writing a file of the origin private file system: as a stream, or, where a browser has none, as only workers may. */

/**
 * A file that is written over. It may be that nothing of it is seen before it is closed.
 * @typedef {object} Output
 * @property {(bytes: Uint8Array<ArrayBuffer>, at?: number) => Promise<void>} write behind what was written last, if `at` is left out
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
    async close() {
      access.flush();
      access.close();
    },
    async abort() {
      access.close();
    },
  };
}
