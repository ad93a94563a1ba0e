/** The pixels of a crop on their way to the network, where a canvas gives noise and they are copied in a time of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

// A browser's, as the module wants them. Node has none.
class Image {
  /** @param {number} width @param {number} height */
  constructor(width, height) {
    Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) });
  }
}
/** What of a picture is being copied, each with the way to let it end. @type {(() => void)[]} */
const copies = [];
let isHeld = false;
let frames = 0;
class Frame {
  /** @param {{data: Uint8ClampedArray}} from */
  constructor(from) {
    this.from = from;
    frames += 1;
  }

  /** @param {Uint8ClampedArray} to */
  async copyTo(to) {
    if (isHeld) await new Promise((resolve) => copies.push(() => resolve(undefined)));
    to.set(this.from.data.subarray(0, to.length));
  }

  close() {
    frames -= 1;
  }
}
class NoisyCanvas {
  getContext() {
    return {
      drawImage() {},
      getImageData(/** @type {number} */ _x, /** @type {number} */ _y, /** @type {number} */ width, /** @type {number} */ height) {
        const noise = new Image(width, height);
        /** @type {any} */ (noise).data.fill(255);
        return noise;
      },
    };
  }
}
Object.assign(globalThis, {
  ImageData: Image,
  VideoFrame: Frame,
  OffscreenCanvas: NoisyCanvas,
  createImageBitmap: async (/** @type {{data: Uint8ClampedArray}} */ { data }) => ({ data, close() {} }),
});
const { areTrue, setPicture } = await import('../../www/engine/worker/pixels.js');

/** A network that only notes what it is given, and cannot be given anything once it was freed. */
class Network {
  isFreed = false;
  /** @type {string[]} */ given = [];
  #take(/** @type {string} */ what) {
    assert.ok(!this.isFreed, 'a network that is gone is given nothing');
    this.given.push(what);
  }
  set_picture = () => this.#take('picture');
  begin_picture = () => this.#take('begin');
  picture_columns = () => this.#take('columns');
}

/** @param {number} side of a grey picture */
const grey = (side) => /** @type {any} */ ({ data: new Uint8ClampedArray(4 * side * side).fill(128) });

/** Until a copy is under way. */
async function copying() {
  while (copies.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  return /** @type {() => void} */ (copies.shift());
}

/** @param {Network} net @param {number} side */
const give = (net, side) => setPicture(/** @type {any} */ (net), grey(side), { x: 0, y: 0, side }, () => !net.isFreed);

test('where a canvas gives noise, the pixels are a video frame’s', async () => {
  assert.equal(await areTrue, true);
  const net = new Network();
  assert.equal(await give(net, 4), true);
  assert.deepEqual(net.given, ['picture']);
  assert.equal(frames, 0, 'every frame is closed');
});

for (const { what, side, before } of [
  { what: 'whole', side: 64, before: [] },
  // Wider than one canvas may be high: it comes in strips of columns, and the network is gone after the first.
  { what: 'in strips', side: 5000, before: ['begin', 'columns'] },
]) {
  test(`a network that goes while its picture is copied (${what}) is not given the rest`, async (t) => {
    isHeld = true;
    t.after(() => (isHeld = false));
    const net = new Network();
    const end = give(net, side);
    for (let i = 1; i < before.length; i++) (await copying())();
    const last = await copying();
    net.isFreed = true;
    last();
    assert.equal(await end, false);
    assert.deepEqual(net.given, before);
    assert.equal(frames, 0, 'every frame is closed');
  });
}
