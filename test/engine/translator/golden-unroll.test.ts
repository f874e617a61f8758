import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  planUnroll,
  readLogicalGraph,
  TranslatorError,
  unroll,
  unrollTexts,
  type LogicalGraph,
} from '../../../engine/translator/index.ts';
import {
  goldenNames,
  hasGolden,
  normalise,
  readGolden,
  readGraphText,
  summarise,
  type Loose,
} from './golden.ts';

const OPTIONS = { oidPrefix: 'GOLD' };

function attempt(name: string): {
  lg: LogicalGraph | undefined;
  pgt: Loose[] | undefined;
  reason: string | undefined;
} {
  let lg: LogicalGraph | undefined;
  try {
    lg = readLogicalGraph(readGraphText(name));
    return { lg, pgt: unroll(lg, OPTIONS) as Loose[], reason: undefined };
  } catch (error) {
    if (!(error instanceof TranslatorError)) throw error;
    return { lg, pgt: undefined, reason: error.reason };
  }
}

const HUGE = new Set(['syn_big_1M']);

describe.skipIf(!hasGolden)('unrolling gives what DALiuGE gives', () => {
  it.each(goldenNames('unroll').filter((n) => !HUGE.has(n)))('%s', (name) => {
    const golden = readGolden('unroll', `${name}.json`);
    const { lg, pgt, reason } = attempt(name);
    if (golden.status === 'error') {
      if (golden.error.policy === 'must-reject') expect(reason).toBe(golden.error.code);
      else if (reason !== undefined) expect(reason).toBe(golden.error.code);
      return;
    }
    expect(reason).toBeUndefined();
    if (pgt === undefined || lg === undefined) return;
    const ours = summarise(pgt, lg);
    const expected: Record<string, Loose> = {};
    if (golden.nodeRows !== undefined) expect([...ours.nodeRows].sort()).toEqual([...golden.nodeRows].sort());
    if (golden.edgeRows !== undefined) expect([...ours.edgeRows].sort()).toEqual([...golden.edgeRows].sort());
    const hasOrphan = JSON.stringify(golden.nodeRows ?? []).includes('~');
    for (const key of Object.keys(ours)) {
      if (key === 'nodeRows' || key === 'edgeRows') continue;
      if (key === 'orderDigest' && hasOrphan) continue; // holds the random id of the Service's orphan
      if (golden.result[key] !== undefined && golden.result[key] !== null) expected[key] = golden.result[key];
    }
    expect(ours).toMatchObject(expected);
  });
});

describe.skipIf(!hasGolden).each([
  ['pgt', '.pgt.json', false],
  ['pgt_slim', '.json', true],
] as const)('every key of every drop is the same (%s)', (folder, suffix, slim) => {
  it.each(goldenNames(folder, suffix))('%s', (name) => {
    const { lg, pgt } = attempt(name);
    const golden = readGolden(folder, `${name}${suffix}`);
    const gathers = new Set<string>(
      (lg?.nodeDataArray ?? []).filter((n) => n.category === 'Gather').map((n) => n.id),
    );
    const known = new Set((lg?.nodeDataArray ?? []).map((n) => n.id));
    // The orphan of a Service has a random id upstream; ours is derived, so it is compared without it.
    const isOrphan = (d: Loose): boolean => d.lg_key !== undefined && !known.has(d.lg_key);
    const ours = normalise(
      (pgt ?? []).filter((d) => !isOrphan(d)),
      gathers,
      slim,
    );
    const theirs = normalise(
      golden.filter((d: Loose) => !isOrphan(d)),
      gathers,
      slim,
    );
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [oid, drop] of theirs) expect({ ...ours.get(oid) }, oid).toEqual(drop);
  });
});

describe.skipIf(!hasGolden)('a graph of a million drops', () => {
  it('streams with the drops and edges of DALiuGE, linear in both and without being held', () => {
    const golden = readGolden('unroll', 'syn_big_1M.json').result;
    const graph = readLogicalGraph(readGraphText('syn_big_1M'));
    const plan = planUnroll(graph, OPTIONS);
    expect(plan.dropCount).toBe(golden.drops);
    expect(plan.edgeCount).toBe(golden.edges);
    const order = createHash('sha256');
    let drops = 0;
    for (const text of unrollTexts(graph, OPTIONS)) {
      if (!text.startsWith('{"oid":"GOLD_')) continue;
      const oid = text.slice('{"oid":"GOLD_'.length, text.indexOf('"', 8));
      order.update(drops === 0 ? oid : `\n${oid}`);
      drops++;
    }
    expect(drops).toBe(golden.drops);
    expect(order.digest('hex')).toBe(golden.orderDigest);
  });

  it('has no repeated entries where loops repeat inside a Scatter (DALiuGE writes 366401 for 8201 edges)', () => {
    const graph = readLogicalGraph(readGraphText('syn_big_scatter_loop_100x10'));
    const nodes = graph.nodeDataArray.map((n) => ({
      ...n,
      fields: n.fields.map((f) => (f.name === 'num_of_copies' ? { ...f, value: 200 } : f)),
    }));
    const pgt = unroll({ ...graph, nodeDataArray: nodes }, OPTIONS);
    const entries = pgt.reduce(
      (n, d) => n + ['outputs', 'consumers'].reduce((m, k) => m + ((d[k] ?? []) as Loose[]).length, 0),
      0,
    );
    expect(pgt).toHaveLength(8203);
    expect(entries).toBe(8201);
  });
});
