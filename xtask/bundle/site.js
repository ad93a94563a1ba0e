/**
 * Puts the page, the package and the slides into one folder for any static host, and model files beside them:
 * `node site.js www pkg out [model.safetensors …]`.
 * Every address in it is relative, so it may lie under a sub-path. The page's modules and styles become a few files: of
 * what a browser does until the first prediction, asking for a hundred files is the most.
 *
 * What the page asks for by itself is named after its content, `name-HASH.ext`: whatever the host and its caches do while a
 * new version is put up, a page gets the files that it was built with, or none. People know the other names: those of
 * pages, of `element.js`, of the decks' files and of what browsers look for.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import * as esbuild from 'esbuild';
import { nameOfFile } from '../../www/engine/kept/names.js';
import { STYLE_LINKS, styles, TARGET } from './page.js';

const [www, pkg, out, ...models] = process.argv.slice(2).map((path) => resolve(path));
const own = join(import.meta.dirname, 'site');
const reveal = join(import.meta.dirname, 'node_modules/reveal.js');

/** Of reveal.js, what the decks ask for, and its licence. */
const REVEAL = ['LICENSE', 'dist/reset.css', 'dist/reveal.css', 'dist/reveal.js'];

/** Of the page's folder, what keeps its name; the rest is named after its content, or goes into the few files. */
const STABLE = /^(element\.js|icon\.svg|index\.html|slides\/.*(?<!README\.md)|pictures\/CREDITS\.md)$/;
const NAMED = /^(models|pictures)\/.*\.(safetensors|jpg|webp|json)$/;
/** The page's first script, its worker's, that of the worker's threads, and those of the workers that write and make kept networks. */
const [EARLY, WORKER, THREAD, KEEPER, IMPORTER] = ['early', 'worker/index', 'worker/thread', 'kept/worker', 'import/worker'].map((name) => `engine/${name}.js`);

/** Models beside the page: what they are called, and the paths that their sources would have. @type {{name: string, path: string, bytes: number}[]} */
const added = [];

/** Addresses of files named after their content, by their paths in the sources. @type {Map<string, string>} */
const named = new Map();

/** @param {string | Uint8Array} content */
const sha256 = (content) => createHash('sha256').update(content).digest('hex');

/** @param {string} folder @returns {string[]} */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => path.split(sep).join('/'))
    .toSorted();
}

/** @param {string} path @param {string | Uint8Array} content */
function write(path, content) {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), content);
}

/** @param {string} path of the source @param {string | Uint8Array} content */
function writeNamed(path, content) {
  const ending = extname(path);
  const address = `${path.slice(0, -ending.length)}-${sha256(content).slice(0, 8).toUpperCase()}${ending}`;
  named.set(path, address);
  write(address, content);
}

/** The address of what is named after its content. @param {string} path */
function addressOf(path) {
  const address = named.get(path);
  if (!address) throw new Error(`${path} is not in the site, or not yet`);
  return address;
}

/** Not every Rust can make the build with threads; where that is not found, the page takes the next. @param {string} path */
function addressOfBuild(path) {
  return path.startsWith('pkg/threads/') && !named.has(path) ? path : addressOf(path);
}

/** Models that whoever puts up the site adds. */
function writeModels() {
  for (const [i, file] of models.entries()) {
    const name = nameOfFile(basename(file));
    if (added.some((other) => other.name === name)) throw new Error(`two models are called “${name}”`);
    const content = readFileSync(file);
    const path = `models/site/${i + 1}.safetensors`;
    writeNamed(path, content);
    added.push({ name, path, bytes: content.length });
  }
}

/** Every build of the engine, and the converter; the script of each names the wasm beside it. */
function writePackage() {
  const paths = filesIn(pkg).filter((path) => /(^|\/)vgglass(\.js|_bg\.wasm)$/.test(path));
  for (const path of paths.filter((path) => path.endsWith('.wasm'))) writeNamed(`pkg/${path}`, readFileSync(join(pkg, path)));
  for (const path of paths.filter((path) => path.endsWith('.js'))) {
    writeNamed(`pkg/${path}`, renamed(readFileSync(join(pkg, path), 'utf8'), `pkg/${dirname(path)}`));
  }
}

/**
 * Puts the addresses of files into `new URL('…', import.meta.url)`.
 * @param {string} text of a script @param {string} folder where its source is
 */
