/**
 * Weir's own signature of a session, beside DALiuGE's. DALiuGE's cannot be changed without breaking equality, and has
 * defects that this one has not (spec/reproducibility.md 12, docs/reproducibility.md): run-time data is hashed in every
 * mode, application arguments and commands are covered, streaming edges count, several nodes give one signature, no
 * hash depends on ids, on the place in a list, or on how Python prints a number.
 *
 *   own(X)    = SHA-256 of the canonical JSON of [name, value] of the fields the mode claims
 *   block(X)  = SHA-256 of the canonical JSON of ["weir-block", 1, mode, own(X), blocks of X's parents, sorted]
 *   signature = root of the RFC 6962 tree over the blocks of all drops, sorted
 *
 * REPRODUCE claims the terminal data only: its items are ["weir-data", 1, "input" | "output", SHA-256, size].
 */

import { WeirError } from '../protocol/index.ts';
import { canonicalBytes, canonicalHash } from './canonical.ts';
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

function sortedRoot(texts: string[]): string {
  return treeRoot(texts.sort().map((text) => leafHash(Buffer.from(text)))).toString('hex');
}

function ownHash(record: DropRecord, mode: HashedRMode): string {
  const bit = modeBits(mode);
  const claimed = recordFields(record).filter((field) => (field.modes & bit) !== 0);
  return canonicalHash(claimed.map((field) => [field.class, field.name, field.value]));
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

/**
 * The signature of a session's records for one mode, in hexadecimal. Records may come from several nodes, in any order.
 * Throws REPRO_INVALID when the drops depend on one another in a circle.
 */
export function canonicalSignature(
  records: readonly DropRecord[],
  mode: HashedRMode,
  topology = recordTopology(records),
): string {
  if (mode === 'REPRODUCE') return sortedRoot(reproduceItems(records, topology));
  if (topology.visited.length < records.length)
    throw new WeirError(
      'REPRO_INVALID',
      'The drops of the session depend on one another in a circle; there is no order to sign.',
    );
  const parents: string[][] = records.map(() => []);
  const blocks: string[] = [];
  for (const i of topology.visited) {
    const own = ownHash(records[i] as DropRecord, mode);
    const above = [...new Set(parents[i])].sort();
    const block = leafHash(
      canonicalBytes(['weir-block', CANONICAL_SIGNATURE_VERSION, mode, own, above]),
    ).toString('hex');
    blocks.push(block);
    for (let e = topology.offsets[i] as number; e < (topology.offsets[i + 1] as number); e++)
      parents[topology.targets[e] as number]?.push(block);
  }
  return sortedRoot(blocks);
}

/** The signatures of all modes. */
export function canonicalSignatures(records: readonly DropRecord[]): Record<HashedRMode, string> {
  const topology = recordTopology(records);
  const signatures = {} as Record<HashedRMode, string>;
  for (const mode of ALL_RMODES) signatures[mode] = canonicalSignature(records, mode, topology);
  return signatures;
}
