/**
 * A physical graph as columns: its text stays the bytes it came as, and everything the engine needs while it runs is
 * found by row. A drop's own JSON is parsed when somebody asks for it.
 */
import { EdgeTable, SpecKinds, type EdgeColumns, type JsonObject } from '../protocol/index.ts';
import { ByteIndex } from './byte-index.ts';

/** Bits of the `flags` column. */
export const SpecFlags = {
  /** Has a key that changes how the drop behaves. */
  PARAMETERS: 1,
  /** Contains NaN or Infinity: not plain JSON. */
  NON_FINITE: 2,
  /** `uid` differs from `oid`. */
  OWN_UID: 4,
} as const;

/** The columns of a graph: plain data that moves between threads without a copy. */
export interface GraphColumns {
  readonly count: number;
  /** The submitted text, and behind it ids that had to be unescaped. */
  readonly text: Uint8Array;
  /** How much of it was submitted, in bytes. */
  readonly textBytes: number;
  readonly specStart: Uint32Array;
  readonly specLength: Uint32Array;
  readonly oidStart: Uint32Array;
  readonly oidLength: Uint32Array;
  readonly nameStart: Uint32Array;
  readonly nameLength: Uint32Array;
  readonly lgKeyStart: Uint32Array;
  readonly lgKeyLength: Uint32Array;
  readonly kind: Uint8Array;
  readonly flags: Uint8Array;
  readonly classId: Uint16Array;
  readonly nodeId: Uint16Array;
  readonly classes: readonly string[];
  readonly nodes: readonly string[];
  readonly uids: ReadonlyMap<number, string>;
  readonly indexSlots: Int32Array;
  readonly indexHashes: Uint32Array;
  readonly consumers: EdgeColumns;
  readonly streaming: EdgeColumns;
  readonly outputs: EdgeColumns;
  readonly children: EdgeColumns;
  /** Graph-wide reproducibility data: the trailing element of the list. */
  readonly reprodata: JsonObject | undefined;
  /** Things that are odd but did not stop the graph: links to drops that are not there. */
  readonly warnings: readonly string[];
}

export class PhysicalGraph {
  readonly columns: GraphColumns;
  readonly consumers: EdgeTable;
  readonly streaming: EdgeTable;
  readonly outputs: EdgeTable;
  readonly children: EdgeTable;
  readonly #index: ByteIndex;

  constructor(columns: GraphColumns) {
    this.columns = columns;
    this.consumers = EdgeTable.import(columns.consumers);
    this.streaming = EdgeTable.import(columns.streaming);
    this.outputs = EdgeTable.import(columns.outputs);
    this.children = EdgeTable.import(columns.children);
    this.#index = new ByteIndex(columns.indexSlots, columns.indexHashes, columns);
  }

  get count(): number {
    return this.columns.count;
  }

  get reprodata(): JsonObject | undefined {
    return this.columns.reprodata;
  }

  oid(row: number): string {
    const { oidStart, oidLength } = this.columns;
    return this.#text(oidStart[row] as number, oidLength[row] as number);
  }

  uid(row: number): string {
    return this.columns.uids.get(row) ?? this.oid(row);
  }

  name(row: number): string {
    const { nameStart, nameLength } = this.columns;
    const length = nameLength[row] as number;
    return length === 0 ? this.oid(row) : this.#text(nameStart[row] as number, length);
  }

  lgKey(row: number): string {
    const { lgKeyStart, lgKeyLength } = this.columns;
    return this.#text(lgKeyStart[row] as number, lgKeyLength[row] as number);
  }

  classPath(row: number): string {
    return this.columns.classes[this.columns.classId[row] as number] as string;
  }

  node(row: number): string {
    return this.columns.nodes[this.columns.nodeId[row] as number] as string;
  }

  isApp(row: number): boolean {
    const kind = this.columns.kind[row];
    return kind === SpecKinds.app || kind === SpecKinds.socket;
  }

  hasFlag(row: number, flag: number): boolean {
    return ((this.columns.flags[row] as number) & flag) !== 0;
  }

  /** The row of an oid, or -1. */
  rowOf(oid: string): number {
    const key = Buffer.from(oid, 'utf8');
    return this.#index.find(key, 0, key.length);
  }

  /** The row of a uid, or -1. */
  rowOfUid(uid: string): number {
    for (const [row, own] of this.columns.uids) if (own === uid) return row;
    const row = this.rowOf(uid);
    return row >= 0 && this.columns.uids.has(row) ? -1 : row;
  }

  /** The bytes of a dropspec, as they were submitted. */
  specBytes(row: number): Uint8Array {
    const start = this.columns.specStart[row] as number;
    return this.columns.text.subarray(start, start + (this.columns.specLength[row] as number));
  }

  /** A dropspec, parsed anew. NaN and the infinities of Python's JSON become null. */
  spec(row: number): Record<string, unknown> {
    const bytes = this.specBytes(row);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    return JSON.parse(this.hasFlag(row, SpecFlags.NON_FINITE) ? withoutNonFinite(text) : text) as Record<
      string,
      unknown
    >;
  }

  /** Whether nothing is upstream of this row. */
  isRoot(row: number): boolean {
    return this.isApp(row)
      ? this.consumers.inDegree(row) + this.streaming.inDegree(row) === 0
      : this.outputs.inDegree(row) === 0;
  }

  /** Whether nothing is downstream of this row. */
  isLeaf(row: number): boolean {
    return this.isApp(row)
      ? this.outputs.outDegree(row) === 0
      : this.consumers.outDegree(row) + this.streaming.outDegree(row) === 0;
  }

  #text(start: number, length: number): string {
    const { text } = this.columns;
    return Buffer.from(text.buffer, text.byteOffset + start, length).toString('utf8');
  }
}

/** Replaces the number words that JSON does not have, outside of strings. */
function withoutNonFinite(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)/g, (found) =>
    found.startsWith('"') ? found : 'null',
  );
}
