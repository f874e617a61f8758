/**
 * A long list of which only pages near the viewport are held: the model below every virtual table. A page that is asked
 * for and not there is fetched; old pages are given back; a change of the query drops everything.
 */
import { toHostError, type HostError } from './errors.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}

export type FetchPage<T> = (offset: number, limit: number) => Promise<Page<T>>;

interface Slot<T> {
  items: T[];
  isStale: boolean;
  lastUse: number;
}

const PAGE_ROWS = 200;
const PAGES_KEPT = 40;

export class PagedRows<T> {
  readonly #onChange: () => void;
  #fetch: FetchPage<T>;
  #slots = new Map<number, Slot<T>>();
  readonly #pending = new Map<number, number>();
  /** Raised by each new query: answers to an older one are thrown away. */
  #generation = 0;
  #use = 0;
  #first = 0;
  #last = 0;
  total = 0;
  /** True once the first page of the present query has come. */
  isLoaded = false;
  error: HostError | undefined;

  constructor(fetch: FetchPage<T>, onChange: () => void) {
    this.#fetch = fetch;
    this.#onChange = onChange;
  }

  /** Starts over with another query. What was shown goes when the first answer has come, not before. */
  query(fetch: FetchPage<T>): void {
    this.#fetch = fetch;
    this.#generation++;
    this.#pending.clear();
    for (const slot of this.#slots.values()) slot.isStale = true;
    this.#first = 0;
    this.#last = 0;
    this.isLoaded = false;
    this.error = undefined;
    this.#request(0, true);
  }

  /** Asks again for what is in view; the other pages are asked for when they are scrolled to. */
  refresh(): void {
    for (const slot of this.#slots.values()) slot.isStale = true;
    this.show(this.#first, this.#last);
    if (this.#slots.size === 0) this.#request(0, false);
  }

  /** Tells which rows are in view, so that their pages are there or on their way. */
  show(first: number, last: number): void {
    this.#first = first;
    this.#last = last;
    for (let page = pageOf(first); page <= pageOf(Math.max(first, last)); page++) {
      const slot = this.#slots.get(page);
      if (slot !== undefined) slot.lastUse = ++this.#use;
      if (slot === undefined || slot.isStale) this.#request(page, false);
    }
  }

  /** The row at `index`, or undefined while its page is not there. */
  at(index: number): T | undefined {
    return this.#slots.get(pageOf(index))?.items[index % PAGE_ROWS];
  }

  /** Replaces rows that are held: `change` gives the new row, or the same one when nothing changed. */
  patch(change: (row: T) => T): void {
    for (const slot of this.#slots.values()) {
      for (const [index, row] of slot.items.entries()) slot.items[index] = change(row);
    }
    this.#onChange();
  }

  #request(page: number, isFirst: boolean): void {
    if (this.#pending.get(page) === this.#generation) return;
    this.#pending.set(page, this.#generation);
    void this.#load(page, this.#generation, isFirst);
  }

  async #load(page: number, generation: number, isFirst: boolean): Promise<void> {
    try {
      const { items, total } = await this.#fetch(page * PAGE_ROWS, PAGE_ROWS);
      if (generation !== this.#generation) return;
      if (isFirst) this.#slots.clear();
      this.#slots.set(page, { items: [...items], isStale: false, lastUse: ++this.#use });
      this.total = total;
      this.isLoaded = true;
      this.error = undefined;
      this.#giveBack();
    } catch (error) {
      if (generation !== this.#generation) return;
      this.error = toHostError(error);
    } finally {
      if (generation === this.#generation) this.#pending.delete(page);
    }
    this.#onChange();
  }

  #giveBack(): void {
    if (this.#slots.size <= PAGES_KEPT) return;
    const oldest = [...this.#slots].sort(([, a], [, b]) => a.lastUse - b.lastUse);
    for (const [page] of oldest.slice(0, this.#slots.size - PAGES_KEPT)) this.#slots.delete(page);
  }
}

const pageOf = (index: number): number => Math.floor(index / PAGE_ROWS);
