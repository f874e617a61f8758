/** What the command prints, and where: one JSON document or a text on standard output, everything else on standard error. */
import { isWeirError, messageOf } from '../protocol/index.ts';

/** Exit statuses of `weir` (design/cli.md). */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Prints one JSON document. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

let noted = '';

/** A line for people that is no part of the result. It is not said twice in a row: a problem may also be why the call failed. */
export function note(text: string): void {
  if (text === noted) return;
  noted = text;
  process.stderr.write(`${text}\n`);
}

/** Codes of errors that mean the work failed, not that the call was wrong. */
const WORK_FAILED = new Set([
  'APP_FAILED',
  'COMMAND_FAILED',
  'TIMEOUT',
  'CANCELLED',
  'REMOTE',
  'SESSION_INTERRUPTED',
  'PYTHON_UNAVAILABLE',
  'DROP_CHECKSUM',
  'PROOF_INVALID',
]);

/** Says what went wrong, in a line or two, and answers the exit status. A stack trace is shown only with WEIR_DEBUG. */
export function complain(error: unknown): number {
  note(`weir: ${messageOf(error)}`);
  if (process.env['WEIR_DEBUG'] && error instanceof Error) note(error.stack ?? '');
  // The call is over: what is said after it belongs to another one.
  noted = '';
  if (isWeirError(error)) return WORK_FAILED.has(error.code) ? EXIT.failed : EXIT.usage;
  return EXIT.failed;
}

const PROGRESS_MS = 200;

/** Follows a translation on one line of a terminal; elsewhere it says nothing, and neither does it for short work. */
export function translationProgress(): (progress: {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}) => void {
  let last = performance.now();
  return ({ phase, done, total }) => {
    if (!process.stderr.isTTY || performance.now() - last < PROGRESS_MS) return;
    last = performance.now();
    process.stderr.write(`\r${phase} ${done}${total > 0 ? ` of ${total}` : ''}\u001b[K\r`);
  };
}

export function bytesText(bytes: number | null): string {
  if (bytes === null) return '';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

export function timeText(at: number | null): string {
  return at === null ? '' : new Date(at).toISOString().replace('T', ' ').slice(0, 19);
}

/** An error of a drop, or of the session as a whole. */
export function errorText(error: {
  readonly name: string | null;
  readonly uid: string | null;
  readonly message: string;
}): string {
  const who = error.name ?? error.uid;
  return who === null ? error.message : `${who}: ${error.message}`;
}

/** A table in columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] as number))
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
