/** Other programs that want the machine's cores. */
import { spawn } from 'node:child_process';

/** @param {number} count @returns {() => void} ends them */
export function busy(count) {
  const others = Array.from({ length: count }, () => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
  const end = () => {
    for (const other of others) other.kill();
  };
  process.once('exit', end);
  return end;
}
