import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  ALL_RMODES,
  ColumnBuilder,
  commitRuntimeData,
  commonHash,
  contentReproduceData,
  initPgReproData,
  initPgtPartitionReproData,
  initRuntimeReproData,
  PhysicalSigner,
  runtimeRoots,
  signerOfDrops,
  signLogicalGraph,
  storeRuntimeData,
  writeBlocks,
} from '../../../engine/reproducibility/index.ts';
import type { Any } from './golden.ts';

const logical = (rmode: string): Any => {
  const lg: Any = {
    nodeDataArray: [
      { id: 'd', category: 'Memory', categoryType: 'Data', fields: [{ name: 'data_volume', value: 5 }] },
      {
        id: 'a',
        category: 'DALiuGEApp',
        categoryType: 'Application',
        fields: [{ name: 'num_cpus', value: 1 }],
      },
    ],
    linkDataArray: [{ from: 'd', to: 'a' }],
  };
  signLogicalGraph(lg, rmode);
  return lg;
};

interface Shape {
  readonly count: number;
  readonly kinds: readonly boolean[];
  readonly iids: readonly (string | undefined)[];
  /** Edges from a lower to a higher index; repeated ones are kept. */
  readonly edges: readonly (readonly [number, number])[];
}

const shapes = fc.integer({ min: 1, max: 24 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    kinds: fc.array(fc.boolean(), { minLength: count, maxLength: count }),
    iids: fc.array(fc.constantFrom(undefined, '0', '0/0'), { minLength: count, maxLength: count }),
    edges: fc.array(
      fc
        .tuple(fc.nat(count - 1), fc.nat(count - 1))
        .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
      { maxLength: 60 },
    ),
  }),
);

function physical(shape: Shape, rmode: string): { drops: Any[]; repro: Any } {
  const lg = logical(rmode);
  const drops: Any[] = shape.kinds.map((isData, i) => ({
    oid: `x${i}`,
    ...(shape.iids[i] !== undefined && { iid: shape.iids[i] }),
    categoryType: isData ? 'Data' : 'Application',
    storage: 'Memory',
    rank: [i % 3],
    node: `#${i % 2}`,
    island: '#0',
    outputs: [],
    consumers: [],
    reprodata: structuredClone(lg.nodeDataArray[isData ? 0 : 1].reprodata),
  }));
  for (const [from, to] of shape.edges)
    if (from !== to) drops[from][shape.kinds[from] ? 'consumers' : 'outputs'].push({ [`x${to}`]: 'io' });
  initPgtPartitionReproData([...drops, lg.reprodata]);
  drops.forEach((drop, i) => Object.assign(drop, { node: `host${i % 2}`, island: 'host0' }));
  initPgReproData([...drops, lg.reprodata]);
  return { drops, repro: lg.reprodata };
}

const commitOf = (drop: Any, rmode: 'ALL' | 'REPRODUCE' | 'RECOMPUTE'): Any =>
  commitRuntimeData(rmode, {
    status: 2,
    ...(drop.categoryType === 'Data' && { reproduceData: contentReproduceData(commonHash(drop.oid)) }),
  });

describe('signing in columns', () => {
  it('gives the hashes and signatures of the stage functions, in whatever order drops end', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.constantFrom('ALL', 'REPRODUCE', 'RECOMPUTE' as const),
        fc.array(fc.nat()),
        (shape, rmode, order) => {
          const number = { ALL: '-1', REPRODUCE: '5', RECOMPUTE: '4' }[rmode];
          const { drops, repro } = physical(shape, number);
          const made = signerOfDrops(drops, repro);
          if (made === undefined) throw new Error('nothing to sign');
          const { signer } = made;
          for (const mode of signer.modes) expect(signer.signature('pg', mode)).toBe(repro[mode].signature);
          const ended = drops
            .map((drop, i) => [order[i % order.length] ?? 0, drop] as const)
            .sort(([a], [b]) => a - b);
          for (const [, drop] of ended) {
            const commit = commitOf(drop, rmode);
            storeRuntimeData(drop, commit);
            signer.addRuntime(made.indexOf.get(drop.oid) ?? -1, runtimeRoots(signer, commit));
            signer.addRuntime(made.indexOf.get(drop.oid) ?? -1, runtimeRoots(signer, commit));
          }
          expect(signer.finishedDrops).toBe(drops.length);
          const columns = structuredClone(drops);
          initRuntimeReproData(Object.fromEntries(drops.map((drop) => [drop.oid, drop])), repro);
          expect(signer.signatures('rg')).toEqual(
            Object.fromEntries(signer.modes.map((mode) => [mode, repro[mode].signature])),
          );
          columns.forEach((drop: Any, i: number) => writeBlocks(made, 'rg', i, drop));
          expect(columns).toEqual(drops);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('computes the static stages from roots alone', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { drops } = physical(shape, '-1');
        const column = (mode: string, key: string): ColumnBuilder => {
          const built = new ColumnBuilder(drops.length);
          drops.forEach((drop, i) => {
            const value = drop.reprodata[mode][key];
            built.set(i, typeof value === 'string' ? value : value.merkleroot);
          });
          return built;
        };
        const signer = new PhysicalSigner(
          {
            count: drops.length,
            edges: drops.flatMap((drop, i) =>
              [...drop.outputs, ...drop.consumers].flatMap((entry: Any) => [
                i,
                Number(Object.keys(entry)[0]?.slice(1)),
              ]),
            ),
            isData: Uint8Array.from(shape.kinds, Number),
            isGated: Uint8Array.from(shape.iids, (iid) => (iid !== undefined && iid !== '0/0' ? 1 : 0)),
            modes: ALL_RMODES,
          },
          (mode) => column(mode, 'lg_blockhash'),
        );
        signer.signPgt((mode) => column(mode, 'pgt_data'));
        signer.signPg((mode) => column(mode, 'pg_data'));
        for (const mode of ALL_RMODES)
          drops.forEach((drop, i) => {
            for (const stage of ['pgt', 'pg'] as const) {
              expect(signer.blockHash(stage, mode, i)).toBe(drop.reprodata[mode][`${stage}_blockhash`]);
              const parents = signer.parentHashes(stage, mode, i).map(([p, block]) => [`x${p}`, block]);
              expect(Object.fromEntries(parents)).toEqual(drop.reprodata[mode][`${stage}_parenthashes`]);
            }
          });
      }),
      { numRuns: 60 },
    );
  });

  it('says which drop has no block yet, and refuses drops that are not there', () => {
    const { drops, repro } = physical(
      { count: 2, kinds: [true, false], iids: ['0', '0'], edges: [[0, 1]] },
      '-1',
    );
    const made = signerOfDrops(drops, repro);
    if (made === undefined) throw new Error('nothing to sign');
    made.signer.addRuntime(1, runtimeRoots(made.signer, commitOf(drops[1], 'ALL')));
    expect(made.signer.finishedDrops).toBe(0);
    expect(() => made.signer.signature('rg', 'RERUN')).toThrow(/rg_blockhash/);
    expect(() => made.signer.addRuntime(2, [])).toThrow(/no drop number 2/);
    expect(signerOfDrops(drops, { rmode: '0' })).toBeUndefined();
    expect(() => signerOfDrops([{ oid: 'a' }], { rmode: '1' })).toThrow(/reprodata/);
  });
});
