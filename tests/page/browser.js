/** Where the page and the browsers are, and how Chromium is started: for the tests and for the bench. */
export const ADDRESS = process.env.VGGLASS_ADDRESS ?? 'http://127.0.0.1:8064/';
/** The same page with its modules joined into a few, which opens in half the time (`xtask/bundle/joined.js`). */
export const PAGE = process.env.VGGLASS_JOINED ?? ADDRESS;
export const CHROME = process.env.CHROME ?? '/usr/bin/chromium';
/** Chromium without windows and bars, which takes two thirds of its time to open a page; or Chromium. */
export const HEADLESS_SHELL = process.env.HEADLESS_SHELL ?? CHROME;
export const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
export const WEBKIT_DRIVER = process.env.WEBKIT_DRIVER ?? '/usr/bin/WebKitWebDriver';
export const XVFB = process.env.XVFB ?? '/usr/bin/Xvfb';
/** A Python that has PyGObject: the system's, not one of pyenv's. */
export const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
/**
 * In a page, before it. Whoever asks a page by automation counts as its user, from whom the site takes no page away to load it
 * anew, as it does on a first visit: what is asked too early would keep it from that.
 */
export const UNTOUCHED = "Object.defineProperty(Navigator.prototype, 'userActivation', { get: () => undefined });";
