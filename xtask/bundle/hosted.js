/**
 * Takes the place of `www/engine/assets.js` in the built site, whose files are named after their content, and where a service
 * worker keeps them.
 */
import addedModels from 'site:added';
import addresses from 'site:addresses';
import { Problem } from '../../www/engine/problem.js';
import { fetched, workerAt } from '../../www/engine/remote.js';
import { container, renew, whyMissing } from './site/version.js';

/** @typedef {{path: string, bytes: number, part: 'page' | 'first' | 'base' | 'relaxed' | 'rest', isKept: boolean}} File */

const SERVICE_WORKER = beside('service-worker.js');
const VERSION = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name="vgglass-version"]')).content;

export const hasAlike = true;

/** @param {string} path */
function beside(path) {
  return new URL(path, document.baseURI).href;
}

/** @param {string} path of a file as it is called in the sources */
function addressOf(path) {
  return beside(addresses[path] ?? path);
}

/** @type {string | null} */
export const modelUrl = addressOf('models/vgg16-half-tiny.safetensors');

export const model = async () => ({ kind: 'url', url: modelUrl });

/** @param {string} row */
export const alike = async (row) => ({ kind: 'url', url: addressOf(`models/alike/${row}.safetensors`) });

export const addedNetworks = addedModels;

/** @param {string} name */
export async function added(name) {
  const found = addedModels.find((one) => one.name === name);
  if (!found) throw new Problem('site-missing', { name });
  return { kind: 'url', url: addressOf(found.path) };
}

/** @param {string} file */
export const pictureUrl = (file) => addressOf(`pictures/${file}`);

export async function samples() {
  return (await fetched(addressOf('pictures/pictures.json'))).json();
}

/** @param {string} file */
export async function picture(file) {
  return (await fetched(pictureUrl(file))).blob();
}

/** @param {import('../../www/engine/engine.js').Choice} choice @param {string | null} [expected] */
export const startWorker = (choice, expected = null) => workerAt(new URL(addressOf('engine/worker/index.js')), choice, expected);

/** @type {(() => Worker) | null} */
export const startImporter = () => new Worker(addressOf('engine/import/worker.js'), { type: 'module' });

export const startKeeper = () => new Worker(addressOf('engine/kept/worker.js'), { type: 'module' });

/** What browsers say where something did not come. */
const ABSENT = /^\d{3}\b|fetch|NetworkError|dynamically imported|Importing a module|Load failed|worker\.js/;

/** @param {string} [message] */
export async function whyNot(message) {
  if (message !== undefined && !ABSENT.test(message)) return null;
  const why = await whyMissing(SERVICE_WORKER, VERSION);
  if (why === 'outdated') void lookForNewer();
  return why;
}

/** @type {import('../../www/engine/assets.js').Hosting} */
export const hosting = { state, keep, onNewVersion, renew: renewThis };

let isRenewing = false;

function renewThis() {
  isRenewing = true;
  return renew(SERVICE_WORKER);
}

/** The service worker of these pages, as soon as there is one; where it is refused, never. */
async function active() {
  const serviceWorker = container();
  if (!serviceWorker) return new Promise(() => {});
  return /** @type {ServiceWorker} */ ((await serviceWorker.ready).active);
}

/** @returns {Promise<File[]>} */
async function state() {
  return asked(await active(), { ask: 'state' });
}

/** @param {string} path @param {(count: number) => void} onBytes @param {AbortSignal} [signal] */
async function keep(path, onBytes, signal) {
  const worker = await active();
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    signal?.addEventListener('abort', () => port1.postMessage('stop'));
    port1.onmessage = ({ data }) => {
      if ('count' in data) onBytes(data.count);
      else if (data.end === null) resolve(undefined);
      else reject(new Error(data.end));
    };
    worker.postMessage({ ask: 'keep', path }, [port2]);
  });
}

/** @param {(isUsed: boolean) => void} listener */
async function onNewVersion(listener) {
  const serviceWorker = container();
  if (!serviceWorker) return;
  serviceWorker.addEventListener('controllerchange', async () => {
    const { controller } = serviceWorker;
    if (controller && !isRenewing && (await versionOf(controller)) !== VERSION) listener(true);
  });
  const registration = await serviceWorker.ready;
  const consider = async () => {
    const { waiting } = registration;
    if (!waiting) return;
    // A page that the network gave may be newer than what answered it.
    if ((await versionOf(waiting)) === VERSION) waiting.postMessage({ ask: 'take over' });
    else listener(false);
  };
  const follow = () => registration.installing?.addEventListener('statechange', consider);
  registration.addEventListener('updatefound', follow);
  follow();
  await consider();
  // The browser looks by itself when a page is loaded. Some stay open for days.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && Date.now() - looked > LOOK_EVERY) void lookForNewer();
  });
}

const LOOK_EVERY = 3_600_000;
let looked = Date.now();

async function lookForNewer() {
  looked = Date.now();
  const registration = await container()?.getRegistration(SERVICE_WORKER);
  // Without a network there is nothing newer.
  await registration?.update().catch(() => {});
}

/** @param {ServiceWorker} worker @returns {Promise<string>} */
const versionOf = (worker) => asked(worker, { ask: 'version' });

/** @param {ServiceWorker} worker @param {object} question @returns {Promise<any>} */
function asked(worker, question) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    worker.postMessage(question, [port2]);
  });
}
