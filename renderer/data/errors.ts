/** Errors as they reach the window: a code, a sentence for people, plain details. */
import type { WireError } from '../../engine/api/contract.ts';

/** An error a Host (or the way to it) answered with. `code` is shown and can be copied. */
export class HostError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'HostError';
    this.code = code;
    this.details = details;
  }
}

/** Whether `value` looks like an error that crossed a border. */
export function isWireError(value: unknown): value is WireError {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message } = value as Partial<WireError>;
  return typeof code === 'string' && typeof message === 'string';
}

/** Rebuilds an error from whatever crossed the border, so that components meet one class only. */
export function toHostError(value: unknown): HostError {
  if (value instanceof HostError) return value;
  if (isWireError(value)) return new HostError(value.code, value.message, value.details ?? {});
  if (value instanceof Error) return new HostError('INTERNAL', value.message || value.name);
  return new HostError('INTERNAL', String(value));
}
