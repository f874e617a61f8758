/**
 * A proof file taken apart into the texts that are hashed and signed, and one byte of it altered on request. The window
 * does this itself, so that nothing it shows is taken from the Host on trust (design/ux-and-trust.md 4). The format is
 * docs/reproducibility.md's: canonical JSON (RFC 8785), hashes in base64.
 */

/** Where a seal stands in its device's log. */
export interface LogParts {
  readonly leafIndex: number;
  readonly treeSize: number;
  readonly path: readonly string[];
  /** The signed checkpoint of the log. */
  readonly checkpoint: string;
}

export interface ProofParts {
  /** The record of the drop as it was hashed. */
  readonly recordText: string;
  readonly leafIndex: number;
  readonly treeSize: number;
  /** Sibling hashes in base64, nearest first. */
  readonly path: readonly string[];
  /** The facts of the session as they were hashed. */
  readonly factsText: string;
  readonly seal: string;
  /** C2SP verifier key text. */
  readonly key: string;
  readonly log: LogParts | undefined;
}

/** Why a proof file cannot be read, for {@link readProof}. */
export const ProofFormProblem = {
  NOT_JSON: 'notJson',
  NOT_A_PROOF: 'notAProof',
  VERSION: 'version',
  INCOMPLETE: 'incomplete',
  NOT_CANONICAL: 'notCanonical',
} as const;
export type ProofFormProblem = (typeof ProofFormProblem)[keyof typeof ProofFormProblem];

export type ReadProof =
  | { readonly parts: ProofParts; readonly problem: undefined }
  | { readonly parts: undefined; readonly problem: ProofFormProblem };

/** Canonical text (RFC 8785) of a value that came out of `JSON.parse`. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const object = value as Record<string, unknown>;
  const entries = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(object[key])}`);
  return `{${entries.join(',')}}`;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isPlaceInTree(value: Record<string, unknown>): boolean {
  const { leafIndex, treeSize, path } = value;
  return (
    Number.isSafeInteger(leafIndex) &&
    Number.isSafeInteger(treeSize) &&
    Array.isArray(path) &&
    path.every((item) => typeof item === 'string')
  );
}

/** Takes a proof file apart. Checks its form only: what its hashes and signatures are worth, proof-check.ts finds out. */
export function readProof(text: string): ReadProof {
  const refuse = (problem: ProofFormProblem): ReadProof => ({ parts: undefined, problem });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('notJson');
  }
  if (!isObject(value) || value['type'] !== 'weir-proof') return refuse('notAProof');
  if (value['version'] !== 1) return refuse('version');
  const { record, facts, seal, key, log } = value;
  const isWhole =
    isObject(record) &&
    isObject(facts) &&
    isPlaceInTree(value) &&
    typeof seal === 'string' &&
    typeof key === 'string' &&
    (log === undefined || (isObject(log) && isPlaceInTree(log) && typeof log['checkpoint'] === 'string'));
  if (!isWhole) return refuse('incomplete');
  if (`${canonicalText(value)}\n` !== text) return refuse('notCanonical');
  const parts: ProofParts = {
    recordText: canonicalText(record),
    leafIndex: value['leafIndex'] as number,
    treeSize: value['treeSize'] as number,
    path: value['path'] as readonly string[],
    factsText: canonicalText(facts),
    seal,
    key,
    log: log as LogParts | undefined,
  };
  return { parts, problem: undefined };
}

// --- altering one byte ---------------------------------------------------------------------------------------------

/** Parts of a proof in which a byte can be altered. */
export const ALTERABLE = ['record', 'sibling', 'facts', 'checkpoint', 'signature', 'key'] as const;
export type Alterable = (typeof ALTERABLE)[number];

/** What was altered: one character of ASCII, which is one byte. */
export interface Alteration {
  readonly target: Alterable;
  /** Offset in the text of the part. */
  readonly offset: number;
  readonly before: string;
  readonly after: string;
}

/** Another letter for a letter, another digit for a digit, so that the text stays of its kind. */
function otherCharacter(character: string): string {
  const isLast = character === '9' || character === 'z' || character === 'Z';
  return String.fromCharCode(character.charCodeAt(0) + (isLast ? -1 : 1));
}

/** Alters the first letter or digit at or after `from`; undefined where there is none. */
function alterText(
  text: string,
  from: number,
):
  | { readonly text: string; readonly offset: number; readonly before: string; readonly after: string }
  | undefined {
  const found = /[A-Za-z0-9]/.exec(text.slice(from));
  if (found === null) return undefined;
  const offset = from + found.index;
  const before = found[0];
  const after = otherCharacter(before);
  return { text: text.slice(0, offset) + after + text.slice(offset + 1), offset, before, after };
}

/** Start of the third line of a checkpoint: its root. */
function rootOffset(note: string): number {
  return note.indexOf('\n', note.indexOf('\n') + 1) + 1;
}

/** Start of the signature itself in the last line of a note; its key id before it stays. */
function signatureOffset(note: string): number {
  const line = note.trimEnd().lastIndexOf('\n') + 1;
  // Four bytes of key id are not quite six characters; ten are safely behind them.
  return note.lastIndexOf(' ') < line ? line : note.lastIndexOf(' ') + 10;
}

/** Where a byte of the record says something that people understand: how the drop ended. */
function outcomeOffset(recordText: string): number {
  const at = recordText.lastIndexOf('"status":"');
  return at < 0 ? Math.floor(recordText.length / 2) : at + '"status":"'.length;
}

/** The same proof with one byte of a part altered; undefined where it has no such part. */
export function alterProof(
  parts: ProofParts,
  target: Alterable,
): { readonly parts: ProofParts; readonly alteration: Alteration } | undefined {
  const [text, from, put] = placeOf(parts, target);
  const altered = text === undefined ? undefined : alterText(text, from);
  if (altered === undefined) return undefined;
  const { offset, before, after } = altered;
  return { parts: put(altered.text), alteration: { target, offset, before, after } };
}

type Place = readonly [text: string | undefined, from: number, put: (text: string) => ProofParts];

function placeOf(parts: ProofParts, target: Alterable): Place {
  switch (target) {
    case 'record':
      return [parts.recordText, outcomeOffset(parts.recordText), (recordText) => ({ ...parts, recordText })];
    case 'sibling':
      return [parts.path[0], 0, (text) => ({ ...parts, path: [text, ...parts.path.slice(1)] })];
    case 'facts': {
      const at = parts.factsText.lastIndexOf('"status":"');
      return [parts.factsText, at < 0 ? 0 : at + 10, (factsText) => ({ ...parts, factsText })];
    }
    case 'checkpoint':
      return [parts.seal, rootOffset(parts.seal), (seal) => ({ ...parts, seal })];
    case 'signature':
      return [parts.seal, signatureOffset(parts.seal), (seal) => ({ ...parts, seal })];
    case 'key':
      return [parts.key, parts.key.lastIndexOf('+') + 5, (key) => ({ ...parts, key })];
  }
}
