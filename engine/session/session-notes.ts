/** What is said of a session while it is built and run: log lines and errors, on their way to the history. */
import { isWeirError, messageOf } from '../protocol/index.ts';
import type { AbstractDROP, LogLevel } from '../drops/index.ts';
import type { Store, StoredError } from '../store/index.ts';
import type { Deployment } from './deployment.ts';

export interface SessionNotesOptions {
  readonly store: Store;
  /** Key of the session in the store. */
  readonly key: number;
  /** Its drops, once there are any. */
  readonly deployment: () => Deployment | undefined;
  readonly onProblem: (error: unknown) => void;
}

export class SessionNotes {
  readonly #options: SessionNotesOptions;
  /** The first thing that went wrong, in words. */
  firstError: string | undefined;

  constructor(options: SessionNotesOptions) {
    this.#options = options;
  }

  log(level: LogLevel, drop: AbstractDROP | undefined, message: string): void {
    const { store, key, deployment, onProblem } = this.#options;
    const entry = { at: Date.now(), level, row: drop ? drop._row : null, uid: drop?.uid ?? null, message };
    const deployed = deployment();
    if (deployed) deployed.recorder.log(entry);
    else store.recordLogs(key, [entry]).catch(onProblem);
  }

  /** An error of a drop, or of the session as a whole. */
  error(row: number | undefined, error: unknown): void {
    const { store, key, deployment, onProblem } = this.#options;
    const deployed = deployment();
    if (row !== undefined) deployed?.records.failed(row, messageOf(error));
    this.firstError ??= messageOf(error);
    const graph = row === undefined ? undefined : deployed?.graph;
    const stored: StoredError = {
      row: row ?? null,
      uid: graph?.uid(row as number) ?? null,
      name: graph?.name(row as number) ?? null,
      code: isWeirError(error) ? error.code : 'APP_FAILED',
      message: messageOf(error),
      detail: detailOf(error),
      at: Date.now(),
    };
    if (deployed) deployed.recorder.error(stored);
    else store.recordErrors(key, [stored]).catch(onProblem);
  }
}

/** Text a person may want beyond the message: what a command printed, where a Python function failed. */
function detailOf(error: unknown): string | null {
  if (!isWeirError(error)) return null;
  for (const key of ['traceback', 'stderr']) {
    const text = error.details[key];
    if (typeof text === 'string' && text !== '') return text;
  }
  return null;
}
