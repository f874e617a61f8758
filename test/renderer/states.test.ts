import { describe, expect, it } from 'vitest';
import { APP_STATE_NAMES, DROP_STATE_NAMES, SESSION_STATE_NAMES } from '../../engine/protocol/states.ts';
import {
  FAMILY_ORDER,
  familyOf,
  orderedCounts,
  settledCount,
  stateOfRow,
  wordOf,
} from '../../renderer/states.ts';

describe('states as people see them', () => {
  it.each([...DROP_STATE_NAMES, ...APP_STATE_NAMES, ...SESSION_STATE_NAMES, 'INTERRUPTED'])(
    '%s has a family and a word of its own',
    (state) => {
      expect(FAMILY_ORDER).toContain(familyOf(state));
      expect(wordOf(state)).not.toBe(state);
    },
  );

  it('keep their name when this version does not know them', () => {
    expect(wordOf('HIBERNATING')).toBe('HIBERNATING');
    expect(familyOf('HIBERNATING')).toBe('waiting');
  });

  it('of an application are those of its run, unless it never came to run', () => {
    expect(stateOfRow({ status: 'COMPLETED', execStatus: 'FINISHED' })).toBe('FINISHED');
    expect(stateOfRow({ status: 'INITIALIZED', execStatus: 'RUNNING' })).toBe('RUNNING');
    expect(stateOfRow({ status: 'CANCELLED', execStatus: 'NOT_RUN' })).toBe('CANCELLED');
    expect(stateOfRow({ status: 'WRITING', execStatus: null })).toBe('WRITING');
  });

  it('are counted in a fixed order, without those nobody is in', () => {
    expect(
      orderedCounts({ INITIALIZED: 2, ERROR: 1, COMPLETED: 3, EXPIRED: 0 }).map(([state]) => state),
    ).toEqual(['COMPLETED', 'ERROR', 'INITIALIZED']);
  });

  it('count as settled when nothing will change any more', () => {
    expect(
      settledCount({ INITIALIZED: 2, WRITING: 1, COMPLETED: 3, ERROR: 1, SKIPPED: 2, CANCELLED: 1 }),
    ).toBe(7);
  });
});
