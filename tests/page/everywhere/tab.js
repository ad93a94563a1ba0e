/**
 * What a test can do with a page, whatever the browser. Chromium and Firefox are driven by puppeteer (`puppeteer.js`),
 * WebKitGTK through its WebDriver (`webkit.js`); what only they can do is theirs: `Steering`.
 *
 * @typedef {'chromium' | 'firefox' | 'webkit'} BrowserName
 *
 * @typedef {object} OpenOptions
 * @property {number} [width] of the window, in CSS pixels
 * @property {number} [height]
 * @property {string} [prelude] a script that runs in every document before the page's own
 *
 * @typedef {object} StartOptions
 * @property {Record<string, string | number | boolean>} [prefs] Firefox's settings
 * @property {boolean} [measure] Chromium has `gc`, and tells its heap exactly
 *
 * A browser that has a camera with a made-up picture, which the page gets unasked.
 * @typedef {object} RunningBrowser
 * @property {BrowserName} name
 * @property {string} version
 * @property {number} pid of the process that all others of the open tab descend from
 * @property {(options?: OpenOptions) => Promise<Tab>} open an empty tab in a profile of its own; WebKit has one at a time
 * @property {() => Promise<void>} close
 *
 * @typedef {object} Steering
 * @property {(url: string) => Promise<void>} go
 * @property {() => Promise<void>} reload
 * @property {(script: string) => Promise<any>} run an expression in the page; what it promises is awaited, and comes as JSON
 * @property {(selector: string) => Promise<void>} click in the middle of an element, brought into sight
 * @property {(key: keyof typeof KEYS) => Promise<void>} press
 * @property {(selector: string, paths: string[]) => Promise<void>} pick files in an input
 * @property {(width: number, height: number) => Promise<void>} resize
 * @property {() => Promise<void>} hide behind another tab, or as a window put away
 * @property {() => Promise<void>} close
 */

/** Keys by the name that puppeteer and the page give them, with WebDriver's code. */
export const KEYS = { Escape: '\uE00C', PageDown: '\uE00F', PageUp: '\uE00E', ArrowRight: '\uE014', ArrowUp: '\uE013', p: 'p', l: 'l' };

/** Generous, for slow machines on which other things run. */
export const PATIENCE = 60_000;
/** How often a page is asked whether what is waited for has come, in ms. */
const ASK_EVERY = 50;

export const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Tab {
  #steering;

  /** @param {BrowserName} browser @param {(errors: string[]) => Promise<Steering>} steer */
  static async open(browser, steer) {
    /** @type {string[]} */
    const errors = [];
    return new Tab(browser, errors, await steer(errors));
  }

  /** @param {BrowserName} browser @param {string[]} errors @param {Steering} steering */
  constructor(browser, errors, steering) {
    this.browser = browser;
    /** Errors and warnings in the console, and what was thrown and not caught. */
    this.errors = errors;
    this.#steering = steering;
  }

  go = (/** @type {string} */ url) => this.#steering.go(url);
  reload = () => this.#steering.reload();
  click = async (/** @type {string} */ selector) => {
    await this.#still(selector);
    await this.#steering.click(selector);
  };
  press = (/** @type {keyof typeof KEYS} */ key) => this.#steering.press(key);
  pick = (/** @type {string} */ selector, /** @type {string[]} */ ...paths) => this.#steering.pick(selector, paths);
  resize = (/** @type {number} */ width, /** @type {number} */ height) => this.#steering.resize(width, height);
  hide = () => this.#steering.hide();
  close = () => this.#steering.close();

  /**
   * Calls a function in the page, which sees nothing of the test but its argument.
   * @template A, R
   * @param {(arg: A) => R} body
   * @param {A} [arg]
   * @returns {Promise<Awaited<R>>}
   */
  evaluate(body, arg) {
    return this.#steering.run(`(${body})(${JSON.stringify(arg) ?? ''})`);
  }

  /**
   * Waits until a function, called in the page, gives something that is true.
   * @template A, R
   * @param {(arg: A) => R} question
   * @param {A} [arg]
   * @param {number} [patience] in ms
   * @returns {Promise<Exclude<NonNullable<Awaited<R>>, false>>}
   */
  async until(question, arg, patience = PATIENCE) {
    const end = performance.now() + patience;
    let last;
    do {
      // A document that is just being replaced cannot be asked.
      last = await this.evaluate(question, arg).catch((error) => {
        last = error;
        return null;
      });
      if (last) return /** @type {Exclude<NonNullable<Awaited<R>>, false>} */ (last);
      await pause(ASK_EVERY);
    } while (performance.now() < end);
    const page = await this.evaluate(() => JSON.stringify({ address: location.href, ...document.documentElement.dataset })).catch(String);
    throw new Error(`${this.browser}: waited ${patience} ms in vain for ${question} of ${JSON.stringify(arg)}; the page: ${page}; its console: ${this.errors.join(' | ')}`);
  }

  /**
   * Waits until an element lies still: a click goes to a place, where another may have come by then. Opening a layer
   * scrolls smoothly, so it is the place in the window that counts. @param {string} selector
   */
  #still(selector) {
    return this.until((wanted) => {
      const element = document.querySelector(wanted);
      if (!element) return false;
      const { x, y, width, height } = element.getBoundingClientRect();
      const place = [wanted, x, y, width, height].join();
      const former = /** @type {any} */ (window).placeOfClick;
      Object.assign(window, { placeOfClick: place });
      return former === place;
    }, selector);
  }

  /** Waits until an element is seen. @param {string} selector */
  seen(selector) {
    return this.until((wanted) => document.querySelector(wanted)?.checkVisibility({ visibilityProperty: true }), selector);
  }

  /** Waits until an element is not to be seen. @param {string} selector */
  gone(selector) {
    return this.until((unwanted) => !document.querySelector(unwanted)?.checkVisibility({ visibilityProperty: true }), selector);
  }

  /** @param {string} selector @returns {Promise<string>} the element's text as it is seen */
  text(selector) {
    return this.evaluate((wanted) => /** @type {HTMLElement} */ (document.querySelector(wanted)).innerText, selector);
  }
}
