import path from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  canonicalSignatures,
  commitRuntimeData,
  compareSides,
  type Comparison,
  type ComparisonSide,
  type DropRecord,
  initLgReproData,
  initLgtReproData,
  initRuntimeReproData,
  parsePythonJson,
  recordTopology,
  sideOfDocument,
  sideOfRecords,
  sha256Hex,
  storeRuntimeData,
  stringifyPythonJson,
} from '../../../engine/reproducibility/index.ts';
import { chain, record } from './fixtures.ts';
import { type Any, GOLDEN, hasGolden, readGolden, readText, SHARED } from './golden.ts';

/** A side with signatures of ours standing in for the recorded ones. */
function side(records: readonly DropRecord[]): ComparisonSide {
  const signatures = canonicalSignatures(records);
  return sideOfRecords(records, recordTopology(records), signatures, signatures);
}
const renamed = (records: readonly DropRecord[], prefix: string): DropRecord[] =>
  records.map((item) => ({
    ...item,
    sessionId: prefix,
    drop: { ...item.drop, oid: `${prefix}${item.drop.oid}` },
    inputs: item.inputs.map((input) => ({ ...input, oid: `${prefix}${input.oid}` })),
  }));
const verdicts = ({ rmodes }: Comparison): string =>
  Object.entries(rmodes)
    .map(([mode, { verdict }]) => `${mode} ${verdict}`)
    .join(', ');
const causes = (comparison: Comparison, mode: keyof Comparison['rmodes']): Any[] =>
  comparison.rmodes[mode].differing.map(({ a, b, fields, isFirst }) => [
    a,
    b,
    isFirst,
    fields.map((field) => `${field.class}: ${field.name}`),
  ]);

describe('comparing two sessions', () => {
  it('says match in every mode when only ids, names and times differ', () => {
    const later = renamed(chain(8), 'x').map((item) => ({
      ...item,
      timing: { startedAtMs: 1, finishedAtMs: null },
    }));
    const comparison = compareSides(side(chain(8)), side(later));
    expect(verdicts(comparison)).toBe(
      'RERUN match, REPEAT match, RECOMPUTE match, REPRODUCE match, REPLICATE_SCI match, REPLICATE_COMP match, REPLICATE_TOTAL match',
    );
    expect(comparison.alignment).toMatchObject({
      byId: 0,
      byLogicalId: 8,
      byStructure: 0,
      removed: [],
      added: [],
    });
  });

  it('finds a changed parameter as first cause, and only in modes that claim parameters', () => {
    const changed = chain(8);
    changed[3] = record(3, { parameters: { sleep: 2, label: '"3"' } });
    const comparison = compareSides(side(chain(8)), side(changed));
    expect(verdicts(comparison)).toBe(
      'RERUN match, REPEAT differs, RECOMPUTE differs, REPRODUCE match, REPLICATE_SCI match, REPLICATE_COMP differs, REPLICATE_TOTAL differs',
    );
    expect(causes(comparison, 'REPEAT')).toEqual([['1_n3_0', '1_n3_0', true, ['parameter: sleep']]]);
    expect(comparison.rmodes.REPEAT.differing[0]?.fields[0]).toMatchObject({ a: 1, b: 2 });
    expect(comparison.rmodes.REPEAT.affected).toBe(4);
  });

  it('folds what follows from a cause under it', () => {
    const changed = chain(8).map((item, i) => {
      if (i < 2) return item;
      const content = item.content && { ...item.content, sha256: sha256Hex(`other ${i}`) };
      const inputs = item.inputs.map((input) => ({
        ...input,
        sha256: input.sha256 && i > 3 ? sha256Hex(`other ${i - 1}`) : input.sha256,
      }));
      return { ...item, content, inputs };
    });
    const comparison = compareSides(side(chain(8)), side(changed));
    expect(verdicts(comparison)).toContain(
      'REPEAT match, RECOMPUTE match, REPRODUCE match, REPLICATE_SCI differs',
    );
    expect(causes(comparison, 'REPLICATE_SCI')).toEqual([['1_n2_0', '1_n2_0', true, ['outcome: content']]]);
  });

  it('names later drops that were changed on their own, after the first causes', () => {
    const changed = chain(8);
    changed[1] = record(1, { code: { functionName: 'copy', functionSha256: sha256Hex('new') } });
    changed[5] = record(5, { parameters: {} });
    const comparison = compareSides(side(chain(8)), side(changed));
    expect(causes(comparison, 'RECOMPUTE')).toEqual([
      ['1_n1_0', '1_n1_0', true, ['code: function source']],
      ['1_n5_0', '1_n5_0', false, ['parameter: label', 'parameter: sleep']],
    ]);
  });

  it('counts environment in RECOMPUTE only, and lists its first drop, not all', () => {
    const moved = chain(8).map((item) => ({ ...item, environmentSha256: sha256Hex('other machine') }));
    const comparison = compareSides(side(chain(8)), side(moved));
    expect(verdicts(comparison)).toContain('REPEAT match, RECOMPUTE differs, REPRODUCE match');
    expect(causes(comparison, 'RECOMPUTE')).toEqual([
      ['1_n0_0', '1_n0_0', true, ['environment: node description']],
    ]);
  });

  it('sees other edges, added and removed drops', () => {
    const rewired = chain(6);
    rewired[5] = record(5, { inputs: [{ oid: '1_n0_0', sha256: null }] });
    expect(causes(compareSides(side(chain(6)), side(rewired)), 'RERUN')[0]).toEqual([
      '1_n5_0',
      '1_n5_0',
      true,
      ['structure: edges from'],
    ]);
    const longer = compareSides(side(chain(6)), side(chain(7)));
    expect(longer.alignment.added).toEqual(['1_n6_0']);
    expect(causes(longer, 'RERUN')).toEqual([[null, '1_n6_0', true, ['structure: drop']]]);
    const shorter = compareSides(side(chain(7)), side(chain(6)));
    expect(shorter.alignment.removed).toEqual(['1_n6_0']);
    expect(causes(shorter, 'RERUN')).toEqual([['1_n6_0', null, true, ['structure: drop']]]);
  });

  it('aligns drops by structure when neither ids nor logical ids agree', () => {
    const anonymous = renamed(chain(9), 'y').map((item, i) => ({
      ...item,
      drop: { ...item.drop, lgKey: null, name: i === 4 ? 'the middle' : item.drop.name },
    }));
    const other = chain(9).map((item, i) => ({
      ...item,
      drop: { ...item.drop, lgKey: null, name: i === 4 ? 'the middle' : item.drop.name },
    }));
    const { alignment } = compareSides(side(other), side(anonymous));
    expect(alignment).toMatchObject({ byId: 0, byLogicalId: 0, byStructure: 9 });
  });

  it('says not recorded where a side has no signature, and never takes that for a match', () => {
    const records = chain(3);
    const bare = sideOfRecords(records, recordTopology(records), { RERUN: 'a', REPEAT: null });
    const comparison = compareSides(bare, bare);
    expect(comparison.rmodes.RERUN).toMatchObject({ verdict: 'match', same: true });
    for (const mode of ['REPEAT', 'REPRODUCE'] as const)
      expect(comparison.rmodes[mode]).toMatchObject({ verdict: 'not recorded', same: null });
  });

  it('lets a person ignore or tolerate a field without turning hashes into matches', () => {
    const changed = chain(4);
    changed[1] = record(1, { parameters: { sleep: 1.001, label: '"1"' } });
    const comparison = compareSides(side(chain(4)), side(changed), {
      isEqual: ({ name }, a, b) => name === 'sleep' && Math.abs(Number(a) - Number(b)) < 0.01,
    });
    expect(comparison.rmodes.REPEAT).toMatchObject({ verdict: 'differs', differing: [] });
  });
});

