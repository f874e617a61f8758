/** Second pass: from ids to rows, and from links as they were listed at either end to edges that stand once. */
import {
  DROPLinkType,
  EdgeTable,
  INVERSE_LINK,
  LINK_SPEC_KEY,
  SpecKinds,
  type ErrorCode,
} from '../protocol/index.ts';
import { ByteIndex, hashBytes, sameBytes } from './byte-index.ts';
import type { LinkColumns, RowColumns } from './rows.ts';
import { textOf } from './spec-members.ts';

export interface ResolverHost {
  /** Takes a complaint; may throw. */
  readonly problem: (code: ErrorCode, message: string) => void;
  readonly warn: (message: string) => void;
}

export class LinkResolver {
  readonly index: ByteIndex;
  readonly consumers = new EdgeTable();
  readonly streaming = new EdgeTable();
  readonly outputs = new EdgeTable();
  readonly children = new EdgeTable();
  readonly #text: Uint8Array;
  readonly #rows: RowColumns;
  readonly #host: ResolverHost;
  /** Hash of every row's id. */
  readonly #hashes: Uint32Array;

  constructor(text: Uint8Array, rows: RowColumns, host: ResolverHost) {
    this.#text = text;
    this.#rows = rows;
    this.#host = host;
    this.index = ByteIndex.forRows(rows.count);
    this.#hashes = new Uint32Array(rows.count);
    for (let row = 0; row < rows.count; row++) this.#insert(row);
  }

  #insert(row: number): void {
    const start = this.#rows.oidStart[row] as number;
    const length = this.#rows.oidLength[row] as number;
    if (length === 0) return;
    const hash = hashBytes(this.#text, start, length);
    this.#hashes[row] = hash;
    if (this.index.insert(row, hash, (other) => this.#isId(other, start, length)) >= 0)
      this.#host.problem(
        'GRAPH_DUPLICATE_OID',
        `Two drops have the id "${this.#id(row)}"; every drop needs an id of its own.`,
      );
  }

  #isId(row: number, start: number, length: number): boolean {
    const rows = this.#rows;
    return (
      rows.oidLength[row] === length &&
      sameBytes(this.#text, rows.oidStart[row] as number, this.#text, start, length)
    );
  }

  #id(row: number): string {
    return textOf(this.#text, this.#rows.oidStart[row] as number, this.#rows.oidLength[row] as number);
  }

  /** The links that dropspecs list, in their order. */
  resolve(links: LinkColumns): void {
    const { count } = this.#rows;
    this.consumers.reserve(count, Math.ceil(links.count / 4));
    this.outputs.reserve(count, Math.ceil(links.count / 4));
    for (let i = 0; i < links.count; i++) {
      const start = links.start[i] as number;
      const length = links.length[i] as number;
      const row = links.row[i] as number;
      const type = links.type[i] as DROPLinkType;
      const other = this.#rowNear(row, start, length);
      if (other >= 0) this.#connect(type, other, row);
      else this.#dangling(row, type, textOf(this.#text, start, length));
    }
  }

  /** The row of an id; a look at the neighbours first, as lists mostly stand in the order of their links. */
  #rowNear(row: number, start: number, length: number): number {
    const hash = hashBytes(this.#text, start, length);
    if (this.#hashes[row - 1] === hash && this.#isId(row - 1, start, length)) return row - 1;
    if (this.#hashes[row + 1] === hash && this.#isId(row + 1, start, length)) return row + 1;
    return this.index.find(hash, (other) => this.#isId(other, start, length));
  }

  /**
   * A link to a drop that is not there. An output nobody made room for is lost but stops nothing, and graphs with such
   * run on DALiuGE; everything else that dangles is refused.
   */
  #dangling(row: number, type: DROPLinkType, target: string): void {
    if (type === DROPLinkType.OUTPUT)
      this.#host.warn(
        `Drop ${this.#id(row)} lists the output "${target}", which is not in the graph; the link is left out.`,
      );
    else
      this.#host.problem(
        'GRAPH_DANGLING_LINK',
        `Drop ${this.#id(row)} lists "${target}" among its "${LINK_SPEC_KEY[type]}", but the graph has no such drop; add it or remove the link.`,
      );
  }

  /** The dropspec of `row` lists `other` under the key of `type`. */
  #connect(type: DROPLinkType, other: number, row: number): void {
    const forward =
      type === DROPLinkType.CONSUMER ||
      type === DROPLinkType.STREAMING_CONSUMER ||
      type === DROPLinkType.OUTPUT ||
      type === DROPLinkType.CHILD;
    const [from, to] = forward ? [row, other] : [other, row];
    const table = this.#tableOf(forward ? type : (INVERSE_LINK[type] as DROPLinkType));
    if (table.has(from, to)) return;
    if (table !== this.children && !this.#fits(table === this.outputs, from, to)) return;
    table.add(from, to);
  }

  #tableOf(type: DROPLinkType): EdgeTable {
    if (type === DROPLinkType.CONSUMER) return this.consumers;
    if (type === DROPLinkType.STREAMING_CONSUMER) return this.streaming;
    return type === DROPLinkType.OUTPUT ? this.outputs : this.children;
  }

  #fits(isOutput: boolean, from: number, to: number): boolean {
    const app = (row: number) =>
      this.#rows.kind[row] === SpecKinds.app || this.#rows.kind[row] === SpecKinds.socket;
    const [appRow, dataRow] = isOutput ? [from, to] : [to, from];
    if (app(appRow) && !app(dataRow)) return true;
    this.#host.problem(
      'RELATIONSHIP_INVALID',
      `The link ${this.#id(from)} -> ${this.#id(to)} joins two ${app(appRow) ? 'applications' : 'data drops'}; data and applications must alternate. Put a ${app(appRow) ? 'data drop' : 'application'} between them.`,
    );
    return false;
  }
}
