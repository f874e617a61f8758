/** Dividing a graph by what earlier sessions took, from a real history to the partition. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measuredSeconds } from '../../../engine/host/measured.ts';
import type { JsonObject } from '../../../engine/protocol/index.ts';
import { openStore, textColumn, type Store } from '../../../engine/store/index.ts';
import { partition, unroll } from '../../../engine/translator/index.ts';
import { app, data, graphOf, link } from '../translator/graphs.ts';

/** Two applications share a large volume, which keeps cuts from dividing them; all plan to take equally long. */
const LIGHT = ['c', 'd', 'e', 'f', 'g', 'h'];
const APPS = ['a', 'b', ...LIGHT];
const graph = graphOf(
  [
    data('x', undefined, { data_volume: 9 }),
    data('y', undefined, { data_volume: 9 }),
    ...APPS.flatMap((id) => [app(id), data(`${id}o`)]),
  ],
  APPS.flatMap((id) => [link(LIGHT.includes(id) ? 'y' : 'x', id), link(id, `${id}o`)]),
);
/** What they really take, in seconds: the two that share x take far longer than all others. */
const SECONDS = new Map(APPS.map((id) => [id, LIGHT.includes(id) ? 1 : 20]));

let dataDir: string;
let store: Store;
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'weir-measured-'));
  store = await openStore({ dataDir });
});
afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** Records a session in which each application took its time. */
async function recordSession(sessionId: string, graphName: string, factor = 1): Promise<void> {
  const drops = unroll(graph, { oidPrefix: sessionId }).slice(0, -1);
  const key = await store.createSession({
    sessionId,
    graphName,
    origin: 'test',
    dir: dataDir,
    rmode: 'NOTHING',
    createdAt: 1000,
    host: { name: 'here', platform: process.platform, version: '0' },
  });
  const column = (name: string): ReturnType<typeof textColumn> =>
    textColumn(drops.map((drop) => drop[name] as string));
  await store.addDrops(key, {
    firstRow: 0,
    count: drops.length,
    uid: column('oid'),
    name: column('name'),
    lgKey: column('lg_key'),
    kind: Uint8Array.from(drops, (drop) => (drop['categoryType'] === 'Data' ? 0 : 1)),
    classId: new Uint16Array(drops.length),
    classes: ['dlg.apps.simple.SleepApp'],
  });
  await store.appendGraph(key, { bytes: Buffer.from(JSON.stringify(drops)) });
  await store.updateSession(key, { status: 'RUNNING', startedAt: 1001 });
  await store.recordStates(key, {
    rows: Uint32Array.from(drops, (_, row) => row),
    status: new Uint8Array(drops.length).fill(2),
    exec: new Uint8Array(drops.length).fill(2),
    startedAt: new Float64Array(drops.length).fill(2000),
    finishedAt: Float64Array.from(
      drops,
      (drop) => 2000 + 1000 * factor * (SECONDS.get(drop['lg_key'] as string) ?? 0),
    ),
    sizeBytes: new Float64Array(drops.length),
  });
  await store.updateSession(key, { status: 'FINISHED', finishedAt: 90_000 });
}

/** When all is done if every node runs one application after the other, each for its real time. */
function realSeconds(drops: readonly JsonObject[]): number {
  const busy = new Map<unknown, number>();
  for (const { node, lg_key: key } of drops)
    busy.set(node, (busy.get(node) ?? 0) + (SECONDS.get(key as string) ?? 0));
  return Math.max(...busy.values());
}

describe('the algorithm "measured"', () => {
  it('takes run times from the history and divides better than by plan', async () => {
    await recordSession('one', 'skewed.graph');
    await recordSession('two', 'skewed.graph');
    await recordSession('other', 'skewed.graph.old', 50);
    const seconds = await measuredSeconds(store, 'skewed.graph');
    expect(Object.fromEntries(seconds)).toEqual(Object.fromEntries(SECONDS));

    const pgt = unroll(graph, { oidPrefix: 'three' });
    const options = { numPartitions: 2, max_cpu: 1, rules: 'corrected' as const };
    const byPlan = partition(pgt, { ...options, algorithm: 'metis' });
    const measured = partition(pgt, { ...options, algorithm: 'measured', measuredSeconds: seconds });
    const [planned, better] = [byPlan, measured].map(({ pgt: placed }) => realSeconds(placed.slice(0, -1)));
    // By plan both long ones are on one node: 40 seconds; 46 seconds of work on two nodes take at least 23.
    expect(planned).toBe(40);
    expect(better).toBeLessThan(30);
    expect(measured.result.exec_time).toBeGreaterThanOrEqual(better ?? 0);
    expect(measured.result.exec_time).toBeLessThan(40);
  });

  it('uses the planned times where nothing has been measured', async () => {
    const seconds = await measuredSeconds(store, 'never-run.graph');
    expect(seconds.size).toBe(0);
    const pgt = unroll(graph, { oidPrefix: 'S' });
    const found = partition(pgt, {
      algorithm: 'measured',
      numPartitions: 2,
      max_cpu: 1,
      rules: 'corrected',
      measuredSeconds: seconds,
    });
    expect(new Set(found.part).size).toBe(2);
    expect(found.result.exec_time).toBeGreaterThanOrEqual(found.result.critical_path ?? 0);
  });
});
