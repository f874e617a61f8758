/** Values on their way between RPC peers: JSON, with bytes beside it and whole numbers of any size. */
import { WeirError } from '../../protocol/index.ts';

const BYTES = '$bytes';
const INTEGER = '$int';

/** `value` as JSON has it; bytes go to `attachments`. Throws NOT_IMPLEMENTED for what cannot travel. */
export function packed(value: unknown, attachments: Uint8Array[]): unknown {
  if (value instanceof Uint8Array) return { [BYTES]: attachments.push(value) - 1 };
  if (typeof value === 'bigint') return { [INTEGER]: String(value) };
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new WeirError('NOT_IMPLEMENTED', `A ${typeof value} cannot be sent to another process.`);
  if (value === undefined || value === null || typeof value !== 'object') return value ?? null;
  if (Array.isArray(value)) return value.map((item) => packed(item, attachments));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new WeirError(
      'NOT_IMPLEMENTED',
      `A ${value.constructor.name} cannot be sent to another process; send plain data.`,
    );
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, packed(item, attachments)]));
}

export function unpacked(value: unknown, attachments: readonly Uint8Array[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => unpacked(item, attachments));
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === BYTES) return attachments[Number(entries[0][1])];
  if (entries.length === 1 && entries[0]?.[0] === INTEGER) return BigInt(String(entries[0][1]));
  return Object.fromEntries(entries.map(([name, item]) => [name, unpacked(item, attachments)]));
}
