/** Errors of the REST interface as DALiuGE's clients expect them: a status, and a type by name with its arguments (spec/managers.md 3.3). */
import {
  DaliugeException,
  InvalidGraphException,
  InvalidSessionState,
  isWeirError,
  messageOf,
  NoSessionException,
  SessionAlreadyExistsException,
} from '../protocol/index.ts';

export interface RestError {
  readonly status: number;
  readonly body: { readonly type: string; readonly args: readonly unknown[] };
}

/**
 * The answer for an error. `wrapped` routes are those where upstream hides what went wrong behind an
 * ErrorManagerCaughtException; its argument here is the reason, which upstream leaves out and its client shows.
 */
export function restError(error: unknown, wrapped: boolean): RestError {
  if (error instanceof NoSessionException)
    return { status: 404, body: { type: error.name, args: [error.details['sessionId']] } };
  if (error instanceof SessionAlreadyExistsException)
    return { status: 409, body: { type: error.name, args: [error.details['sessionId']] } };
  if (error instanceof DaliugeException && wrapped)
    return { status: 555, body: { type: 'ErrorManagerCaughtException', args: [error.message] } };
  if (error instanceof InvalidGraphException)
    return { status: 400, body: { type: 'InvalidGraphException', args: [error.message] } };
  if (error instanceof InvalidSessionState)
    return {
      status: 400,
      body: { type: error.name, args: [error.details['sessionId'] ?? '', error.message] },
    };
  if (isWeirError(error)) return { status: 555, body: { type: 'DaliugeException', args: [error.message] } };
  return { status: 500, body: { type: 'Exception', args: [messageOf(error)] } };
}
