/**
 * Weir's own signature of a session, beside DALiuGE's. DALiuGE's cannot be changed without breaking equality, and has
 * defects that this one has not (spec/reproducibility.md 12, docs/reproducibility.md): run-time data is hashed in every
 * mode, application arguments and commands are covered, streaming edges count, several nodes give one signature, no
 * hash depends on ids, on the place in a list, or on how Python prints a number.
 *
 *   group(X,c) = SHA-256 of the canonical JSON of [class, name, value] of X's fields that the same modes claim
 *   block(X)   = leaf hash of the canonical JSON of ["weir-block", 1, mode, the groups the mode claims in order of
 *                their first field, the blocks of X's parents, sorted and each once]
 *   signature  = SHA-256 of the blocks of all drops in hexadecimal, sorted, each followed by a newline
 *
 * REPRODUCE claims the terminal data only: its items are ["weir-data", 1, "input" | "output", SHA-256, size].
 */

import { createHash } from 'node:crypto';

import { WeirError } from '../protocol/index.ts';
import { canonicalHash, canonicalJson, sha256Hex } from './canonical.ts';
import type { DropRecord } from './drop-record.ts';
import { leafHash, nodeHash, EMPTY_ROOT } from './merkle-log.ts';
import { ALL_RMODES, type HashedRMode } from './modes.ts';
import { modeBits, recordFields } from './record-classes.ts';
import { buildTopology, type Topology } from './topology.ts';

export const CANONICAL_SIGNATURE_VERSION = 1;

/** The edges of a session, from the inputs of its records. An input outside the session is left out. */
export function recordTopology(records: readonly DropRecord[]): Topology {
  const ids = records.map((record) => record.drop.oid);
  const index = new Map<string, number>(ids.map((oid, i) => [oid, i]));
  const edges: number[] = [];
  records.forEach((record, to) => {
    for (const input of record.inputs) {
      const from = index.get(input.oid);
      if (from !== undefined) edges.push(from, to);
    }
  });
  return buildTopology(ids, edges);
}

/** Root of an RFC 6962 tree over leaf hashes. */
export function treeRoot(leaves: readonly Buffer[]): Buffer {
  let level = leaves.length === 0 ? [EMPTY_ROOT] : [...leaves];
  while (level.length > 1) {
    const next: Buffer[] = [];
    for (let i = 0; i + 1 < level.length; i += 2)
      next.push(nodeHash(level[i] as Buffer, level[i + 1] as Buffer));
    if (level.length % 2 === 1) next.push(level[level.length - 1] as Buffer);
    level = next;
  }
  return level[0] as Buffer;
}

function sortedHash(hashes: string[]): string {
  const whole = createHash('sha256');
  hashes.sort();
  const PIECE = 4096;
  for (let i = 0; i < hashes.length; i += PIECE) whole.update(`${hashes.slice(i, i + PIECE).join('\n')}\n`);
  return whole.digest('hex');
}

/** The hashes of a record's fields in groups that the same modes claim: [modes, SHA-256]. */
type Groups = readonly (readonly [modes: number, hash: string])[];

/** Groups of records, hashed once per distinct content. */
class GroupHasher {
  readonly #known = new Map<string, string>();

  groups(record: DropRecord): Groups {
    const texts = new Map<number, string>();
    for (const { class: cls, name, value, modes } of recordFields(record)) {
      if (modes === 0) continue;
      const before = texts.get(modes);
      const text = canonicalJson([cls, name, value]);
      texts.set(modes, before === undefined ? text : `${before},${text}`);
    }
    return [...texts].map(([modes, text]) => [modes, this.#hash(`[${text}]`)] as const);
  }

  #hash(text: string): string {
    let hash = this.#known.get(text);
    if (hash === undefined) {
      hash = sha256Hex(text);
      this.#known.set(text, hash);
    }
    return hash;
  }
}

function reproduceItems(records: readonly DropRecord[], topology: Topology): string[] {
  const items: string[] = [];
  records.forEach(({ content }, i) => {
    if (content === null) return;
    const roles = [topology.isRoot[i] ? 'input' : '', topology.isLeaf[i] ? 'output' : ''].filter(Boolean);
    for (const role of roles)
      items.push(
        canonicalHash(['weir-data', CANONICAL_SIGNATURE_VERSION, role, content.sha256, content.sizeBytes]),
      );
  });
  return items;
}

/** What several modes of one session share. */
interface Prepared {
  readonly records: readonly DropRecord[];
  readonly topology: Topology;
  readonly groups: readonly Groups[];
}

function prepare(records: readonly DropRecord[]): Prepared {
  const topology = recordTopology(records);
  const hasher = new GroupHasher();
  return { records, topology, groups: records.map((record) => hasher.groups(record)) };
}

function chainedSignature({ records, topology, groups }: Prepared, mode: HashedRMode): string {
  if (topology.visited.length < records.length)
    throw new WeirError(
      'REPRO_INVALID',
      'The drops of the session depend on one another in a circle; there is no order to sign.',
    );
  const bit = modeBits(mode);
  const parents: string[][] = records.map(() => []);
  const blocks: string[] = [];
  const head = `["weir-block",${CANONICAL_SIGNATURE_VERSION},"${mode}",`;
  for (const i of topology.visited) {
    const own = (groups[i] as Groups).filter(([modes]) => (modes & bit) !== 0).map(([, hash]) => hash);
    const above = parents[i] as string[];
    const sorted = above.length > 1 ? [...new Set(above)].sort() : above;
    // Hashes need no escapes, so this is the canonical JSON.
    const block = leafHash(Buffer.from(`${head}${listText(own)},${listText(sorted)}]`)).toString('hex');
    blocks.push(block);
    for (let e = topology.offsets[i] as number; e < (topology.offsets[i + 1] as number); e++)
      parents[topology.targets[e] as number]?.push(block);
  }
  return sortedHash(blocks);
}

const listText = (hashes: readonly string[]): string =>
  hashes.length === 0 ? '[]' : `["${hashes.join('","')}"]`;

/**
 * The signatures of a session's records, in hexadecimal, for some modes; default all. Records may come from several
 * nodes, in any order. Throws REPRO_INVALID when the drops depend on one another in a circle.
 */
export function canonicalSignatures(
  records: readonly DropRecord[],
  modes: readonly HashedRMode[] = ALL_RMODES,
): Record<HashedRMode, string> {
  const prepared = prepare(records);
  const signatures = {} as Record<HashedRMode, string>;
  for (const mode of modes)
    signatures[mode] =
      mode === 'REPRODUCE'
        ? sortedHash(reproduceItems(records, prepared.topology))
        : chainedSignature(prepared, mode);
  return signatures;
}
