/**
 * Puts the page, the package and the slides into one folder for any static host: `node site.js www pkg out`.
 * Every address in it is relative, so it may lie under a sub-path. The page's modules and styles become a few files: of
 * what a browser does until the first prediction, asking for a hundred files is the most.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import * as esbuild from 'esbuild';
import { STYLE_LINKS, styles, TARGET } from './page.js';

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

/** The package stays as it is; the way to it is now from the site's root. @type {esbuild.Plugin} */
const packagePlugin = {
  name: 'package',
  setup(build) {
    build.onResolve({ filter: /\/pkg\// }, ({ path }) => ({ path: path.replace(/^.*?\/pkg\//, './pkg/'), external: true }));
  },
};

/** Page, worker and threads, each with the modules that it alone has. */
async function scripts() {
  await esbuild.build({
    entryPoints: { 'core/early': join(www, 'core/early.js'), main: join(www, 'main.js'), worker: join(www, 'worker.js'), thread: join(www, 'worker/thread.js') },
    outdir: out,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[hash]',
    format: 'esm',
    target: TARGET,
    charset: 'utf8',
    minify: true,
    legalComments: 'none',
    plugins: [packagePlugin],
  });
}

/** What goes into the few files. */
const MODULES = /^(core|locale|parts|style|views|worker)$|^(main|worker)\.js$/;

rmSync(out, { recursive: true, force: true });
cpSync(www, out, { recursive: true, filter: (path) => !path.endsWith('README.md') && !MODULES.test(relative(www, path)) });
await scripts();
const page = readFileSync(join(www, 'index.html'), 'utf8');
writeFileSync(join(out, 'page.css'), await styles(www, page));
writeFileSync(join(out, 'index.html'), page.replace(STYLE_LINKS, '').replace('</title>\n', '</title>\n<link rel="stylesheet" href="./page.css">\n'));
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
