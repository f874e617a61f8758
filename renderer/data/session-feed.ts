/** One session as it happens: a snapshot, then deltas, handed on at most once per frame. */
import type { ErrorInfo, LogEntry, SessionSummary } from '../../engine/api/contract.ts';
import { APP_STATE_NAMES, DROP_STATE_NAMES } from '../../engine/protocol/states.ts';
import type { Client } from './client.ts';
import type { HostError } from './errors.ts';

/** New states of one drop, by name. `execStatus` is null for data drops. */
export interface DropChange {
  readonly status: string;
  readonly execStatus: string | null;
}

/** All that came in since the last frame. */
export interface SessionUpdate {
  readonly summary: SessionSummary;
  /** By row of the drop. */
  readonly changes: ReadonlyMap<number, DropChange>;
  /** True when not every change is in `changes`: what is shown has to be asked for again. */
  readonly isIncomplete: boolean;
  readonly errors: readonly ErrorInfo[];
  readonly logs: readonly LogEntry[];
}

export interface SessionFeedListener {
  update(update: SessionUpdate): void;
  gone(): void;
  error(error: HostError): void;
}

/** Calls back before the next paint; the page's requestAnimationFrame, or a test's own. */
export type OnFrame = (action: () => void) => void;

/** Subscribes to a session. Returns the function that ends the subscription. */
export function followSession(
  client: Client,
  sessionId: string,
  listener: SessionFeedListener,
  onFrame: OnFrame = (action) => void requestAnimationFrame(action),
): () => void {
  let summary: SessionSummary | undefined;
  let changes = new Map<number, DropChange>();
  let isIncomplete = false;
  let errors: ErrorInfo[] = [];
  let logs: LogEntry[] = [];
  let isFramePlanned = false;
  let isOver = false;

  const flush = (): void => {
    isFramePlanned = false;
    if (isOver || summary === undefined) return;
    const update = { summary, changes, isIncomplete, errors, logs };
    changes = new Map();
    isIncomplete = false;
    errors = [];
    logs = [];
    listener.update(update);
  };

  const cancel = client.subscribe(
    'session',
    { sessionId },
    (message) => {
      if (message.type === 'gone') {
        isOver = true;
        listener.gone();
        return;
      }
      summary = message.summary;
      // A snapshot after a lost connection: whatever happened meanwhile has to be asked for.
      if (message.type === 'snapshot') isIncomplete = true;
      else {
        for (const [index, row] of message.rows.entries()) {
          changes.set(row, {
            status: DROP_STATE_NAMES[message.status[index] ?? -1] ?? 'INITIALIZED',
            execStatus: APP_STATE_NAMES[message.execStatus[index] ?? -1] ?? null,
          });
        }
        isIncomplete ||= message.overflow;
        errors.push(...message.errors);
        logs.push(...message.logs);
      }
      if (isFramePlanned) return;
      isFramePlanned = true;
      onFrame(flush);
    },
    (error) => listener.error(error),
  );
  return () => {
    isOver = true;
    cancel();
  };
}
