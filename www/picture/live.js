/**
 * The camera as a moving picture: whenever a run has ended, the frame that is newest then goes to the
 * network. Frames that come in between are dropped; none waits.
 */
import { Camera } from './camera.js';
import { isKnown, STEPS } from '../engine/clock.js';
import { square } from './crop.js';

/** Fast cameras are asked for, and a phone's that looks away from its owner; larger frames would only be made small again. */
const WISH = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 60 }, facingMode: { ideal: 'environment' } };
/** Span over which pictures a second are counted, in ms. */
const SPAN = 1000;
/** Frames one after the other that could not be read: then no other is waited for. */
const MOST_UNREAD = 8;

export class Live {
  /** @type {HTMLVideoElement | null} what the camera sees, from its first frame on */ video = null;
  /** Frames that the network has seen. */ frames = 0;
  /** Frames that came while it was busy. */ dropped = 0;
  /** When the last runs ended. @type {number[]} */ #ends = [];

  /** @type {Camera | null} */ #camera = null;
  /** @type {Set<() => void>} */ #listeners = new Set();
  /** Counts frames that are read, so that of two at once the newer counts. */ #turn = 0;
  /** Number of the run that a frame is in. */ #run = 0;
  #isBusy = false;
  #isFresh = false;
  #unread = 0;

  /**
   * @param {import('../page/app.js').App} app
   * @param {import('../page/scope.js').Scope} scope
   */
  constructor(app, scope) {
    this.app = app;
    const { engine } = app;
    scope.keep(() => this.stop());
    scope.keep(engine.on('done', ({ run }) => this.#ended(run)));
    // The run of the network before it has no end.
    scope.keep(engine.on('network', () => this.#next()));
    scope.keep(engine.on('broken', () => this.stop()));
  }

  /** @param {() => void} listener called when it goes on or off, and after every frame @returns {() => void} */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From the moment on when the camera is asked for. */
  get isOn() {
    return this.#camera !== null;
  }

  /** Pictures a second, over the last second, or longer where the clock is coarse; null until that can be told. */
  get rate() {
    const ms = this.#ends[this.#ends.length - 1] - this.#ends[0];
    return ms > 0 && isKnown(ms, this.app.engine.tick) ? ((this.#ends.length - 1) * 1000) / ms : null;
  }

  start() {
    if (this.isOn) return;
    this.app.pictures.film();
    const video = document.createElement('video');
    Object.assign(this, { frames: 0, dropped: 0 });
    this.#ends = [];
    this.#isBusy = false;
    this.#isFresh = false;
    this.#unread = 0;
    this.#camera = new Camera(this.app, video, () => this.#arrived(video), () => this.#gone());
    this.#tell();
    void this.#camera.start(WISH);
  }

  stop() {
    this.#camera?.end();
  }

  #gone() {
    const wasSeen = this.video !== null;
    this.#camera = null;
    this.video = null;
    if (wasSeen) this.app.setLive(null);
    this.#tell();
  }

  /** @param {HTMLVideoElement} video with another frame, which may have another size than the one before */
  #arrived(video) {
    const { videoWidth: width, videoHeight: height } = video;
    this.video = video;
    const { live } = this.app;
    if (live?.width !== width || live.height !== height) this.app.setLive({ width, height });
    if (this.#isFresh) this.dropped += 1;
    this.#isFresh = true;
    if (!this.#isBusy) this.#next();
  }

  /** @param {number} run */
  #ended(run) {
    if (!this.video || run !== this.#run) return;
    const now = performance.now();
    this.frames += 1;
    this.#ends = [...this.#ends.filter((end) => end > now - Math.max(SPAN, 2 * STEPS * this.app.engine.tick)), now];
    this.#tell();
    this.#isBusy = false;
    if (this.#isFresh) this.#next();
  }

  async #next() {
    const { video, app } = this;
    if (!video) return;
    this.#turn += 1;
    const turn = this.#turn;
    this.#isBusy = true;
    this.#isFresh = false;
    const { x, y, side } = square(app.store.state.crop, video.videoWidth, video.videoHeight);
    const bitmap = await createImageBitmap(video, x, y, side, side).catch(() => null);
    if (this.video !== video || turn !== this.#turn) bitmap?.close();
    else if (bitmap) {
      this.#unread = 0;
      // The first frame chooses each row's channels; the others keep them.
      this.#run = app.engine.runFrame(bitmap, { live: this.frames > 0, drawn: app.lookedAt });
    } else this.#missed();
  }

  /** A frame could not be read: the next one may be. */
  #missed() {
    this.#unread += 1;
    this.#isBusy = false;
    if (this.#unread >= MOST_UNREAD) this.#camera?.end('camera-unread');
    else if (this.#isFresh) this.#next();
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}
