/**
 * Puts the page into one file that needs no server: `node standalone.js www pkg out.html`.
 * Page and worker become classic scripts, since a file from the disk may start neither modules nor module workers.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import * as esbuild from 'esbuild';
import { styles, TARGET } from './page.js';

const [www, pkg, out] = process.argv.slice(2).map((path) => resolve(path));

const TYPES = {
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.png': 'image/png',
  '.safetensors': 'application/octet-stream',
};

/**
 * Whatever build of the package is asked for, the one inside is given, with its wasm at hand.
 * @type {esbuild.Plugin}
 */
const enginePlugin = {
  name: 'engine',
  setup(build) {
    build.onResolve({ filter: /\/pkg\/.*\.js$/ }, () => ({ path: 'engine', namespace: 'standalone' }));
    build.onLoad({ filter: /^engine$/, namespace: 'standalone' }, () => ({
      resolveDir: pkg,
      contents: `
        import init from './vgglass.js';
        import wasm from './vgglass_bg.wasm';
        export * from './vgglass.js';
        export default () => init({ module_or_path: wasm });`,
    }));
  },
};

/**
 * The page's things come from the file itself.
 * @param {string} workerText
 * @returns {esbuild.Plugin}
 */
const assetsPlugin = (workerText) => ({
  name: 'assets',
  setup(build) {
    build.onResolve({ filter: /\/assets\.js$/ }, () => ({ path: resolve(import.meta.dirname, 'embedded.js') }));
    build.onResolve({ filter: /^standalone:worker$/ }, () => ({ path: 'worker', namespace: 'standalone' }));
    build.onLoad({ filter: /^worker$/, namespace: 'standalone' }, () => ({ contents: workerText, loader: 'text' }));
  },
});

/** @param {string} entry @param {esbuild.Plugin} plugin */
async function script(entry, plugin) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(www, entry)],
    bundle: true,
    write: false,
    format: 'iife',
    target: TARGET,
    charset: 'utf8',
    minify: true,
    legalComments: 'none',
    loader: { '.wasm': 'binary' },
    // Left over from the way in that the engine's plugin closes.
    logOverride: { 'empty-import-meta': 'silent' },
    plugins: [plugin],
  });
  return outputFiles[0].text;
}

/** Every model and picture, as an element that the page finds by the file's path. */
function files() {
  const elements = [];
  for (const folder of ['models', 'pictures']) {
    for (const name of readdirSync(join(www, folder)).toSorted()) {
      const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(name))];
      if (!type) continue;
      const text = readFileSync(join(www, folder, name)).toString('base64');
      elements.push(`<script type="text/plain" data-file="${folder}/${name}" data-type="${type}">${text}</script>`);
    }
  }
  return elements.join('\n');
}

/** Text that stands within an element of that name. @param {'script' | 'style'} tag @param {string} text */
const within = (tag, text) => `<${tag}>${text.replaceAll(`</${tag}`, `<\\/${tag}`)}</${tag}>`;

const html = readFileSync(join(www, 'index.html'), 'utf8');
const icon = readFileSync(join(www, 'icon.svg')).toString('base64');
const worker = await script('engine/worker/index.js', enginePlugin);
const page = await script('main.js', assetsPlugin(worker));
const css = await styles(www, html);

const body = `${files()}\n${within('script', page)}\n</body>`;
const whole = html
  .replace(/<link rel="(stylesheet|modulepreload|icon)"[^>]*>\n/g, '')
  .replace(/<script type="module"[^>]*><\/script>\n/g, '')
  // Functions, because dollar signs in the text would be taken for patterns.
  .replace('</head>', () => `<link rel="icon" href="data:image/svg+xml;base64,${icon}">\n${within('style', css)}\n</head>`)
  .replace('</body>', () => body);
writeFileSync(out, whole);
console.log(`${out}: ${(Buffer.byteLength(whole) / 1e6).toFixed(2)} MB`);
