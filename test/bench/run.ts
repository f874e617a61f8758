/**
 * `npm run bench`: how fast Weir runs graphs on this machine, as ratios wherever there is something to compare with.
 *
 *   npm run bench                          chain, fan, layered at 10k and 100k, and the limits of the machine
 *   npm run bench -- --million             also a million drops
 *   npm run bench -- --against daliuge     also a real DALiuGE (`dlg` on the PATH, or named in WEIR_BENCH_DLG)
 *   npm run bench -- --runs 5              median of so many runs (default 3)
 *
 * Prints a table and writes test/bench/out/bench.json.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { deflateSync, inflateSync } from 'node:zlib';
import { syntheticGraph, type Shape } from '../../engine/cli/synthetic.ts';
import { timeOverRest } from './rest-client.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const WEIR = path.join(root, 'scripts/weir.mjs');
const { values: options } = parseArgs({
  options: {
    million: { type: 'boolean' },
    against: { type: 'string' },
    runs: { type: 'string', default: '3' },
    sizes: { type: 'string', default: '10000,100000' },
  },
});
const runs = Number(options.runs);
const sizes = options.sizes.split(',').map(Number);
const SHAPES: readonly Shape[] = ['chain', 'fan', 'layered'];

const median = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

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

async function ready(child: ChildProcess, base: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`the manager ended with status ${child.exitCode}`);
    const isUp = await fetch(`${base}/api/sessions`)
      .then((answer) => answer.ok)
      .catch(() => false);
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no answer from ${base}`);
}

interface Peer {
  readonly name: string;
  readonly base: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Median seconds for one graph on a fresh manager. */
async function overRest(
  peer: Peer,
  graph: Uint8Array,
  roots: readonly string[],
  times: number,
): Promise<number> {
  const dir = await mkdtemp(path.join(tmpdir(), 'weir-bench-'));
  const child = spawn(peer.command, [...peer.args], {
    env: { ...process.env, DLG_ROOT: dir, WEIR_DATA_DIR: dir },
    stdio: 'ignore',
  });
  try {
    await ready(child, peer.base);
    const seconds: number[] = [];
    for (let i = 0; i < times; i++) seconds.push(await timeOverRest(peer.base, graph, roots));
    return median(seconds);
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => (child.exitCode === null ? child.once('close', resolve) : resolve(0)));
    await rm(dir, { recursive: true, force: true });
  }
}

async function against(): Promise<object[]> {
  const dlg = process.env['WEIR_BENCH_DLG'] ?? 'dlg';
  const peers: readonly Peer[] = [
    {
      name: 'weir',
      base: 'http://127.0.0.1:18101',
      command: process.execPath,
      args: [WEIR, 'node', '--port', '18101'],
    },
    {
      name: 'daliuge',
      base: 'http://127.0.0.1:18102',
      command: dlg,
      args: ['nm', '-H', '127.0.0.1', '-P', '18102', '--rpc_port', '18103', '--event_port', '18104', '-qqq'],
    },
  ];
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
  graphs: table,
  ...(options.against === 'daliuge' ? { against: await against() } : {}),
};
await mkdir(path.join(import.meta.dirname, 'out'), { recursive: true });
await writeFile(path.join(import.meta.dirname, 'out/bench.json'), `${JSON.stringify(result, null, 2)}\n`);
console.table(table);
if ('against' in result) console.table(result.against);
console.log(JSON.stringify({ limits: result.limits }));
