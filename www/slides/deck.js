/** Makes slides of the sections. Without reveal.js, which only the built site has, they stand one below the other. */
try {
  const { default: Reveal } = await import('./reveal/reveal.mjs');
  const deck = new Reveal({ width: 1280, height: 720, margin: 0.02, hash: true, center: false, transition: 'none', slideNumber: 'c/t', viewDistance: 2 });
  await deck.initialize();
} catch (error) {
  document.documentElement.classList.add('is-plain');
  console.info(error);
}
