/** A small sealed session, made like a host would make it: the same every time. */
import {
  canonicalHash,
  canonicalSignatures,
  type DropRecord,
  dropRecordLeaf,
  dropRecordText,
  type LogInclusion,
  makeDropRecord,
  MerkleLog,
  type NoteSigner,
  privateKeyFromSeed,
  proveSeal,
  sealLeaf,
  sealSession,
  type SessionFacts,
  sha256Hex,
  signLogCheckpoint,
  verifierKeyText,
} from '../../../engine/reproducibility/index.ts';

export const signer: NoteSigner = {
  name: 'weir/KIWI-7Q2M',
  privateKey: privateKeyFromSeed(Buffer.alloc(32, 7)),
};
export const stranger: NoteSigner = {
  name: 'weir/KIWI-7Q2M',
  privateKey: privateKeyFromSeed(Buffer.alloc(32, 9)),
};
export const keyText = verifierKeyText(signer);
export const environment = { os: 'linux', cpus: 2, node: '24.0.0' };
export const graphBytes = Buffer.from('[{"oid":"a"},{}]');

export function record(index: number, change: Partial<DropRecord> = {}): DropRecord {
  const isData = index % 2 === 0;
  return makeDropRecord({
    sessionId: 's 1/ü',
    drop: {
      oid: `1_n${index}_0`,
      lgKey: `n${index}`,
      iid: '0',
      name: isData ? 'data' : 'app',
      categoryType: isData ? 'Data' : 'Application',
      category: isData ? 'Memory' : 'PythonApp',
      dropClass: isData ? 'dlg.data.drops.memory.InMemoryDROP' : 'dlg.apps.simple.CopyApp',
    },
    parameters: isData ? {} : { sleep: 1, label: `"${index}"` },
    inputs:
      index === 0
        ? []
        : [{ oid: `1_n${index - 1}_0`, sha256: isData ? null : sha256Hex(`content ${index - 1}`) }],
    code: isData ? {} : { functionName: 'copy', functionSha256: sha256Hex('copy') },
    content: isData
      ? { sha256: sha256Hex(`content ${index}`), sizeBytes: `content ${index}`.length, storage: 'Memory' }
      : null,
    node: 'kiwi',
    environmentSha256: canonicalHash(environment),
    timing: { startedAtMs: 1_700_000_000_000 + index, finishedAtMs: 1_700_000_000_001 + index },
    outcome: { status: 'COMPLETED' },
    upstream: { RERUN: '689f' },
    ...change,
  });
}

export interface SealedSession {
  readonly records: readonly DropRecord[];
  readonly recordTexts: readonly string[];
  readonly tree: MerkleLog;
  readonly facts: SessionFacts;
  readonly seal: string;
  readonly log: LogInclusion;
}

export function sealedSession(
  records: readonly DropRecord[],
  more: Partial<SessionFacts> = {},
): SealedSession {
  const recordTexts = records.map(dropRecordText);
  const tree = MerkleLog.of(recordTexts.map(dropRecordLeaf));
  const facts: SessionFacts = {
    type: 'weir-session-facts',
    version: 1,
    sessionId: 's 1/ü',
    runId: '0190-1',
    graphName: 'chain',
    graphSha256: sha256Hex(graphBytes),
    rmode: 'ALL',
    status: 'FINISHED',
    createdAtMs: 1_700_000_000_000,
    finishedAtMs: 1_700_000_009_000,
    drops: records.length,
    signatures: { RERUN: 'aa' },
    canonicalSignatures: canonicalSignatures(records),
    environments: { [canonicalHash(environment)]: environment },
    weirVersion: '0.1.0',
    ...more,
  };
  const seal = sealSession(facts, { size: tree.size, root: tree.root() }, 1_700_000_010_000, signer);
  const seals = MerkleLog.of([sealLeaf('an older seal'), sealLeaf(seal), sealLeaf('a newer seal')]);
  const checkpoint = signLogCheckpoint({ size: seals.size, root: seals.root() }, 1_700_000_011_000, signer);
  return { records, recordTexts, tree, facts, seal, log: proveSeal(seals, 1, checkpoint) };
}

export function chain(length: number): DropRecord[] {
  return Array.from({ length }, (_, index) => record(index));
}
