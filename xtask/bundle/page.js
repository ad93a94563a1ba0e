/** What the one file and the site have in common. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';

/** Browsers that run the engine: with simd128. */
export const TARGET = ['chrome111', 'firefox113', 'safari16.4'];

/** The page's links to its styles. */
export const STYLE_LINKS = /<link rel="stylesheet" href="([^"]+)"(?: media="([^"]+)")?>\n/g;

/**
 * All styles as one.
 * @param {string} www the page's folder @param {string} html the page, with links to its styles
 */
export async function styles(www, html) {
  const texts = [...html.matchAll(STYLE_LINKS)].map(([, href, media]) => {
    const text = readFileSync(join(www, href), 'utf8');
    return media ? `@media ${media} {${text}}` : text;
  });
  return (await esbuild.transform(texts.join('\n'), { loader: 'css', minify: true, charset: 'utf8' })).code;
}
