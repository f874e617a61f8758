/** Reads physical graphs: small ones at once, large ones on a thread of their own. */
import { Worker } from 'node:worker_threads';
import { InvalidGraphException, WeirError, type ErrorCode } from '../protocol/index.ts';
import { GraphBuilder, MAX_GRAPH_BYTES } from './graph-builder.ts';
import { isPacked, unpackGraph } from './packed.ts';
import { PhysicalGraph, type GraphColumns } from './physical-graph.ts';
import { foldedView, unfoldedView, type View } from './view.ts';

export interface ParseRequest {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** Asks for a drawing instead of the columns. */
  readonly view?: ViewRequest;
}
/** Asks for no answer. */
export interface PractiseRequest {
  readonly practise: true;
}
export interface ViewRequest {
  readonly folded: boolean;
  readonly limit: number;
}
export interface ParseAnswer {
  readonly id: number;
  readonly columns?: GraphColumns;
  readonly view?: View;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

/** Below this many bytes a graph is read at once: that takes less than 10 ms. */
const INLINE_BYTES = 256 * 1024;

interface Waiting {
  readonly resolve: (answer: ParseAnswer) => void;
  readonly reject: (error: unknown) => void;
}

export class GraphParser {
  #worker: Worker | undefined;
  #nextId = 1;
  readonly #waiting = new Map<number, Waiting>();

  /** Starts the thread, so that the first large graph finds it ready. */
  warmUp(): void {
    this.#thread();
  }

  /** Has the thread read some graphs of its own until the first real one, for its code to be compiled by then. */
  practise(): void {
    const request: PractiseRequest = { practise: true };
    this.#thread().postMessage(request);
  }

  /** The graph in `bytes` (JSON in UTF-8, or a zlib or gzip stream of it), which now belong to it. Throws InvalidGraphException. */
  async parse(bytes: Uint8Array): Promise<PhysicalGraph> {
    if (isSmall(bytes)) return build(bytes);
    const { columns } = await this.#ask({ bytes });
    return new PhysicalGraph(columns as GraphColumns);
  }

  /** A drawing of the graph in `bytes`, which are used up. */
  async view(bytes: Uint8Array, view: ViewRequest): Promise<View> {
    if (isSmall(bytes)) return makeView(build(bytes), view);
    return (await this.#ask({ bytes, view })).view as View;
  }

  #ask(request: Omit<ParseRequest, 'id'>): Promise<ParseAnswer> {
    const given = request.bytes;
    const isWhole = given.byteLength === given.buffer.byteLength && given.buffer instanceof ArrayBuffer;
    const bytes = isWhole ? given : given.slice();
    const worker = this.#thread();
    const id = this.#nextId++;
    worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ ...request, bytes, id }, [bytes.buffer as ArrayBuffer]);
    });
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker;
    const entry = import.meta.url.endsWith('.ts') ? './worker.ts' : './graph-worker.js';
    const worker = new Worker(new URL(entry, import.meta.url));
    worker.unref();
    worker.on('message', (answer: ParseAnswer) => this.#answer(worker, answer));
    worker.on('error', (error) => this.#broken(worker, error));
    worker.on('exit', () => this.#broken(worker, undefined));
    this.#worker = worker;
    return worker;
  }

  #answer(worker: Worker, answer: ParseAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) worker.unref();
    if (answer.error)
      waiting?.reject(
        new InvalidGraphException(
          answer.error.message,
          { details: answer.error.details },
          answer.error.code as ErrorCode,
        ),
      );
    else waiting?.resolve(answer);
  }

  #broken(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const error = new WeirError(
      'GRAPH_TOO_LARGE',
      'The graph could not be read: the thread that read it ended, most likely for want of memory.',
      { cause },
    );
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

/** How large a packed graph is nobody knows before it is unpacked. */
function isSmall(bytes: Uint8Array): boolean {
  return bytes.length < INLINE_BYTES && !isPacked(bytes);
}

/** @internal Reads a graph on this thread. */
export function build(bytes: Uint8Array): PhysicalGraph {
  const builder = new GraphBuilder();
  builder.add(unpackGraph(bytes, MAX_GRAPH_BYTES));
  return builder.finish();
}

/** @internal */
export function makeView(graph: PhysicalGraph, { folded, limit }: ViewRequest): View {
  return folded ? foldedView(graph, limit) : unfoldedView(graph, limit);
}
