import { describe, expect, it } from 'vitest';
import {
  linkToCheckpoints,
  linkToCompare,
  linkToDrop,
  linkToFile,
  linkToFind,
  linkToSession,
  linkToSessions,
  parseRoute,
} from '../../renderer/router.ts';

describe('addresses of the window', () => {
  it('lead to the list of sessions when they are empty', () => {
    expect(parseRoute('')).toEqual({ page: 'sessions', query: {} });
    expect(parseRoute('#/')).toEqual({ page: 'sessions', query: {} });
  });

  it('carry the filters of the list, and leave out empty ones', () => {
    const link = linkToSessions({ text: 'a b&c', status: '' });
    expect(link).toBe('#/sessions?text=a+b%26c');
    expect(parseRoute(link)).toEqual({ page: 'sessions', query: { text: 'a b&c' } });
  });

  it.each(['overview', 'drops', 'graph', 'log', 'reproducibility'] as const)(
    'lead to the view %s of a session',
    (tab) => {
      const link = linkToSession('cal/2026 #1?', tab, { sort: '-name' });
      expect(parseRoute(link)).toEqual({
        page: 'session',
        sessionId: 'cal/2026 #1?',
        tab,
        query: { sort: '-name' },
      });
    },
  );

  it('lead to a comparison, of which one session may still be missing', () => {
    const query = { a: 's/1 ü', b: 'x' };
    expect(parseRoute(linkToCompare(query))).toEqual({ page: 'compare', query });
    expect(parseRoute(linkToCompare({ a: 'x', b: '' }))).toEqual({ page: 'compare', query: { a: 'x' } });
  });

  it('lead to a drop whatever characters its id has', () => {
    const uid = '1_-3_0/1#ä?%';
    expect(parseRoute(linkToDrop('s 1', uid))).toEqual({ page: 'drop', sessionId: 's 1', uid });
  });

  it('lead nowhere when they are malformed, and say so', () => {
    expect(parseRoute('#/nonsense').page).toBe('unknown');
    expect(parseRoute('#/sessions/a/nonsense').page).toBe('unknown');
    expect(parseRoute('#/sessions/a/drop/b/c').page).toBe('unknown');
  });

  it('survive a broken percent sign', () => {
    expect(parseRoute('#/sessions/100%')).toMatchObject({ page: 'session', sessionId: '100%' });
  });

  it('leads to checkpoints, to files by path, and to drops of all sessions', () => {
    expect(parseRoute(linkToCheckpoints())).toEqual({ page: 'checkpoints' });
    const file = linkToFile('/home/ada/a b?#.dlgproof');
    expect(parseRoute(file)).toEqual({ page: 'file', query: { path: '/home/ada/a b?#.dlgproof' } });
    expect(parseRoute(linkToFile())).toEqual({ page: 'file', query: {} });
    expect(parseRoute(linkToFind({ text: 'ü', hash: '' }))).toEqual({ page: 'find', query: { text: 'ü' } });
    expect(parseRoute('#/checkpoints/more')).toMatchObject({ page: 'unknown' });
  });
});
