/** What the list of sessions is narrowed to, from its address. Pure. */
import type { MethodParams } from '../../engine/api/contract.ts';

/** Filters of the list of sessions, as keys of its address. */
export const FILTERS = ['text', 'status', 'graph', 'since', 'until', 'signature'] as const;
export type SessionsFilterKey = (typeof FILTERS)[number];

/** Whether a text can be a signature or the beginning of one. */
export const isSignature = (text: string): boolean => /^[0-9a-f]{1,64}$/i.test(text);

/** Midnight at the beginning of a date as `YYYY-MM-DD`, here, or so many days later; undefined for what is none. */
export function midnightOf(date: string, daysLater = 0): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  if (match === null) return undefined;
  const at = new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]) + daysLater).getTime();
  return Number.isNaN(at) ? undefined : at;
}

export const hasFilter = (query: Readonly<Record<string, string>>): boolean =>
  FILTERS.some((key) => Boolean(query[key]));

/** The filters of an address as the Host wants them; a date or a signature that is none is left out. */
export function sessionsFilter(
  query: Readonly<Record<string, string>>,
): Omit<MethodParams<'sessions.list'>, 'limit' | 'offset'> {
  const { text, status, graph, signature, since = '', until = '' } = query;
  // The last day counts to its end.
  const [from, to] = [midnightOf(since), midnightOf(until, 1)];
  return {
    ...(text ? { text } : {}),
    ...(status ? { status } : {}),
    ...(graph ? { graph } : {}),
    ...(from === undefined ? {} : { since: from }),
    ...(to === undefined ? {} : { until: to }),
    ...(signature && isSignature(signature) ? { signature: signature.toLowerCase() } : {}),
  };
}
