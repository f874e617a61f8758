/**
 * Records from what a session knows of its drops. A drop that did nothing of its own (no content, no command, no error)
 * has a record that follows from its specification, its state and its times; such records are not stored but made
 * again when needed, always by this function. Version 1 of the record is defined by what it does: change it only
 * together with DROP_RECORD_VERSION.
 */

import { DROP_STATE_NAMES, DROPStates, type DropStateName, type Json } from '../protocol/index.ts';
import { portable } from './canonical.ts';
import {
  type CodeIdentity,
  type ContentIdentity,
  type DropInput,
  type DropOutcome,
  type DropRecord,
  makeDropRecord,
} from './drop-record.ts';
import type { HashedRMode } from './modes.ts';

/** What is the same for all drops of a session on a node. */
export interface RecordPlace {
  readonly sessionId: string;
  readonly node: string;
  readonly environmentSha256: string;
}

/** How a run ended, beside the states. */
export type DropOutcomeFacts = Omit<DropOutcome, 'status' | 'execStatus'>;

/** What a run adds to a specification. */
export interface RunFacts {
  readonly classPath: string;
  readonly isApp: boolean;
  readonly status: DROPStates;
  /** Name of the execution state of an application. */
  readonly execStatus?: string;
  /** Milliseconds since 1970; NaN: never. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly inputs: readonly DropInput[];
  readonly content: Omit<ContentIdentity, 'storage'> | null;
  readonly code: CodeIdentity;
  readonly outcome?: DropOutcomeFacts;
  readonly upstream: Readonly<Partial<Record<HashedRMode, string | null>>>;
  readonly reusedFrom?: { readonly sessionId: string; readonly oid: string };
}

/** Keys of a dropspec that are no parameters: identity, relations, placement, and what is unfolded below. */
const NOT_PARAMETERS = new Set([
  'oid', 'uid', 'name', 'humanReadableKey', 'lg_key', 'iid', 'loop_ctx', 'rank', 'categoryType', 'category', 'dropclass',
  'Application', 'Data', 'inputs', 'outputs', 'consumers', 'producers', 'streamingConsumers', 'streamingInputs',
  'streamingOutputs', 'streamingProducers', 'children', 'parents', 'port_map', 'ports', 'node', 'island', 'reprodata',
  'applicationArgs', 'constraintParams', 'componentParams', 'fields', 'dlg_session_id',
]); // prettier-ignore
/** Keys that hold parameters as `{name: {value, …}}` or a list of `{name, value, …}`; later ones win. */
const FOLDED = ['constraintParams', 'componentParams', 'fields', 'applicationArgs'] as const;

/** The parameters of a dropspec by name, as values that have a canonical form. */
export function parametersOf(spec: Readonly<Record<string, unknown>>): Record<string, Json> {
  const parameters = new Map<string, unknown>();
  for (const key of Object.keys(spec)) if (!NOT_PARAMETERS.has(key)) parameters.set(key, spec[key]);
  for (const key of FOLDED) {
    const folded = spec[key];
    if (typeof folded !== 'object' || folded === null) continue;
    for (const [name, entry] of Object.entries(folded)) {
      const isEntry = typeof entry === 'object' && entry !== null && 'value' in entry;
      const own = isEntry ? (entry as { name?: unknown }).name : undefined;
      parameters.set(
        Array.isArray(folded) && typeof own === 'string' ? own : name,
        isEntry ? (entry as { readonly value: unknown }).value : entry,
      );
    }
  }
  const out: Record<string, Json> = Object.create(null) as Record<string, Json>;
  // The default order is by UTF-16 code units, as RFC 8785 has it.
  for (const name of [...parameters.keys()].sort())
    out[portable(name) as string] = portable(parameters.get(name)) as Json;
  return { ...out };
}

const textIn = (spec: Readonly<Record<string, unknown>>, key: string): string | null => {
  const value = spec[key];
  return typeof value === 'string' && value !== '' ? value : null;
};

/** What a drop was when it ended: data that was given back later had been completed before. */
export function settledStatus(status: DROPStates): DropStateName {
  const wasGivenBack = status === DROPStates.EXPIRED || status === DROPStates.DELETED;
  return DROP_STATE_NAMES[wasGivenBack ? DROPStates.COMPLETED : status] as DropStateName;
}

const time = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);

/** The record of a drop. `parameters`: those of its specification, where they are known. */
export function recordOfSpec(
  spec: Readonly<Record<string, unknown>>,
  place: RecordPlace,
  run: RunFacts,
  parameters: Readonly<Record<string, Json>> = parametersOf(spec),
): DropRecord {
  const oid = String(spec['oid']);
  const category = textIn(spec, 'category') ?? '';
  return makeDropRecord({
    sessionId: place.sessionId,
    drop: {
      oid,
      lgKey: textIn(spec, 'lg_key'),
      iid: textIn(spec, 'iid'),
      name: textIn(spec, 'name') ?? oid,
      categoryType: textIn(spec, 'categoryType') ?? (run.isApp ? 'Application' : 'Data'),
      category,
      dropClass: run.classPath,
    },
    parameters,
    inputs: run.inputs,
    code: run.code,
    content: run.content && { ...run.content, storage: textIn(spec, 'storage') ?? category },
    node: place.node,
    environmentSha256: place.environmentSha256,
    timing: { startedAtMs: time(run.startedAtMs), finishedAtMs: time(run.finishedAtMs) },
    outcome: {
      status: settledStatus(run.status),
      ...(run.isApp && run.execStatus !== undefined && { execStatus: run.execStatus }),
      ...run.outcome,
    },
    upstream: run.upstream,
    ...(run.reusedFrom && { reusedFrom: run.reusedFrom }),
  });
}
