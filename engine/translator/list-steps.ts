import type { ByteSource } from './byte-source.ts';
import { checkCancelled, GPGTException, type WorkOptions } from './errors.ts';
import { foldGraph } from './outline.ts';
import { partitionGraph, type PartitionResult } from './partition/index.ts';
import { MALFORMED_PLACE, readColumns, type PgtColumns } from './pgt-columns.ts';
import { ElementReader, elementsOf, type Element } from './pgt-scan.ts';
import { hostsFor, indicesAsHosts, neededOf, sizesOf, type Hosts } from './places.ts';
import type { Stepped, Steps } from './step-types.ts';

const PIECE_BYTES = 1 << 18;
const PROGRESS_EVERY = 4096;

/** Whether steps need nothing of a list of drops but its links and its places, so that its text need not be held. */
export function canStreamList(steps: Steps): boolean {
  const isDivided = steps.partition !== undefined || steps.map !== undefined;
  const needsObjects =
    steps.viewLabel !== undefined ||
    steps.schedule !== undefined ||
    steps.roots === true ||
    steps.partition?.visual === true ||
    steps.rmode !== undefined;
  return isDivided && !needsObjects;
}

/**
 * Divides and maps a physical graph of any length: it is read twice, first for its links, then to be written on with
 * the places put in, and never held. Throws what the same steps with the graph in memory throw; undefined when the
 * graph is signed, as its hashes would have to be made anew.
 */
export function takeListSteps(
  source: ByteSource,
  steps: Steps,
  work: WorkOptions = {},
): Stepped<Uint8Array> | undefined {
  const columns = readColumns(source, work);
  if (columns.isSigned) return undefined;
  const placed = placesOf(columns, steps, work);
  return {
    drops: columns.size,
    ...(placed.result === undefined ? {} : { result: placed.result }),
    ...(placed.sizes === undefined ? {} : { sizes: placed.sizes }),
    ...(placed.outline === undefined ? {} : { outline: placed.outline }),
    texts: new ListWriter(source, columns, placed, steps, work).pieces(),
  };
}

interface Placed {
  readonly result: PartitionResult | undefined;
  readonly sizes: number[] | undefined;
  readonly outline: Stepped['outline'];
  readonly hosts: Hosts;
  /** Index of node and island per drop; negative: what is there stays. */
  readonly node: Int32Array;
  readonly islandOf: (drop: number) => number;
}

function placesOf(columns: PgtColumns, steps: Steps, work: WorkOptions): Placed {
  const isMapped = steps.map !== undefined;
  const graph = steps.partition === undefined ? undefined : columns.graph();
  const found =
    graph === undefined ? undefined : partitionGraph(graph, { ...steps.partition, ...work } as never);
  if (found === undefined && isMapped) checkPlaces(columns);
  const node = found?.placement.node ?? columns.node;
  const islandOf =
    found === undefined
      ? (drop: number): number => columns.island[drop] ?? -1
      : (drop: number): number => found.placement.islandOfNode[node[drop] ?? 0] ?? 0;
  const needed = neededOf(node, islandOf);
  const outline =
    steps.outline === undefined
      ? undefined
      : foldGraph(
          graph ?? columns.graph(),
          (drop) => ({ ...columns.factsOf(drop), part: node[drop] ?? -1 }),
          steps.outline.limit,
        );
  return {
    result: found?.result,
    sizes: sizesOf(node),
    outline,
    hosts: steps.map === undefined ? indicesAsHosts(needed) : hostsFor(steps.map, needed),
    node,
    islandOf,
  };
}

