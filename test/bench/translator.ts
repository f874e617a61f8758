/**
 * How fast logical graphs unroll, beside a real DALiuGE in the same run: `npm run bench -- --against daliuge`, or alone
 *
 *   node test/bench/translator.ts [--million] [--runs 3]      with WEIR_BENCH_DLG naming a `dlg`
 *
 * Both sides are measured inside their process: from the parsed JSON of a logical graph to all of its drops, without
 * start-up, reading or writing. Weir is measured twice: as objects, and as the JSON text it streams (which DALiuGE
 * would still have to write). The drops of both must be equally many.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { readLogicalGraph, unroll, unrollTexts } from '../../engine/translator/index.ts';

const run = promisify(execFile);
const shared = path.resolve(import.meta.dirname, '../../../shared/graphs/translator');

export interface UnrollRow {
  readonly graph: string;
  readonly drops: number;
  readonly weirObjectsS: number;
  readonly weirTextS: number;
  readonly daliugeS: number | string;
  readonly ratioObjects?: number;
  readonly ratioText?: number;
  readonly load: number;
}

interface Case {
  readonly name: string;
  readonly text: string;
  readonly isLarge: boolean;
}

type Node = { category?: string; fields?: { name?: string; value?: unknown }[] };

function withCount(text: string, category: string, field: string, count: number): string {
  const graph = JSON.parse(text) as { nodeDataArray: Node[] };
  for (const node of graph.nodeDataArray)
    if (node.category === category)
      for (const entry of node.fields ?? []) if (entry.name === field) entry.value = count;
  return JSON.stringify(graph);
}

/** Graphs of ../shared; the loops in a scatter also with twice the copies, where DALiuGE's time grows fourfold. */
function cases(withMillion: boolean): Case[] {
  const read = (name: string): string => readFileSync(path.join(shared, `${name}.graph`), 'utf8');
  const names = [
    'tr_cont_img_mvp',
    'egs_spec_facet_img',
    'syn_big_loop_500',
    'syn_big_groupby_60x60',
    'syn_big_nested_100x100',
    'arch_summit-20201109-121245',
  ].filter((name) => existsSync(path.join(shared, `${name}.graph`)));
  const found: Case[] = names.map((name) => ({ name, text: read(name), isLarge: false }));
  const loops = 'syn_big_scatter_loop_100x10';
  if (existsSync(path.join(shared, `${loops}.graph`)))
    for (const copies of [50, 100, 200])
      found.push({
        name: `scatter of ${copies} x loop of 10`,
        text: withCount(read(loops), 'Scatter', 'num_of_copies', copies),
        isLarge: false,
      });
  if (withMillion && existsSync(path.join(shared, 'syn_big_1M.graph')))
    found.push({ name: 'syn_big_1M', text: read('syn_big_1M'), isLarge: true });
  return found;
}

const SMALL_RUNS = 40;

/** The fastest of several runs, each with a graph just read: parsing is outside, as on the other side. */
function best(
  text: string,
  times: number,
  work: (json: unknown) => number,
): { seconds: number; drops: number } {
  let seconds = Infinity;
  let drops = 0;
  for (let n = 0; n < times; n++) {
    const json: unknown = JSON.parse(text);
    const started = performance.now();
    drops = work(json);
    seconds = Math.min(seconds, (performance.now() - started) / 1000);
  }
  return { seconds, drops };
}

function weir(text: string, times: number): { drops: number; objects: number; asText: number } {
  const objects = best(text, times, (json) => {
    return unroll(readLogicalGraph(json), { oidPrefix: 'B' }).length - 1;
  });
  const streamed = best(text, times, (json) => {
    let drops = -1;
    for (const piece of unrollTexts(readLogicalGraph(json), { oidPrefix: 'B' }))
      if (piece.length > 0) drops++;
    return drops;
  });
  return { drops: objects.drops, objects: objects.seconds, asText: streamed.seconds };
}

const PYTHON = `
import json, logging, sys, time
logging.disable(logging.CRITICAL)
from dlg.dropmake.lg import LG
text = sys.stdin.read()
times, best, drops = int(sys.argv[1]), 1e9, 0
for _ in range(times):
    graph = json.loads(text)
    started = time.perf_counter()
    drops = len(LG(graph, ssid="B").unroll_to_tpl())
    best = min(best, time.perf_counter() - started)
print(json.dumps({"seconds": best, "drops": drops}))
`;

/** What the Python beside a `dlg` command needs for the same graph; a text where it cannot. */
async function daliuge(
  dlg: string,
  text: string,
  times: number,
): Promise<{ seconds: number; drops: number } | string> {
  const python = path.join(path.dirname(dlg), 'python');
  const child = run(python, ['-c', PYTHON, String(times)], { maxBuffer: 1 << 26 });
  child.child.stdin?.end(text);
  try {
    const { stdout } = await child;
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { seconds: number; drops: number };
  } catch (error) {
    return (error as Error).message.trim().split('\n').at(-1) ?? 'failed';
  }
}

export async function unrollAgainst(dlg: string, times: number, withMillion: boolean): Promise<UnrollRow[]> {
  const rows: UnrollRow[] = [];
  for (const { name, text, isLarge } of cases(withMillion)) {
    // Small graphs take milliseconds: both sides get the runs it takes to be warm, and not to be interrupted.
    const own = isLarge ? 1 : /loop of/.test(name) ? times : Math.max(times, SMALL_RUNS);
    const ours = weir(text, own);
    const theirs = await daliuge(dlg, text, own);
    if (typeof theirs !== 'string' && theirs.drops !== ours.drops)
      throw new Error(`${name}: Weir makes ${ours.drops} drops, DALiuGE ${theirs.drops}`);
    const rounded = (n: number): number => Number(n.toPrecision(3));
    const row: UnrollRow = {
      graph: name,
      drops: ours.drops,
      weirObjectsS: rounded(ours.objects),
      weirTextS: rounded(ours.asText),
      ...(typeof theirs === 'string'
        ? { daliugeS: theirs }
        : {
            daliugeS: rounded(theirs.seconds),
            ratioObjects: rounded(theirs.seconds / ours.objects),
            ratioText: rounded(theirs.seconds / ours.asText),
          }),
      load: rounded(loadavg()[0] ?? 0),
    };
    console.error(JSON.stringify(row));
    rows.push(row);
  }
  return rows;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { million: { type: 'boolean' }, runs: { type: 'string', default: '3' } },
  });
  const dlg = process.env['WEIR_BENCH_DLG'];
  if (dlg === undefined) throw new Error('WEIR_BENCH_DLG must name the dlg command of a DALiuGE');
  console.table(await unrollAgainst(dlg, Number(values.runs), values.million === true));
}
