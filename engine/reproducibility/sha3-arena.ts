/**
 * Digests by number: a region of memory in which SHA3-256 Merkle trees are built without making a JavaScript object
 * per digest. A digest is the address of its 32 bytes.
 */

import { BLOCK, HEAP, Job, type KeccakExports, keccakInstance, RATE } from './keccak-wasm.ts';

export type Digest = number;

const PAGE = 65536;
/** Hashes that are put off until there are so many. An even number. */
const JOBS = 1024;
const JOB_BYTES = 16;
/** Texts that are written together. */
const PIECES = 1024;
const PIECE_BYTES = 8;

/** Grows with use and is freed as a whole; make one per piece of work. */
export class Sha3Arena {
  readonly #keccak: KeccakExports;
  #bytes: Buffer;
  #top = HEAP;
  /** Where hexadecimal text is written before it becomes a string. */
  readonly #text: number;
  #jobs = HEAP;
  #jobWords = new Uint32Array(0);
  #jobCount = 0;
  #pieces = HEAP;
  #pieceWords = new Uint32Array(0);
  #pieceCount = 0;
  /** Where the next text goes. */
  #out = HEAP;

  /** `pairs: false`: hashes one message at a time whatever the processor can do. */
  constructor(options: { readonly pairs?: boolean } = {}) {
    this.#keccak = keccakInstance(options);
    this.#bytes = Buffer.from(this.#keccak.memory.buffer);
    this.#text = this.#take(256);
    this.#jobs = this.#take(JOBS * JOB_BYTES);
    this.#pieces = this.#take(PIECES * PIECE_BYTES);
    this.#look();
  }

