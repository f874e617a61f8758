/** Cuts output into lines as it arrives. */
import { StringDecoder } from 'node:string_decoder';

/** A line longer than this is passed on in parts. */
const MAX_LINE = 16 * 1024;

export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    this.pushText(this.#decoder.write(chunk));
  }

  pushText(text: string): void {
    const parts = (this.#rest + text).split('\n');
    this.#rest = parts.pop() ?? '';
    for (const line of parts) this.#emit(line);
    if (this.#rest.length > MAX_LINE) {
      this.#emit(this.#rest);
      this.#rest = '';
    }
  }

  /** Passes on a last line without a line end. */
  end(): void {
    if (this.#rest) this.#emit(this.#rest);
    this.#rest = '';
  }

  #emit(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += MAX_LINE)
      this.#onLine(line.slice(at, at + MAX_LINE).replace(/\r$/, ''));
  }
}

/** What goes to the log of one stream of one call, in characters. */
const MOST_LOGGED = 256 * 1024;

/** The lines of one stream for a log, which does not take them without end. */
export class LoggedLines {
  readonly #lines: LineSplitter;
  readonly #onLine: (line: string) => void;
  #left = MOST_LOGGED;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
    this.#lines = new LineSplitter(onLine);
  }

  push(chunk: Buffer): void {
    if (this.#left > 0) this.#lines.push(chunk.subarray(0, this.#left));
    this.#spend(chunk.length);
  }

  pushText(text: string): void {
    if (this.#left > 0) this.#lines.pushText(text.slice(0, this.#left));
    this.#spend(text.length);
  }

  #spend(length: number): void {
    if (this.#left <= 0) return;
    this.#left -= length;
    if (this.#left > 0) return;
    this.#lines.end();
    this.#onLine('... (further output is not logged)');
  }

  /** Passes on a last line without a line end. */
  end(): void {
    this.#lines.end();
  }

  /** The next call: as much again is logged. */
  restart(): void {
    this.#left = MOST_LOGGED;
  }
}
