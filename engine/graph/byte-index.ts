/**
 * From the bytes of an id to its row: a hash table over stretches of text, in two typed arrays. A million ids cost no
 * JavaScript strings, and the table can be handed to another thread as it is.
 */

/** A hash of a stretch of bytes, four at a time: most of the time of resolving links goes here. */
export function hashBytes(bytes: Uint8Array, start: number, length: number): number {
  let h = 0x811c9dc5 ^ length;
  const end = start + length;
  let i = start;
  for (; i + 3 < end; i += 4) {
    h = Math.imul(h ^ wordAt(bytes, i), 0x85ebca6b);
    h ^= h >>> 15;
  }
  for (; i < end; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193);
  // A last mix, as neighbouring ids often differ in their last digits only.
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d) >>> 0;
}

function wordAt(bytes: Uint8Array, i: number): number {
  return (
    (bytes[i] as number) |
    ((bytes[i + 1] as number) << 8) |
    ((bytes[i + 2] as number) << 16) |
    ((bytes[i + 3] as number) << 24)
  );
}

/** From the end, four at a time: ids that differ mostly do so in their last digits. */
export function sameBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  let i = length - 4;
  for (; i >= 0; i -= 4) if (wordAt(a, aStart + i) !== wordAt(b, bStart + i)) return false;
  for (i += 3; i >= 0; i--) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** Where the ids of rows stand: the bytes, and start and length of each row's id in them. */
export interface IdPlaces {
  readonly text: Uint8Array;
  readonly oidStart: Uint32Array;
  readonly oidLength: Uint32Array;
}

export class ByteIndex {
  readonly slots: Int32Array;
  readonly hashes: Uint32Array;
  readonly #text: Uint8Array;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;

  /** `slots` (row + 1, 0 is free) and `hashes` run in parallel; their length is a power of two. */
  constructor(slots: Int32Array, hashes: Uint32Array, { text, oidStart, oidLength }: IdPlaces) {
    this.slots = slots;
    this.hashes = hashes;
    this.#text = text;
    this.#starts = oidStart;
    this.#lengths = oidLength;
  }

  static forRows(rows: number, ids: IdPlaces): ByteIndex {
    let capacity = 16;
    while (capacity < rows * 2) capacity *= 2;
    return new ByteIndex(new Int32Array(capacity), new Uint32Array(capacity), ids);
  }

  /** Whether the id of a row is this stretch of bytes. */
  isId(row: number, bytes: Uint8Array, start: number, length: number): boolean {
    return (
      this.#lengths[row] === length &&
      sameBytes(this.#text, this.#starts[row] as number, bytes, start, length)
    );
  }

  /** Puts a row in; returns the row that has the same id already, or -1. */
  insert(row: number): number {
    const start = this.#starts[row] as number;
    const length = this.#lengths[row] as number;
    const hash = hashBytes(this.#text, start, length);
    const at = this.#slot(hash, this.#text, start, length);
    const there = this.slots[at] as number;
    if (there === 0) {
      this.slots[at] = row + 1;
      this.hashes[at] = hash;
    }
    return there - 1;
  }

  /** The row whose id is this stretch of bytes, or -1. */
  find(bytes: Uint8Array, start: number, length: number): number {
    return (this.slots[this.#slot(hashBytes(bytes, start, length), bytes, start, length)] as number) - 1;
  }

  /** Where an id stands in the table, or would stand. */
  #slot(hash: number, bytes: Uint8Array, start: number, length: number): number {
    const { slots, hashes } = this;
    const mask = slots.length - 1;
    let at = hash & mask;
    for (;;) {
      const there = slots[at] as number;
      if (there === 0 || (hashes[at] === hash && this.isId(there - 1, bytes, start, length))) return at;
      at = (at + 1) & mask;
    }
  }
}
