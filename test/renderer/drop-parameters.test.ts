import { describe, expect, it } from 'vitest';
import { parametersOf } from '../../renderer/pages/drop-parameters.ts';
import { dropsParams } from '../../renderer/pages/drops-query.ts';

const named = (spec: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(parametersOf(spec).map(({ name, value }) => [name, value]));

describe('parameters of a drop', () => {
  it('are its own keys, without those that say what and where it is', () => {
    expect(
      named({ oid: 'a', dropclass: 'x.Y', inputs: [], command: 'ls', n_tries: 2, persist: false }),
    ).toEqual({
      command: 'ls',
      n_tries: '2',
      persist: 'false',
    });
  });

  it('take application arguments before flattened keys, and those before component parameters', () => {
    const argument = (value: unknown) => ({ value, type: 'String', usage: 'NoPort' });
    expect(
      named({
        v2: 0.5,
        func_name: 'max',
        applicationArgs: { v2: argument(0.6), port: argument(null) },
        componentParams: { func_name: argument('min'), other: argument('yes') },
      }),
    ).toEqual({ v2: '0.6', func_name: 'max', other: 'yes' });
  });

  it('understand plain values of old graphs, and the data a drop was given', () => {
    expect(named({ applicationArgs: { Arg01: '-l' }, fields: [{ name: 'pydata', value: [1, 2] }] })).toEqual({
      Arg01: '-l',
      pydata: '[1,2]',
    });
  });

  it('take a key called __proto__ for what it is: a name', () => {
    const spec = JSON.parse('{"__proto__": {"polluted": 1}, "command": "ls"}') as Record<string, unknown>;
    expect(parametersOf(spec).map(({ name }) => name)).toEqual(['__proto__', 'command']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('filters of the table of drops', () => {
  it('become parameters of the request', () => {
    const query = { text: 'cal', status: 'ERROR', kind: 'app', lgKey: '-4', sort: '-durationMs' };
    expect(dropsParams('s', query)).toEqual({
      sessionId: 's',
      text: 'cal',
      status: 'ERROR',
      kind: 'app',
      lgKey: '-4',
      sort: 'durationMs',
      descending: true,
    });
  });

  it('that mean nothing are left out', () => {
    expect(dropsParams('s', { kind: 'nonsense', sort: '-nonsense', text: '' })).toEqual({ sessionId: 's' });
  });
});
