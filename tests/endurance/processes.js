/** What a process and its descendants take of the machine, by Linux's /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second, as /proc has them on every Linux. */
const TICKS = 100;

/** @param {string} path @returns {string} empty for a process that is gone */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Fields of /proc/PID/stat from the third on; the second, the name, may have blanks. @param {string} pid */
const stat = (pid) => read(`/proc/${pid}/stat`).split(') ').pop()?.split(' ') ?? [];

/** @param {number} root @returns {string[]} */
function family(root) {
  /** @type {Map<string, string[]>} */
  const children = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const [, parent = ''] = stat(pid);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const all = [String(root)];
  for (const pid of all) all.push(...(children.get(pid) ?? []));
  return all;
}

/**
 * @param {number} root
 * @returns {{memory: number, threads: number, seconds: number}} `memory` in bytes, what is shared counted once (Pss);
 *   `seconds` of CPU time since they began
 */
export function taken(root) {
  const sum = { memory: 0, threads: 0, seconds: 0 };
  for (const pid of family(root)) {
    sum.memory += 1024 * Number(read(`/proc/${pid}/smaps_rollup`).match(/^Pss:\s+(\d+)/m)?.[1] ?? 0);
    const fields = stat(pid);
    sum.threads += Number(fields[17] ?? 0);
    sum.seconds += (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
  }
  return sum;
}
