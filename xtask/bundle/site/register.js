/**
 * In the pages of the built site alone: the service worker that keeps the site for use without a network and lets
 * the engine have threads. Headers it adds count from the next load on, so a first visit is loaded once more.
 */
{
  const { serviceWorker, userActivation } = navigator;
  const address = new URL('./service-worker.js', /** @type {HTMLScriptElement} */ (document.currentScript).src);

  /** Whether this tab has not been loaded anew before; where that cannot be remembered, it never is. */
  const isFirst = () => {
    try {
      if (sessionStorage.getItem('vgglass.reloaded')) return false;
      sessionStorage.setItem('vgglass.reloaded', 'yes');
      return true;
    } catch {
      return false;
    }
  };

  /** Inside another site's page isolation is that page's to give, and nobody's work is thrown away. */
  const mayReload = () => !crossOriginIsolated && top === window && !userActivation?.hasBeenActive;

  const keep = async () => {
    serviceWorker.addEventListener('controllerchange', () => {
      if (mayReload() && isFirst()) location.reload();
    });
    await serviceWorker.register(address);
    const { active } = await serviceWorker.ready;
    active?.postMessage('fill');
  };
  // Without it, as in some private windows, the page computes with one thread and needs the network.
  if (serviceWorker) keep().catch((error) => console.info(error));
}
