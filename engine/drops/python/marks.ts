/** Order between what a worker says on two pipes: frames on one, raw output of C code and child processes on the other. */
import type { Frame } from '../util/frames.ts';

/** A worker writes `\0weir NUMBER\n` behind the raw output of a call, before it answers with that number as `mark`. */
const MARK = Buffer.from('\0weir ', 'latin1');
const MARK_END = 0x0a;
/** Most bytes of a mark. */
const LONGEST = MARK.length + 16;

/** Who is told, in order. */
export interface OrderedListener {
  readonly frame: (frame: Frame) => void;
  /** Raw output without its marks. */
  readonly raw: (chunk: Buffer) => void;
}

/**
 * Tells of frames and raw output in the order they were made: raw output comes before the answer to the call that made
 * it, and behind the answer to the call before, whichever pipe was read first.
 */
export class OrderedOutput {
  readonly #listener: OrderedListener;
  /** Frames from the first on whose mark has not come. */
  readonly #frames: Frame[] = [];
  /** Raw output, and numbers of marks whose answer has not come. */
  readonly #raw: (Buffer | number)[] = [];
  /** What may be the beginning of a mark. */
  #rest: Buffer | undefined;

  constructor(listener: OrderedListener) {
    this.#listener = listener;
  }

  frame(frame: Frame): void {
    this.#frames.push(frame);
    this.#pump();
  }

  raw(chunk: Buffer): void {
    let data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    for (;;) {
      const at = data.indexOf(0);
      if (at < 0) break;
      const mark = markAt(data, at);
      if (mark === 'unfinished') {
        this.#rest = data.subarray(at);
        data = data.subarray(0, at);
        break;
      }
      const end = mark ? mark.end : at + 1;
      this.#add(data.subarray(0, mark ? at : end));
      if (mark) this.#raw.push(mark.number);
      data = data.subarray(end);
    }
    this.#add(data);
    this.#pump();
  }

  /** Nothing comes any more: tells of the rest. */
  end(): void {
    if (this.#rest) this.#add(this.#rest);
    this.#rest = undefined;
    this.#pump();
    for (const frame of this.#frames.splice(0)) this.#listener.frame(frame);
    for (const item of this.#raw.splice(0)) if (typeof item !== 'number') this.#listener.raw(item);
  }

  #add(data: Buffer): void {
    if (data.length > 0) this.#raw.push(data);
  }

  #pump(): void {
    for (;;) {
      const [item] = this.#raw;
      if (item !== undefined && typeof item !== 'number') {
        this.#raw.shift();
        this.#listener.raw(item);
        continue;
      }
      const [frame] = this.#frames;
      if (!frame) return;
      const mark = frame.header['mark'];
      if (typeof mark === 'number') {
        if (item === undefined) return;
        // Marks are in order. One that is too low is nobody's: something repeated what it had read.
        if (item <= mark) this.#raw.shift();
        if (item < mark) continue;
      }
      this.#frames.shift();
      this.#listener.frame(frame);
    }
  }
}

/** The mark that begins at `at`; undefined where the byte there is only output. */
function markAt(data: Buffer, at: number): { number: number; end: number } | 'unfinished' | undefined {
  const head = data.subarray(at, at + MARK.length);
  if (!head.equals(MARK.subarray(0, head.length))) return undefined;
  const end = data.indexOf(MARK_END, at);
  if (end < 0) return data.length - at < LONGEST ? 'unfinished' : undefined;
  const digits = data.toString('latin1', at + MARK.length, end);
  return /^\d+$/.test(digits) ? { number: Number(digits), end: end + 1 } : undefined;
}
