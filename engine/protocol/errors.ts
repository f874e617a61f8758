/**
 * Errors for people and for the wire: a closed code, a message in whole sentences (what was expected, what was found,
 * where, what to do), plain details, a cause. The exception names of DALiuGE (spec/engine.md 11.2) are kept because
 * REST clients rebuild them by name.
 */

/** Codes of errors, grouped by the room that raises them. Unknown codes met on the wire stay readable as text. */
export type ErrorCode =
  | 'GRAPH_INVALID'
  | 'GRAPH_NOT_JSON'
  | 'GRAPH_TOO_LARGE'
  | 'GRAPH_CYCLE'
  | 'GRAPH_UNKNOWN_CLASS'
  | 'GRAPH_DANGLING_LINK'
  | 'GRAPH_DUPLICATE_OID'
  | 'RELATIONSHIP_INVALID'
  | 'TRANSLATION_FAILED'
  | 'DROP_INVALID'
  | 'DROP_STATE'
  | 'DROP_INCOMPLETE_SPEC'
  | 'DROP_BAD_IMPORT'
  | 'DROP_ENCODING'
  | 'DROP_PATH'
  | 'DROP_NOT_FOUND'
  | 'DROP_CHECKSUM'
  | 'APP_FAILED'
  | 'COMMAND_FAILED'
  | 'OUTPUT_CANCELLED'
  | 'PYTHON_UNAVAILABLE'
  | 'SESSION_UNKNOWN'
  | 'SESSION_EXISTS'
  | 'SESSION_STATE'
  | 'SESSION_INTERRUPTED'
  | 'STORE_NEWER'
  | 'STORE_LOCKED'
  | 'STORE_DAMAGED'
  | 'STORE_FULL'
  | 'STORE_PERMISSION'
  | 'STORE_FAILED'
  | 'REPRO_INVALID'
  | 'PROOF_INVALID'
  | 'BUNDLE_INVALID'
  | 'USAGE'
  | 'FILE_UNREADABLE'
  | 'OUT_OF_MEMORY'
  | 'PORT_IN_USE'
  | 'NOT_IMPLEMENTED'
  | 'CANCELLED'
  | 'TIMEOUT'
  | 'REMOTE'
  | 'INTERNAL';

export interface WeirErrorOptions {
  /** Plain data about the error: names, places, values. Crosses IPC and RPC as it is. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The base of every error Weir raises on purpose. */
export class WeirError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: WeirErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }

  /** The form in which an error crosses a border. */
  toJSON(): { code: string; name: string; message: string; details: Readonly<Record<string, unknown>> } {
    return { code: this.code, name: this.name, message: this.message, details: this.details };
  }
}

// --- the exception tree of DALiuGE (spec/engine.md 11.2) ---------------------------------------------------------

export class DaliugeException extends WeirError {}
export class DROPException extends DaliugeException {}
export class InvalidDROPState extends DROPException {
  constructor(message: string, options?: WeirErrorOptions) {
    super('DROP_STATE', message, options);
  }
}
export class BashAppRuntimeError extends DROPException {
  constructor(message: string, options?: WeirErrorOptions) {
    super('COMMAND_FAILED', message, options);
  }
}
export class OutputDROPCancelled extends DROPException {
  constructor(message: string, options?: WeirErrorOptions) {
    super('OUTPUT_CANCELLED', message, options);
  }
}
export class InvalidDropException extends DaliugeException {
  constructor(message: string, options?: WeirErrorOptions, code: ErrorCode = 'DROP_INVALID') {
    super(code, message, options);
  }
}
export class IncompleteDROPSpec extends InvalidDropException {
  constructor(message: string, options?: WeirErrorOptions) {
    super(message, options, 'DROP_INCOMPLETE_SPEC');
  }
}
export class BadModuleException extends InvalidDropException {
  constructor(message: string, options?: WeirErrorOptions) {
    super(message, options, 'DROP_BAD_IMPORT');
  }
}
export class InvalidEncodingException extends InvalidDropException {
  constructor(message: string, options?: WeirErrorOptions) {
    super(message, options, 'DROP_ENCODING');
  }
}
export class InvalidPathException extends InvalidDropException {
  constructor(message: string, options?: WeirErrorOptions) {
    super(message, options, 'DROP_PATH');
  }
}
export class InvalidGraphException extends DaliugeException {
  constructor(message: string, options?: WeirErrorOptions, code: ErrorCode = 'GRAPH_INVALID') {
    super(code, message, options);
  }
}
export class IncompleteGraphError extends InvalidGraphException {}
export class InvalidRelationshipException extends InvalidGraphException {
  constructor(message: string, options?: WeirErrorOptions) {
    super(message, options, 'RELATIONSHIP_INVALID');
  }
}
export class DropChecksumException extends DaliugeException {
  constructor(message: string, options?: WeirErrorOptions) {
    super('DROP_CHECKSUM', message, options);
  }
}
export class NoDropException extends DaliugeException {
  constructor(message: string, options?: WeirErrorOptions) {
    super('DROP_NOT_FOUND', message, options);
  }
}
export class SessionException extends DaliugeException {}
export class NoSessionException extends SessionException {
  constructor(sessionId: string) {
    super('SESSION_UNKNOWN', `There is no session "${sessionId}" here.`, { details: { sessionId } });
  }
}
export class SessionAlreadyExistsException extends SessionException {
  constructor(sessionId: string) {
    super(
      'SESSION_EXISTS',
      `A session "${sessionId}" exists already (the history keeps those that are over, too); choose another id.`,
      { details: { sessionId } },
    );
  }
}
export class InvalidSessionException extends SessionException {
  constructor(message: string, options?: WeirErrorOptions) {
    super('SESSION_STATE', message, options);
  }
}
export class InvalidSessionState extends SessionException {
  constructor(message: string, options?: WeirErrorOptions) {
    super('SESSION_STATE', message, options);
  }
}
export class SessionInterruptError extends SessionException {
  constructor(message: string, options?: WeirErrorOptions) {
    super('SESSION_INTERRUPTED', message, options);
  }
}
export class SubManagerException extends DaliugeException {
  constructor(message: string, options?: WeirErrorOptions) {
    super('REMOTE', message, options);
  }
}

/** The text of anything thrown, for people: never a stack trace. */
export function messageOf(error: unknown): string {
  // A name with several addresses, none of which takes a connection, says nothing itself.
  if (error instanceof AggregateError && error.message === '' && error.errors.length > 0)
    return error.errors.map(messageOf).join(', ');
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}

/** Whether `error` is one of ours, also across realms and bundles. */
export function isWeirError(error: unknown): error is WeirError {
  return (
    error instanceof Error && typeof (error as Partial<WeirError>).code === 'string' && 'details' in error
  );
}

/** Marks a place the types say cannot be reached. A bug of ours when it is. */
export function assertNever(value: never, what: string): never {
  throw new WeirError(
    'INTERNAL',
    `This is a fault of Weir: ${what} has the unexpected value ${String(value)}.`,
  );
}

/** Why a file of the user's could not be read, for the end of a sentence: from the code of the system's error. */
export function whyUnreadable(cause: unknown): string {
  switch ((cause as { code?: string }).code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'this user may not read it';
    case 'EISDIR':
      return 'it is a directory';
    case 'ENOSPC':
      return 'there is no room to write it aside for reading';
    default:
      return messageOf(cause);
  }
}
