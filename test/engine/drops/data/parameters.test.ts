import { describe, expect, it } from 'vitest';
import {
  dropClass,
  EnvironmentVarDROP,
  InMemoryDROP,
  ParameterSetDROP,
} from '../../../../engine/drops/index.ts';
import { readPickle } from '../../../../engine/drops/pickle/index.ts';
import type { PyDict } from '../../../../engine/drops/pyrepr/index.ts';
import { DROPStates } from '../../../../engine/protocol/index.ts';
import { contextIn, placedIn } from '../support/drops.ts';

const ARGS = {
  'Cimager.gridder': { value: 'WProject', type: 'String', description: 'über', defaultValue: '' },
  n: { value: 3, type: 'Integer', description: 'count', defaultValue: 1 },
  on: { value: true, type: 'Boolean', description: '', defaultValue: null },
  ratio: { value: 2, type: 'Float', description: '', defaultValue: 0.5 },
};

async function text(mode: string | undefined, args: unknown = ARGS): Promise<string> {
  const drop = new ParameterSetDROP('ps', 'ps', { mode, applicationArgs: args });
  await drop.setCompleted();
  const bytes = await drop.contents();
  expect(drop.size).toBe(bytes.length);
  return Buffer.from(bytes).toString();
}

describe('a parameter set', () => {
  it('is, as YANDA, one line per parameter in Python spelling', async () => {
    expect(await text('YANDA')).toBe('Cimager.gridder=WProject\nn=3\non=True\nratio=2.0');
  });

  it('is, as json, what json.dumps writes', async () => {
    expect(await text('json', { n: ARGS.n, x: ARGS['Cimager.gridder'] })).toBe(
      '{"n": {"value": 3, "description": "count", "type": "Integer", "default": 1}, ' +
        '"x": {"value": "WProject", "description": "\\u00fcber", "type": "String", "default": ""}}',
    );
  });

  it.each([undefined, 'yaml', 'nonsense'])('is yaml as Python writes it for mode %s', async (mode) => {
    expect(await text(mode, { x: ARGS['Cimager.gridder'], n: ARGS.n })).toBe(
      'n:\n  default: 1\n  description: count\n  type: Integer\n  value: 3\n' +
        'x:\n  default: \'\'\n  description: "\\xFCber"\n  type: String\n  value: WProject\n',
    );
  });

  it('tells 3 from 3.0 in values and defaults as the graph writes them', async () => {
    const specText = () =>
      '{"applicationArgs": {"a": {"value": 3.0, "type": "Object", "description": "", "defaultValue": 4.0}}}';
    const drop = new ParameterSetDROP(
      'ps',
      'ps',
      placedIn(contextIn('/tmp', { specText }), {
        mode: 'json',
        applicationArgs: { a: { value: 3, type: 'Object', description: '', defaultValue: 4 } },
      }),
    );
    await drop.setCompleted();
    expect(Buffer.from(await drop.contents()).toString()).toBe(
      '{"a": {"value": 3.0, "description": "", "type": "Object", "default": 4.0}}',
    );
  });

  it('is toml as Python writes it, without what toml cannot say', async () => {
    const nested = { value: { k: [1.5, 'a"b', []] }, type: 'Json', description: '', defaultValue: null };
    expect(await text('toml', { on: ARGS.on, ratio: ARGS.ratio, 'a.b': nested })).toBe(
      [
        '[on]\nvalue = true\ndescription = ""\ntype = "Boolean"\n',
        '[ratio]\nvalue = 2.0\ndescription = ""\ntype = "Float"\ndefault = 0.5\n',
        '["a.b"]\ndescription = ""\ntype = "Json"\n',
        '["a.b".value]\nk = [\n    1.5,\n    "a\\"b",\n    [],\n]\n',
      ].join('\n'),
    );
  });

  it('is, as ini, with maps as JSON', async () => {
    const map = { value: { q: true }, type: 'Json', description: '', defaultValue: [true] };
    expect(await text('ini', { map })).toBe(
      '[map]\nvalue = {"q": true}\ndescription = \ntype = Json\ndefault = [True]\n\n',
    );
  });

  it('is, as ini, a section per parameter', async () => {
    expect(await text('ini', { n: ARGS.n })).toBe(
      '[n]\nvalue = 3\ndescription = count\ntype = Integer\ndefault = 1\n\n',
    );
  });

  it('is a pickle of the descriptions', async () => {
    const drop = new ParameterSetDROP('ps', 'ps', { mode: 'pickle', applicationArgs: { n: ARGS.n } });
    await drop.setCompleted();
    const value = readPickle(await drop.contents());
    expect(((value as PyDict).get('n') as PyDict).get('value')).toBe(3n);
  });

  it('is refused without parameters', () => {
    expect(() => new ParameterSetDROP('ps', 'the-set')).toThrow(/the-set.*applicationArgs/);
  });

  it('cannot be written', async () => {
    const drop = new ParameterSetDROP('ps', 'the-set', { applicationArgs: {} });
    await expect(drop.write('x')).rejects.toThrow(/the-set cannot be written/);
    expect(drop.status).toBe(DROPStates.ERROR);
  });

  it('answers for its values by name to a consumer', () => {
    expect(new ParameterSetDROP('ps', 'ps', { applicationArgs: ARGS }).get('n')).toBe(3);
    expect(new ParameterSetDROP('ps', 'ps', { applicationArgs: ARGS }).get('toString')).toBeUndefined();
  });
});

describe('an environment drop', () => {
  const drop = (kwargs = {}) =>
    new EnvironmentVarDROP(
      'env',
      'env',
      placedIn(contextIn('/tmp', { env: { HOME: '/home/x', GREETING: 'outside' } }), {
        GREETING: 'hi',
        n: 3,
        storage: 'x',
        ...kwargs,
      }),
    );

  it('has its own values before those of the environment', () => {
    expect(drop().get('GREETING')).toBe('hi');
    expect(drop().get('HOME')).toBe('/home/x');
    expect(drop().get('storage')).toBeUndefined();
    expect(drop().getMultiple(['n', 'nothing'])).toEqual([3, undefined]);
  });

  it('reads as the JSON of its values', async () => {
    const one = drop();
    await one.setCompleted();
    expect(Buffer.from(await one.contents()).toString()).toBe('{"GREETING": "hi", "n": 3}');
  });

  it('cannot be set', () => {
    expect(() => drop().set('x', 1)).toThrow(/env cannot have x set/);
  });

  it('fills in parameters of drops behind it', () => {
    const store = new EnvironmentVarDROP('env', 'env', { name: 'STORE', key: 'value' });
    const user = new InMemoryDROP('m', 'm', { wanted: '$STORE.key', other: '$STORE.nothing' });
    user.addProducer(store);
    user.autofillEnvironmentVariables();
    expect(user.parameters['wanted']).toBe('value');
    expect(user.parameters['other']).toBe('$STORE.nothing');
  });

  it('answers to the name in old graphs', () => {
    expect(dropClass('dlg.data.drops.environmentvar_drop.EnvironmentVarDROP')).toBe(EnvironmentVarDROP);
  });
});
