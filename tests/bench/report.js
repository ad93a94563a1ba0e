/**
 * Results as Markdown: beside the JSON, and the short table between the README's markers.
 *
 *     node report.js [results.json] [--readme]
 *
 * Ends with an error when a contender computed something else than vgglass.
 *
 * @typedef {import('./page.js').Outcome} Outcome
 * @typedef {import('./page.js').NetOutcome} NetOutcome
 * @typedef {{date: string, commit: string, machine: {cpu: string, cores: number, load: number}, chromium: string,
 *   page: {cold_ms: number, warm_ms: number, site: {cold_ms: number, warm_ms: number}, wasm_bytes: number, wasm_gzip_bytes: number},
 *   nets: NetOutcome[]}} Results
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const README = new URL('../../README.md', import.meta.url);
const MARKERS = ['<!-- bench: made by cargo xtask bench --readme -->', '<!-- bench end -->'];
/**
 * Least correlation of logits with vgglass's for the same network. They cannot be equal: vgglass's activations have
 * 7 bits, onnxruntime's 8, and the float networks do not round at all.
 */
const AGREEMENT = 0.98;
/** Multiply-adds of the direct sum for each that the kernel does. */
const SAVINGS = [
  { name: 'F(4×4)', factor: 4 },
  { name: 'F(2×2)', factor: 2.25 },
  { name: 'direct', factor: 1 },
];

const { values: flags, positionals } = parseArgs({ options: { readme: { type: 'boolean' } }, allowPositionals: true });
const file = positionals[0] ?? fileURLToPath(new URL('results.json', import.meta.url));
/** @type {Results} */
const results = JSON.parse(readFileSync(file, 'utf8'));

const ms = (/** @type {number} */ value) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
const megabytes = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

