/** Strips of maps, one a layer: which channels are shown of each computed layer, and how they are drawn. */

/** @typedef {import('../../pkg/vgglass.js').Network} Network */

export class Strips {
  /** Of the present network. @type {import('../protocol.js').LayerInfo[]} */ layers = [];
  /** @type {import('../protocol.js').Display} */
  display = { colormap: 'viridis', normalise: 'channel', view: 'activation' };
  /** Channels in a strip. */ thumbnails = 12;
  /** Layers computed for the present picture, with the channels shown of each. @type {Map<number, Uint32Array>} */
  shown = new Map();

  /**
   * Which channels a strip shows. While the crop moves, it keeps them; sorted anew they would jump about.
   * @param {Network} net @param {number} index
   * @param {Uint32Array | undefined} kept those it showed before
   */
  choose(net, index, kept) {
    const channels = kept?.length === this.#length(index) ? kept : this.strongest(net, index);
    this.shown.set(index, channels);
    return channels;
  }

  /** A fully connected layer shows all its units, in their own order. @param {Network} net @param {number} index */
  strongest(net, index) {
    const { kind } = this.layers[index];
    const length = this.#length(index);
    if (kind === 'fc' || kind === 'input') return Uint32Array.from({ length }, (_, i) => i);
    return net.strongest(index, length);
  }

  /** @param {Network} net @param {number} index @param {Uint32Array} channels @returns {Promise<import('../protocol.js').Strip>} */
  async strip(net, index, channels) {
    return { bitmap: await this.draw(net, index, channels, channels.length), order: channels };
  }

  /** @param {Network} net @param {number} index @param {Uint32Array} channels @param {number} columns */
  draw(net, index, channels, columns) {
    const { kind, relu } = this.layers[index];
    const { colormap, normalise, view } = this.display;
    const options = {
      columns,
      gap: 0,
      colormap,
      // A unit alone would always be at the top of its own scale.
      normalise: kind === 'fc' ? 'layer' : normalise,
      view: relu ? view : 'activation',
    };
    return createImageBitmap(net.draw(index, channels, options));
  }

  /** @param {number} index */
  #length(index) {
    const { kind, channels } = this.layers[index];
    return kind === 'fc' ? channels : Math.min(this.thumbnails, channels);
  }
}
