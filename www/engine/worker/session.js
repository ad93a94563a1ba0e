/** What the worker holds: the network, the picture, and how far the one has been run on the other. */
import { Strips } from './strips.js';

/** @typedef {import('../../pkg/vgglass.js').Network} Network */

export class Session {
  /** @type {Network | null} */ network = null;
  /** Of the network. @type {import('../protocol.js').LayerInfo[]} */ layers = [];
  /** The size that it is made for. */ native = 0;

  /** @type {ImageBitmap | null} */ picture = null;

  strips = new Strips();
  /** They were, or are being, drawn in another way than is now asked for. */ isOutdated = false;

  /** All layers are those of the picture that is shown. */ isComplete = false;
  /** Time in layers of the last whole run. */ wholeMs = 0;

  /** Channels to be switched off. @type {import('../protocol.js').Off[]} */ off = [];
  /** They are not yet those of the network. */ isSwitched = false;
  /** What the shown picture is taken for with every channel on, if that is known. @type {Float32Array | null} */ before = null;

  /** @param {Network} network takes the place of the present one */
  takeNetwork(network) {
    this.network?.free();
    this.network = network;
    this.isComplete = false;
    this.layers = this.strips.layers = network.layers();
    this.native = network.info().input_size;
    this.strips.shown.clear();
  }

  /** @param {ImageBitmap} bitmap */
  takePicture(bitmap) {
    this.picture?.close();
    this.picture = bitmap;
  }

  /** Channels are to be switched, which goes on from a whole run. */
  get mustSwitch() {
    return this.isSwitched && this.isComplete;
  }
}
