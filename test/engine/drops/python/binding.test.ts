import { describe, expect, it } from 'vitest';
import {
  bindArguments,
  type Binding,
  type BindingSources,
  type DescribedArgument,
  type FunctionInfo,
  type FunctionParameter,
  type ParameterKind,
} from '../../../../engine/drops/python/index.ts';

/** `a, /` is "a!", `*, a` is "a*", `*args` and `**kw` as in Python; "=" marks a default. */
function info(...parameters: string[]): FunctionInfo {
  const parsed = parameters.map((text): FunctionParameter => {
    const hasDefault = text.endsWith('=');
    const body = text.replace('=', '');
    const [kind, name]: [ParameterKind, string] = body.startsWith('**')
      ? ['kwargs', body.slice(2)]
      : body.startsWith('*')
        ? ['args', body.slice(1)]
        : body.endsWith('!')
          ? ['positional-only', body.slice(0, -1)]
          : body.endsWith('*')
            ? ['keyword-only', body.slice(0, -1)]
            : ['normal', body];
    return { name, kind, hasDefault };
  });
  return {
    name: 'f',
    qualifiedName: 'f',
    module: null,
    hasSignature: true,
    isClass: false,
    parameters: parsed,
    sourceSha256: null,
    moduleVersion: null,
    packages: {},
    doc: '',
  };
}

type Given = Partial<DescribedArgument>;

function bind(
  about: FunctionInfo,
  args: Record<string, Given> = {},
  more: Partial<BindingSources> & { component?: Record<string, Given> } = {},
): { args: unknown[]; kwargs: Record<string, unknown> } {
  const described = (table: Record<string, Given>): Map<string, DescribedArgument> =>
    new Map(
      Object.entries(table).map(([name, given]) => [
        name,
        { name, value: null, type: 'String', usage: 'NoPort', positional: false, ...given },
      ]),
    );
  const binding: Binding = bindArguments(about, {
    ports: [],
    applicationArgs: described(args),
    componentParams: described(more.component ?? {}),
    parameters: {},
    defaults: new Map(),
    ...more,
  });
  const shown = (value: Binding['args'][number]): unknown =>
    value.kind === 'port'
      ? `port ${value.port}`
      : value.kind === 'json'
        ? value.value
        : value.kind === 'literal'
          ? `literal ${value.text}`
          : value.kind === 'float'
            ? `float ${value.value}`
            : value.kind;
  return {
    args: binding.args.map(shown),
    kwargs: Object.fromEntries(binding.kwargs.map(({ name, value }) => [name, shown(value)])),
  };
}

describe('binding arguments to a Python function', () => {
  it('takes ports before application arguments before parameters of the drop', () => {
    const about = info('a', 'b', 'c', 'd', 'e=');
    const args = { a: { value: 1 }, b: { value: 2 } };
    const more = {
      ports: ['a'],
      parameters: { b: 2, c: 3 },
      defaults: new Map([['d', { kind: 'json' as const, value: 4 }]]),
    };
    expect(bind(about, args, more)).toEqual({ args: [], kwargs: { a: 'port a', b: 2, c: 3, d: 4 } });
  });

  it('gives None to a parameter without value and without default', () => {
    expect(bind(info('a', 'b='))).toEqual({ args: [], kwargs: { a: null } });
  });

  it('honours 0, false and empty text', () => {
    const about = info('a=', 'b=', 'c=', 'd=');
    const args = { a: { value: 0, type: 'Integer' }, b: { value: false, type: 'Boolean' }, c: { value: '' } };
    expect(bind(about, args)).toEqual({ args: [], kwargs: { a: 0, b: false, c: '' } });
  });

  it('takes the blank an editor leaves in a port or a number for no value', () => {
    const about = info('a=', 'b=', 'c=');
    const args = { a: { value: '', usage: 'InputPort' }, b: { value: '', type: 'Integer' } };
    expect(bind(about, args, { parameters: { c: '' } })).toEqual({ args: [], kwargs: {} });
  });

  it('passes positional-only parameters by position, with defaults in between left to Python', () => {
    const about = info('a!=', 'b!=', 'c!=', 'd*=');
    expect(bind(about, { b: { value: 2 }, d: { value: 4 } })).toEqual({
      args: ['default', 2],
      kwargs: { d: 4 },
    });
  });

  it('reaches keyword-only parameters and **kwargs from ports', () => {
    const args = {
      x: { usage: 'InputPort' },
      y: { usage: 'InputPort' },
      out: { usage: 'OutputPort', value: 'o' },
    };
    expect(bind(info('x*=', '**kw'), args, { ports: ['x', 'y', 'z'] })).toEqual({
      args: [],
      kwargs: { x: 'port x', y: 'port y', z: 'port z' },
    });
  });

  it('ignores what a function without **kwargs has no place for', () => {
    expect(
      bind(info('a='), { b: { value: 1 }, c: { value: 2, positional: true } }, { ports: ['d'] }),
    ).toEqual({
      args: [],
      kwargs: {},
    });
  });

  it('hands surplus positional arguments to *args, behind the named ones', () => {
    const args = {
      x: { value: 1, positional: true },
      y: { value: 2, positional: true },
      z: { value: 3, positional: true },
    };
    expect(bind(info('x', '*rest'), args)).toEqual({ args: [1, 2, 3], kwargs: {} });
    expect(bind(info('w=', 'x', '*rest', 'k*='), args)).toEqual({ args: ['default', 1, 2, 3], kwargs: {} });
  });

  it('passes everything by position to a function that tells no signature', () => {
    const about = { ...info(), hasSignature: false };
    expect(bind(about, { a: { value: 1 }, b: { usage: 'InputPort' } }, { ports: ['b', 'c'] })).toEqual({
      args: [1, 'port b', 'port c'],
      kwargs: {},
    });
  });

  it('reads texts of type Json and Complex, and keeps whole floats floats', () => {
    const args = {
      a: { value: '{"k": 1}', type: 'Json' },
      b: { value: [1], type: 'Json' },
      c: { value: '1+2j', type: 'Complex' },
      d: { value: 5, type: 'Float' },
      e: { value: ' ', type: 'Json' },
    };
    expect(bind(info('a', 'b', 'c', 'd', 'e='), args).kwargs).toEqual({
      a: 'literal {"k": 1}',
      b: [1],
      c: 'literal 1+2j',
      d: 'float 5',
    });
  });

  it('keeps settings of the component and keys of the dropspec from the function', () => {
    const args = {
      func_name: { value: 'f' },
      input_parser: { value: 'eval' },
      e: { value: 1, type: 'Event' },
    };
    const parameters = { func_name: 'f', inputs: [{ a: 'x' }], rank: [0] };
    expect(bind(info('inputs=', 'rank=', '**kw'), args, { parameters })).toEqual({ args: [], kwargs: {} });
    expect(bind(info('func_name'), args, { parameters }).kwargs).toEqual({ func_name: 'f' });
  });

  it('passes a reference to the environment on as it stands, and fills in only parameters of the drop', () => {
    const args = { a: { value: '$DLG_ROOT' } };
    const parameters = { a: '/root/dlg', b: '/root/dlg' };
    expect(bind(info('a', 'b'), args, { parameters }).kwargs).toEqual({ a: '$DLG_ROOT', b: '/root/dlg' });
  });
});
