/** The import of weights, on the page: what they are, how far it is, and what became of them. One at a time; the page goes on meanwhile. */
import { Cancelled, Import } from '../engine/import/import.js';
import { askToLast } from '../engine/kept/kept.js';
import { nameOfFile } from '../engine/kept/names.js';
import { keptModel } from '../engine/model-name.js';
import { noticeOf } from '../engine/networks.js';
import { Problem } from '../engine/problem.js';
import en from '../locale/import/en.js';
import zh from '../locale/import/zh.js';
import { h } from './dom.js';
import { count, megabytes } from './format.js';
import { addWords, say, t } from './i18n.js';
import { rowTitle } from './names.js';

/** @typedef {import('./i18n.js').Key} Key */
/** @typedef {import('../engine/import/sources.js').SourceDescription} SourceDescription */
/**
 * What is known of weights beside the file.
 * @typedef {object} About
 * @property {string} [name] that the network is to have; the file's, if left out
 * @property {string} [licence]
 * @property {string} [origin] where they are from
 * @property {string} [key] what the state's `model` calls a published network
 * @property {boolean} [isWanted] somebody has asked for them: it begins without a question
 * @property {boolean} [isAnew] the file was another when it was begun for the first time
 */
/** @typedef {ReturnType<typeof createImporter>} Importer */

addWords({ en, zh });

/** What is over sooner is not worth telling, in ms. */
const SOON = 300;
/** Time between two changes of the figures, in ms. */
const TELL_EVERY = 250;

