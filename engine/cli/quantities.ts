/** Lengths of time, sizes, dates and hashes as people write them on a command line. */
import { InvalidArgumentError } from 'commander';

const SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  min: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_557_600,
};
const POWERS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 };

/** A length of time such as `30d`, `12h`, `2w`, in milliseconds. */
export function durationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(s|min|h|d|w|y)$/.exec(text.trim().toLowerCase());
  if (match === null) throw new InvalidArgumentError('A length of time such as 30d, 12h or 2w was expected.');
  return Number(match[1]) * (SECONDS[match[2] as string] as number) * 1000;
}

/** A size such as `500M` or `2GiB`, in bytes; units are powers of 1024. */
export function sizeBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/.exec(text.trim().toLowerCase());
  if (match === null) throw new InvalidArgumentError('A size such as 500M or 2G was expected.');
  return Math.floor(Number(match[1]) * 1024 ** (POWERS[match[2] as string] as number));
}

/** A date or time as milliseconds since 1970, or how long ago: `2026-11-25`, `2026-11-25T18:20:00Z`, `7d`. */
export function pastTime(text: string): number {
  const at = Date.parse(text);
  // A bare number would be taken for a year.
  if (!Number.isNaN(at) && !/^\d+$/.test(text.trim())) return at;
  try {
    return Date.now() - durationMs(text);
  } catch {
    throw new InvalidArgumentError(
      'A date such as 2026-11-25 or 2026-11-25T18:20:00Z, or a time ago such as 7d, was expected.',
    );
  }
}
