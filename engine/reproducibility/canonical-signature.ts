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

import { createHash, hash } from 'node:crypto';

import { WeirError } from '../protocol/index.ts';
import { canonicalHash, canonicalJson, sha256Hex } from './canonical.ts';
import type { ContentIdentity, DropRecord } from './drop-record.ts';
import { nodeHash, EMPTY_ROOT } from './merkle-log.ts';
import { ALL_RMODES, type HashedRMode } from './modes.ts';
import { modeBits, recordFields } from './record-classes.ts';
import { type Parents, uniqueParents } from './root-sets.ts';
import { buildTopology, type Topology } from './topology.ts';

export const CANONICAL_SIGNATURE_VERSION = 1;

const indexOf = (records: readonly DropRecord[]): ReadonlyMap<string, number> =>
  new Map(records.map((record, i) => [record.drop.oid, i]));

/** The numbers of a record's inputs. One outside the session is left out. */
export function inputsIn(record: DropRecord, index: ReadonlyMap<string, number>): number[] {
  return record.inputs.map((input) => index.get(input.oid)).filter((from) => from !== undefined);
}

/** The edges of a session, from the inputs of its records. An input outside the session is left out. */
export function recordTopology(records: readonly DropRecord[]): Topology {
  const index = indexOf(records);
  const edges: number[] = [];
  records.forEach((record, to) => {
    for (const from of inputsIn(record, index)) edges.push(from, to);
  });
  return buildTopology(
    records.map((record) => record.drop.oid),
    edges,
  );
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
export type Groups = readonly (readonly [modes: number, hash: string])[];

/** Distinct texts whose hashes are remembered, and groups whose text is. */
const MAX_KNOWN = 16_384;

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
      if (this.#known.size < MAX_KNOWN) this.#known.set(text, hash);
    }
    return hash;
  }
}

/** Gathers what the signatures of a session cover, one drop after the other. */
export class CanonicalSigner {
  readonly #groups: Groups[] = [];
  readonly #edges: number[] = [];
  readonly #contents = new Map<number, ContentIdentity>();
  readonly #hasher = new GroupHasher();

  /** How many drops were added. */
  get size(): number {
    return this.#groups.length;
  }

  /** What is hashed of a record beside its inputs' blocks: the same for records that differ in name and time only. */
  groupsOf(record: DropRecord): Groups {
    return this.#hasher.groups(record);
  }

  /** Adds the next drop. `inputs`: numbers of the drops it reads, as they are added. */
  add(groups: Groups, content: ContentIdentity | null, inputs: readonly number[]): void {
    const drop = this.#groups.push(groups) - 1;
    if (content !== null) this.#contents.set(drop, content);
    for (const input of inputs) this.#edges.push(input, drop);
  }

