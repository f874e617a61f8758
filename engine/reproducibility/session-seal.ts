/**
 * Sealing a session: its records' Merkle root and its facts under the device's signature, and the device's log of seals.
 *
 *     record of each drop --leaf--> root of the session --+
 *     facts of the session --------------- SHA-256 -------+--> seal (signed checkpoint)
 *     seals of all sessions --leaf--> root of the device's log --> log checkpoint (signed)
 */

import { createHash } from 'node:crypto';

import { type Json, WeirError } from '../protocol/index.ts';
import { canonicalJson } from './canonical.ts';
import { leafHash } from './merkle-log.ts';
import type { HashedRMode } from './modes.ts';
import {
  type Checkpoint,
  formatCheckpoint,
  type NoteSigner,
  type NoteVerifier,
  openNote,
  parseCheckpoint,
  parseNote,
  signNote,
} from './signed-note.ts';

export const SESSION_FACTS_TYPE = 'weir-session-facts';
/** Version 2 adds `covers`; version 1 says nothing of what is stored beside the records. */
export const SESSION_FACTS_VERSION = 2;

/** Check values also by field and place (engine/store/grid-checks.ts). */
export const CHECKS_FORM = 2;

/** Whether facts of this version can be read. */
export function isKnownFactsVersion(version: unknown): version is SessionFacts['version'] {
  return version === 1 || version === SESSION_FACTS_VERSION;
}

/** What a seal says of a part of the history: how many blocks it has, and the SHA-256 of their hashes end to end. */
export interface Coverage {
  readonly blocks: number;
  readonly sha256: string;
}

/** Where a session came from that did not run on the device that sealed it. */
export interface ImportedFrom {
  /** Verifier key text of the device it ran on. */
  readonly key: string;
  /** SHA-256 of the seal it came with, in hexadecimal. */
  readonly sealSha256: string;
  /** SHA-256 of the text of its place in that device's log; null where it came without. */
  readonly logSha256: string | null;
  /** Its id there: the one that its records have. */
  readonly sessionId: string;
}

/** What is true of a session as a whole. Its canonical hash is a line of the seal. */
export interface SessionFacts {
  readonly type: typeof SESSION_FACTS_TYPE;
  readonly version: 1 | typeof SESSION_FACTS_VERSION;
  readonly sessionId: string;
  /** Random id of this very run, so that two sessions of one name are never taken for each other. */
  readonly runId: string;
  readonly graphName: string;
  /** SHA-256 of the physical graph document as it was deployed. */
  readonly graphSha256: string;
  readonly rmode: string;
  readonly status: string;
  readonly createdAtMs: number;
  readonly finishedAtMs: number;
  readonly drops: number;
  /** DALiuGE's signatures by mode. */
  readonly signatures: Readonly<Partial<Record<HashedRMode, string | null>>>;
  /** Ours by mode (canonical-signature.ts). */
  readonly canonicalSignatures: Readonly<Partial<Record<HashedRMode, string>>>;
  /** Descriptions of the nodes that took part, by the SHA-256 of their canonical form. */
  readonly environments: Readonly<Record<string, Json>>;
  readonly weirVersion: string;
  /** By part of the history (engine/store/sealed-rows.ts): what else this seal covers. From version 2 on. */
  readonly covers?: Readonly<Record<string, Coverage>>;
  /** Set when this device only took the session in: what its seal says is that nothing was altered since. */
  readonly importedFrom?: ImportedFrom;
  /** From when this was sealed on, whatever retention takes of the session is an act in the log (retention-act.ts). */
  readonly retentionLogged?: true;
  /** The form of the check values kept beside the covered hashes; absent: one for each drop, of up to 100 000. */
  readonly checks?: typeof CHECKS_FORM;
}

/** The name of a session's seal: readable, without spaces. */
export function sessionOrigin(signerName: string, facts: Pick<SessionFacts, 'sessionId' | 'runId'>): string {
  return `${signerName}/session/${encodeURIComponent(facts.sessionId)}/${encodeURIComponent(facts.runId)}`;
}

/** The name of a device's log of seals. */
export function logOrigin(signerName: string): string {
  return `${signerName}/log`;
}

const FACTS_LINE = 'facts-sha256 ';
const TIME_LINE = 'sealed-at-ms ';

/** Seals a session: a signed checkpoint over its records' root with the hash of its facts. */
export function sealSession(
  facts: SessionFacts,
  tree: { readonly size: number; readonly root: Uint8Array },
  sealedAtMs: number,
  signer: NoteSigner,
): string {
  if (tree.size !== facts.drops)
    throw new WeirError(
      'REPRO_INVALID',
      `The session "${facts.sessionId}" has ${facts.drops} drops but ${tree.size} records; it cannot be sealed yet.`,
    );
  return sealNote({ origin: sessionOrigin(signer.name, facts), ...tree, facts }, sealedAtMs, signer);
}

