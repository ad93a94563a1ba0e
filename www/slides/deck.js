/** Makes slides of the sections. Without reveal.js, which only the built site has, they stand one below the other. */
const { Reveal } = /** @type {any} */ (window);
if (Reveal) {
  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0.02,
    hash: true,
    center: false,
    transition: 'none',
    slideNumber: 'c/t',
    // The next slide's view is loaded ahead, no others.
    viewDistance: 2,
  });
} else {
  document.documentElement.classList.add('is-plain');
}
