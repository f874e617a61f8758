/**
 * Which blocks of a stage and mode are made of the same parts: copies of one component behind the same data have one
 * hash, which is computed once. Keys are kept whole and compared, so nothing is taken for something else.
 */

/** Parts of a key; blocks of more are not looked for. */
export const MAX_PARTS = 16;
/** After so many questions it is decided whether they were worth it, and again after each multiple. */
const TRIAL = 4096;
/** Hits per question below which asking is given up, as in a chain, where every block is another. */
const WORTH = 1 / 16;

export class BlockIndex {
  /** Block numbers, plus one; 0 where a slot is free. */
  #slots = new Uint32Array(1 << 10);
  /** By block number: where its key begins in `keys`. */
  #begins = new Uint32Array(1 << 9);
  #keys = new Uint32Array(1 << 12);
  #end = 0;
  #entries = 0;
  #asked = 0;
  #found = 0;
  #slot = 0;
  #isUseful = true;

  /** False once it turned out that hardly any block is there twice. */
  get isUseful(): boolean {
    return this.#isUseful;
  }

  /** The block whose key is the first `length` numbers of `key`, or -1; then {@link add} may follow. */
  find(key: Uint32Array, length: number): number {
    if (++this.#asked % TRIAL === 0 && this.#found < this.#asked * WORTH) this.#giveUp();
    const mask = this.#slots.length - 1;
    let slot = hashOf(key, length) & mask;
    for (;;) {
      const entry = this.#slots[slot] as number;
      if (entry === 0) break;
      if (this.#isKey(entry - 1, key, length)) {
        this.#found++;
        return entry - 1;
      }
      slot = (slot + 1) & mask;
    }
    this.#slot = slot;
    return -1;
  }

  /** Notes the block that was not found. */
  add(block: number, key: Uint32Array, length: number): void {
    if (!this.#isUseful) return;
    if (this.#end + length + 1 > this.#keys.length) this.#keys = wider(this.#keys, this.#end + length + 1);
    if (block >= this.#begins.length) this.#begins = wider(this.#begins, block + 1);
    this.#begins[block] = this.#end;
    this.#keys[this.#end++] = length;
    for (let i = 0; i < length; i++) this.#keys[this.#end++] = key[i] as number;
    this.#slots[this.#slot] = block + 1;
    if (++this.#entries * 2 > this.#slots.length) this.#rehash();
  }

  #isKey(block: number, key: Uint32Array, length: number): boolean {
    const begin = this.#begins[block] as number;
    if (this.#keys[begin] !== length) return false;
    for (let i = 0; i < length; i++) if (this.#keys[begin + 1 + i] !== key[i]) return false;
    return true;
  }

  #rehash(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 4);
    const mask = this.#slots.length - 1;
    for (const entry of before) {
      if (entry === 0) continue;
      const begin = (this.#begins[entry - 1] as number) + 1;
      const key = this.#keys.subarray(begin, begin + (this.#keys[begin - 1] as number));
      let slot = hashOf(key, key.length) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry;
    }
  }

  #giveUp(): void {
    this.#isUseful = false;
    this.#slots = new Uint32Array(1);
    this.#keys = new Uint32Array(0);
    this.#begins = new Uint32Array(0);
  }
}

function hashOf(key: Uint32Array, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ (key[i] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

function wider(array: Uint32Array<ArrayBuffer>, least: number): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(Math.max(array.length * 2, least));
  more.set(array);
  return more;
}
