// What bundling puts in, and what the page's parts leave on its window for one another.
declare module 'standalone:worker' {
  const text: string;
  export default text;
}
declare module 'site:addresses' {
  const addresses: Record<string, string>;
  export default addresses;
}
declare module 'site:added' {
  const models: { name: string; path: string; bytes: number }[];
  export default models;
}
declare const ROOT: string;
declare const VERSION: string;
interface Window {
  vgglass?: { store: import('../../www/page/store.js').Store; engine: import('../../www/engine/engine.js').Engine };
  vgglassTold?: boolean;
}
