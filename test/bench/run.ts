/**
 * `npm run bench`: how fast Weir runs graphs on this machine, as ratios wherever there is something to compare with.
 *
 *   npm run bench                          chain, fan, layered at 10k and 100k, and the limits of the machine
 *   npm run bench -- --million             also a million drops
 *   npm run bench -- --against daliuge     also a real DALiuGE (`dlg` on the PATH, or named in WEIR_BENCH_DLG), and a
 *                                          chain of Python functions
 *   npm run bench -- --runs 5              median of so many runs on one node (default 5)
 *
 * Prints a table and writes test/bench/out/bench.json.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { deflateSync, inflateSync } from 'node:zlib';
import { syntheticGraph, type Shape } from '../../engine/cli/synthetic.ts';
import { bothPeers, median, overRest } from './peers.ts';
import { pythonChain } from './python-chain.ts';
import { unrollAgainst } from './translator.ts';
import { reproducibilityFigures } from './reproducibility.ts';
import { startFigures } from './start.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const WEIR = path.join(root, 'scripts/weir.mjs');
const { values: options } = parseArgs({
  options: {
    million: { type: 'boolean' },
    against: { type: 'string' },
    runs: { type: 'string', default: '5' },
    sizes: { type: 'string', default: '10000,100000' },
  },
});
const runs = Number(options.runs);
const sizes = options.sizes.split(',').map(Number);
const SHAPES: readonly Shape[] = ['chain', 'fan', 'layered'];

interface BenchDocument {
  readonly dropsPerSecond: number;
  readonly drops: number;
  readonly peakRssBytes: number;
  readonly emptyHostRssBytes: number;
  readonly timings: Readonly<Record<string, number>>;
  readonly eventLoopDelayMs: { readonly p99: number; readonly max: number };
}

async function bench(shape: Shape, drops: number): Promise<BenchDocument> {
  const { stdout } = await run(process.execPath, [WEIR, 'bench', shape, '--drops', String(drops), '--json'], {
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout) as BenchDocument;
}

/** What this machine allows Node for the same text: inflate and JSON.parse, in drops a second. */
async function limits(): Promise<Record<string, number>> {
  const text = Buffer.from(await syntheticGraph('chain', 100_000));
  const packed = deflateSync(text, { level: 1 });
  const times = Array.from({ length: runs }, () => {
    const started = performance.now();
    JSON.parse(inflateSync(packed).toString('utf8'));
    return (performance.now() - started) / 1000;
  });
  return { inflateAndParseDropsPerSecond: Math.round(100_000 / median(times)) };
}

async function against(): Promise<object[]> {
  const peers = bothPeers();
  const rows: object[] = [];
  for (const drops of sizes)
    for (const shape of SHAPES) {
      const graph = await syntheticGraph(shape, drops);
      const [first] = JSON.parse(Buffer.from(graph).toString('utf8')) as { oid: string }[];
      const all = JSON.parse(Buffer.from(graph).toString('utf8')) as {
        oid: string;
        producers?: unknown;
        inputs?: unknown;
      }[];
      const roots =
        shape === 'layered'
          ? all.filter((spec) => !spec.producers && !spec.inputs).map((spec) => spec.oid)
          : [first?.oid as string];
      const perSecond: Record<string, number> = {};
      for (const peer of peers)
        perSecond[peer.name] = Math.round(
          drops / (await overRest(peer, graph, roots, peer.name === 'weir' ? runs : 1)),
        );
      const row = {
        shape,
        drops,
        ...perSecond,
        ratio: Number(((perSecond['weir'] as number) / (perSecond['daliuge'] as number)).toFixed(1)),
      };
      console.error(JSON.stringify(row));
      rows.push(row);
    }
  return rows;
}

const machine = {
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  node: process.version,
  load: loadavg()[0],
  at: new Date().toISOString(),
};
const table: object[] = [];
for (const drops of [...sizes, ...(options.million ? [1_000_000] : [])])
  for (const shape of SHAPES) {
    const documents: BenchDocument[] = [];
    for (let i = 0; i < (drops >= 1_000_000 ? 1 : runs); i++) documents.push(await bench(shape, drops));
    const document = documents.find(
      (d) => d.dropsPerSecond === median(documents.map((each) => each.dropsPerSecond)),
    ) as BenchDocument;
    const row = {
      shape,
      drops,
      dropsPerSecond: document.dropsPerSecond,
      loadMs: Math.round(document.timings['loadMs'] as number),
      deployMs: Math.round(document.timings['deployMs'] as number),
      executeMs: Math.round(document.timings['executeMs'] as number),
      recordMs: Math.round(document.timings['recordMs'] as number),
      bytesPerDrop: Math.round((document.peakRssBytes - document.emptyHostRssBytes) / document.drops),
      loopDelayP99Ms: Number(document.eventLoopDelayMs.p99.toFixed(1)),
      loopDelayMaxMs: Number(document.eventLoopDelayMs.max.toFixed(1)),
    };
    console.error(JSON.stringify(row));
    table.push(row);
  }
const result = {
  machine,
  limits: await limits(),
  start: await startFigures(runs),
  graphs: table,
  reproducibility: await reproducibilityFigures(Math.max(...sizes), runs),
  ...(options.against === 'daliuge'
    ? {
        against: await against(),
        unroll: await unrollAgainst(process.env['WEIR_BENCH_DLG'] ?? 'dlg', runs, options.million === true),
        pythonChain: await pythonChain(runs),
      }
    : {}),
};
await mkdir(path.join(import.meta.dirname, 'out'), { recursive: true });
await writeFile(path.join(import.meta.dirname, 'out/bench.json'), `${JSON.stringify(result, null, 2)}\n`);
console.table(table);
console.table([result.start]);
console.table([result.reproducibility]);
if ('against' in result) console.table(result.against);
if ('unroll' in result) console.table(result.unroll);
if ('pythonChain' in result) console.table([result.pythonChain]);
console.log(JSON.stringify({ limits: result.limits }));
