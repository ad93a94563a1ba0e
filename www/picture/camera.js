/**
 * The camera: asking for it, waiting for its frames, and saying why it does not come, or no longer. The page holds one
 * at most: whoever asks next takes it over.
 */

/** @type {Record<string, string>} */
const PROBLEMS = {
  NotAllowedError: 'camera-denied',
  SecurityError: 'camera-denied',
  NotFoundError: 'camera-none',
  OverconstrainedError: 'camera-none',
  NotReadableError: 'camera-busy',
  AbortError: 'camera-busy',
};

/** Longest time without a frame, in ms: a camera that must first wake up takes some seconds. */
const PATIENCE = 10_000;

/** @type {Camera | null} the one that is asked for, or on */
let held = null;

export class Camera {
  #isOver = false;
  /** @type {MediaStream | null} */ #stream = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  /** @type {() => void} */ #onFrame;
  /** @type {() => void} */ #onEnd;

  /**
   * @param {import('../page/app.js').App} app told what goes wrong
   * @param {HTMLVideoElement} video shows what comes
   * @param {() => void} onFrame hears of every frame
   * @param {() => void} onEnd hears once that the camera is given back, whoever wanted it
   */
  constructor(app, video, onFrame, onEnd) {
    this.app = app;
    this.video = video;
    this.#onFrame = onFrame;
    this.#onEnd = onEnd;
    Object.assign(video, { muted: true, playsInline: true });
  }

  /** @param {MediaTrackConstraints} wish */
  async start(wish) {
    held?.end();
    held = this;
    document.addEventListener('visibilitychange', this.#onHidden);
    if (!navigator.mediaDevices?.getUserMedia) {
      this.end('camera-insecure');
      return;
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: wish, audio: false });
      if (this.#isOver) release(stream);
      else this.#show(stream);
    } catch (error) {
      this.end(PROBLEMS[/** @type {Error} */ (error).name] ?? 'camera-none');
    }
  }

  /** Gives the camera back; its light goes out. @param {string} [problem] code of what went wrong, if something did */
  end(problem) {
    if (this.#isOver) return;
    this.#isOver = true;
    if (held === this) held = null;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#onHidden);
    if (this.#stream) release(this.#stream);
    this.video.srcObject = null;
    this.#onEnd();
    if (problem) this.app.notify({ code: problem, params: {} });
  }

  /** Nobody looks. */
  #onHidden = () => document.hidden && this.end();

  /** @param {MediaStream} stream */
  #show(stream) {
    const { video } = this;
    this.#stream = stream;
    for (const track of stream.getTracks()) track.addEventListener('ended', () => this.end('camera-gone'));
    this.#wait();
    video.addEventListener('loadeddata', () => this.#watch(), { once: true });
    video.srcObject = stream;
    video.play().catch(() => this.end('camera-refused'));
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.end('camera-silent'), PATIENCE);
  }

  /**
   * Hears of frames by the callback made for it; until that has called once, by the count of frames: WebKitGTK has the
   * callback and, where it draws without a graphics card, never calls. (The video's time goes on without frames.)
   */
  #watch() {
    const { video } = this;
    let isTold = false;
    let seen = -1;
    const count = () => video.getVideoPlaybackQuality().totalVideoFrames;
    const arrived = () => {
      this.#wait();
      this.#onFrame();
    };
    const told = () => {
      if (this.#isOver) return;
      isTold = true;
      video.requestVideoFrameCallback(told);
      arrived();
    };
    const look = () => {
      if (this.#isOver || isTold) return;
      requestAnimationFrame(look);
      if (count() === seen) return;
      seen = count();
      arrived();
    };
    video.requestVideoFrameCallback?.(told);
    look();
  }
}

/** @param {MediaStream} stream */
function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}
