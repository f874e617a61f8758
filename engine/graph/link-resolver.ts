/** Second pass: from ids to rows, and from links as they were listed at either end to edges that stand once. */
import {
  DROPLinkType,
  EdgeTable,
  INVERSE_LINK,
  LINK_SPEC_KEY,
  SpecKinds,
  type ErrorCode,
} from '../protocol/index.ts';
import { ByteIndex } from './byte-index.ts';
import type { LinkColumns, RowColumns } from './rows.ts';
import { textOf } from './spec-members.ts';

/** Links of a list, from its start on, for which a guess is kept. */
const GUESSED_PLACES = 16;
const TYPES = Object.keys(DROPLinkType).length;

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
  /** How far off the drop was that a link of this type led to, by its place in its list. */
  readonly #distances = new Int32Array(GUESSED_PLACES * TYPES);

  constructor(text: Uint8Array, rows: RowColumns, host: ResolverHost) {
    this.#text = text;
    this.#rows = rows;
    this.#host = host;
    const { oidStart, oidLength } = rows;
    this.index = ByteIndex.forRows(rows.count, { text, oidStart, oidLength });
    for (let row = 0; row < rows.count; row++) this.#insert(row);
  }

  #insert(row: number): void {
    if (this.#rows.oidLength[row] === 0 || this.index.insert(row) < 0) return;
    this.#host.problem(
      'GRAPH_DUPLICATE_OID',
      `Two drops have the id "${this.#id(row)}"; every drop needs an id of its own.`,
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
    let place = 0;
    for (let i = 0; i < links.count; i++) {
      const row = links.row[i] as number;
      const type = links.type[i] as DROPLinkType;
      place = i > 0 && links.row[i - 1] === row && links.type[i - 1] === type ? place + 1 : 0;
      const other = this.#rowOf(links, i, place);
      if (other >= 0) this.#connect(type, other, row);
      else this.#dangling(row, type, textOf(this.#text, links.start[i] as number, links.length[i] as number));
    }
  }

  /**
   * The row that a link names, or -1. The copies of a component mostly stand in the order of those they are linked to: the first
   * guess is the drop as far off as it was the last time.
   */
  #rowOf(links: LinkColumns, link: number, place: number): number {
    const start = links.start[link] as number;
    const length = links.length[link] as number;
    const row = links.row[link] as number;
    const kept = (links.type[link] as number) * GUESSED_PLACES + Math.min(place, GUESSED_PLACES - 1);
    const guess = row + (this.#distances[kept] as number);
    if (guess >= 0 && guess < this.#rows.count && this.index.isId(guess, this.#text, start, length))
      return guess;
    const found = this.index.find(this.#text, start, length);
    this.#distances[kept] = found - row;
    return found;
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
    const from = forward ? row : other;
    const to = forward ? other : row;
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
    const appRow = isOutput ? from : to;
    const dataRow = isOutput ? to : from;
    if (this.#isApp(appRow) && !this.#isApp(dataRow)) return true;
    this.#host.problem(
      'RELATIONSHIP_INVALID',
      `The link ${this.#id(from)} -> ${this.#id(to)} joins two ${this.#isApp(appRow) ? 'applications' : 'data drops'}; data and applications must alternate. Put ${this.#isApp(appRow) ? 'a data drop' : 'an application'} between them.`,
    );
    return false;
  }

  #isApp(row: number): boolean {
    const kind = this.#rows.kind[row];
    return kind === SpecKinds.app || kind === SpecKinds.socket;
  }
}
