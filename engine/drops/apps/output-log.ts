/** Output of commands in the session log: line by line, and not without end. */
import type { AppDROP } from '../app-drop.ts';

/** What goes to the log of one stream of one run, in bytes. */
const LOGGED_BYTES = 64 << 10;

/** Takes pieces of a command's output and logs whole lines, until the log has had enough of them. */
export class OutputLog {
  readonly #app: AppDROP;
  readonly #streams = { stdout: { rest: '', logged: 0 }, stderr: { rest: '', logged: 0 } };

  constructor(app: AppDROP) {
    this.#app = app;
  }

  push(stream: 'stdout' | 'stderr', chunk: Uint8Array): void {
    const s = this.#streams[stream];
    if (s.logged > LOGGED_BYTES) return;
    s.logged += chunk.length;
    const lines = (s.rest + Buffer.from(chunk).toString('utf8')).split('\n');
    s.rest = lines.pop() ?? '';
    for (const line of lines) this.#line(stream, line);
    if (s.logged > LOGGED_BYTES) this.#line(stream, '... (further output is counted, not logged)');
  }

  /** The end of the output: lines without a line feed are logged too. */
  end(): void {
    for (const name of ['stdout', 'stderr'] as const) {
      const s = this.#streams[name];
      if (s.rest !== '' && s.logged <= LOGGED_BYTES) this.#line(name, s.rest);
      s.rest = '';
    }
  }

  #line(stream: 'stdout' | 'stderr', line: string): void {
    this.#app.context.log('info', this.#app, `${stream}: ${line}`);
  }
}