/** @param {import('./app.js').App} app */
export function createImporter({ store, networks }) {
  const text = h('p', { test: 'import-text' });
  const bar = h('span', { class: 'progress-bar' });
  const track = h('span', { class: 'progress-track', role: 'progressbar', test: 'import-progress', label: 'import.title', 'aria-valuemin': 0, 'aria-valuemax': 100 }, bar);
  const amount = h('p', { class: 'caption', test: 'import-amount' });
  const button = (/** @type {string} */ what, /** @type {Key} */ key, /** @type {() => void} */ click, kind = 'button') =>
    h('button', { class: kind, type: 'button', test: `import-${what}`, say: key, on: { click } });
  const buttons = {
    start: button('start', 'import.start', () => void start(), 'button button-main'),
    pause: button('pause', 'import.pause', () => current?.import.pause()),
    resume: button('resume', 'import.resume', () => current?.import.resume()),
    run: button('run', 'import.run', () => run()),
    again: button('again', 'notice.retry', () => void again()),
    cancel: button('cancel', 'import.cancel', () => cancel(), 'quiet-button'),
    close: button('close', 'import.close', () => close(), 'quiet-button'),
  };
  const live = h('p', { class: 'visually-hidden', role: 'status', test: 'import-live' });
  const panel = h(
    'section',
    { class: 'progress importer', test: 'importer', label: 'import.title', hidden: true },
    text,
    track,
    amount,
    h('p', { class: 'importer-actions' }, ...Object.values(buttons)),
  );
  document.body.append(panel, live);

  /** What is at hand: to be asked about, under way, or over. @type {{import: Import, source: SourceDescription, about: About} | null} */
  let current = null;
  /** What can be tried again. @type {{source: SourceDescription, about: About} | null} */
  let failed = null;
  /** The name that it was kept under, what the state calls it, and the hash of its file if nobody has said what that should be. */
  let kept = { name: '', model: '', unnamed: /** @type {string | null} */ (null) };
  /** What the panel shows. */
  let shown = '';
  let told = -Infinity;

  /** @param {string} state @param {(keyof typeof buttons)[]} offered @param {Key} key @param {import('./i18n.js').Params} [params] */
  function show(state, offered, key, params) {
    say(text, key, params);
    const isOther = shown !== state;
    const focused = panel.contains(document.activeElement) ? document.activeElement : null;
    shown = panel.dataset.state = state;
    for (const [name, one] of Object.entries(buttons)) one.hidden = !offered.includes(/** @type {keyof typeof buttons} */ (name));
    const isAtWork = state === 'weights' || state === 'calibrate' || state === 'write';
    track.hidden = !isAtWork;
    amount.hidden = !isAtWork && !current?.import.news;
    panel.hidden = false;
    if (!isOther) return;
    told = -Infinity;
    if (isAtWork || state === 'done' || state === 'kept' || state === 'failed') say(live, key, params);
    // What had it is gone.
    if (focused?.closest('[hidden]')) buttons[offered[0]].focus();
  }

  function close() {
    current = null;
    shown = '';
    panel.hidden = true;
  }

  /**
   * Somebody gave weights: they are looked into, and it is asked whether they are wanted.
   * @param {SourceDescription} source @param {About} [about]
   * @throws {Problem} if they cannot be imported
   */
  async function offer(source, about = {}) {
    if (current && isAtWork(current.import)) throw new Problem('import-busy', { file: source.name, running: current.source.name });
    current?.import.cancel();
    const mine = { import: new Import(source), source, about };
    current = mine;
    const isCurrent = () => current === mine;
    panel.hidden = true;
    const timer = setTimeout(() => isCurrent() && show('head', ['cancel'], 'import.opening', { file: source.name }), SOON);
    mine.import.listen(() => {
      const { stage, news } = mine.import;
      if (!isCurrent() || stage !== 'head' || !news) return;
      show('head', ['cancel'], 'import.opening', { file: source.name });
      showNews(news);
    });
    try {
      const found = await mine.import.open();
      if (!isCurrent()) return;
      const width = found.width === 1 ? '' : ` × ${Number(found.width.toPrecision(3))}`;
      show('found', ['start', 'cancel'], 'import.found', {
        file: source.name,
        network: `${rowTitle(found.id)}${width}`,
        classes: count(found.classes),
        size: found.input_size,
        reads: megabytes(found.reads),
        keeps: megabytes(found.keeps),
      });
      if (about.isWanted) void start();
      else buttons.start.focus();
    } catch (error) {
      if (isCurrent()) close();
      if (!(error instanceof Cancelled)) throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async function start() {
    if (!current) return;
    const mine = current;
    const { source, about } = mine;
    const { wanted } = networks;
    void askToLast().catch(() => {});
    mine.import.listen(() => current === mine && showWork(mine.import, source.name));
    try {
      const { licence = '', origin = '', key } = about;
      const made = await mine.import.make({ name: about.name ?? nameOfFile(source.name), licence, origin, key });
      kept = { name: made.name, model: made.key ?? keptModel(made.name), unnamed: mine.import.unnamed };
      // What was chosen meanwhile goes on, unless it is this one, for which another stood in.
      if (networks.wanted === wanted || networks.wanted?.values.model === kept.model) run();
      else show('kept', ['run', 'close'], 'import.done.other', { name: made.name });
    } catch (error) {
      if (error instanceof Cancelled) {
        say(live, 'import.cancelled', { file: source.name });
        if (current === mine) close();
        return;
      }
      failed = mine;
      if (noticeOf(error).code === 'hub-changed' && !about.isAnew) void anew(mine);
      else showProblem(error);
    }
  }

  /** The file has become another while it came: it is begun anew, once. @param {{source: SourceDescription, about: About}} what */
  async function anew({ source, about }) {
    say(live, 'import.anew', { file: source.name });
    try {
      await offer(source, { ...about, isWanted: true, isAnew: true });
    } catch (error) {
      showProblem(error);
    }
  }

  /** @param {Import} one @param {string} file */
  function showWork(one, file) {
    const { stage, isPaused } = one;
    if (stage !== 'weights' && stage !== 'calibrate' && stage !== 'write') return;
    show(stage, stage === 'write' ? ['cancel'] : [isPaused ? 'resume' : 'pause', 'cancel'], `import.${stage}`, { file });
    track.classList.toggle('is-unknown', stage === 'write');
    if (performance.now() - told < TELL_EVERY && panel.dataset.paused === String(isPaused)) return;
    told = performance.now();
    panel.dataset.paused = String(isPaused);
    const part = stage === 'weights' ? one.read / (one.total || 1) : stage === 'calibrate' ? one.part : 1;
    bar.style.transform = stage === 'write' ? '' : `scaleX(${part})`;
    if (stage === 'write') track.removeAttribute('aria-valuenow');
    else track.setAttribute('aria-valuenow', String(Math.round(part * 100)));
    if (stage === 'weights') showBytes(one);
    else if (stage === 'calibrate' && one.layer) say(amount, isPaused ? 'import.layer.paused' : 'import.layer', { part: Math.round(100 * part), layer: one.layer });
    else amount.hidden = true;
  }

  /** @param {import('../engine/import/hub.js').HubNews} news of a bad connection */
  function showNews(news) {
    if (news.what === 'wait') say(amount, 'import.wait', { left: timeOf(news.ms / 1000) });
    else if (news.what === 'skip') say(amount, 'import.skip', { read: megabytes(news.at), total: megabytes(news.until) });
  }

  /** @param {Import} one */
  function showBytes({ read, total, rate, secondsLeft, isPaused, news }) {
    const bytes = { read: megabytes(read), total: total ? megabytes(total) : '…' };
    if (news && !isPaused) showNews(news);
    else if (isPaused) say(amount, 'import.bytes.paused', bytes);
    else if (rate === null || secondsLeft === null) say(amount, 'import.bytes', bytes);
    else say(amount, 'import.bytes.rate', { ...bytes, rate: megabytes(rate), left: timeOf(secondsLeft) });
  }

  function run() {
    const { name, unnamed } = kept;
    if (unnamed === null) show('done', ['close'], 'import.done', { name });
    else show('done', ['close'], 'import.done.unnamed', { name, digits: unnamed.slice(0, 8) });
    store.set({ model: kept.model, file: null, seed: null, channel: null }, { step: true });
  }

  function cancel() {
    if (!current) return;
    const { import: one } = current;
    const isQuestion = !isAtWork(one);
    one.cancel();
    if (isQuestion) close();
  }

  async function again() {
    if (!failed) return;
    const { source, about } = failed;
    try {
      await offer(source, { ...about, isWanted: true });
    } catch (error) {
      showProblem(error);
    }
  }

  /** @param {unknown} error */
  function showProblem(error) {
    const { code, params } = noticeOf(error);
    show('failed', ['again', 'close'], /** @type {Key} */ (`problem.${code}`), params);
  }

  return { offer };
}

/** @param {Import} one */
const isAtWork = ({ stage }) => stage === 'weights' || stage === 'calibrate' || stage === 'write';

/** To be said. @param {number} seconds */
const timeOf = (seconds) => () => (seconds < 60 ? t('import.seconds', { count: Math.ceil(seconds) }) : t('import.minutes', { count: Math.ceil(seconds / 60) }));
