/**
 * JSON text into the layout of `reprodata.out` without making values of it: for specifications in plain ASCII, which are
 * nearly all, that is many times as fast as reading and writing them.
 */

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [BRACE, BRACE_END, BRACKET, BRACKET_END] = [0x7b, 0x7d, 0x5b, 0x5d];
const [NEWLINE, SPACE, MINUS, ZERO, NINE] = [0x0a, 0x20, 0x2d, 0x30, 0x39];
const INDENT = 4;

const MAX_DEPTH = 512;
/** Room that is kept for single characters. */
const MARGIN = 1024;

/** A value of the outermost object: where it is in what was read, and in what was written. */
export interface Member {
  readonly from: number;
  readonly to: number;
  readonly outFrom: number;
  readonly outTo: number;
}

/** Writes JSON anew, indented by four. One per piece of work. */
export class JsonIndenter {
  #out = new Uint8Array(1 << 14);
  #at = 0;
  readonly #isObject = new Uint8Array(MAX_DEPTH);
  readonly #wanted: ReadonlyMap<string, Uint8Array>;
  /** Of the last call: how many keys the outermost object has, and where the values of those asked for are. */
  keys = 0;
  readonly members = new Map<string, Member>();

  /** `wanted`: keys of the outermost object whose values are noted. */
  constructor(wanted: readonly string[] = []) {
    this.#wanted = new Map(wanted.map((key) => [key, Buffer.from(key)]));
  }

  /** What was written last. Holds until the next call. */
  get text(): Uint8Array {
    return this.#out.subarray(0, this.#at);
  }

  /**
   * Writes the value at [from, end) of `bytes` as Python's `json.dumps` would, at a level. False where that takes more
   * than moving white space: escapes, characters beyond ASCII, numbers with a fraction or an exponent. The text must be
   * JSON.
   */
  indent(bytes: Uint8Array, from: number, end: number, level: number): boolean {
    this.#at = 0;
    this.keys = 0;
    this.members.clear();
    let depth = 0;
    let isFirst = false;
    let isKey = false;
    let open: Omit<Member, 'to' | 'outTo'> & { readonly key: string } = NOBODY;
    let key: string | undefined;
    for (let i = from; i < end; i++) {
      const c = bytes[i] as number;
      if (c <= SPACE) continue;
      if (c === COLON) {
        this.#put(COLON);
        this.#put(SPACE);
        isKey = false;
        if (key !== undefined) open = { key, from: i + 1, outFrom: this.#at };
        key = undefined;
        continue;
      }
      const isEnd = c === BRACE_END || c === BRACKET_END;
      if (depth === 1 && open !== NOBODY && (isEnd || c === COMMA)) {
        this.members.set(open.key, { ...open, to: i, outTo: this.#at });
        open = NOBODY;
      }
      if (isEnd) {
        depth--;
        if (!isFirst) this.#line(level + depth);
        this.#put(c);
        isFirst = false;
      } else if (c === COMMA) {
        this.#put(COMMA);
        this.#line(level + depth);
        isKey = this.#isObject[depth] === 1;
      } else {
        // The first value of a container begins a line.
        if (isFirst) this.#line(level + depth);
        isFirst = c === BRACE || c === BRACKET;
        if (isFirst) {
          this.#put(c);
          if (++depth === MAX_DEPTH) return false;
          isKey = c === BRACE;
          this.#isObject[depth] = isKey ? 1 : 0;
          continue;
        }
        const to = c === QUOTE ? textEnd(bytes, i + 1, end) : wordEnd(bytes, i, end);
        if (to < 0) return false;
        if (isKey && depth === 1) {
          this.keys++;
          key = this.#wantedKey(bytes, i + 1, to - 1);
        }
        this.#copy(bytes, i, to);
        i = to - 1;
      }
    }
    return true;
  }

  #wantedKey(bytes: Uint8Array, from: number, to: number): string | undefined {
    for (const [key, own] of this.#wanted) {
      if (own.length !== to - from) continue;
      let i = 0;
      while (i < own.length && own[i] === bytes[from + i]) i++;
      if (i === own.length) return key;
    }
    return undefined;
  }

  #line(level: number): void {
    const end = this.#at + 1 + INDENT * level;
    while (this.#out.length < end + MARGIN) this.#enlarge();
    this.#put(NEWLINE);
    this.#out.fill(SPACE, this.#at, end);
    this.#at = end;
  }

  #put(c: number): void {
    this.#out[this.#at++] = c;
  }

  #copy(bytes: Uint8Array, from: number, to: number): void {
    while (this.#out.length - this.#at < to - from + MARGIN) this.#enlarge();
    const out = this.#out;
    let at = this.#at;
    for (let i = from; i < to; i++) out[at++] = bytes[i] as number;
    this.#at = at;
  }

  #enlarge(): void {
    const more = new Uint8Array(this.#out.length * 2);
    more.set(this.#out);
    this.#out = more;
  }
}

const NOBODY = { key: '', from: 0, outFrom: 0 };

/** Behind the closing quote of a text of plain ASCII without escapes; -1 for others. */
function textEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let i = from; i < end; i++) {
    const c = bytes[i] as number;
    if (c === QUOTE) return i + 1;
    if (c === BACKSLASH || c < SPACE || c > 0x7e) return -1;
  }
  return -1;
}

/** The end of an integer, or of true, false or null; -1 for other words and numbers. */
function wordEnd(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  const first = bytes[i] as number;
  if (first === MINUS || (first >= ZERO && first <= NINE)) {
    if (first === MINUS) i++;
    // Python has no integer -0.
    if (first === MINUS && bytes[i] === ZERO) return -1;
    while (i < end && (bytes[i] as number) >= ZERO && (bytes[i] as number) <= NINE) i++;
    const next = bytes[i];
    return next === 0x2e || next === 0x65 || next === 0x45 ? -1 : i;
  }
  while (i < end && (bytes[i] as number) >= 0x61 && (bytes[i] as number) <= 0x7a) i++;
  return i > from ? i : -1;
}
