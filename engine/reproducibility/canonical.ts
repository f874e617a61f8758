/**
 * Canonical JSON (RFC 8785): one byte sequence per value, whoever writes it. Keys are sorted by UTF-16 code units, there
 * is no white space, numbers are as ECMAScript prints them.
 */

import { createHash } from 'node:crypto';

import { WeirError } from '../protocol/index.ts';
import { PyFloat, PyTuple } from './python-json.ts';

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function refuse(what: string): never {
  throw new WeirError('REPRO_INVALID', `${what} has no canonical form (RFC 8785), so it cannot be recorded.`);
}

function text(value: string): string {
  if (LONE_SURROGATE.test(value)) refuse('A text with half a surrogate pair');
  return JSON.stringify(value);
}

/**
 * The canonical text of a JSON value. Keys set to undefined are left out. Throws REPRO_INVALID for what JSON cannot
 * say: NaN, infinities, half surrogate pairs, functions, bigints. See {@link portable} for data of unknown origin.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return text(value);
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(`The number ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    let out = '';
    for (const item of value as readonly unknown[]) out += `${out && ','}${canonicalJson(item)}`;
    return `[${out}]`;
  }
  if (typeof value === 'object') {
    const object = value as Record<string, unknown>;
    let out = '';
    for (const key of Object.keys(object).sort())
      if (object[key] !== undefined) out += `${out && ','}${text(key)}:${canonicalJson(object[key])}`;
    return `{${out}}`;
  }
  return refuse(`A ${typeof value}`);
}

export function canonicalBytes(value: unknown): Buffer {
  return Buffer.from(canonicalJson(value));
}

/** SHA-256 of the canonical form, in hexadecimal. */
export function canonicalHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** Plain SHA-256, in hexadecimal. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * A value that has a canonical form, from one that may not: integers beyond 2^53, floats that are no JSON numbers and
 * half surrogate pairs become objects that name them, so that nothing is lost and nothing collides.
 */
export function portable(value: unknown): unknown {
  if (typeof value === 'bigint') return { $integer: value.toString() };
  if (value instanceof PyFloat) return portable(value.value);
  if (typeof value === 'number' && !Number.isFinite(value)) return { $float: String(value) };
  if (typeof value === 'string' && LONE_SURROGATE.test(value))
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
