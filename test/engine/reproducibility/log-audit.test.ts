import { describe, expect, it } from 'vitest';

import {
  auditLog,
  MerkleLog,
  openLogCheckpoint,
  openSessionSeal,
  parseVerifierKey,
  sealLeaf,
  sealSession,
  signLogCheckpoint,
  verifyConsistency,
} from '../../../engine/reproducibility/index.ts';
import { chain, keyText, sealedSession, signer, stranger } from './fixtures.ts';

const sessions = ['1', '2', '3', '4'].map((runId) => sealedSession(chain(2), { runId }));
const sealAt = (index: number, sealedAtMs: number, by = signer): string => {
  const { facts, tree } = sessions[index] as (typeof sessions)[number];
  return sealSession(facts, { size: tree.size, root: tree.root() }, sealedAtMs, by);
};
const seals = [sealAt(0, 1000), sealAt(1, 2000), sealAt(2, 3000), sealAt(3, 4000)];
const log = MerkleLog.of(seals.map(sealLeaf));
const checkpointOf = (tree: MerkleLog, size = tree.size, by = signer): string =>
  signLogCheckpoint({ size, root: tree.root(size) }, 5000, by);
const checkpoints = [2, 3, 4].map((size) => checkpointOf(log, size));
const verifiers = [parseVerifierKey(keyText)];
const base = { seals, checkpoints, verifiers, deviceName: signer.name };
const kinds = (input: Partial<typeof base>): string[] =>
  auditLog({ ...base, ...input }).findings.map(({ kind }) => kind);

describe("the audit of a device's log", () => {
  it('finds nothing in a log that was left alone', () => {
    expect(auditLog(base)).toEqual({ valid: true, checked: 7, findings: [] });
  });

  it('finds a seal that was altered in any byte', () => {
    const bytes = Buffer.from(seals[1] as string);
    for (let i = 0; i < bytes.length; i++) {
      const altered = Buffer.from(bytes);
      altered[i] = (altered[i] as number) ^ 1;
      const audit = auditLog({
        ...base,
        seals: [seals[0], altered.toString('utf8'), ...seals.slice(2)] as string[],
      });
      expect(audit.valid, `byte ${i}`).toBe(false);
      expect(audit.findings.some(({ where }) => where === 'seal 1' || where.startsWith('checkpoint'))).toBe(
        true,
      );
    }
  });

  it('finds seals that were removed, exchanged or put in another order', () => {
    expect(kinds({ seals: seals.slice(0, 3) })).toEqual(['missing']);
    expect(kinds({ seals: [seals[1], seals[0], seals[2], seals[3]] as string[] })).toContain(
      'clock set back',
    );
    expect(kinds({ seals: [seals[0], seals[0], seals[2], seals[3]] as string[] })).toContain('altered');
    expect(kinds({ seals: seals.slice(1) })).toContain('altered');
  });

  it('finds a fork: two signed checkpoints of one size', () => {
    const fork = MerkleLog.of([...seals.slice(0, 3), sealAt(3, 4001)].map(sealLeaf));
    expect(kinds({ checkpoints: [...checkpoints, checkpointOf(fork)] })).toEqual(['fork']);
  });

  it('finds keys that were replaced and stores of other devices', () => {
    expect(kinds({ seals: [...seals.slice(0, 3), sealAt(3, 4000, stranger)] })).toContain('unknown key');
    const other = { ...signer, name: 'weir/LIME' };
    expect(kinds({ seals: [...seals.slice(0, 3), sealAt(3, 4000, other)] })).toContain('foreign device');
    expect(kinds({ checkpoints: [checkpointOf(log, 4, stranger)] })).toEqual(['altered']);
  });

  it('notes a clock that was set back without calling the log altered', () => {
    const back = [sealAt(0, 1000), sealAt(1, 9_000_000), sealAt(2, 3000)];
    const audit = auditLog({
      ...base,
      seals: back,
      checkpoints: [checkpointOf(MerkleLog.of(back.map(sealLeaf)))],
    });
    expect(audit.findings.map(({ kind, where }) => [kind, where])).toEqual([['clock set back', 'seal 2']]);
    expect(audit.valid).toBe(true);
  });

  it('shows by a consistency proof that nothing was removed between two checkpoints', () => {
    const [older, newer] = [
      openLogCheckpoint(checkpoints[0] as string, verifiers),
      openLogCheckpoint(checkpoints[2] as string, verifiers),
    ];
    const proof = log.consistencyProof(older.size, newer.size);
    expect(verifyConsistency(older.size, newer.size, older.root, newer.root, proof)).toBe(true);
    const fork = MerkleLog.of([sealAt(1, 1), ...seals.slice(1)].map(sealLeaf));
    expect(verifyConsistency(2, 4, older.root, fork.root(), fork.consistencyProof(2, 4))).toBe(false);
  });

  it('does not seal a session whose records are not complete, nor open a seal for other facts', () => {
    const { facts, seal, tree } = sessions[0] as (typeof sessions)[number];
    expect(() =>
      sealSession({ ...facts, drops: 3 }, { size: tree.size, root: tree.root() }, 1, signer),
    ).toThrow(/3 drops but 2 records/);
    expect(openSessionSeal(seal, facts, verifiers).size).toBe(2);
    expect(() => openSessionSeal(seal, { ...facts, graphName: 'other' }, verifiers)).toThrow(/altered/);
    expect(() => openSessionSeal(checkpoints[0] as string, facts, verifiers)).toThrow(
      /not that of a session/,
    );
    expect(() => openLogCheckpoint(seal, verifiers)).toThrow(/not that of a device's log/);
  });
});
