/** What a view has to let go of when it leaves: its parts register here how to stop listening. */
export class Scope {
  /** @type {(() => void)[]} */ #endings = [];

  /** @param {() => void} ending */
  keep(ending) {
    this.#endings.push(ending);
  }

  /**
   * Calls back with the size of an element's content, now and whenever it changes.
   * @param {Element} element @param {(width: number, height: number) => void} listener
   */
  size(element, listener) {
    const observer = new ResizeObserver(([entry]) => {
      listener(Math.floor(entry.contentRect.width), Math.floor(entry.contentRect.height));
    });
    observer.observe(element);
    this.keep(() => observer.disconnect());
  }

  end() {
    for (const ending of this.#endings) ending();
    this.#endings = [];
  }
}
