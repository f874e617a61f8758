/** Real proofs, made with the engine's own ledger code, for tests of what reads them. */
import {
  dropRecordLeaf,
  dropRecordText,
  formatProof,
  makeDropRecord,
  MerkleLog,
  type NoteSigner,
  privateKeyFromSeed,
  proveDrop,
  proveSeal,
  sealLeaf,
  sealSession,
  type SessionFacts,
  sha256Hex,
  signLogCheckpoint,
  verifierKeyText,
} from '../../engine/reproducibility/index.ts';

export interface ProofWish {
  readonly drops: number;
  readonly leafIndex: number;
  readonly sessionId?: string;
  /** Id of the drop at `leafIndex`. */
  readonly uid?: string;
  /** Whether the seal stands in the device's log yet; default true. */
  readonly withLog?: boolean;
  readonly sealedAtMs?: number;
}

export const proofSigner: NoteSigner = {
  name: 'weir/KIWI-7Q2M',
  privateKey: privateKeyFromSeed(Buffer.alloc(32, 7)),
};

function recordText(sessionId: string, oid: string, index: number): string {
  return dropRecordText(
    makeDropRecord({
      sessionId,
      drop: {
        oid,
        lgKey: `n${index}`,
        iid: '0',
        name: `drop ${index} “ü”`,
        categoryType: 'Data',
        category: 'Memory',
        dropClass: 'dlg.data.drops.memory.InMemoryDROP',
      },
      parameters: { gain: 0.1 + 0.2, tiny: 1e-9, label: `"${index}"` },
      inputs: [],
      code: {},
      content: { sha256: sha256Hex(`content ${index}`), sizeBytes: 9, storage: 'Memory' },
      node: 'kiwi',
      environmentSha256: sha256Hex('environment'),
      timing: { startedAtMs: 1_700_000_000_000, finishedAtMs: 1_700_000_000_001 + index },
      outcome: { status: 'COMPLETED' },
      upstream: {},
    }),
  );
}

/** The text of a proof file of one drop of a made-up, but truly signed session. */
export function proofText(wish: ProofWish): string {
  const { drops, leafIndex, sessionId = 's 1/ü', sealedAtMs = 1_700_000_010_000 } = wish;
  const records = Array.from({ length: drops }, (_, index) =>
    recordText(sessionId, index === leafIndex ? (wish.uid ?? `1_n${index}_0`) : `1_n${index}_0`, index),
  );
  const tree = MerkleLog.of(records.map(dropRecordLeaf));
  const facts: SessionFacts = {
    type: 'weir-session-facts',
    version: 1,
    sessionId,
    runId: '0190-1',
    graphName: 'chain',
    graphSha256: sha256Hex('graph'),
    rmode: 'ALL',
    status: 'FINISHED',
    createdAtMs: sealedAtMs - 10_000,
    finishedAtMs: sealedAtMs - 1000,
    drops,
    signatures: { RERUN: 'aa' },
    canonicalSignatures: {},
    environments: {},
    weirVersion: '0.1.0',
  };
  const seal = sealSession(facts, { size: tree.size, root: tree.root() }, sealedAtMs, proofSigner);
  const seals = MerkleLog.of([sealLeaf('an older seal'), sealLeaf(seal), sealLeaf('a newer seal')]);
  const checkpoint = signLogCheckpoint(
    { size: seals.size, root: seals.root() },
    sealedAtMs + 1000,
    proofSigner,
  );
  return formatProof(
    proveDrop({
      recordText: records[leafIndex] as string,
      leafIndex,
      tree,
      facts,
      seal,
      key: verifierKeyText(proofSigner),
      ...(wish.withLog === false ? {} : { log: proveSeal(seals, 1, checkpoint) }),
    }),
  );
}