describe.skipIf(!hasGolden)(
  'comparing documents (skipped where the results of the real system are not on this machine)',
  () => {
    it('compares logical graphs, lists and reprodata.out files', () => {
      const load = (): Any => parsePythonJson(readText(path.join(SHARED, 'graphs/repro/h_chain.graph')));
      const sign = (graph: Any): ComparisonSide =>
        sideOfDocument(initLgReproData(initLgtReproData(graph, '-1')), 'graph');
      const changed = load();
      const app = changed.nodeDataArray.find((node: Any) => node.categoryType === 'Application');
      app.fields.find((field: Any) => field.name === 'num_cpus').value = '3';
      const comparison = compareSides(sign(load()), sign(changed));
      expect(comparison.rmodes.RERUN.verdict).toBe('match');
      expect(comparison.rmodes.REPEAT.differing).toMatchObject([
        { a: app.id, b: app.id, fields: [{ class: 'parameter', name: 'num_cpus', a: '1', b: '3' }] },
      ]);
      const out = parsePythonJson(readText(path.join(GOLDEN, 'unit/h_run.RERUN.reprodata.out')));
      const same = compareSides(sideOfDocument(out, 'a'), sideOfDocument(out, 'b'));
      expect(same.rmodes.RERUN.verdict).toBe('match');
      expect(same.rmodes.REPRODUCE.verdict).toBe('not recorded');
    });

    it('finds the drop whose data differs between two runs in ALL mode', () => {
      const executions = readGolden('unit/executions.json');
      const wiring = readGolden('graphs/h_run.json').drops;
      const load = (change: boolean): ComparisonSide => {
        const [drops, repro] = parsePythonJson(stringifyPythonJson(executions.ALL['reprodata.out'])) as Any;
        delete drops.reprodata;
        for (const { oid, ...rest } of wiring) Object.assign(drops[oid], rest);
        if (change)
          storeRuntimeData(
            drops['1_f1_0'],
            commitRuntimeData('ALL', { status: 2, reproduceData: { data_hash: 'other' } }),
          );
        initRuntimeReproData(drops, repro);
        return sideOfDocument([drops, repro], 'reprodata.out');
      };
      const comparison = compareSides(load(false), load(true));
      expect(comparison.rmodes.RERUN.verdict).toBe('match');
      expect(comparison.rmodes.REPLICATE_TOTAL.differing).toMatchObject([
        { a: '1_f1_0', isFirst: true, fields: [{ class: 'outcome', name: 'data_hash', b: 'other' }] },
      ]);
      expect(comparison.rmodes.REPRODUCE.verdict).toBe('match'); // f1 is neither root nor leaf
    });

    it('refuses what is no graph', () => {
      for (const bad of [null, 1, 'x', [1, 2], { a: 1 }, [[]]])
        expect(() => sideOfDocument(bad as Any, 'file.json')).toThrow(/file\.json/);
    });
  },
);
