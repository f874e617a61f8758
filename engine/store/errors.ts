/**
 * The errors of the store. What SQLite and the operating system say becomes one of the closed codes, with the file, the
 * reason, and what to do about it.
 */
import { messageOf, SessionAlreadyExistsException, WeirError, type ErrorCode } from '../protocol/index.ts';

/** An error as it crosses from the store's thread. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The form in which an error leaves the store's thread. */
export function toWire(error: WeirError): WireError {
  return { code: error.code, message: error.message, details: error.details };
}

/** Rebuilds an error that came from the store's thread. */
export function fromWire(error: WireError): WeirError {
  if (error.code === 'SESSION_EXISTS' && typeof error.details['sessionId'] === 'string') {
    return new SessionAlreadyExistsException(error.details['sessionId']);
  }
  return new WeirError(error.code as ErrorCode, error.message, { details: error.details });
}

/** A question or a write for a session the store does not have. */
export function unknownSession(key: number): WeirError {
  return new WeirError('SESSION_UNKNOWN', `The history has no session with the key ${key}.`, {
    details: { key },
  });
}

/** A batch that contradicts itself or what is stored: a fault of the engine, told before anything is written. */
export function badBatch(what: string, details: Readonly<Record<string, unknown>>): WeirError {
  return new WeirError('INTERNAL', `This is a fault of Weir: ${what}.`, { details });
}

export function newerSchema(file: string, found: number, known: number): WeirError {
  return new WeirError(
    'STORE_NEWER',
    `The history ${file} was written by a newer Weir (its schema is version ${found}, this Weir knows up to ${known}). ` +
      'Use the newer Weir, or choose another data folder; nothing was changed.',
    { details: { file, found, known } },
  );
}

export function foreignDatabase(file: string): WeirError {
  return new WeirError(
    'STORE_DAMAGED',
    `${file} is a SQLite database, but not one of Weir's. Move it away or choose another data folder; nothing was changed.`,
    { details: { file } },
  );
}

export function olderWeirRuns(file: string, pids: readonly number[]): WeirError {
  return new WeirError(
    'STORE_LOCKED',
    `The history ${file} has to be brought to the form of this Weir, but an older Weir is using it (process ${pids.join(', ')}). ` +
      'Close that one and try again; nothing was changed.',
    { details: { file, pids } },
  );
}

export function closedStore(file: string): WeirError {
  return new WeirError(
    'STORE_FAILED',
    `The history ${file} is closed: nothing can be read or written any more.`,
    {
      details: { file },
    },
  );
}

export function unfitRuntime(): WeirError {
  return new WeirError(
    'STORE_FAILED',
    `SQLite needs a Node with Node-API 10 (Node 22.14 or newer); this is Node ${process.versions.node} with Node-API ` +
      `${process.versions['napi'] ?? 'unknown'}. Start Weir with "npm start" or "npm run -s weir", which choose the right one.`,
    { details: { node: process.versions.node, napi: process.versions['napi'] ?? null } },
  );
}

/** Errors after which nothing can be written until the store is opened again. */
export function isLasting(error: WeirError): boolean {
  return (
    error.code === 'STORE_FULL' ||
    error.code === 'STORE_PERMISSION' ||
    error.code === 'STORE_DAMAGED' ||
    error.code === 'STORE_FAILED'
  );
}

/**
 * Whether a write failed for what it contains (a wrong type, a constraint) rather than for the state of the disk or the
 * file: then only this write fails, and not those committed with it.
 */
export function isFaultOfWrite(error: unknown): boolean {
  if (error instanceof WeirError || error instanceof TypeError || error instanceof RangeError) return true;
  return /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(codeOf(error));
}

/** An error of one write, told as a fault of the engine where it is none of ours yet. */
export function writeError(error: unknown, op: string): WeirError {
  if (error instanceof WeirError) return error;
  return new WeirError(
    'INTERNAL',
    `This is a fault of Weir: the store was given a wrong ${op} (${messageOf(error)}).`,
    {
      details: { op },
      cause: error,
    },
  );
}

/** What SQLite or the operating system said, as an error of ours. Errors that are ours already stay as they are. */
export function storeError(error: unknown, file: string): WeirError {
  if (error instanceof WeirError) return error;
  const reason = codeOf(error);
  const code = storeCode(reason);
  return new WeirError(code, `${sentences(code, file)} (${messageOf(error)}${reason ? `, ${reason}` : ''})`, {
    details: { file, reason },
    cause: error,
  });
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

function storeCode(reason: string): ErrorCode {
  // SQLITE_IOERR_SHMSIZE is what a full disk says when the WAL index cannot grow.
  if (/^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)/.test(reason)) return 'STORE_FULL';
  if (/^SQLITE_(BUSY|LOCKED)/.test(reason)) return 'STORE_LOCKED';
  if (/^(SQLITE_(CORRUPT|NOTADB)|Z_)/.test(reason)) return 'STORE_DAMAGED';
  if (
    /^(SQLITE_(READONLY|PERM|AUTH|CANTOPEN)|EACCES|EPERM|EROFS|EISDIR|ENOTDIR|EEXIST|ENOENT)/.test(reason)
  ) {
    return 'STORE_PERMISSION';
  }
  return 'STORE_FAILED';
}

function sentences(code: ErrorCode, file: string): string {
  switch (code) {
    case 'STORE_FULL':
      return `The disk (or the limit set for the history) is full: nothing more can be recorded in ${file}. What was recorded can still be read. Make room and start Weir again.`;
    case 'STORE_LOCKED':
      return `Another process holds the history ${file} and did not let go of it in time. Close what uses it and try again.`;
    case 'STORE_DAMAGED':
      return `${file} is damaged or is no database of Weir's. Move it away (keep it: "sqlite3 FILE .recover" may save much of it), or put a backup in its place.`;
    case 'STORE_PERMISSION':
      return `The history ${file} cannot be opened for writing. Check that its folder exists, is yours and may be written, or choose another with --data-dir.`;
    default:
      return `The history ${file} cannot be used.`;
  }
}
