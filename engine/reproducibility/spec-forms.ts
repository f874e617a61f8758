/**
 * What specifications of a graph have in common. The copies of one component differ in their ids, links and coordinates;
 * the rest is the same text again and again. A form remembers that text once, with holes for what is a drop's own; the
 * next specifications are compared with it, stretch by stretch, instead of being read. Whatever follows from the text
 * outside the holes follows from the form, and is worked out once.
 */

/** Keys of specifications that records name drop by drop, or not at all. */
export const OWN_KEYS = [
  'oid', 'uid', 'name', 'humanReadableKey', 'iid', 'loop_ctx', 'rank', 'inputs', 'outputs', 'consumers', 'producers',
  'streamingConsumers', 'streamingInputs', 'streamingOutputs', 'streamingProducers', 'ports', 'parents', 'children',
  'reprodata',
] as const; // prettier-ignore

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [BRACE, BRACE_END, BRACKET, BRACKET_END] = [0x7b, 0x7d, 0x5b, 0x5d];
const SPACE = 0x20;
const LAST_ASCII = 0x7e;

/** Forms that are remembered: a graph has as many as logical nodes on places. */
const MAX_FORMS = 4096;
/** Holes of a form; specifications with more own keys are read one by one. */
const MAX_HOLES = 32;
/** Above so many bytes a native comparison is faster than a loop. */
const NATIVE_BYTES = 96;

export interface SpecForm {
  /** Number of the form, from 0 on. */
  readonly index: number;
  /** The keys whose values are holes, in the order of the text. */
  readonly holes: readonly string[];
  readonly text: Buffer;
  /** Where the values of the holes are in `text`. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Learns the forms of the specifications it is given. One per piece of work. */
export class SpecForms {
  readonly #own: ReadonlySet<string>;
  readonly #forms = new Map<string, SpecForm>();
  /** By form: the one that came after it last. */
  readonly #next: SpecForm[] = [];
  #last: SpecForm | undefined;
  /** Where the values of the holes of the specification read last are, in the bytes given. */
  readonly starts = new Uint32Array(MAX_HOLES);
  readonly ends = new Uint32Array(MAX_HOLES);

  /** `own`: keys of the outermost object whose values differ from drop to drop. */
  constructor(own: Iterable<string>) {
    this.#own = new Set(own);
  }

