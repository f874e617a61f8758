/** Drawings of graphs that are looked at. What a graph looks like does not change; the states of its drops are added anew. */
import type { GraphParser, View } from '../graph/index.ts';
import type { SessionRow, Store } from '../store/index.ts';
import { graphText, readKept } from './graph-text.ts';

/** Drawings that are kept: each has a number for every drop. */
const KEPT = 4;

export class ViewCache {
  readonly #store: Store;
  readonly #parser: Pick<GraphParser, 'view'>;
  readonly #kept = new Map<string, Promise<View>>();

  constructor(store: Store, parser: Pick<GraphParser, 'view'>) {
    this.#store = store;
    this.#parser = parser;
  }

  /** The drawing of a session's graph; made when it is asked for first. Drops that were added since make another one. */
  get(row: SessionRow, folded: boolean, limit: number): Promise<View> {
    const name = `${row.key} ${row.drops} ${folded} ${limit}`;
    const there = this.#kept.get(name);
    // What was asked for last goes last.
    this.#kept.delete(name);
    const view = there ?? this.#make(row, folded, limit, name);
    this.#kept.set(name, view);
    for (const old of [...this.#kept.keys()].slice(0, Math.max(0, this.#kept.size - KEPT)))
      this.#kept.delete(old);
    return view;
  }

  #make(row: SessionRow, folded: boolean, limit: number, name: string): Promise<View> {
    const view = graphText(this.#store, row.key).then((text) =>
      readKept(row, text, (whole) => this.#parser.view(whole, { folded, limit })),
    );
    view.catch(() => this.#kept.delete(name));
    return view;
  }

  forget(key: number): void {
    for (const name of this.#kept.keys()) if (name.startsWith(`${key} `)) this.#kept.delete(name);
  }
}
