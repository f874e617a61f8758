/**
 * Makes a PhysicalGraph of one or more submitted lists of dropspecs: one pass over the bytes notes where everything is,
 * a second resolves the links. Every complaint names the drop (spec/engine.md section 8; issue "bad input").
 */
import { InvalidGraphException, type ErrorCode } from '../protocol/index.ts';
import { ByteReader } from './byte-reader.ts';
import { findCycle } from './cycles.ts';
import { LinkResolver } from './link-resolver.ts';
import { PhysicalGraph, type GraphColumns } from './physical-graph.ts';
import { SpecReader } from './spec-reader.ts';

/** Texts above this are refused: positions are 32-bit and the text is held while the session runs. */
export const MAX_GRAPH_BYTES = 2 ** 31 - 2 ** 20;

/** At most this many complaints are collected before the graph is given back. */
const MAX_PROBLEMS = 20;

export interface GraphProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

export class GraphBuilder {
  readonly #problems: GraphProblem[] = [];
  readonly #warnings: string[] = [];
  readonly #specs = new SpecReader((code, message) => this.#problem(code, message));
  #text = new Uint8Array(0);
  #textBytes = 0;

  /** Reads one submitted list (UTF-8 JSON). The bytes are kept, not copied, when they are the only ones. */
  add(bytes: Uint8Array): void {
    const base = this.#textBytes;
    if (base + bytes.length > MAX_GRAPH_BYTES)
      throw new InvalidGraphException(
        `The graph is ${((base + bytes.length) / 2 ** 30).toFixed(1)} GiB of text; at most ${(MAX_GRAPH_BYTES / 2 ** 30).toFixed(1)} GiB can be run. Split it into several sessions.`,
        { details: { bytes: base + bytes.length, limit: MAX_GRAPH_BYTES } },
        'GRAPH_TOO_LARGE',
      );
    if (base === 0) this.#text = bytes as Uint8Array<ArrayBuffer>;
    else {
      const joined = new Uint8Array(base + bytes.length);
      joined.set(this.#text.subarray(0, base));
      joined.set(bytes, base);
      this.#text = joined;
    }
    this.#textBytes = base + bytes.length;
    this.#specs.read(new ByteReader(bytes), base);
  }

  #problem(code: ErrorCode, message: string): void {
    this.#problems.push({ code, message });
    if (this.#problems.length >= MAX_PROBLEMS) this.#giveUp();
  }

  #giveUp(): never {
    const [first] = this.#problems;
    const more = this.#problems.length - 1;
    throw new InvalidGraphException(
      `${first?.message}${more > 0 ? ` (and ${more} more problem${more > 1 ? 's' : ''})` : ''}`,
      { details: { problems: this.#problems } },
      first?.code ?? 'GRAPH_INVALID',
    );
  }

  /** The finished graph. Throws InvalidGraphException with all problems found (`details.problems`). */
  finish(): PhysicalGraph {
    this.#joinPatches();
    const resolver = new LinkResolver(this.#text, this.#specs.members.rows, {
      problem: (code, message) => this.#problem(code, message),
      warn: (message) => {
        if (this.#warnings.length < MAX_PROBLEMS) this.#warnings.push(message);
      },
    });
    resolver.resolve(this.#specs.members.links);
    if (this.#problems.length > 0) this.#giveUp();
    const graph = new PhysicalGraph(this.#columns(resolver));
    const cycle = findCycle(graph);
    if (cycle) {
      const names = cycle.map((row) => graph.oid(row));
      this.#problem(
        'GRAPH_CYCLE',
        `The graph has a cycle: ${[...names.slice(0, 6), ...(names.length > 6 ? ['...'] : []), names[0]].join(' -> ')}. No drop of it could ever start; remove one of these links.`,
      );
      this.#giveUp();
    }
    return graph;
  }

  #columns(resolver: LinkResolver): GraphColumns {
    const { members, classes, nodes, reprodata } = this.#specs;
    const { rows, uids } = members;
    const { count } = rows;
    return {
      count,
      text: this.#text,
      textBytes: this.#textBytes,
      specStart: rows.specStart.slice(0, count),
      specLength: rows.specLength.slice(0, count),
      oidStart: rows.oidStart.slice(0, count),
      oidLength: rows.oidLength.slice(0, count),
      nameStart: rows.nameStart.slice(0, count),
      nameLength: rows.nameLength.slice(0, count),
      lgKeyStart: rows.lgKeyStart.slice(0, count),
      lgKeyLength: rows.lgKeyLength.slice(0, count),
      kind: rows.kind.slice(0, count),
      flags: rows.flags.slice(0, count),
      classId: rows.classId.slice(0, count),
      nodeId: rows.nodeId.slice(0, count),
      classes,
      nodes,
      uids,
      indexSlots: resolver.index.slots,
      indexHashes: resolver.index.hashes,
      consumers: resolver.consumers.export(),
      streaming: resolver.streaming.export(),
      outputs: resolver.outputs.export(),
      children: resolver.children.export(),
      reprodata,
      warnings: this.#warnings,
    };
  }

  /** Texts that had to be unescaped get their places behind the submitted ones. */
  #joinPatches(): void {
    const { patches, patchBytes, rows, links } = this.#specs.members;
    if (patchBytes === 0) return;
    const base = this.#textBytes;
    const text = new Uint8Array(base + patchBytes);
    text.set(this.#text.subarray(0, base));
    let at = base;
    for (const patch of patches) {
      text.set(patch, at);
      at += patch.length;
    }
    const settle = (starts: Uint32Array, count: number) => {
      for (let i = 0; i < count; i++) {
        const start = (starts[i] as number) | 0;
        if (start < 0) starts[i] = base - start - 1;
      }
    };
    for (const starts of [rows.oidStart, rows.nameStart, rows.lgKeyStart]) settle(starts, rows.count);
    settle(links.start, links.count);
    this.#text = text;
  }
}
