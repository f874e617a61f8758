import { describe, expect, it } from 'vitest';
import { hasFilter, isSignature, midnightOf, sessionsFilter } from '../../renderer/data/sessions-query.ts';

describe('the filters of the list of sessions', () => {
  it('are handed to the Host as it wants them', () => {
    expect(
      sessionsFilter({
        text: 'cal',
        status: 'FAILED',
        graph: 'meer',
        since: '2026-11-25',
        until: '2026-11-30',
        signature: 'BDEA4',
      }),
    ).toEqual({
      text: 'cal',
      status: 'FAILED',
      graph: 'meer',
      since: new Date(2026, 10, 25).getTime(),
      // To the end of that day.
      until: new Date(2026, 11, 1).getTime(),
      signature: 'bdea4',
    });
  });

  it('leave out what is empty, and what is no date or no signature', () => {
    expect(sessionsFilter({})).toEqual({});
    expect(sessionsFilter({ text: '', since: 'yesterday', signature: 'xyz' })).toEqual({});
    expect(midnightOf('2026-11')).toBeUndefined();
    expect(isSignature('0'.repeat(65))).toBe(false);
  });

  it('are there when any is set, and not by what else an address holds', () => {
    expect(hasFilter({ signature: 'ab' })).toBe(true);
    expect(hasFilter({ sort: 'name', text: '' })).toBe(false);
  });
});
