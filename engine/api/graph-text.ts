/** The text of a session's graph, from memory or from the history. */
import type { GraphParser, PhysicalGraph } from '../graph/index.ts';
import type { SessionRow, Store } from '../store/index.ts';
import { NoSessionException } from '../protocol/index.ts';

export async function sessionRow(store: Store, sessionId: string): Promise<SessionRow> {
  const row = await store.session(sessionId);
  if (!row) throw new NoSessionException(sessionId);
  return row;
}

/** All of the text, in an array of its own. */
export async function graphText(store: Store, key: number): Promise<Uint8Array> {
  const pieces = await store.graph(key);
  const total = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
  const text = new Uint8Array(total);
  let at = 0;
  for (const { bytes } of pieces) {
    text.set(bytes, at);
    at += bytes.length;
  }
  return text;
}

/** Graphs of sessions that are looked at, parsed; the last few are kept. */
export class GraphCache {
  readonly #store: Store;
  readonly #parser: GraphParser;
  readonly #kept = new Map<number, Promise<PhysicalGraph>>();

  constructor(store: Store, parser: GraphParser) {
    this.#store = store;
    this.#parser = parser;
  }

  async get(key: number): Promise<PhysicalGraph> {
    const there = this.#kept.get(key);
    if (there) return there;
    const graph = graphText(this.#store, key).then((text) => this.#parser.parse(text));
    this.#kept.set(key, graph);
    graph.catch(() => this.#kept.delete(key));
    for (const old of [...this.#kept.keys()].slice(0, Math.max(0, this.#kept.size - 2)))
      this.#kept.delete(old);
    return graph;
  }

  forget(key: number): void {
    this.#kept.delete(key);
  }
}