/** Signs a checkpoint over a tree with the hash of facts about it: what stands in the device's log. */
export function sealNote(
  about: Pick<Checkpoint, 'origin' | 'size' | 'root'> & { readonly facts: object },
  sealedAtMs: number,
  signer: NoteSigner,
): string {
  const { origin, size, root, facts } = about;
  const extensions = [`${FACTS_LINE}${factsHash(facts)}`, `${TIME_LINE}${sealedAtMs}`];
  return signNote(formatCheckpoint({ origin, size, root, extensions }), [signer]);
}

function factsHash(facts: object): string {
  return createHash('sha256').update(canonicalJson(facts)).digest('base64');
}

export interface SessionSeal extends Checkpoint {
  readonly factsSha256Base64: string;
  readonly sealedAtMs: number;
  /** Names and key ids found in the note; verified only by {@link openSessionSeal}. */
  readonly signedBy: readonly { readonly name: string; readonly keyId: string }[];
}

/** Reads a seal without checking its signature. Throws PROOF_INVALID when it is malformed. */
export function parseSessionSeal(note: string): SessionSeal {
  const { text, signatures } = parseNote(note);
  const checkpoint = parseCheckpoint(text);
  const [facts = '', time = '', ...more] = checkpoint.extensions;
  const sealedAt = time.slice(TIME_LINE.length);
  if (
    !facts.startsWith(FACTS_LINE) ||
    !time.startsWith(TIME_LINE) ||
    !/^\d+$/.test(sealedAt) ||
    more.length > 0
  )
    throw new WeirError('PROOF_INVALID', 'The seal is a checkpoint, but not that of a session.');
  return {
    ...checkpoint,
    factsSha256Base64: facts.slice(FACTS_LINE.length),
    sealedAtMs: Number(sealedAt),
    signedBy: signatures.map(({ name, keyId }) => ({ name, keyId })),
  };
}

/** Checks a seal's signature and that it belongs to these facts. Throws PROOF_INVALID with the step that failed. */
export function openSessionSeal(
  note: string,
  facts: SessionFacts,
  verifiers: readonly NoteVerifier[],
): NotedSeal {
  const seal = openNoted(note, facts, verifiers);
  const { signers } = seal;
  if (seal.origin !== sessionOrigin((signers[0] as NoteVerifier).name, facts) || seal.size !== facts.drops)
    throw new WeirError(
      'PROOF_INVALID',
      `The seal "${seal.origin}" is not that of session "${facts.sessionId}".`,
    );
  return seal;
}

/** A seal whose signature and facts hold, with the keys that signed it. */
export type NotedSeal = SessionSeal & { readonly signers: readonly NoteVerifier[] };

/** Checks the signature of an entry of the log and that it belongs to these facts. Throws PROOF_INVALID. */
export function openNoted(note: string, facts: object, verifiers: readonly NoteVerifier[]): NotedSeal {
  const { signers } = openNote(note, verifiers);
  const seal = parseSessionSeal(note);
  if (seal.factsSha256Base64 !== factsHash(facts))
    throw new WeirError(
      'PROOF_INVALID',
      'The facts of the session are not the ones that were sealed: they were altered.',
    );
  return { ...seal, signers };
}

/** The leaf of a seal in the device's log. */
export function sealLeaf(note: string): Buffer {
  return leafHash(Buffer.from(note));
}

/** A signed checkpoint of the device's log of seals. */
export function signLogCheckpoint(
  tree: { readonly size: number; readonly root: Uint8Array },
  signedAtMs: number,
  signer: NoteSigner,
): string {
  return signNote(
    formatCheckpoint({
      origin: logOrigin(signer.name),
      size: tree.size,
      root: tree.root,
      extensions: [`signed-at-ms ${signedAtMs}`],
    }),
    [signer],
  );
}

/** Checks a log checkpoint. Throws PROOF_INVALID when it is malformed or not signed by one of the keys. */
export function openLogCheckpoint(
  note: string,
  verifiers: readonly NoteVerifier[],
): Checkpoint & { readonly signedAtMs: number; readonly signers: readonly NoteVerifier[] } {
  const { text, signers } = openNote(note, verifiers);
  const checkpoint = parseCheckpoint(text);
  const match = /^signed-at-ms (\d+)$/.exec(checkpoint.extensions[0] ?? '');
  if (
    checkpoint.origin !== logOrigin((signers[0] as NoteVerifier).name) ||
    match === null ||
    checkpoint.extensions.length !== 1
  )
    throw new WeirError(
      'PROOF_INVALID',
      `The checkpoint "${checkpoint.origin}" is not that of a device's log.`,
    );
  return { ...checkpoint, signedAtMs: Number(match[1]), signers };
}
