/**
 * `<vgg-glass view="look" picture="chelsea.jpg" lang="zh">`: one view of the page, in a document of one's own.
 *
 *     <script src="https://…/element.js"></script>
 *
 * A classic script, because a document from the disk may load no modules.
 *
 * Its attributes are what the page has in its address after `#/view?`. One more is not: `page`, where the page is
 * (a folder, or the standalone file), beside this file if left out; `data-page` of the script says it for all.
 * The page is loaded when it comes into sight. Keys that it has no use for are dispatched at the element; Escape
 * gives the keys back to the document.
 */
{
  /** Imported, this file does not know where it is. */
  const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : null;
  const PAGE = script?.dataset.page ?? (script ? new URL('./', script.src) : './');

  /** Names of views besides their own. @type {Record<string, string>} */
  const VIEWS = { 'any-scale': 'scale' };
  /** By view, names of attributes and those that the address has for them. @type {Record<string, Record<string, string>>} */
  const FIELDS = { scale: { scale: 'q' } };
  /** Attributes that say nothing to the page. */
  const OWN = /^(view|page|id|class|style|title|slot|part|role|tabindex|hidden|(data|aria|on)-?.*)$/;

  const STYLE = `
    :host { display: block; width: 100%; aspect-ratio: 16 / 9; }
    :host([hidden]) { display: none; }
    iframe { display: block; width: 100%; height: 100%; border: 0; }`;

  class VggGlass extends HTMLElement {
    /** @type {HTMLIFrameElement} */ #frame = document.createElement('iframe');
    #isSeen = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) this.#load();
    });
    #isChanged = new MutationObserver(() => this.#follow());
    #isLoaded = false;

    constructor() {
      super();
      const style = document.createElement('style');
      style.textContent = STYLE;
      this.#frame.allow = 'camera; clipboard-read; clipboard-write; cross-origin-isolated; fullscreen';
      this.attachShadow({ mode: 'open', delegatesFocus: true }).append(style, this.#frame);
    }

    connectedCallback() {
      this.#frame.title = this.title || 'vgglass';
      this.#isLoaded = false;
      this.#isSeen.observe(this);
      this.#isChanged.observe(this, { attributes: true });
      addEventListener('message', this.#hear);
    }

    disconnectedCallback() {
      this.#isSeen.disconnect();
      this.#isChanged.disconnect();
      removeEventListener('message', this.#hear);
    }

    /** The page's address, as the attributes have it. */
    get address() {
      const asked = this.getAttribute('view') ?? 'look';
      const view = VIEWS[asked] ?? asked;
      const given = new URLSearchParams({ embed: '1' });
      for (const { name, value } of this.attributes) {
        if (!OWN.test(name)) given.set(FIELDS[view]?.[name] ?? name, value);
      }
      const page = new URL(this.getAttribute('page') ?? PAGE, document.baseURI);
      page.hash = `/${view}?${given}`;
      return page.href;
    }

    #load() {
      this.#isSeen.disconnect();
      this.#isLoaded = true;
      this.#frame.src = this.address;
    }

    #follow() {
      // Replaced, so that the document's Back is not the view's.
      if (this.#isLoaded) this.#frame.contentWindow?.location.replace(this.address);
    }

    /** @param {MessageEvent} message */
    #hear = ({ source, data }) => {
      if (source !== this.#frame.contentWindow || typeof data?.vgglass !== 'string') return;
      if (data.vgglass === 'leave') {
        this.#frame.blur();
        window.focus();
      } else if (data.vgglass === 'key') {
        const { key, code, keyCode, shiftKey } = data;
        this.dispatchEvent(
          new KeyboardEvent('keydown', { key, code, keyCode, which: keyCode, shiftKey, bubbles: true, composed: true, cancelable: true }),
        );
      }
    };
  }

  if (!customElements.get('vgg-glass')) customElements.define('vgg-glass', VggGlass);
}
