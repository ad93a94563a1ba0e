/**
 * The pixels of a crop, on their way from the picture to the network. They are copied one to one; scaling is the engine's,
 * because browsers' filters differ and move the result.
 */

/** @typedef {import('../../pkg/vgglass.js').Network} Network */
/** @typedef {import('../protocol.js').Square} Square */

/** Most pixels of a canvas. iOS gives larger ones no memory, in silence; a crop that has more is read in strips of columns. */
const MOST = 1 << 24;

/** Copies a part of a picture. @typedef {(x: number, y: number, width: number, height: number) => ImageData | Promise<ImageData>} Copy */
/** Makes a `Copy`, and ends it. Between the two no message is heard unless the picture may be closed meanwhile. @typedef {(from: ImageBitmap) => {copy: Copy, end: () => void}} Way */

/** By a canvas. @type {Way} */
const byCanvas = (from) => {
  const canvas = new OffscreenCanvas(1, 1);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' }));
  return {
    copy(x, y, width, height) {
      canvas.width = width;
      canvas.height = height;
      context.drawImage(from, -x, -y);
      return context.getImageData(0, 0, width, height);
    },
    end() {
      // Its memory goes now, not when the garbage is collected.
      canvas.width = canvas.height = 1;
    },
  };
};

/** By a frame of a video, which is not there to be drawn on. @type {Way} */
const byFrame = (from) => {
  const frame = new VideoFrame(from, { timestamp: 0 });
  return {
    async copy(x, y, width, height) {
      const image = new ImageData(width, height);
      await frame.copyTo(image.data, { rect: { x, y, width, height }, format: 'RGBA', colorSpace: 'srgb' });
      return image;
    },
    end: () => frame.close(),
  };
};

/** The way that gives the true pixels. @type {Way} */
let way = byCanvas;

/** To be waited for before the first picture: whether the true pixels can be had. */
export const areTrue = (async () => {
  for (const one of [byCanvas, byFrame]) {
    if (!(await isTrue(one))) continue;
    way = one;
    return true;
  }
  return false;
})();

/**
 * Browsers that protect from tracking give noise instead of a canvas's pixels: Firefox where it resists fingerprinting, Brave.
 * @param {Way} one
 */
async function isTrue(one) {
  const side = 16;
  const known = new ImageData(side, side);
  // Different in every pixel, as a picture is.
  for (let i = 0; i < known.data.length; i++) known.data[i] = i % 4 === 3 ? 255 : (i * 37) & 255;
  try {
    const bitmap = await createImageBitmap(known);
    const { copy, end } = one(bitmap);
    const { data } = await copy(0, 0, side, side);
    end();
    bitmap.close();
    return data.every((value, i) => value === known.data[i]);
  } catch {
    return false;
  }
}

/** The pixels of a square that one canvas can hold. @param {ImageBitmap} from @param {Square} square */
export async function pixelsOf(from, { x, y, side }) {
  const { copy, end } = way(from);
  try {
    return await copy(x, y, side, side);
  } finally {
    end();
  }
}

/**
 * Gives a square of the picture to the network, at the size that the network has. The picture may be closed as soon as this
 * has been called.
 * @param {Network} net @param {ImageBitmap} from @param {Square} square
 * @param {() => boolean} isThere whether the network still is, of which another may have taken the place meanwhile
 * @returns {Promise<boolean>} false if it is not
 */
export async function setPicture(net, from, { x, y, side }, isThere) {
  const { copy, end } = way(from);
  try {
    const columns = Math.floor(MOST / side);
    if (side <= columns) {
      const image = await copy(x, y, side, side);
      if (!isThere()) return false;
      net.set_picture(image);
      return true;
    }
    net.begin_picture(side);
    for (let left = 0; left < side; left += columns) {
      const { data } = await copy(x + left, y, Math.min(columns, side - left), side);
      if (!isThere()) return false;
      net.picture_columns(data);
    }
    return true;
  } finally {
    end();
  }
}
