/** A picture means the same in every colour space, and in every browser; and its pixels are the true ones, or the page says so. */
import assert from 'node:assert/strict';
import { codeChunk, gammaChunks, iccChunk, inSpace, SPACES } from './colours.js';
import { everywhere } from './everywhere.js';
import { address, andRun, drop, goAndRun, topNames } from './everywhere/page.js';
import { fixture, sample } from './files.js';

/** @typedef {import('./everywhere/tab.js').Tab} Tab */

/** What the network got, and how sure it is of the goldfish. @param {Tab} tab @returns {Promise<{seen: number[], fish: number}>} */
const result = (tab) =>
  tab.evaluate(() => {
    const { engine } = /** @type {any} */ (window).vgglass;
    const index = engine.network.info.classes.findIndex((/** @type {any} */ { en }) => en === 'goldfish');
    return { seen: [...engine.seen.data], fish: engine.probabilities[index] };
  });

/** The goldfish as this browser decodes it. @param {Tab} tab */
async function goldfish(tab) {
  const { width, height, base64 } = await tab.evaluate(async (data) => {
    const bitmap = await createImageBitmap(await (await fetch(data)).blob());
    const { width, height } = bitmap;
    const canvas = new OffscreenCanvas(width, height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
    context.drawImage(bitmap, 0, 0);
    const pixels = context.getImageData(0, 0, width, height).data;
    return { width, height, base64: btoa(Array.from(pixels, (value) => String.fromCharCode(value)).join('')) };
  }, `data:image/webp;base64,${sample('goldfish.webp').toString('base64')}`);
  return { width, height, data: Buffer.from(base64, 'base64') };
}

/** @param {number[]} a @param {number[]} b */
const meanDifference = (a, b) => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;

everywhere('a picture means the same in every colour space', async (tab) => {
  await goAndRun(tab, address('look', 'picture=goldfish.webp'));
  const reference = await result(tab);
  const picture = await goldfish(tab);
  /** @type {Record<string, Buffer>} */
  const files = {
    'no profile': inSpace(picture, SPACES.srgb, {}),
    'Display P3': inSpace(picture, SPACES.p3, iccChunk(SPACES.p3)),
    'Adobe RGB': inSpace(picture, SPACES.adobe, iccChunk(SPACES.adobe)),
    'ProPhoto RGB': inSpace(picture, SPACES.prophoto, iccChunk(SPACES.prophoto)),
  };
  // WebKitGTK's PNG decoder knows of profiles alone.
  if (tab.browser !== 'webkit') {
    files['Adobe RGB by gAMA and cHRM'] = inSpace(picture, SPACES.adobe, gammaChunks(SPACES.adobe));
    files['Display P3 by cICP'] = inSpace(picture, SPACES.p3, codeChunk(12, 13));
  }
  for (const [name, bytes] of Object.entries(files)) {
    await andRun(tab, () => drop(tab, { name: `${name}.png`, type: 'image/png', bytes }));
    const { seen, fish } = await result(tab);
    const difference = meanDifference(seen, reference.seen);
    // Without conversion: 3 for Display P3, 4 for Adobe RGB, 11 for ProPhoto.
    assert.ok(difference < (name === 'no profile' ? Number.MIN_VALUE : 0.6), `${name}: pixels differ by ${difference} in the mean`);
    assert.ok(Math.abs(fish - reference.fish) < 0.03, `${name}: goldfish at ${fish}, should be ${reference.fish}`);
  }
});

// The other two take the numbers of PQ for those of sRGB.
everywhere(
  'a picture from HDR film keeps its meaning',
  async (tab) => {
    await goAndRun(tab, address());
    await andRun(tab, () => drop(tab, { name: 'pq.avif', type: 'image/avif', bytes: fixture('pq.avif') }));
    assert.equal((await topNames(tab))[0], 'goldfish');
    const { fish } = await result(tab);
    assert.ok(fish > 0.6, `goldfish at ${fish}`);
  },
  { browsers: ['chromium'] },
);

const NOTICE = '[data-testid=notice][data-code=pixels-disturbed]';
const RESISTING = { 'privacy.resistFingerprinting': true };

everywhere(
  'noise in place of pixels is told, and what to allow',
  async (tab) => {
    await goAndRun(tab, address('look', 'lang=en'));
    await tab.seen(NOTICE);
    assert.match(await tab.text(NOTICE), /Firefox/);
    await andRun(tab, () => tab.click('[data-file="chelsea.jpg"]'));
    await tab.seen(NOTICE);
  },
  { browsers: ['firefox'], start: { prefs: RESISTING } },
);
