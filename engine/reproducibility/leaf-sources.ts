/** Where the own leaves of a drop's block come from (physical-signer.ts). */

import { tupleText } from './python-repr.ts';
import type { Digest, Sha3Arena } from './sha3-arena.ts';

/** Values by drop with few distinct ones: `values[of[drop]]`. null is a root of no data. */
export interface Column {
  readonly values: readonly (string | null)[];
  readonly of: Uint32Array;
}

/** A leaf of each drop. */
export interface LeafSource {
  /** Where the leaf of a drop is, or will be when what was put off has been computed. */
  leaf(drop: number): Digest;
}

/** Texts remembered; those of contents are as many as drops and are not looked up. */
const MAX_KNOWN = 16_384;
const DIGEST = 32;

/** Leaves of root and block texts, each distinct one made once as long as they are few. */
export class KnownLeaves {
  readonly #arena: Sha3Arena;
  readonly #known = new Map<string | null, Digest>();
  readonly #pairs = new Map<number, Digest>();
  readonly #room: Digest;

  constructor(arena: Sha3Arena) {
    this.#arena = arena;
    this.#room = arena.room(MAX_KNOWN * DIGEST);
  }

  /** The leaf of a root or block text; null is hashed as "None". */
  of(text: string | null): Digest {
    let digest = this.#known.get(text);
    if (digest === undefined) {
      digest = this.#arena.leafText(text ?? 'None');
      if (this.#known.size === MAX_KNOWN) return digest;
      digest = this.#arena.copy(digest, this.#room + DIGEST * this.#known.size);
      this.#known.set(text, digest);
    }
    return digest;
  }

  /** The node over two remembered leaves, made once; 0 where one is not remembered. */
  pair(left: Digest, right: Digest): Digest {
    const [a, b] = [(left - this.#room) / DIGEST, (right - this.#room) / DIGEST];
    if (!(a >= 0 && a < MAX_KNOWN && b >= 0 && b < MAX_KNOWN)) return 0;
    const key = a * MAX_KNOWN + b;
    let node = this.#pairs.get(key);
    if (node === undefined) {
      node = this.#arena.place();
      this.#arena.node(left, right, node);
      if (this.#pairs.size < MAX_KNOWN) this.#pairs.set(key, node);
    }
    return node;
  }

  column({ values, of }: Column): LeafSource {
    const leaves = values.map((value) => this.of(value));
    return { leaf: (drop) => leaves[of[drop] as number] as Digest };
  }
}

/** Roots of what a drop contributes at its end where it has a status and perhaps a content, as leaves. */
export interface StatusLeaves {
  /** Of the status alone. */
  readonly status: Digest;
  /** Of the content alone; of nothing where there is none. */
  readonly content: Digest;
  /** Of both. */
  readonly both: Digest;
}

/** Makes {@link StatusLeaves}: hashes what `commitRuntimeData` would hash, without the texts in between. */
export class StatusLeafMaker {
  readonly #arena: Sha3Arena;
  readonly #known: KnownLeaves;
  readonly #status = new Map<number, { readonly digest: Digest; readonly leaf: Digest }>();
  readonly #last = new Map<number, { readonly dataHash: string | null; readonly leaves: StatusLeaves }>();

  constructor(arena: Sha3Arena, known: KnownLeaves) {
    this.#arena = arena;
    this.#known = known;
  }

  /** `dataHash`: SHA3-256 of the content in hexadecimal, null for what is not hashed. */
  of(status: number, dataHash: string | null): StatusLeaves {
    const place = status * 2 + (dataHash === null ? 0 : 1);
    const last = this.#last.get(place);
    if (last?.dataHash === dataHash) return last.leaves;
    const leaves = this.#make(status, dataHash);
    this.#last.set(place, { dataHash, leaves });
    return leaves;
  }

  #make(status: number, dataHash: string | null): StatusLeaves {
    const arena = this.#arena;
    let own = this.#status.get(status);
    if (own === undefined) {
      const digest = arena.leafText(tupleText('status', status));
      own = { digest, leaf: this.#leafOf(digest) };
      this.#status.set(status, own);
    }
    if (dataHash === null) return { status: own.leaf, content: this.#known.of(null), both: own.leaf };
    const data = arena.leafText(tupleText('data_hash', dataHash));
    return {
      status: own.leaf,
      content: this.#leafOf(data),
      both: this.#leafOf(arena.node(own.digest, data, arena.place())),
    };
  }

  #leafOf(digest: Digest): Digest {
    const place = this.#arena.place();
    this.#arena.leafHex(digest, place);
    return place;
  }
}
