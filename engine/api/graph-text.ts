/** The text of a session's graph, from memory or from the history. */
import type { GraphParser, PhysicalGraph } from '../graph/index.ts';
import type { SessionRow, Store } from '../store/index.ts';
import { NoSessionException, WeirError } from '../protocol/index.ts';

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

/**
 * Reads the text of a session's graph. Throws SESSION_STATE where the history has none, or not all of it: its process was
 * killed before the graph was kept.
 */
export async function readKept<T>(
  { sessionId, status }: SessionRow,
  text: Uint8Array,
  read: (text: Uint8Array) => Promise<T>,
): Promise<T> {
  const notKept = (what: string, cause?: unknown): WeirError =>
    new WeirError('SESSION_STATE', `${what} Run the graph from where it came from.`, {
      details: { sessionId, status },
      cause,
    });
  if (text.length === 0)
    throw notKept(`The history has no graph of session ${sessionId}: it was ${status} before one was kept.`);
  try {
    return await read(text);
  } catch (error) {
    if (status !== 'INTERRUPTED') throw error;
    throw notKept(
      `The history has not all of the graph of session ${sessionId}: Weir was ended while it was written down.`,
      error,
    );
  }
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

  async get(row: SessionRow): Promise<PhysicalGraph> {
    const { key } = row;
    const there = this.#kept.get(key);
    if (there) return there;
    const graph = graphText(this.#store, key).then((text) =>
      readKept(row, text, (whole) => this.#parser.parse(whole)),
    );
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
