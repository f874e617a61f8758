/**
 * What the goals of reproducibility cost here, as ratios in one run (design/performance.md): signing in mode ALL beside
 * mode NOTHING, and comparing two sessions that differ in three drops.
 *
 *   node test/bench/reproducibility.ts [--drops 100000] [--runs 3] [--json]
 *
 * Each run is a process of its own. Beside the time of the session (submit, deploy, execute, record) stands that until what
 * follows its end is done too: the seal and, in mode ALL, `reprodata.out`, some 16 KB a drop.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { compareStored } from '../../engine/api/index.ts';
import { syntheticGraph } from '../../engine/cli/synthetic.ts';
import { startHost, type Host } from '../../engine/host/index.ts';

const run = promisify(execFile);
const WEIR = path.resolve(import.meta.dirname, '../../scripts/weir.mjs');
const CHANGED = 3;

export interface ReproducibilityFigures {
  readonly drops: number;
  readonly nothingMs: number;
  readonly allMs: number;
  /** ALL / NOTHING; the goal is 2. */
  readonly ratio: number;
  /** The same with what follows the session's end, and in processor time of that. */
  readonly recordedRatio: number;
  readonly cpuRatio: number;
  /** The first comparison of a Host, which also starts its thread, and a later one; the goal is 1000. */
  readonly compareFirstMs: number;
  readonly compareLaterMs: number;
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN;

interface BenchRun {
  readonly ok: boolean;
  readonly timings: { readonly wallMs: number; readonly recordedMs: number };
  readonly userSeconds: number;
}

async function once(drops: number, rmode: string): Promise<BenchRun> {
  const args = [WEIR, 'bench', 'chain', '--drops', String(drops), '--rmode', rmode, '--json'];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 1 << 26 });
  const document = JSON.parse(stdout) as BenchRun;
  if (!document.ok) throw new Error(`the run in mode ${rmode} failed: ${stdout}`);
  return document;
}

/** The graph with another parameter in three applications. */
function changed(graph: Uint8Array): Uint8Array {
  const text = Buffer.from(graph).toString('utf8');
  const total = text.split(PARAMETER).length - 1;
  const places = new Set(
    Array.from({ length: CHANGED }, (_, i) => Math.floor(((2 * i + 1) * total) / (2 * CHANGED))),
  );
  let seen = 0;
  return new Uint8Array(
    Buffer.from(
      text.replaceAll(PARAMETER, (found) => (places.has(seen++) ? found.replace('1', '2') : found)),
    ),
  );
}
const PARAMETER = '"execution_time":1';

async function record(host: Host, sessionId: string, graph: Uint8Array): Promise<void> {
  const session = await host.manager.createSession(sessionId);
  await session.addGraphSpec(graph);
  await session.deploy('roots');
  await session.recorded();
}

async function comparisons(drops: number): Promise<{ first: number; later: number }> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'weir-bench-'));
  try {
    const writing = await startHost({ dataDir, version: 'bench' });
    const graph = await syntheticGraph('chain', drops);
    await record(writing, 'b', changed(graph));
    await record(writing, 'a', graph);
    await writing.close();
    const reading = await startHost({ dataDir, version: 'bench' });
    const times: number[] = [];
    for (let i = 0; i < 4; i++) {
      const started = performance.now();
      const { rmodes } = await compareStored(reading.deps, 'a', 'b');
      times.push(performance.now() - started);
      const found = rmodes.REPEAT.differing.length;
      if (found !== CHANGED) throw new Error(`${CHANGED} drops were changed, ${found} were found`);
    }
    await reading.close();
    const [first = NaN, ...later] = times;
    return { first, later: median(later) };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Measures with so many drops, medians of `runs`; ALL and NOTHING by turns, so that a busy machine is busy for both. */
export async function reproducibilityFigures(drops: number, runs: number): Promise<ReproducibilityFigures> {
  const nothing: BenchRun[] = [];
  const all: BenchRun[] = [];
  for (let i = 0; i < runs; i++) {
    nothing.push(await once(drops, 'NOTHING'));
    all.push(await once(drops, 'ALL'));
  }
  const of = (list: readonly BenchRun[], value: (one: BenchRun) => number): number => median(list.map(value));
  const ratio = (value: (one: BenchRun) => number): number =>
    Number((of(all, value) / of(nothing, value)).toFixed(2));
  const { first, later } = await comparisons(drops);
  return {
    drops,
    nothingMs: Math.round(of(nothing, ({ timings }) => timings.wallMs)),
    allMs: Math.round(of(all, ({ timings }) => timings.wallMs)),
    ratio: ratio(({ timings }) => timings.wallMs),
    recordedRatio: ratio(({ timings }) => timings.recordedMs),
    cpuRatio: ratio(({ userSeconds }) => userSeconds),
    compareFirstMs: Math.round(first),
    compareLaterMs: Math.round(later),
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      drops: { type: 'string', default: '100000' },
      runs: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await reproducibilityFigures(Number(values.drops), Number(values.runs));
  if (values.json) console.log(JSON.stringify(figures));
  else console.table([figures]);
}
