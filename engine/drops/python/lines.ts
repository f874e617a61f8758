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
