/** Numbers of a graph reach Python as the graph writes them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DataDROP } from '../../../../engine/drops/index.ts';
import { valueAt } from '../../../../engine/drops/spec-text.ts';
import { DROP_STATE_NAMES } from '../../../../engine/protocol/index.ts';
import { testHost, type TestHost } from '../../../support/host.ts';
import { whyNoPython } from '../pyrepr/python-oracle.ts';

describe('the text of a value in a dropspec', () => {
  it.each([
    ['{"a": 5.0}', ['a'], '5.0'],
    ['{"a":{"b" : [1, {"c": "}"}] , "d":1e400}}', ['a', 'b'], '[1, {"c": "}"}]'],
    ['{"a":{"b" : [1, {"c": "}"}] , "d":1e400}}', ['a', 'd'], '1e400'],
    ['{"x": "\\"a\\": 1", "a": NaN }', ['a'], 'NaN'],
    ['{"a": 1, "a": 2}', ['a'], '2'],
    ['{"\\u0061": -0.0}', ['a'], '-0.0'],
    ['{"a": "x"}', ['a'], '"x"'],
    ['{"a": 1}', ['b'], undefined],
    ['{"a": [1]}', ['a', 'b'], undefined],
    ['{}', ['a'], undefined],
    ['{"a": [1, {"b": [2.0, "]"]}, 3]}', ['a', '1', 'b'], '[2.0, "]"]'],
    ['{"a": [1 , 2.0 ]}', ['a', '1'], '2.0'],
    ['{"a": []}', ['a', '0'], undefined],
  ])('%s at %j is %s', (text, keys, value) => {
    expect(valueAt(text, keys)).toBe(value);
  });
});

describe.skipIf(whyNoPython)(`numbers in a graph (${whyNoPython ?? 'with Python'})`, () => {
  let host: TestHost;
  beforeAll(async () => {
    host = await testHost();
  });
  afterAll(() => host.remove());

  let sessions = 0;
  /** repr() of the argument `x` of a function, as the graph gives it in `text`. */
  async function reprOf(text: string, place: 'argument' | 'parameter' = 'argument', type = 'Object') {
    const args =
      place === 'argument'
        ? `"applicationArgs": {"x": {"name": "x", "value": ${text}, "type": "${type}", "usage": "NoPort"}}`
        : `"x": ${text}`;
    const graph = `[
      {"oid": "f", "categoryType": "Application", "dropclass": "dlg.apps.pyfunc.PyFuncApp", "func_name": "f",
       "func_code": "def f(x='default'):\\n    return repr(x)", ${args}, "outputs": [{"o": "r"}],
       "componentParams": {"r": {"name": "r", "usage": "OutputPort", "encoding": "utf-8"}}},
      {"oid": "o", "categoryType": "Data", "dropclass": "dlg.data.drops.memory.InMemoryDROP"}]`;
    const session = await host.manager.createSession(`numbers-${sessions++}`);
    await session.addGraphSpec(new Uint8Array(Buffer.from(graph)));
    await session.deploy('roots');
    await session.over;
    const drop = session.drop('o') as DataDROP;
    expect(DROP_STATE_NAMES[drop.status]).toBe('COMPLETED');
    return Buffer.from(await drop.contents()).toString();
  }

  it.each([
    ['5', '5'],
    ['5.0', '5.0'],
    ['-0.0', '-0.0'],
    ['1e2', '100.0'],
    ['1e400', 'inf'],
    ['-Infinity', '-inf'],
    ['NaN', 'nan'],
    ['123456789012345678901', '123456789012345678901'],
    ['[1.0, 2, {"a": 3.0}]', "[1.0, 2, {'a': 3.0}]"],
    ['true', 'True'],
    ['null', "'default'"],
  ])('%s is %s to a function', async (text, repr) => {
    expect(await reprOf(text)).toBe(repr);
    expect(await reprOf(text, 'parameter')).toBe(repr);
  });

  it('a whole number of type Float is a float all the same', async () => {
    expect(await reprOf('5', 'argument', 'Float')).toBe('5.0');
  });

  it('go into commands as Python writes them', async () => {
    const graph = `[
      {"oid": "c", "categoryType": "Application", "dropclass": "dlg.apps.bash_shell_app.BashShellApp",
       "command": "printf '%s' '{a} {b} {c}' > {o}", "outputs": [{"o": "o"}],
       "applicationArgs": {
         "a": {"name": "a", "value": 5.0, "type": "Object", "usage": "NoPort"},
         "b": {"name": "b", "value": 5, "type": "Object", "usage": "NoPort"},
         "c": {"name": "c", "value": 1e16, "type": "Object", "usage": "NoPort"},
         "o": {"name": "o", "value": null, "type": "String", "usage": "OutputPort", "encoding": "path"}}},
      {"oid": "o", "categoryType": "Data", "dropclass": "dlg.data.drops.file.FileDROP", "filepath": "o.txt"}]`;
    const session = await host.manager.createSession('numbers-command');
    await session.addGraphSpec(new Uint8Array(Buffer.from(graph)));
    await session.deploy('roots');
    await session.over;
    expect(Buffer.from(await (session.drop('o') as DataDROP).contents()).toString()).toBe('5.0 5 1e+16');
  });
});
