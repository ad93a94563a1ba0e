/**
 * The camera as a moving picture: whenever a run has ended, the frame that is newest then goes to the
 * network. Frames that come in between are dropped; none waits.
 */
import { openStream, release } from './camera.js';
import { square } from './crop.js';

/** Fast cameras are asked for, and a phone's that looks away from its owner; larger frames would only be made small again. */
const WISH = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 60 }, facingMode: { ideal: 'environment' } };
/** Span over which pictures a second are counted, in ms. */
const SPAN = 1000;

export class Live {
  /** @type {HTMLVideoElement | null} what the camera sees, while it is on */ video = null;
  /** Frames that the network has seen. */ frames = 0;
  /** Frames that came while it was busy. */ dropped = 0;
  /** When the last runs ended. @type {number[]} */ #ends = [];

  /** @type {MediaStream | null} */ #stream = null;
  /** @type {Set<() => void>} */ #listeners = new Set();
  /** Counts switches on and off, so that a camera that comes too late is given back. */
  #turn = 0;
  #isBusy = false;
  #isFresh = false;

  /**
   * @param {import('./app.js').App} app
   * @param {import('./scope.js').Scope} scope
   */
  constructor(app, scope) {
    this.app = app;
    const { engine } = app;
    const onHidden = () => document.hidden && this.stop();
    document.addEventListener('visibilitychange', onHidden);
    scope.keep(() => document.removeEventListener('visibilitychange', onHidden));
    scope.keep(() => this.stop());
    scope.keep(engine.on('done', () => this.#ended()));
    // The run of the network before it has no end.
    scope.keep(engine.on('network', () => this.#next()));
    scope.keep(engine.on('broken', () => this.stop()));
  }

  /** @param {() => void} listener called when it goes on or off, and after every frame @returns {() => void} */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get isOn() {
    return this.video !== null;
  }

  /** Pictures a second, over the last second. */
  get rate() {
    const first = this.#ends[0];
    const last = this.#ends[this.#ends.length - 1];
    return this.#ends.length > 1 ? ((this.#ends.length - 1) * 1000) / (last - first) : 0;
  }

  async start() {
    const turn = ++this.#turn;
    const stream = await openStream(this.app, WISH);
    if (!stream) return;
    if (turn !== this.#turn) {
      release(stream);
      return;
    }
    const video = document.createElement('video');
    Object.assign(video, { muted: true, playsInline: true, srcObject: stream });
    await video.play().catch(() => {});
    if (turn !== this.#turn) {
      release(stream);
      return;
    }
    for (const track of stream.getTracks()) track.addEventListener('ended', () => this.stop());
    Object.assign(this, { frames: 0, dropped: 0 });
    this.#ends = [];
    this.#stream = stream;
    this.#isBusy = false;
    this.video = video;
    this.app.setLive({ width: video.videoWidth, height: video.videoHeight, stop: () => this.stop() });
    this.#tell();
    this.#watch(video);
  }

  stop() {
    this.#turn += 1;
    if (!this.#stream) return;
    release(this.#stream);
    this.#stream = null;
    this.video = null;
    this.app.setLive(null);
    this.#tell();
  }

  /** Hears of every frame that the camera brings. @param {HTMLVideoElement} video */
  #watch(video) {
    let seen = -1;
    const arrived = () => {
      if (this.#isFresh) this.dropped += 1;
      this.#isFresh = true;
      if (!this.#isBusy) this.#next();
    };
    const again = () => {
      if (this.video !== video) return;
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(again);
      else requestAnimationFrame(again);
      if (!video.requestVideoFrameCallback && video.currentTime === seen) return;
      seen = video.currentTime;
      arrived();
    };
    again();
  }

  #ended() {
    if (!this.isOn) return;
    const now = performance.now();
    this.frames += 1;
    this.#ends = [...this.#ends.filter((end) => end > now - SPAN), now];
    this.#tell();
    this.#isBusy = false;
    if (this.#isFresh) this.#next();
  }

  async #next() {
    const { video, app } = this;
    if (!video) return;
    this.#isBusy = true;
    this.#isFresh = false;
    const { x, y, side } = square(app.store.state.crop, video.videoWidth, video.videoHeight);
    const bitmap = await createImageBitmap(video, x, y, side, side);
    if (this.video !== video) bitmap.close();
    // The first frame chooses each row's channels; the others keep them.
    else app.engine.runFrame(bitmap, { live: this.frames > 0, drawn: app.lookedAt });
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}