  /**
   * The form of the specification at [from, end) of `bytes`, which must be JSON; undefined where it has none: escapes or
   * characters beyond ASCII where its own values are, a key twice, or too many forms so far.
   */
  read(bytes: Uint8Array, from: number, end: number): SpecForm | undefined {
    const last = this.#last;
    const next = last && this.#next[last.index];
    let form: SpecForm | undefined;
    if (next !== undefined && this.#fits(next, bytes, from, end)) form = next;
    else if (last !== undefined && last !== next && this.#fits(last, bytes, from, end)) form = last;
    else form = this.#found(bytes, from, end);
    if (form === undefined) return undefined;
    if (last !== undefined) this.#next[last.index] = form;
    this.#last = form;
    return form;
  }

  #fits({ text, starts, ends }: SpecForm, bytes: Uint8Array, from: number, end: number): boolean {
    let at = from;
    let own = 0;
    for (let hole = 0; hole <= starts.length; hole++) {
      const to = hole === starts.length ? text.length : (starts[hole] as number);
      const size = to - own;
      if (at + size > end || !isSame(bytes, at, text, own, size)) return false;
      at += size;
      if (hole === starts.length) break;
      const stop = valueEnd(bytes, at, end);
      if (stop < 0) return false;
      this.starts[hole] = at;
      this.ends[hole] = stop;
      at = stop;
      own = ends[hole] as number;
    }
    return at === end;
  }

  /** The form of a text that is not the one expected: known or new. */
  #found(bytes: Uint8Array, from: number, end: number): SpecForm | undefined {
    if (this.#forms.size === MAX_FORMS) return undefined;
    const holes = this.#holes(bytes, from, end);
    if (holes === undefined) return undefined;
    let skeleton = '';
    let at = from;
    for (let hole = 0; hole < holes.length; hole++) {
      skeleton += `${latin(bytes, at, this.starts[hole] as number)}\u0000`;
      at = this.ends[hole] as number;
    }
    skeleton += latin(bytes, at, end);
    let form = this.#forms.get(skeleton);
    if (form === undefined) {
      const moved = (places: Uint32Array): number[] =>
        [...places.subarray(0, holes.length)].map((p) => p - from);
      form = {
        index: this.#forms.size,
        holes,
        text: Buffer.from(bytes.slice(from, end)),
        starts: moved(this.starts),
        ends: moved(this.ends),
      };
      this.#forms.set(skeleton, form);
    }
    return form;
  }

  /** The own keys of a specification, with the places of their values in `starts` and `ends`. */
  #holes(bytes: Uint8Array, from: number, end: number): string[] | undefined {
    const holes: string[] = [];
    const seen = new Set<string>();
    let at = from;
    if (bytes[at++] !== BRACE) return undefined;
    for (;;) {
      at = afterSpace(bytes, at, end);
      if (bytes[at] === BRACE_END) return at + 1 === end ? holes : undefined;
      if (bytes[at] === COMMA) at = afterSpace(bytes, at + 1, end);
      const keyEnd = bytes[at] === QUOTE ? textEnd(bytes, at, end, true) : -1;
      if (keyEnd < 0) return undefined;
      const key = latin(bytes, at + 1, keyEnd - 1);
      at = afterSpace(bytes, keyEnd, end);
      if (bytes[at] !== COLON || seen.has(key)) return undefined;
      seen.add(key);
      at = afterSpace(bytes, at + 1, end);
      const isOwn = this.#own.has(key);
      const to = isOwn ? valueEnd(bytes, at, end) : anyValueEnd(bytes, at, end);
      if (to < 0) return undefined;
      if (isOwn) {
        if (holes.length === MAX_HOLES) return undefined;
        this.starts[holes.length] = at;
        this.ends[holes.length] = to;
        holes.push(key);
      }
      at = to;
    }
  }
}

/** Bytes as a text, one character each: for ASCII, or as a key. */
export function latin(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1', from, to);
}

function isSame(a: Uint8Array, at: number, b: Buffer, from: number, size: number): boolean {
  if (size > NATIVE_BYTES) return b.compare(a, at, at + size, from, from + size) === 0;
  for (let i = 0; i < size; i++) if (a[at + i] !== b[from + i]) return false;
  return true;
}

function afterSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] as number) <= SPACE) at++;
  return at;
}

/** Behind the text whose opening quote is at `at`; -1 where it has escapes or, if `isPlain`, is not ASCII. */
function textEnd(bytes: Uint8Array, at: number, end: number, isPlain: boolean): number {
  for (let i = at + 1; i < end; i++) {
    const c = bytes[i] as number;
    if (c === QUOTE) return i + 1;
    if (c === BACKSLASH || c < SPACE || (isPlain && c > LAST_ASCII)) return -1;
  }
  return -1;
}

/** Behind a value of plain ASCII without escapes; -1 for others. */
export function valueEnd(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at];
  if (first === QUOTE) return textEnd(bytes, at, end, true);
  if (first !== BRACE && first !== BRACKET) return wordEnd(bytes, at, end);
  let depth = 0;
  for (let i = at; i < end; i++) {
    const c = bytes[i] as number;
    if (c === QUOTE) {
      i = textEnd(bytes, i, end, true) - 1;
      if (i < 0) return -1;
    } else if (c === BRACE || c === BRACKET) depth++;
    else if ((c === BRACE_END || c === BRACKET_END) && --depth === 0) return i + 1;
  }
  return -1;
}

/** Behind a value of any kind. */
function anyValueEnd(bytes: Uint8Array, at: number, end: number): number {
  let depth = 0;
  const first = bytes[at];
  if (first !== QUOTE && first !== BRACE && first !== BRACKET) return wordEnd(bytes, at, end);
  for (let i = at; i < end; i++) {
    const c = bytes[i] as number;
    if (c === QUOTE) {
      for (i++; i < end && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++;
      if (depth === 0) return i < end ? i + 1 : -1;
    } else if (c === BRACE || c === BRACKET) depth++;
    else if ((c === BRACE_END || c === BRACKET_END) && --depth === 0) return i + 1;
  }
  return -1;
}

function wordEnd(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  for (; i < end; i++) {
    const c = bytes[i] as number;
    if (c <= SPACE || c === COMMA || c === BRACE_END || c === BRACKET_END) break;
  }
  return i > at ? i : -1;
}