function checkPlaces(columns: PgtColumns): void {
  for (const key of ['node', 'island'] as const) {
    const drop = columns[key].indexOf(MALFORMED_PLACE);
    if (drop < 0) continue;
    const oid = columns.oidOf(drop);
    throw new GPGTException('pgt-malformed', `Expected "${key}" of drop "${oid}" to be a text like "#0".`, {
      oid,
      fieldName: key,
    });
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

interface Spans {
  readonly node: Span | undefined;
  readonly island: Span | undefined;
}
const NO_SPANS: Spans = { node: undefined, island: undefined };

/** Writes the drops of a list on, with other values for `node` and `island`. */
class ListWriter {
  readonly #source: ByteSource;
  readonly #columns: PgtColumns;
  readonly #placed: Placed;
  readonly #steps: Steps;
  readonly #work: WorkOptions;
  readonly #reader = new ElementReader();
  /** Whether any drop had a place before: then its values are looked for, else they are put at the end. */
  readonly #hadPlaces: boolean;
  readonly #buffer = new PieceBuffer();

  constructor(source: ByteSource, columns: PgtColumns, placed: Placed, steps: Steps, work: WorkOptions) {
    this.#source = source;
    this.#columns = columns;
    this.#placed = placed;
    this.#steps = steps;
    this.#work = work;
    this.#hadPlaces = columns.hasPlace.some((bits) => bits !== 0);
  }

  *pieces(): Generator<Uint8Array, void, undefined> {
    const buffer = this.#buffer;
    buffer.text('[\n');
    let drop = 0;
    let trailer: Uint8Array | undefined;
    for (const element of elementsOf(this.#source)) {
      if (element.index % PROGRESS_EVERY === 0) {
        checkCancelled(this.#work.signal);
        this.#work.onProgress?.({ phase: 'write', done: drop, total: this.#columns.size });
      }
      if (this.#columns.others.has(element.index)) {
        trailer = element.bytes.slice(element.start, element.end);
        continue;
      }
      const spans = this.#hadPlaces ? this.#spansOf(element) : NO_SPANS;
      if (drop > 0) buffer.text(',\n');
      this.#write(element, drop, spans);
      drop++;
      if (buffer.length >= PIECE_BYTES) yield buffer.take();
    }
    const isEmpty = trailer !== undefined && /^\{\s*\}$/.test(Buffer.from(trailer).toString('latin1'));
    if (trailer !== undefined && !(isEmpty && this.#steps.dropsOnly === true)) {
      if (drop > 0) buffer.text(',\n');
      buffer.bytes(trailer, 0, trailer.length);
    }
    buffer.text('\n]\n');
    yield buffer.take();
  }

  /** Where the drop's values of `node` and `island` stand. */
  #spansOf(element: Element): Spans {
    const spans: { node: Span | undefined; island: Span | undefined } = {
      node: undefined,
      island: undefined,
    };
    this.#reader.read(element, (key, start, end) => {
      if (key === 'node' || key === 'island') spans[key] = { start, end };
    });
    return spans;
  }

  #write(element: Element, drop: number, spans: Spans): void {
    const { hosts, node, islandOf } = this.#placed;
    const { bytes, start, end } = element;
    // A drop without both keys is left alone when a graph is only mapped (spec/translator.md 13).
    const isPlaced = this.#steps.partition !== undefined || this.#columns.hasPlace[drop] === 3;
    const n = node[drop] ?? -1;
    const i = islandOf(drop);
    const changes: { key: string; span: Span | undefined; value: string }[] = [];
    if (isPlaced && n >= 0) changes.push({ key: 'node', span: spans.node, value: hosts.nodes[n] ?? '' });
    if (isPlaced && i >= 0)
      changes.push({ key: 'island', span: spans.island, value: hosts.islands[i] ?? '' });
    if (this.#steps.isPretty === true) return this.#writePretty(element, changes);
    let at = start;
    const inPlace = changes.filter((c) => c.span !== undefined);
    inPlace.sort((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
    for (const { span, value } of inPlace) {
      if (span === undefined) continue;
      this.#buffer.bytes(bytes, at, span.start);
      this.#buffer.text(JSON.stringify(value));
      at = span.end;
    }
    this.#buffer.bytes(bytes, at, end - 1);
    for (const { key, span, value } of changes) {
      if (span === undefined) this.#buffer.text(`,"${key}":${JSON.stringify(value)}`);
    }
    this.#buffer.text('}');
  }

  #writePretty({ bytes, start, end }: Element, changes: readonly { key: string; value: string }[]): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
    const drop = JSON.parse(text) as Record<string, unknown>;
    for (const { key, value } of changes) drop[key] = value;
    this.#buffer.text(JSON.stringify(drop, undefined, 2));
  }
}

/** Collects bytes and texts to pieces worth handing on. */
class PieceBuffer {
  #bytes = Buffer.allocUnsafe(2 * PIECE_BYTES);
  length = 0;

  text(text: string): void {
    this.#reserve(text.length * 3);
    this.length += this.#bytes.write(text, this.length, 'utf8');
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    this.#bytes.set(source.subarray(start, end), this.length);
    this.length += end - start;
  }

  take(): Uint8Array {
    const piece = new Uint8Array(this.length);
    piece.set(this.#bytes.subarray(0, this.length));
    this.length = 0;
    return piece;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.length + more));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}
