// What building the site puts before the service worker's text.
declare const SITE: { version: string; files: [string, number, string, 'page' | 'first' | 'base' | 'relaxed' | 'rest'][] };
