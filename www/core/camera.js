/** The camera: asking for it, and saying why it does not come. */

/** @type {Record<string, string>} */
const PROBLEMS = {
  NotAllowedError: 'camera-denied',
  SecurityError: 'camera-denied',
  NotFoundError: 'camera-none',
  OverconstrainedError: 'camera-none',
  NotReadableError: 'camera-busy',
  AbortError: 'camera-busy',
};

/**
 * @param {import('./app.js').App} app told when there is no camera
 * @param {MediaTrackConstraints} video
 * @returns {Promise<MediaStream | null>}
 */
export async function openStream(app, video) {
  if (!navigator.mediaDevices?.getUserMedia) {
    app.notify({ code: 'camera-insecure', params: {} });
    return null;
  }
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    const code = PROBLEMS[/** @type {Error} */ (error).name] ?? 'camera-none';
    app.notify({ code, params: {} });
    return null;
  }
}

/** Gives the camera back; its light goes out. @param {MediaStream} stream */
export function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}
