/** The lists of dropspecs that a session was given, and the links added between them, until they are one graph. */
import { InvalidGraphException, type DROPLinkType } from '../protocol/index.ts';
import { isZlib, type PhysicalGraph } from '../graph/index.ts';
import type { Store } from '../store/index.ts';
import { joinLists, specsWithLinks, type ListedLink } from './joined-graph.ts';
import { reprodataText } from './reproducer.ts';
import { Slices } from './slices.ts';

/** The text of a graph goes to the store in pieces of this size. */
const PIECE_BYTES = 4 * 2 ** 20;

export interface SubmittedOptions {
  readonly store: Store;
  /** Key of the session in the store. */
  readonly key: number;
  /** Reads a list of dropspecs (JSON, or a zlib or gzip stream of it); uses the bytes up. */
  readonly parse: (bytes: Uint8Array) => Promise<PhysicalGraph>;
}

export interface AddOptions {
  /** Refuses a graph by throwing. */
  readonly check: (graph: PhysicalGraph) => Promise<void>;
  readonly later: boolean;
}

export class SubmittedLists {
  readonly #options: SubmittedOptions;
  #graphs: PhysicalGraph[] = [];
  /** Bytes of each list as it was submitted; its graph's text may have plain copies of escaped ids behind them. */
  #texts: Uint8Array[] = [];
  #links: ListedLink[] = [];
  /** Whether the history may have pieces of a list that was taken back. */
  #isTorn = false;
  #settled: Promise<void> = Promise.resolve();
  #kept: Promise<void> = Promise.resolve();

  constructor(options: SubmittedOptions) {
    this.#options = options;
  }

  get graphs(): readonly PhysicalGraph[] {
    return this.#graphs;
  }

  get texts(): readonly Uint8Array[] {
    return this.#texts;
  }

  /** Resolves when everything that was added is durable. */
  get kept(): Promise<void> {
    return this.#kept;
  }

  /** Resolves when every list that was given so far is added or refused. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /**
   * Adds a list, after those that were given before it; `check` may refuse its graph. Resolves when it is durable, or with
   * `later` when it is read and with the store: then `kept` tells. Throws InvalidGraphException, or what the store says, and
   * then nothing was added.
   */
  add(bytes: Uint8Array, options: AddOptions): Promise<PhysicalGraph> {
    const adding = this.#settled.then(() => this.#add(bytes, options));
    this.#settled = adding.then(
      () => undefined,
      () => undefined,
    );
    return adding;
  }

  async #add(bytes: Uint8Array, { check, later }: AddOptions): Promise<PhysicalGraph> {
    const packed = isZlib(bytes) ? bytes.slice() : undefined;
    const graph = await this.#options.parse(bytes);
    if (graph.count === 0 && !graph.reprodata)
      throw new InvalidGraphException('The graph is an empty list: it has no drops to run.');
    await check(graph);
    this.#refuseTwins(graph);
    const text = graph.columns.text.subarray(0, graph.columns.textBytes);
    const { kept } = await this.#handOver(text, packed);
    if (!later) await kept.catch((error: unknown) => this.#takeBack(error));
    this.#graphs.push(graph);
    this.#texts.push(text);
    this.#kept = Promise.all([this.#kept, kept]).then(() => undefined);
    // Whoever asks for `kept` hears of it; nobody may.
    this.#kept.catch(() => undefined);
    return graph;
  }

  #takeBack(error: unknown): never {
    this.#isTorn = true;
    throw error;
  }

  #refuseTwins(graph: PhysicalGraph): void {
    for (const before of this.#graphs)
      for (let row = 0; row < graph.count; row++)
        if (before.rowOf(graph.oid(row)) >= 0)
          throw new InvalidGraphException(
            `The session has a drop "${graph.oid(row)}" already; every drop needs an id of its own.`,
            { details: { oid: graph.oid(row) } },
            'GRAPH_DUPLICATE_OID',
          );
  }

  /**
   * Hands the submitted text to the store in pieces, so that no single copy blocks the thread. What comes next finds the
   * thread free again; `kept` tells when it is durable.
   */
  async #handOver(
    text: Uint8Array,
    packed: Uint8Array | undefined,
  ): Promise<{ readonly kept: Promise<unknown> }> {
    const { store, key } = this.#options;
    if (packed) return { kept: store.appendGraph(key, { bytes: packed, packed: true }) };
    const pieces: Promise<void>[] = [];
    const slices = new Slices();
    for (let at = 0; at < text.length; at += PIECE_BYTES) {
      const piece = store.appendGraph(key, { bytes: text.slice(at, at + PIECE_BYTES) });
      // Heard of below, where all of them are.
      piece.catch(() => undefined);
      pieces.push(piece);
      await store.drained(16 * PIECE_BYTES);
      if (slices.isOver) await slices.pause();
    }
    return { kept: Promise.all(pieces) };
  }

  /** "The dropspec of lhs lists rhs under `type`." Throws InvalidGraphException for drops that are in no list. */
  link(lhs: string, type: DROPLinkType, rhs: string): void {
    for (const oid of [lhs, rhs])
      if (!this.#graphs.some((graph) => graph.rowOf(oid) >= 0))
        throw new InvalidGraphException(
          `The session has no drop "${oid}" to link.`,
          { details: { oid } },
          'GRAPH_DANGLING_LINK',
        );
    this.#links.push({ lhs, type, rhs });
  }

  /** Oid and JSON of every dropspec in its order, with the links that were added. */
  *specs(): Generator<readonly [string, Uint8Array]> {
    const linked = specsWithLinks(this.#graphs, this.#links);
    for (const graph of this.#graphs)
      for (let row = 0; row < graph.count; row++)
        yield [graph.oid(row), linked.get(graph)?.get(row) ?? graph.specBytes(row)];
  }

  /** All lists as the one graph that is deployed; the history keeps it as one too. */
  async join(): Promise<PhysicalGraph> {
    const [only] = this.#graphs;
    if (this.#graphs.length === 1 && only && this.#links.length === 0 && !this.#isTorn) return only;
    const text = await joinLists(this.#graphs, this.#links, this.reprodata());
    await this.#kept;
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < text.length; at += PIECE_BYTES) pieces.push(text.slice(at, at + PIECE_BYTES));
    this.#kept = this.#options.store.replaceGraph(this.#options.key, pieces);
    const [graph] = await Promise.all([this.#options.parse(text), this.#kept]);
    this.#texts = [graph.columns.text.subarray(0, graph.columns.textBytes)];
    this.#graphs = [graph];
    this.#links = [];
    return graph;
  }

  /** JSON of the graph-level reproducibility data, as the last list that had any gave it. */
  reprodata(): string | null {
    const at = this.#graphs.findLastIndex((graph) => graph.reprodata !== undefined);
    const graph = this.#graphs[at];
    return graph ? reprodataText(graph, this.#texts[at] as Uint8Array) : null;
  }

  /** Gives the texts back. */
  clear(): void {
    this.#graphs = [];
    this.#texts = [];
    this.#links = [];
  }
}
