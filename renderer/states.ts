/** How states look: each has a family (a colour and a shape) and a word. Never a colour alone. */
import type { DropRow, StateCounts } from '../engine/api/contract.ts';
import { STATE_WORDS } from './strings.ts';

export type StateFamily =
  'waiting' | 'active' | 'done' | 'error' | 'cancelled' | 'skipped' | 'interrupted' | 'expired' | 'deleted';

const FAMILIES: Readonly<Record<string, StateFamily>> = {
  // Sessions
  PRISTINE: 'waiting',
  BUILDING: 'active',
  DEPLOYING: 'active',
  FAILED: 'error',
  INTERRUPTED: 'interrupted',
  // Drops
  INITIALIZED: 'waiting',
  WRITING: 'active',
  COMPLETED: 'done',
  ERROR: 'error',
  EXPIRED: 'expired',
  DELETED: 'deleted',
  CANCELLED: 'cancelled',
  SKIPPED: 'skipped',
  // Applications
  NOT_RUN: 'waiting',
  RUNNING: 'active',
  FINISHED: 'done',
};

/** From "nothing happened" to "went wrong": the order in strips and legends. */
export const FAMILY_ORDER: readonly StateFamily[] = [
  'done',
  'active',
  'error',
  'interrupted',
  'cancelled',
  'skipped',
  'expired',
  'deleted',
  'waiting',
];

/** The family of a state; one this version does not know looks like waiting and keeps its name. */
export const familyOf = (state: string): StateFamily => FAMILIES[state] ?? 'waiting';

/** The word for a state. */
export const wordOf = (state: string): string => STATE_WORDS[state] ?? state;

/** The state a row shows: of an application how its run went, of data how its content is. */
export const stateOfRow = (row: Pick<DropRow, 'status' | 'execStatus'>): string => {
  // An application that was cancelled or skipped before it ran says so in its data state too.
  if (row.execStatus === null) return row.status;
  return row.execStatus === 'NOT_RUN' && row.status !== 'INITIALIZED' ? row.status : row.execStatus;
};

/** States with at least one drop, in the order of strips. */
export function orderedCounts(counts: StateCounts): readonly (readonly [string, number])[] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => FAMILY_ORDER.indexOf(familyOf(a)) - FAMILY_ORDER.indexOf(familyOf(b)));
}

/** How many drops will not change any more. */
export function settledCount(counts: StateCounts): number {
  let settled = 0;
  for (const [state, count] of Object.entries(counts)) {
    const family = familyOf(state);
    if (family !== 'waiting' && family !== 'active') settled += count;
  }
  return settled;
}

/** States of a session in which it still changes. */
export const isUnderWay = (status: string): boolean =>
  status === 'BUILDING' || status === 'DEPLOYING' || status === 'RUNNING';