  /** Views of the memory as it is now. */
  #look(): void {
    this.#bytes = Buffer.from(this.#keccak.memory.buffer);
    const memory = this.#bytes.buffer as ArrayBuffer;
    this.#jobWords = new Uint32Array(memory, this.#jobs, (JOBS * JOB_BYTES) / 4);
    this.#pieceWords = new Uint32Array(memory, this.#pieces, (PIECES * PIECE_BYTES) / 4);
  }

  #take(size: number): number {
    const start = this.#top;
    this.#top += size;
    if (this.#top > this.#bytes.length) {
      // Doubling keeps the number of copies low; 4 GiB is the limit of the address space.
      const pages = Math.ceil((this.#top - this.#bytes.length) / PAGE);
      this.#keccak.memory.grow(Math.max(pages, Math.min(this.#bytes.length / PAGE, 4096)));
      // Views of the memory as it was are of no use any more.
      this.#look();
    }
    return start;
  }

  /** A new place for a digest. */
  place(): Digest {
    return this.#take(32);
  }

  /** Room for many digests end to end; the address of the first. */
  room(bytes: number): Digest {
    return this.#take(bytes);
  }

  /** Copies bytes into the memory. */
  write(bytes: Uint8Array, to: Digest): void {
    this.#bytes.set(bytes, to);
  }

  /** Copies bytes out of the memory. */
  read(from: Digest, size: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes.subarray(from, from + size));
  }

  /** Bytes of the memory as they are now: holds until something is placed. */
  view(from: number, size: number): Uint8Array {
    return this.#bytes.subarray(from, from + size);
  }

  /** Copies bytes within the memory. */
  move(from: number, to: number, size: number): void {
    this.#bytes.copyWithin(to, from, from + size);
  }

  /** Writes a text of ASCII characters; how many bytes that were. */
  writeText(text: string, to: number): number {
    return this.#bytes.write(text, to, 'latin1');
  }

  // --- texts one after the other ------------------------------------------------------------------------------------

  /** Begins to write texts at a place; there is room for all of them. */
  beginTexts(to: number): void {
    this.#out = to;
  }

  /** The text at `from`, which stays as it is until {@link endTexts}. */
  addText(from: number, size: number): void {
    if (size > 0) this.#addPiece(from, size);
  }

  /** The 64 hexadecimal characters of a digest. */
  addHex(digest: Digest): void {
    this.#addPiece(digest, 0);
  }

  #addPiece(from: number, size: number): void {
    if (this.#pieceCount === PIECES) this.#splice();
    const words = this.#pieceWords;
    const at = 2 * this.#pieceCount++;
    words[at] = from;
    words[at + 1] = size;
  }

  #splice(): void {
    const words = this.#pieceWords;
    this.#keccak.splice(this.#pieces, this.#pieces + this.#pieceCount * PIECE_BYTES, this.#out);
    for (let i = 0; i < this.#pieceCount; i++) this.#out += words[2 * i + 1] || 64;
    this.#pieceCount = 0;
  }

  /** Writes what was added; where it ends. */
  endTexts(): number {
    this.#splice();
    return this.#out;
  }

  /** Copies a digest. */
  copy(from: Digest, to: Digest): Digest {
    if (from !== to) this.#bytes.copyWithin(to, from, from + 32);
    return to;
  }

  /** Order of two digests, which is that of their hexadecimal texts. */
  compare(a: Digest, b: Digest): number {
    const bytes = this.#bytes;
    for (let i = 0; i < 32; i++) {
      const difference = (bytes[a + i] as number) - (bytes[b + i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** The leaf of the hexadecimal text of a digest, at a given place. */
  leafHex(digest: Digest, out: Digest): void {
    this.#keccak.leafHex(digest, out);
  }

  // --- hashes put off: two at once cost little more than one -----------------------------------------------------------

  /** Puts off an inner node, see {@link runJobs}. */
  addNode(left: Digest, right: Digest, out: Digest): void {
    this.#add(Job.NODE, left, right, out);
  }

  /** Puts off the leaf of the hexadecimal text of a digest, see {@link runJobs}. */
  addLeafHex(digest: Digest, out: Digest): void {
    this.#add(Job.LEAF_HEX, digest, 0, out);
  }

  #add(what: number, a: Digest, b: Digest, out: Digest): void {
    if (this.#jobCount === JOBS) this.runJobs();
    const words = this.#jobWords;
    const at = this.#jobCount++ * 4;
    words[at] = what;
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = out;
  }

  /** Computes what was put off. None of it may need the result of another. */
  runJobs(): void {
    const count = this.#jobCount;
    if (count === 0) return;
    this.#jobCount = 0;
    const { run } = this.#keccak;
    const paired = run === undefined ? 0 : count - (count % 2);
    if (paired > 0) run?.(this.#jobs, this.#jobs + paired * JOB_BYTES);
    for (let i = paired; i < count; i++) {
      const words = this.#jobWords;
      const [what, a, b, out] = [words[4 * i], words[4 * i + 1], words[4 * i + 2], words[4 * i + 3]] as [
        number,
        Digest,
        Digest,
        Digest,
      ];
      if (what === Job.NODE) this.#keccak.node(a, b, out);
      else this.#keccak.leafHex(a, out);
    }
  }

  /**
   * The root over many leaves, at `out`. `leaves` is overwritten; `scratch` has room for half as many digests. Nothing
   * may be put off.
   */
  rootInto(leaves: Digest[], out: Digest, scratch: Digest): void {
    let count = leaves.length;
    while (count > 1) {
      let next = 0;
      for (let i = 0; i + 1 < count; i += 2) {
        const place = count === 2 ? out : scratch + 32 * next;
        // A place that is written has been read by then: neighbours are combined from the left.
        this.addNode(leaves[i] as Digest, leaves[i + 1] as Digest, place);
        leaves[next++] = place;
      }
      if (count % 2 === 1) leaves[next++] = leaves[count - 1] as Digest;
      count = next;
      this.runJobs();
    }
    this.copy(leaves[0] as Digest, out);
  }

  /** Room for temporary digests: everything placed after `mark()` is given back by `release(mark)`. */
  mark(): number {
    return this.#top;
  }

  release(mark: number): void {
    this.#top = mark;
  }

  /** SHA3-256 of `prefix` (when not negative) followed by `size` bytes that `write` puts into the buffer it is given. */
  #hash(prefix: number, bytes: Uint8Array, out: Digest): Digest {
    const keccak = this.#keccak;
    const memory = this.#bytes;
    keccak.reset();
    let at = 0;
    if (prefix >= 0) memory[BLOCK + at++] = prefix;
    let from = 0;
    for (;;) {
      const count = Math.min(RATE - at, bytes.length - from);
      memory.set(count === bytes.length ? bytes : bytes.subarray(from, from + count), BLOCK + at);
      at += count;
      from += count;
      if (at < RATE) break;
      keccak.absorb();
      at = 0;
    }
    memory.fill(0, BLOCK + at, BLOCK + RATE);
    memory[BLOCK + at] = 6;
    memory[BLOCK + RATE - 1] = (memory[BLOCK + RATE - 1] ?? 0) | 0x80;
    keccak.absorb();
    memory.copyWithin(out, 0, 32);
    return out;
  }

  /** Plain SHA3-256 of bytes. */
  hashBytes(bytes: Uint8Array): Digest {
    return this.#hash(-1, bytes, this.place());
  }

  /** The leaf of a byte string: SHA3-256 of 00 and the bytes. */
  leafBytes(bytes: Uint8Array): Digest {
    return this.#hash(0, bytes, this.place());
  }

  /** The leaf of a text in UTF-8. Digests in hexadecimal, which are nearly all, take a short way. */
  leafText(text: string): Digest {
    // 64 characters that make 64 bytes are ASCII.
    if (text.length === 64 && this.#bytes.write(text, this.#text, 256) === 64) {
      const out = this.place();
      this.#keccak.leafText(this.#text, out);
      return out;
    }
    return this.leafBytes(Buffer.from(text));
  }

  /** An inner node: SHA3-256 of 01, the left and the right digest. `out` may be one of them. */
  node(left: Digest, right: Digest, out: Digest): Digest {
    this.#keccak.node(left, right, out);
    return out;
  }

  /** The digest as 64 lower-case hexadecimal characters. */
  hex(digest: Digest): string {
    this.#keccak.hex(digest, this.#text);
    return this.#bytes.toString('latin1', this.#text, this.#text + 64);
  }

  /**
   * The root over leaves, which are overwritten: neighbours are paired from the left, an unpaired last one moves up
   * as it is. At least one leaf.
   */
  root(leaves: Digest[]): Digest {
    let count = leaves.length;
    const mark = this.#top;
    while (count > 1) {
      let next = 0;
      for (let i = 0; i + 1 < count; i += 2)
        leaves[next++] = this.node(leaves[i] as Digest, leaves[i + 1] as Digest, this.place());
      if (count % 2 === 1) leaves[next++] = leaves[count - 1] as Digest;
      count = next;
    }
    const root = leaves[0] as Digest;
    if (root < mark) return root;
    // Only the root stays; it moves to where the temporary nodes began.
    if (root !== mark) this.#bytes.copyWithin(mark, root, root + 32);
    this.#top = mark + 32;
    return mark;
  }
}
