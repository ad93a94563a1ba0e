/** A network that a study borrows between other work: it holds other pictures than the shown one until it is given back. */

export class Borrowed {
  /** The picture as the network sees it. @type {ImageData} */ picture;
  #net;
  #isAway = false;

  /** @param {import('../../../pkg/vgglass.js').Network} net with the shown run complete */
  constructor(net) {
    this.#net = net;
    this.picture = net.picture();
  }

  /** Gives it another picture. @param {Uint8ClampedArray<ArrayBuffer>} pixels RGBA, as many as the shown one has */
  show(pixels) {
    this.#net.set_picture(new ImageData(pixels, this.picture.width, this.picture.height));
    this.#isAway = true;
  }

  /** The shown run again. */
  giveBack() {
    if (!this.#isAway) return;
    this.#net.set_picture(this.picture);
    this.#net.run();
    this.#isAway = false;
  }
}
