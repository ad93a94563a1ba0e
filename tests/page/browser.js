/** Where the page and the browser are, and how the browser is started: for the tests and for the bench. */
export const ADDRESS = process.env.VGGLASS_ADDRESS ?? 'http://127.0.0.1:8064/';
export const CHROME = process.env.CHROME ?? '/usr/bin/chromium';
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
