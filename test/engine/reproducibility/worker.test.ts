import { afterAll, describe, expect, it } from 'vitest';

import {
  ALL_RMODES,
  canonicalSignatures,
  commitRuntimeData,
  commonHash,
  contentReproduceData,
  formatZip,
  initPgReproData,
  initPgtPartitionReproData,
  initRuntimeReproData,
  makeBundle,
  packBuffers,
  packRuntimeGraph,
  parsePythonJson,
  ReproducibilityWorker,
  signLogicalGraph,
  stringifyPythonJson,
  storeRuntimeData,
  verifyInclusion,
  dropRecordLeaf,
} from '../../../engine/reproducibility/index.ts';
import { chain, graphBytes, keyText, sealedSession, signer } from './fixtures.ts';
import type { Any } from './golden.ts';

const COUNT = 200;

/** A root, a fan of apps wider than any short cut, each with an output, and one app that gathers them. */
function deployed(): { drops: Any[]; repro: Any } {
  const lg: Any = {
    nodeDataArray: ['Data', 'Application'].map((categoryType) => ({
      id: categoryType,
      categoryType,
      category: 'X',
      fields: [],
    })),
    linkDataArray: [{ from: 'Data', to: 'Application' }],
  };
  signLogicalGraph(lg, '-1');
  const drops: Any[] = Array.from({ length: 2 * COUNT + 2 }, (_, i) => ({
    oid: `n${i}`,
    iid: '0',
    categoryType: i === 0 || (i > COUNT && i <= 2 * COUNT) ? 'Data' : 'Application',
    storage: 'X',
    rank: [0],
    node: '#0',
    island: '#0',
    reprodata: structuredClone(lg.nodeDataArray[i === 0 || (i > COUNT && i <= 2 * COUNT) ? 0 : 1].reprodata),
  }));
  drops[0].consumers = Array.from({ length: COUNT }, (_, i) => `n${i + 1}`).concat('n1');
  for (let i = 1; i <= COUNT; i++) {
    drops[i].outputs = [`n${i + COUNT}`];
    drops[i + COUNT].consumers = [`n${2 * COUNT + 1}`];
  }
  initPgtPartitionReproData([...drops, lg.reprodata]);
  initPgReproData([...drops, lg.reprodata]);
  return { drops, repro: lg.reprodata };
}

describe('the reproducibility worker', () => {
  const worker = new ReproducibilityWorker();
  afterAll(() => worker.close());

  it('signs a session while it runs, as the stage function does at its end', async () => {
    const { drops, repro } = deployed();
    const pack = packRuntimeGraph(drops, repro);
    if (pack === undefined) throw new Error('nothing to sign');
    const graph = Buffer.from(stringifyPythonJson([...drops, repro]));
    expect(await worker.call('runtime.open', { sessionId: 'a', pack }, packBuffers(pack))).toEqual({
      drops: drops.length,
    });
    expect(await worker.call('runtime.openGraph', { sessionId: 'b', graph })).toEqual({
      drops: drops.length,
      isSigned: true,
    });
    const hashes = drops.map((drop) => (drop.categoryType === 'Data' ? commonHash(drop.oid) : null));
    const end = (sessionId: string, from: number, to: number) =>
      worker.call('runtime.ended', {
        sessionId,
        ended: {
          drops: Uint32Array.from({ length: to - from }, (_, i) => from + i),
          statuses: new Uint8Array(to - from).fill(2),
          dataHashes: hashes.slice(from, to),
        },
      });
    expect(await end('a', 7, drops.length)).toEqual({ finished: 0 });
    await expect(worker.call('runtime.signatures', { sessionId: 'a' })).rejects.toThrow(/rg_blockhash/);
    expect(await end('a', 0, 7)).toEqual({ finished: drops.length });
    await end('b', 0, drops.length);
    for (const [i, drop] of drops.entries()) {
      const hash = hashes[i];
      storeRuntimeData(
        drop,
        commitRuntimeData('ALL', { status: 2, ...(hash && { reproduceData: contentReproduceData(hash) }) }),
      );
    }
    initRuntimeReproData(new Map(drops.map((drop) => [drop.oid, drop])), repro);
    const want = Object.fromEntries(ALL_RMODES.map((mode) => [mode, repro[mode].signature]));
    expect(await worker.call('runtime.signatures', { sessionId: 'a' })).toEqual(want);
    expect(await worker.call('runtime.signatures', { sessionId: 'b' })).toEqual(want);
    const blocks = await worker.call('runtime.blocks', { sessionId: 'a', stage: 'rg', mode: 'REPRODUCE' });
    const last = Buffer.from(blocks.subarray(-32)).toString('hex');
    expect(last).toBe(drops.at(-1).reprodata.REPRODUCE.rg_blockhash);
    await worker.call('runtime.close', { sessionId: 'a' });
    await expect(worker.call('runtime.signatures', { sessionId: 'a' })).rejects.toMatchObject({
      code: 'SESSION_UNKNOWN',
    });
  });

  it('signs, compares, proves and verifies', async () => {
    const { drops, repro } = deployed();
    const graph = Buffer.from(stringifyPythonJson([...drops, repro]));
    const signed = await worker.call('sign', { graph, stage: 'pg', full: true });
    expect(signed.signatures?.RECOMPUTE).toBe(repro.RECOMPUTE.signature);
    expect(
      (parsePythonJson(Buffer.from(signed.graph ?? []).toString()) as Any).at(-1).RECOMPUTE.signature,
    ).toBe(repro.RECOMPUTE.signature);
    await expect(worker.call('sign', { graph: Buffer.from('{}'), stage: 'pg' })).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
    });
    const session = sealedSession(chain(9));
    const { recordTexts } = session;
    expect(await worker.call('canonicalSignatures', { recordTexts })).toEqual(
      canonicalSignatures(session.records),
    );
    const { size, root, path } = await worker.call('ledger.root', { recordTexts, leafIndex: 3 });
    expect(verifyInclusion(3, size, dropRecordLeaf(recordTexts[3] as string), path ?? [], root)).toBe(true);
    const comparison = await worker.call('compare', {
      a: { recordTexts, signatures: { RERUN: 'a' } },
      b: { recordTexts, signatures: { RERUN: 'a' } },
    });
    expect(comparison.rmodes.RERUN.verdict).toBe('match');
    const parts = { ...session, key: keyText, graph: graphBytes, outputs: [], exportedAtMs: 0 };
    const bundle = formatZip(makeBundle(parts, signer));
    expect((await worker.call('checkBundle', { bundle })).valid).toBe(true);
    await expect(worker.call('checkBundle', { bundle: bundle.subarray(1) })).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
    });
    await expect(worker.call('nonsense' as 'sign', {} as never)).rejects.toThrow(/no operation/);
  });

  it('rejects open calls when it is ended, and new ones after', async () => {
    const other = new ReproducibilityWorker();
    const open = other.call('canonicalSignatures', { recordTexts: [] });
    const settled = open.then(
      () => 'answered',
      () => 'rejected',
    );
    await other.close();
    expect(['answered', 'rejected']).toContain(await settled);
    await expect(other.call('canonicalSignatures', { recordTexts: [] })).rejects.toThrow(/has ended/);
  });
});
