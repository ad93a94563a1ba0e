/**
 * The page as `www/` has it, each file under its own name, but with the modules and styles that it begins with joined into a
 * few: `node joined.js www out`. The tests open it some hundred times, of which asking for a hundred files took the most.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix, relative, resolve, sep } from 'node:path';
import * as esbuild from 'esbuild';
import { STYLE_LINKS, styles, TARGET } from './page.js';

const [www, out] = process.argv.slice(2).map((path) => resolve(path));
const STYLES = 'joined.css';

/** A script that lies beside the one that names it. */
const BESIDE = /(?<=new URL\(')[^']+\.js(?=', import\.meta\.url\))/g;

/** @param {string} file @returns {string} its path in the page's folder */
const pathOf = (file) => relative(www, file).split(sep).join('/');

/** @type {string[]} */
const scripts = readdirSync(www, { recursive: true, encoding: 'utf8' }).map((path) => path.split(sep).join('/')).filter((path) => path.endsWith('.js'));

/** Scripts of workers and threads, which are begun by their names. */
const started = scripts.flatMap((path) => {
  const text = readFileSync(join(www, path), 'utf8');
  return [...text.matchAll(BESIDE)].map(([name]) => posix.join(posix.dirname(path), name));
});

/** The page is at the root of its server. @type {esbuild.Plugin} */
const addressesPlugin = {
  name: 'addresses',
  setup(build) {
    build.onResolve({ filter: /\/pkg\// }, ({ path }) => ({ path: path.replace(/^.*?\/pkg\//, '/pkg/'), external: true }));
    build.onLoad({ filter: /\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', `new URL('/${pathOf(path)}', import.meta.url)`),
    }));
  },
};

/** @param {string[]} entries what several of them have is shared */
const writeScripts = (entries) =>
  esbuild.build({
    absWorkingDir: www,
    entryPoints: entries,
    outdir: out,
    outbase: www,
    chunkNames: 'joined/[name]-[hash]',
    bundle: true,
    splitting: true,
    allowOverwrite: true,
    format: 'esm',
    target: TARGET,
    charset: 'utf8',
    plugins: [addressesPlugin],
  });

rmSync(out, { recursive: true, force: true });
cpSync(www, out, { recursive: true });
const page = readFileSync(join(www, 'index.html'), 'utf8');
await writeScripts([...page.matchAll(/(?<=<script type="module" src="\.\/)[^"]+/g)].map(([path]) => path));
for (const path of new Set(started)) await writeScripts([path]);
writeFileSync(join(out, STYLES), await styles(www, page));
writeFileSync(join(out, 'index.html'), page.replace(STYLE_LINKS, '').replace('</title>\n', `</title>\n<link rel="stylesheet" href="./${STYLES}">\n`));