/** @param {string[]} head @param {(string | number)[][]} rows the first column is text, the others are numbers */
function table(head, rows) {
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

/** @param {Outcome} contender @param {Outcome} ours */
const agrees = (contender, ours) =>
  contender.top1 === ours.top1 && contender.correlation >= AGREEMENT;

/** @param {NetOutcome} net */
function contenderTable(net) {
  const [ours] = net.contenders;
  const rows = net.contenders.map((one) => [
    `${one.name} (${one.version})`,
    ms(one.ms),
    `${(one.ms / ours.ms).toFixed(2)}`,
    ...(one.row_ms && ours.row_ms ? [ms(one.row_ms), (one.row_ms / ours.row_ms).toFixed(2)] : []),
    ms(one.first_ms),
    ms(one.start_ms + one.load_ms),
    megabytes(one.memory_bytes),
    one === ours ? '' : `${agrees(one, ours) ? 'same' : 'OTHER'} first class, ${one.correlation.toFixed(4)}`,
  ]);
  const failed = net.failures.map(({ name, error }) => `\n${name} did not run: ${error}`);
  const head = ['', 'ms', 'times vgglass', ...(ours.row_ms ? ['in a row, ms', 'times vgglass'] : []), 'first run, ms', 'load, ms', 'wasm memory', 'logits beside vgglass'];
  return [table(head, rows), ...failed].join('\n');
}

/** @param {NetOutcome} net */
function layerTable(net) {
  const rows = net.layers.map(({ name, kind, kernel, ms: time, macs, gmacs }) => {
    const saving = kind === 'conv' && SAVINGS.find((one) => kernel.includes(one.name));
    const share = saving ? `${((100 * gmacs) / (saving.factor * net.peak_gmacs)).toFixed(0)} % of ${saving.factor} peak` : '';
    return [`${name}: ${kernel}`, time.toFixed(3), macs ? gmacs.toFixed(1) : '', share];
  });
  return table(['layer: kernel', 'ms', 'GMAC/s', 'share of the limit'], rows);
}

/** @param {NetOutcome} net */
function section(net) {
  const [ours] = net.contenders;
  const { facts } = net;
  return `## ${net.title}

${contenderTable(net)}

Medians of ${net.rounds} interleaved rounds. vgglass: ${(facts.macs / ours.ms / 1e6).toFixed(0)} GMAC/s over the whole net
(${(facts.macs / 1e9).toFixed(2)} GMAC); weights packed ${megabytes(facts.weight_bytes)}, activations and working memory
${megabytes(facts.activation_bytes)}. Peak loop of the kernels' instruction in the same rounds: **${net.peak_gmacs.toFixed(1)} GMAC/s**.

${layerTable(net)}${sizeTable(net)}`;
}

/** What an area costs, beside the native size's. @param {NetOutcome} net */
function sizeTable({ sizes }) {
  if (sizes.length === 0) return '';
  const [native] = sizes;
  const rows = sizes.map(({ size, ms: time, maps_ms: maps }) => {
    const area = size ** 2 / native.size ** 2;
    return [`${size}×${size}`, area.toFixed(2), ms(maps), (maps / native.maps_ms / area).toFixed(2), ms(time - maps), ms(time)];
  });
  const head = ['', 'area', 'up to pool5, ms', 'of what the area lets expect', 'fc6 to fc8 at every place, ms', 'all, ms'];
  return `\n\nThe same network over larger pictures, its fully connected layers as convolutions; fc6 fits at 1 place of 224×224, at 100 of 512×512:\n\n${table(head, rows)}`;
}

function conditions() {
  const { cpu, cores, load } = results.machine;
  return `${results.date}, commit ${results.commit}, Chromium ${results.chromium} headless, ${cpu}, ${cores} cores, \
load before ${load.toFixed(1)}; one thread where no number is said.`;
}

const { page } = results;
const report = `# Bench

Made by \`cargo xtask bench\`; README.md here says what is measured. ${conditions()}

Page open to first prediction, median of eleven: the site that \`cargo xtask site\` makes ${ms(page.site.warm_ms)} ms with a warm HTTP cache, ${ms(page.site.cold_ms)} ms
the first time; the page as it is written, in a hundred modules, ${ms(page.warm_ms)} ms and ${ms(page.cold_ms)} ms.
\`vgglass_bg.wasm\`: ${(page.wasm_bytes / 1e3).toFixed(0)} kB, ${(page.wasm_gzip_bytes / 1e3).toFixed(0)} kB gzipped.

${results.nets.map(section).join('\n\n')}
`;
writeFileSync(file.replace(/\.json$/, '.md'), report);
console.log(report);

if (flags.readme) {
  const versions = new Map(results.nets.flatMap(({ contenders }) => contenders.map(({ name, version }) => [name, version])));
  const columns = results.nets.flatMap(({ title, contenders }) => [
    { title, of: (/** @type {Outcome} */ one) => one.ms, contenders },
    ...(contenders[0].row_ms ? [{ title: 'the same, picture after picture', of: (/** @type {Outcome} */ one) => one.row_ms, contenders }] : []),
  ]);
  const rows = [...versions].map(([name, version]) => {
    const times = columns.map(({ of, contenders }) => contenders.filter((one) => one.name === name).map(of)[0]);
    return [`${name} (${version})`, ...times.map((time) => (time ? ms(time) : 'did not run'))];
  });
  const text = readFileSync(README, 'utf8');
  const [start, end] = MARKERS.map((marker) => text.indexOf(marker));
  if (start < 0 || end < start) throw new Error(`README.md lacks the markers ${MARKERS.join(' and ')}`);
  const short = `${table(['ms a picture', ...columns.map(({ title }) => title)], rows)}\n\n${conditions()}`;
  writeFileSync(README, `${text.slice(0, start + MARKERS[0].length)}\n\n${short}\n\n${text.slice(end)}`);
}

const others = results.nets.flatMap(({ id, contenders: [ours, ...peers] }) =>
  peers.filter((peer) => !agrees(peer, ours)).map(({ name }) => `${name} on ${id}`),
);
if (others.length > 0) {
  console.error(`Another first class than vgglass's, or a correlation below ${AGREEMENT}: ${others.join(', ')}`);
  process.exitCode = 1;
}
