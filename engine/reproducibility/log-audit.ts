/**
 * Audit of a device's log of seals: whether everything that was once signed is still there, unaltered, in order. Finds
 * forks, seals that were removed or replaced, keys that changed, clocks that went back, logs of another device.
 */

import { sealLeaf } from './session-seal.ts';
import { MerkleLog } from './merkle-log.ts';
import { type SessionSeal, logOrigin, openLogCheckpoint, parseSessionSeal } from './session-seal.ts';
import { type NoteVerifier, openNote } from './signed-note.ts';

export interface LogAuditInput {
  /** The seals in the order of the log. */
  readonly seals: readonly string[];
  /** All checkpoints of the log that are known, from here and from others, in any order. */
  readonly checkpoints: readonly string[];
  /** This device's keys, past and present. */
  readonly verifiers: readonly NoteVerifier[];
  /** The signer name that this device seals under. */
  readonly deviceName: string;
}

export const AuditKind = {
  ALTERED: 'altered',
  FORK: 'fork',
  MISSING: 'missing',
  UNKNOWN_KEY: 'unknown key',
  FOREIGN: 'foreign device',
  CLOCK: 'clock set back',
} as const;
export type AuditKind = (typeof AuditKind)[keyof typeof AuditKind];

export interface AuditFinding {
  readonly kind: AuditKind;
  /** Where: "seal 3" or "checkpoint of size 12". */
  readonly where: string;
  readonly message: string;
}

export interface LogAudit {
  /** False when anything was altered, removed or replaced; a clock set back alone does not make a log invalid. */
  readonly valid: boolean;
  readonly checked: number;
  readonly findings: readonly AuditFinding[];
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Audits a log. Never throws for a bad one. */
export function auditLog(input: LogAuditInput): LogAudit {
  const findings: AuditFinding[] = [];
  const log = new MerkleLog();
  let lastMs = 0;
  input.seals.forEach((note, index) => {
    const where = `seal ${index}`;
    log.append(sealLeaf(note));
    const seal = openSeal(note, input, where, findings);
    if (seal === undefined) return;
    if (seal.sealedAtMs < lastMs) {
      const back = Math.round((lastMs - seal.sealedAtMs) / 1000);
      findings.push({
        kind: 'clock set back',
        where,
        message: `The clock was ${back} s behind the seal before: times of this session may be wrong.`,
      });
    }
    lastMs = Math.max(lastMs, seal.sealedAtMs);
  });
  const roots = new Map<number, string>();
  for (const note of input.checkpoints) auditCheckpoint(note, input, log, roots, findings);
  return {
    valid: findings.every((finding) => finding.kind === 'clock set back'),
    checked: input.seals.length + input.checkpoints.length,
    findings,
  };
}

function openSeal(
  note: string,
  input: LogAuditInput,
  where: string,
  findings: AuditFinding[],
): SessionSeal | undefined {
  let seal: SessionSeal;
  try {
    seal = parseSessionSeal(note);
  } catch (error) {
    findings.push({ kind: 'altered', where, message: textOf(error) });
    return undefined;
  }
  const names = seal.signedBy.map(({ name }) => name);
  if (!names.includes(input.deviceName)) {
    findings.push({
      kind: 'foreign device',
      where,
      message: `It was sealed by ${names.join(', ')}, not by "${input.deviceName}": this store is a copy from another device.`,
    });
    return seal;
  }
  if (
    !seal.signedBy.some(({ name, keyId }) =>
      input.verifiers.some((key) => key.name === name && key.keyId === keyId),
    )
  ) {
    findings.push({
      kind: 'unknown key',
      where,
      message: `It was sealed with a key of "${input.deviceName}" that is not known: the key was replaced.`,
    });
    return seal;
  }
  try {
    openNote(note, input.verifiers);
  } catch (error) {
    findings.push({ kind: 'altered', where, message: textOf(error) });
  }
  return seal;
}

function auditCheckpoint(
  note: string,
  input: LogAuditInput,
  log: MerkleLog,
  roots: Map<number, string>,
  findings: AuditFinding[],
): void {
  let checkpoint;
  try {
    checkpoint = openLogCheckpoint(note, input.verifiers);
  } catch (error) {
    findings.push({ kind: 'altered', where: 'a checkpoint', message: textOf(error) });
    return;
  }
  const where = `checkpoint of size ${checkpoint.size}`;
  if (checkpoint.origin !== logOrigin(input.deviceName)) {
    findings.push({ kind: 'foreign device', where, message: `It is of the log "${checkpoint.origin}".` });
    return;
  }
  const root = Buffer.from(checkpoint.root).toString('hex');
  const other = roots.get(checkpoint.size);
  if (other !== undefined && other !== root) {
    findings.push({
      kind: 'fork',
      where,
      message: 'Two checkpoints of this size have different roots: the history was forked. Keep both texts.',
    });
    return;
  }
  roots.set(checkpoint.size, root);
  if (checkpoint.size > log.size)
    findings.push({
      kind: 'missing',
      where,
      message: `The log has only ${log.size} seals: ${checkpoint.size - log.size} were removed.`,
    });
  else if (log.root(checkpoint.size).toString('hex') !== root)
    findings.push({
      kind: 'altered',
      where,
      message: `The first ${checkpoint.size} seals are not the ones that were signed: one was altered or exchanged.`,
    });
}
