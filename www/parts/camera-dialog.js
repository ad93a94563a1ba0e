/** A single shot from the camera. */
import { openStream, release } from '../core/camera.js';
import { h } from '../core/dom.js';
import { t } from '../core/i18n.js';

/** @param {import('../core/app.js').App} app */
export async function openCamera(app) {
  const stream = await openStream(app, { width: { ideal: 1280 } });
  if (stream) show(app, stream);
}

/** @param {import('../core/app.js').App} app @param {MediaStream} stream */
function show(app, stream) {
  const video = h('video', { class: 'camera-view', autoplay: true, playsinline: true, muted: true, label: 'camera.title' });
  video.srcObject = stream;
  const shoot = h('button', {
    class: 'button button-main',
    type: 'button',
    test: 'camera-shoot',
    say: 'camera.shoot',
    on: {
      async click() {
        const blob = await still(video);
        dialog.close();
        if (blob) await app.takeFile(blob, t('camera.shot'));
      },
    },
  });
  const cancel = h('button', { class: 'button', type: 'button', say: 'dialog.cancel', on: { click: () => dialog.close() } });
  const dialog = h(
    'dialog',
    { class: 'dialog', test: 'camera-dialog', 'aria-labelledby': 'camera-title' },
    h('h2', { id: 'camera-title', say: 'camera.title' }),
    video,
    h('div', { class: 'dialog-actions' }, cancel, shoot),
  );
  dialog.addEventListener('close', () => {
    release(stream);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** The frame as it is, without loss. @param {HTMLVideoElement} video @returns {Promise<Blob | null>} */
function still(video) {
  const canvas = h('canvas', { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
}
