/**
 * Canonical JSON (RFC 8785): one byte sequence per value, whoever writes it. Keys are sorted by UTF-16 code units, there
 * is no white space, numbers are as ECMAScript prints them.
 */

import { hash } from 'node:crypto';

import { WeirError } from '../protocol/index.ts';
import { PyFloat, PyTuple } from './python-json.ts';

function refuse(what: string): never {
  throw new WeirError('REPRO_INVALID', `${what} has no canonical form (RFC 8785), so it cannot be recorded.`);
}

function text(value: string): string {
  if (!value.isWellFormed()) refuse('A text with half a surrogate pair');
  return JSON.stringify(value);
}

/** Whether `JSON.stringify` gives the canonical form: keys are in order, and nothing is among them that JSON lacks. */
function isInOrder(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isInOrder);
  if (typeof value !== 'object' || 'toJSON' in value) return false;
  let last = '';
  for (const key in value) {
    if (key < last || !key.isWellFormed()) return false;
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined && !isInOrder(item)) return false;
    last = key;
  }
  return true;
}

/**
 * The canonical text of a JSON value. Keys set to undefined are left out. Throws REPRO_INVALID for what JSON cannot
 * say: NaN, infinities, half surrogate pairs, functions, bigints. See {@link portable} for data of unknown origin.
 */
export function canonicalJson(value: unknown): string {
  return isInOrder(value) ? JSON.stringify(value) : sorted(value);
}

function sorted(value: unknown): string {
  if (typeof value === 'string') return text(value);
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(`The number ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value === 'object') {
    const object = value as Record<string, unknown>;
    const entries: string[] = [];
    for (const key of Object.keys(object).sort())
      if (object[key] !== undefined) entries.push(`${text(key)}:${sorted(object[key])}`);
    return `{${entries.join(',')}}`;
  }
  return refuse(`A ${typeof value}`);
}

export function canonicalBytes(value: unknown): Buffer {
  return Buffer.from(canonicalJson(value));
}

/** SHA-256 of the canonical form, in hexadecimal. */
export function canonicalHash(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}

/** Plain SHA-256, in hexadecimal. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'hex');
}

/**
 * A value that has a canonical form, from one that may not: integers beyond 2^53, floats that are no JSON numbers and
 * half surrogate pairs become objects that name them, so that nothing is lost and nothing collides.
 */
export function portable(value: unknown): unknown {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return { $integer: value.toString() };
  if (value instanceof PyFloat) return portable(value.value);
  if (typeof value === 'number' && !Number.isFinite(value)) return { $float: String(value) };
  if (typeof value === 'string' && !value.isWellFormed())
    return { $utf16: Buffer.from(value, 'utf16le').toString('base64') };
  if (value instanceof PyTuple) return value.items.map(portable);
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(portable);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, portable(item)]),
    );
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return null;
  return value;
}
