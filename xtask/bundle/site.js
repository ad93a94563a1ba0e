/**
 * Puts the page, the package and the slides into one folder for any static host: `node site.js www pkg out`.
 * Every address in it is relative, so it may lie under a sub-path.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

const [www, pkg, out] = process.argv.slice(2).map((path) => resolve(path));
const own = join(import.meta.dirname, 'site');
const reveal = join(import.meta.dirname, 'node_modules/reveal.js');

/** Of reveal.js, what the decks ask for, and its licence. */
const REVEAL = ['LICENSE', 'dist/reset.css', 'dist/reveal.css', 'dist/reveal.js'];

/** What every page of the site has in its head. @param {string} root the way to the site's root */
const head = (root) => `<link rel="manifest" href="${root}manifest.webmanifest">
<link rel="apple-touch-icon" href="${root}icons/192.png">
<script src="${root}register.js"></script>
`;

/** @param {string} folder @returns {string[]} */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.split(sep).join('/'))
    .toSorted();
}

/** @param {string} from @param {string} to */
function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

rmSync(out, { recursive: true, force: true });
cpSync(www, out, { recursive: true, filter: (path) => !path.endsWith('README.md') });
for (const path of filesIn(pkg).filter((path) => /\.(js|wasm)$/.test(path))) copy(join(pkg, path), join(out, 'pkg', path));
for (const path of REVEAL) copy(join(reveal, path), join(out, 'slides/reveal', path.replace('dist/', '')));
copy(own, out);

for (const path of filesIn(out).filter((path) => path.endsWith('.html'))) {
  const file = join(out, path);
  const root = `${relative(dirname(path), '.') || '.'}/`;
  writeFileSync(file, readFileSync(file, 'utf8').replace('<meta charset="utf-8">\n', (charset) => charset + head(root)));
}

// The service worker is no part of itself: the browser keeps it.
const files = filesIn(out).filter((path) => path !== 'service-worker.js');
const digest = createHash('sha256');
for (const path of files) digest.update(path).update(readFileSync(join(out, path)));
const site = { version: digest.digest('hex').slice(0, 16), files };
const worker = join(out, 'service-worker.js');
writeFileSync(worker, `const SITE = ${JSON.stringify(site)};\n${readFileSync(worker, 'utf8')}`);
const bytes = files.reduce((sum, path) => sum + statSync(join(out, path)).size, 0);
console.log(`${out}: ${files.length} files, ${(bytes / 1e6).toFixed(2)} MB`);
