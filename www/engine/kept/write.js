/** Writing a file of the origin private file system: as a stream, or, where a browser has none, as only workers may. */

/**
 * A file that is written over. It may be that nothing of it is seen before it is closed.
 * @typedef {object} Output
 * @property {(bytes: Uint8Array<ArrayBuffer>, at?: number) => Promise<void>} write behind what was written last, if `at` is left out
 * @property {(start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>} read what was written
 * @property {() => Promise<void>} close
 * @property {() => Promise<void>} abort
 */

/** Whether files can be written here: Safari before 26 does it in workers alone. */
export const canWrite = () =>
  typeof FileSystemFileHandle === 'function' && ['createWritable', 'createSyncAccessHandle'].some((name) => name in FileSystemFileHandle.prototype);

/** @param {FileSystemFileHandle} handle @returns {Promise<Output>} */
export const openToWrite = (handle) => ('createWritable' in handle ? byStream(handle) : byAccess(handle));

/**
 * The best way in a worker for what is read while it is written. WebKitGTK refuses to open its files so, and takes them for locked
 * from then on: it is tried with one that nobody needs.
 * @param {FileSystemDirectoryHandle} root
 * @returns {Promise<typeof openToWrite>}
 */
export async function wayToWork(root) {
  const name = 'vgglass-trial';
  try {
    const output = await byAccess(await root.getFileHandle(name, { create: true }));
    await output.close();
    return byAccess;
  } catch {
    return openToWrite;
  } finally {
    await root.removeEntry(name).catch(() => {});
  }
}

/** A stream's file is there when it is closed: to be read, it is closed, and opened again to be written on. @param {FileSystemFileHandle} handle @returns {Promise<Output>} */
async function byStream(handle) {
  /** @type {FileSystemWritableFileStream | null} */
  let stream = await handle.createWritable();
  const close = async () => {
    await stream?.close();
    stream = null;
  };
  return {
    async write(bytes, at) {
      stream ??= await handle.createWritable({ keepExistingData: true });
      await stream.write(at === undefined ? bytes : { type: 'write', position: at, data: bytes });
    },
    async read(start, end) {
      await close();
      return new Uint8Array(await (await handle.getFile()).slice(start, end).arrayBuffer());
    },
    close,
    abort: async () => stream?.abort(),
  };
}

/** @param {FileSystemFileHandle} handle @returns {Promise<Output>} */
async function byAccess(handle) {
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
