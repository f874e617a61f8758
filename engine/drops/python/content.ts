/** Results of Python functions in the Host: bytes, a file, or an object a worker still holds. */
import { readFile, rm } from 'node:fs/promises';
import { PythonObjectLost } from './errors.ts';
import type { Encoding } from './types.ts';

/** Bytes, or the file that holds them. */
export type Carried =
  | { readonly kind: 'bytes'; readonly data: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number };

export interface ContentDigest {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What a PyObject needs of its worker. */
export interface ObjectKeeper {
  readonly goneBecause: string | undefined;
  encodeObject(handle: number, encoding: Encoding): Promise<Carried>;
  releaseObject(handle: number): void;
}

/** An object a Python worker holds under a handle. */
export class PyObject {
  readonly handle: number;
  /** Whose result it is, for messages. */
  readonly label: string;
  readonly sizeBytes: number;
  readonly keeper: ObjectKeeper;
  readonly #carried = new Map<Encoding, Promise<Carried>>();
  #users = 0;
  #isReleased = false;
  #isMoved = false;

  constructor(keeper: ObjectKeeper, handle: number, label: string, sizeBytes: number) {
    this.keeper = keeper;
    this.handle = handle;
    this.label = label;
    this.sizeBytes = sizeBytes;
  }

  /** Whether the worker can still hand it over as it is. */
  get isThere(): boolean {
    return !this.#isReleased && !this.#isMoved && this.keeper.goneBecause === undefined;
  }

  /** Why it cannot. */
  get lostBecause(): string {
    return this.keeper.goneBecause ?? (this.#isMoved ? 'it was handed on' : 'it was released');
  }

  /** Whether the Host has the content already in this encoding. */
  hasCarried(encoding: Encoding): boolean {
    return this.#carried.has(encoding);
  }

  /** The worker wrote the object to files and let it go. */
  spilled(encoding: Encoding, carried: Carried): void {
    this.#carried.set(encoding, Promise.resolve(carried));
  }

  /** The content in one of the encodings the object was kept with. Throws PythonObjectLost. */
  async carried(encoding: Encoding): Promise<Carried> {
    let known = this.#carried.get(encoding);
    if (!known) {
      if (!this.isThere) throw new PythonObjectLost(this.label, this.lostBecause);
      known = this.keeper.encodeObject(this.handle, encoding);
      this.#carried.set(encoding, known);
      known.catch(() => this.#carried.delete(encoding));
    }
    return known;
  }

  /** @internal Contents share the object: the last one that goes takes it along. */
  retain(): void {
    this.#users++;
  }

  /** @internal */
  async release(): Promise<void> {
    if (--this.#users > 0 || this.#isReleased) return;
    this.#isReleased = true;
    if (this.keeper.goneBecause === undefined) this.keeper.releaseObject(this.handle);
    for (const known of this.#carried.values()) await known.then(discard, () => undefined);
  }

  /** @internal The worker gave the object to its last reader. */
  moved(): void {
    this.#isMoved = true;
  }
}

/** Removes the file of a content that nobody needs any more. */
export async function discard(carried: Carried): Promise<void> {
  if (carried.kind === 'file') await rm(carried.path, { force: true });
}

/**
 * A result in one encoding. Its bytes are made when somebody asks, and not at all where only Python functions in the
 * same worker read it. Must be released once.
 */
export class PyContent {
  readonly encoding: Encoding;
  readonly object: PyObject | undefined;
  readonly #carried: Carried | undefined;
  #isReleased = false;

  /** Exact size and SHA-256, where they were asked for and the content stays in the worker. */
  readonly digest: ContentDigest | undefined;

  constructor(
    encoding: Encoding,
    carried: Carried | undefined,
    object: PyObject | undefined,
    digest?: ContentDigest,
  ) {
    this.digest = digest;
    this.encoding = encoding;
    this.#carried = carried;
    this.object = object;
    object?.retain();
  }

  /** The bytes, where the Host has them already. */
  get data(): Uint8Array | undefined {
    return this.#carried?.kind === 'bytes' ? this.#carried.data : undefined;
  }

  /** The exact size in bytes where it is known, else an estimate. */
  get sizeBytes(): number {
    if (!this.#carried) return this.digest?.sizeBytes ?? this.object?.sizeBytes ?? 0;
    return this.#carried.kind === 'bytes' ? this.#carried.data.length : this.#carried.sizeBytes;
  }

  /** Whether nobody has needed the bytes so far. */
  get isLazy(): boolean {
    return this.#carried === undefined;
  }

  /** Why the content is gone with its worker; undefined where it can be had. */
  get lostBecause(): string | undefined {
    const { object } = this;
    if (this.#carried || !object || object.isThere || object.hasCarried(this.encoding)) return undefined;
    return object.lostBecause;
  }

  /** Bytes or file. Throws PythonObjectLost where the worker that held the object is gone. */
  async carried(): Promise<Carried> {
    return this.#carried ?? (this.object as PyObject).carried(this.encoding);
  }

  /** The same content for another owner, who releases it on its own. Only of contents that stay in the worker. */
  share(): PyContent {
    if (!this.isLazy) throw new TypeError('Only content that stays in a worker can be shared.');
    return new PyContent(this.encoding, undefined, this.object, this.digest);
  }

  /** All bytes in memory. */
  async bytes(): Promise<Uint8Array> {
    const carried = await this.carried();
    return carried.kind === 'bytes' ? carried.data : new Uint8Array(await readFile(carried.path));
  }

  /** Lets the worker forget the object and removes its files. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    if (this.#carried) await discard(this.#carried);
    await this.object?.release();
  }
}