  /** The signatures in hexadecimal. Throws REPRO_INVALID when the drops depend on one another in a circle. */
  signatures(modes: readonly HashedRMode[] = ALL_RMODES): Record<HashedRMode, string> {
    const ids = new Array<string>(this.size).fill('');
    const topology = buildTopology(ids, this.#edges);
    const chain = new Chain(this.#groups, topology);
    const signatures = {} as Record<HashedRMode, string>;
    for (const mode of modes)
      signatures[mode] =
        mode === 'REPRODUCE' ? sortedHash(reproduceItems(this.#contents, topology)) : chain.signature(mode);
    return signatures;
  }
}

function reproduceItems(contents: ReadonlyMap<number, ContentIdentity>, topology: Topology): string[] {
  const items: string[] = [];
  for (const [drop, { sha256, sizeBytes }] of contents) {
    const roles = [topology.isRoot[drop] ? 'input' : '', topology.isLeaf[drop] ? 'output' : ''].filter(
      Boolean,
    );
    for (const role of roles)
      items.push(canonicalHash(['weir-data', CANONICAL_SIGNATURE_VERSION, role, sha256, sizeBytes]));
  }
  return items;
}

const HEX = 64;
const LINE = HEX + 1;
const NEWLINE = 0x0a;
/** The text of a block before the list of its parents, and of what is around that list. */
const FIRST_BYTES = 4096;

/** The blocks of a session's drops, mode by mode. Texts are put together as bytes: there are millions of them. */
class Chain {
  readonly #groups: readonly Groups[];
  readonly #topology: Topology;
  readonly #parents: Parents;
  /** Blocks in hexadecimal, by drop. */
  readonly #blocks: Buffer;
  #message = Buffer.alloc(FIRST_BYTES);

  constructor(groups: readonly Groups[], topology: Topology) {
    this.#groups = groups;
    this.#topology = topology;
    this.#parents = uniqueParents(topology);
    this.#blocks = Buffer.alloc(groups.length * HEX);
  }

  signature(mode: HashedRMode): string {
    const { visited } = this.#topology;
    if (visited.length < this.#groups.length)
      throw new WeirError(
        'REPRO_INVALID',
        'The drops of the session depend on one another in a circle; there is no order to sign.',
      );
    const heads = new Map<Groups, Buffer>();
    const bit = modeBits(mode);
    for (const drop of visited) {
      const groups = this.#groups[drop] as Groups;
      let head = heads.get(groups);
      if (head === undefined) {
        const own = groups.filter(([modes]) => (modes & bit) !== 0).map(([, hash]) => hash);
        // Leaves begin with a zero byte. Hashes need no escapes, so this is canonical JSON.
        head = Buffer.from(`\u0000["weir-block",${CANONICAL_SIGNATURE_VERSION},"${mode}",${listText(own)},`);
        if (heads.size < MAX_KNOWN) heads.set(groups, head);
      }
      this.#blocks.write(this.#block(head, drop), drop * HEX, 'latin1');
    }
    return this.#sortedHash();
  }

  #block(head: Buffer, drop: number): string {
    const { offsets, sources } = this.#parents;
    const from = offsets[drop] as number;
    const end = offsets[drop + 1] as number;
    let message = this.#message;
    const most = head.length + (end - from) * (HEX + 3) + 4;
    if (message.length < most) this.#message = message = Buffer.alloc(2 * most);
    message.set(head);
    let at = head.length;
    if (end - from === 1) {
      at += message.write('["', at, 'latin1');
      const parent = sources[from] as number;
      at += this.#blocks.copy(message, at, parent * HEX, (parent + 1) * HEX);
      at += message.write('"]]', at, 'latin1');
    } else {
      const above = new Set<string>();
      for (let e = from; e < end; e++) above.add(this.#hex(sources[e] as number));
      at += message.write(`${listText([...above].sort())}]`, at, 'latin1');
    }
    return hash('sha256', message.subarray(0, at), 'hex');
  }

  #hex(drop: number): string {
    return this.#blocks.toString('latin1', drop * HEX, (drop + 1) * HEX);
  }

  /** The hash over all blocks in order, one a line. */
  #sortedHash(): string {
    const whole = createHash('sha256');
    const order = sortedHex(this.#blocks);
    const lines = Buffer.alloc(LINE * Math.min(order.length, 4096), NEWLINE);
    let at = 0;
    for (const drop of order) {
      this.#blocks.copy(lines, at, drop * HEX, (drop + 1) * HEX);
      at += LINE;
      if (at < lines.length) continue;
      whole.update(lines);
      at = 0;
    }
    return whole.update(lines.subarray(0, at)).digest('hex');
  }
}

const BUCKETS = 1 << 16;

/** The order of texts of 64 hexadecimal digits that lie end to end: sorted by their first four, then among those. */
function sortedHex(texts: Buffer): Uint32Array {
  const count = texts.length / HEX;
  const bucketOf = new Uint16Array(count);
  const ends = new Uint32Array(BUCKETS + 1);
  for (let i = 0; i < count; i++) {
    let bucket = 0;
    for (let k = 0; k < 4; k++) {
      const c = texts[i * HEX + k] as number;
      bucket = bucket * 16 + (c < 0x3a ? c - 0x30 : c - 0x57);
    }
    bucketOf[i] = bucket;
    ends[bucket + 1] = (ends[bucket + 1] as number) + 1;
  }
  for (let bucket = 0; bucket < BUCKETS; bucket++)
    ends[bucket + 1] = (ends[bucket + 1] as number) + (ends[bucket] as number);
  const next = ends.slice();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const bucket = bucketOf[i] as number;
    const at = next[bucket] as number;
    order[at] = i;
    next[bucket] = at + 1;
  }
  const compare = (a: number, b: number): number =>
    texts.compare(texts, b * HEX, (b + 1) * HEX, a * HEX, (a + 1) * HEX);
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const [from, end] = [ends[bucket] as number, ends[bucket + 1] as number];
    if (end - from > 1) order.subarray(from, end).sort(compare);
  }
  return order;
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
  const index = indexOf(records);
  const signer = new CanonicalSigner();
  for (const record of records) signer.add(signer.groupsOf(record), record.content, inputsIn(record, index));
  return signer.signatures(modes);
}
