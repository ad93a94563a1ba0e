/** A single shot from the camera. */
import { Camera } from './camera.js';
import { h } from '../page/dom.js';
import { say, t } from '../page/i18n.js';

/**
 * Opens at once, before the camera is allowed or there, so that there is something to cancel.
 * @param {import('../page/app.js').App} app
 * @param {import('../page/scope.js').Scope} scope the view's: the camera goes with it
 */
export function openCamera(app, scope) {
  const video = h('video', { class: 'camera-view', label: 'camera.title' });
  const status = h('p', { class: 'caption', role: 'status', say: 'picture.live.begin' });
  const shoot = h('button', {
    class: 'button button-main',
    type: 'button',
    test: 'camera-shoot',
    say: 'camera.shoot',
    disabled: true,
    on: {
      async click() {
        shoot.disabled = true;
        const blob = await still(video);
        camera.end(blob ? undefined : 'camera-unread');
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
    status,
    h('div', { class: 'dialog-actions' }, cancel, shoot),
  );
  let isReady = false;
  const onFrame = () => {
    if (isReady) return;
    isReady = true;
    shoot.disabled = false;
    say(status, 'picture.live.credit');
  };
  const camera = new Camera(app, video, onFrame, () => {
    dialog.close();
    dialog.remove();
  });
  dialog.addEventListener('close', () => camera.end());
  scope.keep(() => camera.end());
  document.body.append(dialog);
  dialog.showModal();
  void camera.start({ width: { ideal: 1280 } });
}

/** The frame as it is, without loss. @param {HTMLVideoElement} video @returns {Promise<Blob | null>} */
function still(video) {
  const canvas = h('canvas', { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
}
