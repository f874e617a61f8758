/** Rules for making room in the history, from what was typed. Pure. */
import type { MethodParams } from '../../engine/api/contract.ts';
import { formatBytes, formatInteger } from '../format.ts';
import { S } from '../strings.ts';
import { HostError } from './errors.ts';

type Rules = MethodParams<'history.prune'>;
/** A standing rule. */
export type RetentionRule = MethodParams<'retention.setRules'>['rules'][number];
export type RetentionPart = NonNullable<Rules['parts']>[number];

const DAY_MS = 86_400_000;
const MEGABYTE = 1_000_000;
/** Rules that are numbers. */
export const RETENTION_NUMBERS = ['older', 'keep', 'maxSize'] as const;
/** Texts of the form. */
export type RetentionField = (typeof RETENTION_NUMBERS)[number] | 'graph';

/** The rules of a form. Throws USAGE with a sentence for what is no rule. */
export function rulesOf(
  fields: Readonly<Record<RetentionField, string>>,
  isPerGraph: boolean,
  parts: readonly RetentionPart[],
): RetentionRule {
  const numberIn = (field: (typeof RETENTION_NUMBERS)[number]): number | undefined => {
    const text = fields[field].trim();
    if (text === '') return undefined;
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0)
      throw new HostError('USAGE', S.retention.badNumber(S.retention[field]));
    return value;
  };
  const [older, keep, maxSize] = RETENTION_NUMBERS.map(numberIn);
  if (older === undefined && keep === undefined && maxSize === undefined)
    throw new HostError('USAGE', S.retention.noRule);
  if (parts.length === 0) throw new HostError('USAGE', S.retention.noPart);
  const graph = fields.graph.trim();
  return {
    ...(older === undefined ? {} : { olderThanMs: older * DAY_MS }),
    ...(keep === undefined ? {} : { keep: Math.floor(keep) }),
    ...(maxSize === undefined ? {} : { maxBytes: maxSize * MEGABYTE }),
    ...(isPerGraph && (keep !== undefined || maxSize !== undefined) ? { perGraph: true } : {}),
    ...(graph === '' ? {} : { graph }),
    parts: [...parts],
  };
}

/** A standing rule in words. */
export function ruleText(rule: RetentionRule): string {
  const { olderThanMs, keep, maxBytes, perGraph = false, graph = '', except = [], parts } = rule;
  const T = S.retention.inWords;
  const which = [
    olderThanMs === undefined ? '' : T.older(formatInteger(Math.round((olderThanMs / DAY_MS) * 100) / 100)),
    keep === undefined ? '' : T.keep(formatInteger(keep), perGraph),
    maxBytes === undefined ? '' : T.maxSize(formatBytes(maxBytes), perGraph),
  ].filter((text) => text !== '');
  const what = (parts ?? ['contents', 'events', 'logs']).map((part) => T.parts[part]).join(', ');
  return T.rule(what, which.join(T.or), graph, except.length);
}
