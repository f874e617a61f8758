import { expectRoom } from './memory-room.ts';

/**
 * Bytes in memory that grow without being copied: a list of blocks.
 *
 *   write position ──────────────┐
 *   [ block 0 ][ block 1 ][ block 2 .. used │ spare ]
 *
 * The first write makes a block of exactly its size, so that small drops cost what they hold; later blocks are as
 * large as what is there already, at most 1 MiB (or the piece that is written, if larger). Writing starts at position
 * 0: what was there at first is overwritten in place and a longer tail stays, as upstream has it (spec/engine.md 4.5).
 */
const LARGEST_SPARE_BYTES = 1 << 20;
/** A read may end early at a block's end when it has at least this much; less is put together from several blocks. */
const SHORT_READ_BYTES = 1 << 16;

interface Block {
  readonly bytes: Uint8Array;
  /** Position of its first byte in the whole. */
  readonly start: number;
}

export class MemoryBuffer {
  #blocks: Block[] = [];
  #length = 0;
  #position = 0;
  #freed = false;

  /** Starts with a copy of `initial`. */
  constructor(initial?: Uint8Array) {
    if (initial && initial.length > 0) {
      this.#blocks.push({ bytes: new Uint8Array(initial), start: 0 });
      this.#length = initial.length;
    }
  }

  get length(): number {
    return this.#length;
  }

  get isFreed(): boolean {
    return this.#freed;
  }

  /** Copies `data` to the write position. */
  write(data: Uint8Array): void {
    if (this.#freed) throw new TypeError('This memory was freed and cannot be written.');
    let rest = data;
    while (rest.length > 0) {
      const block = this.#blockAt(this.#position) ?? this.#grow(rest.length);
      const at = this.#position - block.start;
      const taken = Math.min(rest.length, block.bytes.length - at);
      block.bytes.set(taken === rest.length ? rest : rest.subarray(0, taken), at);
      this.#position += taken;
      rest = rest.subarray(taken);
    }
    if (this.#position > this.#length) this.#length = this.#position;
  }

  /** At most `count` bytes from `position`: a view of a block where that is enough, else a copy of that much. */
  read(position: number, count: number): Uint8Array {
    if (this.#freed) throw new TypeError('This memory was freed and cannot be read.');
    const end = Math.min(this.#length, position + count);
    const block = this.#blockAt(position);
    if (!block || end <= position) return new Uint8Array(0);
    const inBlock = Math.min(end, block.start + block.bytes.length) - position;
    if (position + inBlock === end || inBlock >= SHORT_READ_BYTES)
      return block.bytes.subarray(position - block.start, position - block.start + inBlock);
    const together = new Uint8Array(end - position);
    for (let at = position; at < end;) {
      const part = this.#blockAt(at) as Block;
      const until = Math.min(end, part.start + part.bytes.length);
      together.set(part.bytes.subarray(at - part.start, until - part.start), at - position);
      at = until;
    }
    return together;
  }

  /** All of it: a view where it is one block, else a copy. */
  whole(): Uint8Array {
    if (this.#freed) throw new TypeError('This memory was freed and cannot be read.');
    if (this.#blocks.length === 1) return (this.#blocks[0] as Block).bytes.subarray(0, this.#length);
    const all = new Uint8Array(this.#length);
    for (const { bytes, start } of this.#blocks)
      all.set(bytes.length > this.#length - start ? bytes.subarray(0, this.#length - start) : bytes, start);
    return all;
  }

  /** Gives the memory back. Reading and writing fail from now on. */
  free(): void {
    this.#blocks = [];
    this.#freed = true;
  }

  #grow(needed: number): Block {
    const last = this.#blocks.at(-1);
    const start = last ? last.start + last.bytes.length : 0;
    const size = Math.max(needed, Math.min(start, LARGEST_SPARE_BYTES));
    try {
      if (start > 0 || size > LARGEST_SPARE_BYTES) expectRoom(size);
    } catch (error) {
      // Nobody reads the half of it.
      this.free();
      throw error;
    }
    // Not from Buffer's shared pool, which a small drop would pin as a whole; not filled with zeros, because nothing
    // beyond what was written is ever read.
    const block = { bytes: new Uint8Array(Buffer.allocUnsafeSlow(size).buffer), start };
    this.#blocks.push(block);
    return block;
  }

  #blockAt(position: number): Block | undefined {
    const blocks = this.#blocks;
    const last = blocks.at(-1);
    if (!last || position >= last.start + last.bytes.length) return undefined;
    if (position >= last.start) return last;
    let low = 0;
    let high = blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((blocks[middle] as Block).start <= position) low = middle;
      else high = middle - 1;
    }
    return blocks[low];
  }
}