function renamed(text, folder) {
  return text.replace(/(?<=new URL\(')[^']+(?=', import\.meta\.url\))/g, (path) => basename(addressOf(join(folder, path).split(sep).join('/'))));
}

/**
 * Scripts lie in one folder, beside that of the package; those named in a script's text are there before it.
 * @type {esbuild.Plugin}
 */
const addressesPlugin = {
  name: 'addresses',
  setup(build) {
    build.onResolve({ filter: /\/pkg\// }, ({ path }) => ({ path: `../${addressOfBuild(path.replace(/^.*?\/pkg\//, 'pkg/'))}`, external: true }));
    build.onLoad({ filter: /\/worker\/\w+\.js$/ }, ({ path }) => ({ contents: renamed(readFileSync(path, 'utf8'), relative(www, dirname(path))) }));
    build.onResolve({ filter: /\/assets\.js$/ }, () => ({ path: join(import.meta.dirname, 'hosted.js') }));
    build.onResolve({ filter: /^site:(addresses|added)$/ }, ({ path }) => ({ path: path.replace('site:', ''), namespace: 'site' }));
    build.onLoad({ filter: /^added$/, namespace: 'site' }, () => ({ contents: JSON.stringify(added), loader: 'json' }));
    build.onLoad({ filter: /^addresses$/, namespace: 'site' }, () => ({
      contents: JSON.stringify(Object.fromEntries([...named].filter(([path]) => NAMED.test(path) || [WORKER, KEEPER, IMPORTER].includes(path)))),
      loader: 'json',
    }));
  },
};

/**
 * @param {Record<string, string>} entries of the page's folder, by their names in the site; what several of them have is shared
 * @returns {Promise<string[]>} the shared files that they begin with
 */
async function writeScripts(entries) {
  const { outputFiles, metafile } = await esbuild.build({
    // What the hash of a name is made of begins here, wherever the sources lie.
    absWorkingDir: www,
    entryPoints: entries,
    outdir: join(out, 'scripts'),
    entryNames: '[name]-[hash]',
    chunkNames: 'shared-[hash]',
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: TARGET,
    charset: 'utf8',
    minify: true,
    legalComments: 'none',
    plugins: [addressesPlugin],
  });
  for (const { path, contents } of outputFiles) write(relative(out, path), contents);
  const addressAt = (/** @type {string} */ path) => relative(out, join(www, path)).split(sep).join('/');
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint) named.set(entryPoint, addressAt(path));
  }
  /** What a script cannot begin without: not what it asks for later. @type {Set<string>} */
  const needed = new Set();
  const need = (/** @type {string} */ path) => {
    for (const { path: other, kind, external } of metafile.outputs[path].imports) {
      if (external || kind !== 'import-statement' || needed.has(other)) continue;
      needed.add(other);
      need(other);
    }
  };
  for (const path of Object.values(entries)) need(Object.keys(metafile.outputs).find((output) => metafile.outputs[output].entryPoint === path) ?? '');
  return [...needed].map(addressAt);
}

/** What a file is for, which says when it is kept: see `service-worker.js`. @param {string} path */
function partOf(path) {
  if (/^(pkg\/convert\/|scripts\/importer-)/.test(path)) return 'rest';
  if (path === 'index.html' || /^(scripts|style)\//.test(path)) return 'page';
  if (path.startsWith('pkg/')) return /^pkg\/(relaxed|threads)\//.test(path) ? 'relaxed' : 'base';
  if (/^(icon|manifest|icons\/|models\/[^/]+$|pictures\/.*\.(jpg|webp|json)$)/.test(path)) return 'first';
  return 'rest';
}

rmSync(out, { recursive: true, force: true });
for (const path of filesIn(www)) {
  if (STABLE.test(path)) write(path, readFileSync(join(www, path)));
  else if (NAMED.test(path)) writeNamed(path, readFileSync(join(www, path)));
}
writeModels();
writePackage();
await writeScripts({ thread: THREAD });
await writeScripts({ worker: WORKER });
await writeScripts({ keeper: KEEPER });
await writeScripts({ importer: IMPORTER });
const modules = await writeScripts({ early: EARLY, main: 'main.js' });
for (const path of REVEAL) write(`slides/reveal/${path.replace('dist/', '')}`, readFileSync(join(reveal, path)));
cpSync(own, out, { recursive: true, filter: (path) => !path.endsWith('.js') });

const page = readFileSync(join(www, 'index.html'), 'utf8');
writeNamed('style/page.css', await styles(www, page));
write(
  'index.html',
  page
    .replace(STYLE_LINKS, '')
    .replace('</title>\n', `</title>\n<link rel="stylesheet" href="./${addressOf('style/page.css')}">\n`)
    .replace(/(?<=<script type="module" src=")[^"]+/g, (address) => `./${addressOf(address.replace('./', ''))}`)
    .replace('</head>', `${modules.map((path) => `<link rel="modulepreload" href="./${path}">\n`).join('')}</head>`),
);

const register = join(own, 'register.js');
const serviceWorker = readFileSync(join(own, 'service-worker.js'), 'utf8');
const digest = createHash('sha256').update(readFileSync(register)).update(serviceWorker);
for (const path of filesIn(out)) digest.update(path).update(readFileSync(join(out, path)));
const version = digest.digest('hex').slice(0, 16);

for (const path of filesIn(out).filter((path) => path.endsWith('.html'))) {
  const root = `${relative(dirname(path), '.') || '.'}/`;
  // Within the page: it must be able to say that another of its files is gone.
  const define = { ROOT: JSON.stringify(root), VERSION: JSON.stringify(version) };
  const { outputFiles } = await esbuild.build({ entryPoints: [register], bundle: true, write: false, format: 'iife', define, target: TARGET, charset: 'utf8', minify: true });
  const head = `<meta name="vgglass-version" content="${version}">
<link rel="manifest" href="${root}manifest.webmanifest">
<link rel="apple-touch-icon" href="${root}icons/192.png">
<script>${outputFiles[0].text.trim()}</script>
`;
  write(path, readFileSync(join(out, path), 'utf8').replace('<meta charset="utf-8">\n', (charset) => charset + head));
}

// The service worker is no part of itself: the browser keeps it.
const files = filesIn(out).map((path) => {
  const content = readFileSync(join(out, path));
  return [path, content.length, sha256(content), partOf(path)];
});
write('service-worker.js', `const SITE = ${JSON.stringify({ version, files })};\n${serviceWorker}`);
const bytes = files.reduce((sum, [, size]) => sum + Number(size), 0);
console.log(`${out}: ${files.length} files, ${(bytes / 1e6).toFixed(2)} MB`);
