import { describe, expect, it } from 'vitest';
import { ruleText, rulesOf } from '../../renderer/data/retention-rules.ts';

const EMPTY = { older: '', keep: '', maxSize: '', graph: '' };

describe('rules for making room', () => {
  it('are numbers in the units of the Host, and only those that were filled in', () => {
    expect(rulesOf({ ...EMPTY, older: '90' }, false, ['logs'])).toEqual({
      olderThanMs: 90 * 86_400_000,
      parts: ['logs'],
    });
    expect(rulesOf({ ...EMPTY, keep: '10', maxSize: ' 1.5 ', graph: ' cal ' }, true, ['files'])).toEqual({
      keep: 10,
      perGraph: true,
      maxBytes: 1_500_000,
      graph: 'cal',
      parts: ['files'],
    });
  });

  it('refuse what is no number, no rule at all, and nothing that would go', () => {
    expect(() => rulesOf({ ...EMPTY, older: 'many' }, false, ['logs'])).toThrow(/Older than.*0 or more/);
    expect(() => rulesOf({ ...EMPTY, keep: '-1' }, false, ['logs'])).toThrow(/0 or more/);
    expect(() => rulesOf({ ...EMPTY, graph: 'cal' }, false, ['logs'])).toThrow(/at least one rule/);
    expect(() => rulesOf({ ...EMPTY, older: '1' }, false, [])).toThrow(/at least one kind/);
  });

  it('count for every graph by itself also where only the size is limited', () => {
    expect(rulesOf({ ...EMPTY, maxSize: '2' }, true, ['logs'])).toMatchObject({ perGraph: true });
  });

  it('are said in words', () => {
    expect(ruleText({ olderThanMs: 90 * 86_400_000 })).toBe(
      'contents, events, logs of sessions older than 90 days',
    );
    expect(
      ruleText({ keep: 5, maxBytes: 2e9, perGraph: true, graph: 'cal', except: ['a'], parts: ['files'] }),
    ).toBe(
      'files of sessions not among the newest 5 of their graph, or beyond 2 GB of their graph, the oldest first, of graphs with “cal” in their name, except 1 session',
    );
  });
});
