/** Specifications as the bytes they came as: a session of many drops is kept in few objects. */

/** Dropspecs as bytes: a stretch of a graph's text and where in it each one is. */
export interface SpecPage {
  readonly text: Uint8Array;
  readonly start: Uint32Array;
  readonly length: Uint32Array;
}

const MAX_KEYS = 65_535;

export class SpecStore {
  readonly #pages: SpecPage[] = [];
  readonly #first: number[] = [];
  readonly #keys: Uint16Array;
  #count = 0;

  constructor(count: number) {
    this.#keys = new Uint16Array(count);
  }

  get count(): number {
    return this.#count;
  }

  add(page: SpecPage): void {
    this.#first.push(this.#count);
    this.#pages.push(page);
    this.#count += page.start.length;
  }

  /** Where a specification is. */
  place(row: number): { readonly bytes: Uint8Array; readonly from: number; readonly end: number } {
    let [low, high] = [0, this.#pages.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#first[middle] as number) <= row) low = middle;
      else high = middle - 1;
    }
    const { text, start, length } = this.#pages[low] as SpecPage;
    const at = row - (this.#first[low] as number);
    const from = start[at] as number;
    return { bytes: text, from, end: from + (length[at] as number) };
  }

  text(row: number): string {
    const { bytes, from, end } = this.place(row);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', from, end);
  }

  /** Notes how many keys a specification has once it has been read; of equal ones the last counts. */
  setKeys(row: number, keys: number): void {
    this.#keys[row] = Math.min(keys, MAX_KEYS);
  }

  keys(row: number): number {
    return this.#keys[row] as number;
  }
}
