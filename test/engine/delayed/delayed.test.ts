import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compute, delayed, graphOf, type DelayedRunner } from '../../../engine/delayed/index.ts';
import { Services } from '../../../engine/drops/context.ts';
import type { DataDROP } from '../../../engine/drops/data-drop.ts';
import { DROPStates } from '../../../engine/protocol/index.ts';
import { GraphRun } from '../drops/apps/run-graph.ts';

const services = new Services();
afterAll(() => services.dispose());

let last: GraphRun;
const runner: DelayedRunner = {
  async run(graph) {
    last = new GraphRun(graph.drops, { services });
    await last.run();
    return Promise.all(
      graph.results.map(async (oid) => {
        const drop = last.drop(oid) as DataDROP;
        if (drop.status === DROPStates.COMPLETED)
          return { isComplete: true as const, content: await drop.contents() };
        const [error] = [...last.errors.values()] as Error[];
        return { isComplete: false as const, reason: error?.message ?? 'no reason' };
      }),
    );
  },
};

const add = delayed((a: number, b = 10) => a + b, { name: 'add' });

describe('a delayed computation', () => {
  it('is the graph of its calls, counted depth first', () => {
    const { drops, results } = graphOf(add(1, delayed(2.5)));
    expect(results).toEqual(['0']);
    expect(drops.map(({ oid, categoryType }) => [oid, categoryType])).toEqual([
      ['0', 'Data'],
      ['1', 'Application'],
      ['2', 'Data'],
      ['3', 'Data'],
    ]);
    expect(drops[0]).toMatchObject({
      inputs: [],
      producers: ['1'],
      ports: [{ name: null, oid: '1', direction: 'input' }],
    });
    expect(drops[1]).toMatchObject({
      name: 'add',
      inputs: [{ 2: 'a' }, { 3: 'b' }],
      func_arg_mapping: { a: '2', b: '3' },
      func_defaults: { args: [], kwargs: {} },
    });
    expect(drops[2]).toMatchObject({ pydata: { value: 1, type: 'int' } });
    expect(drops[3]).toMatchObject({ pydata: { value: 2.5, type: 'float' } });
  });

  it('can hand its results to a client as upstream does', () => {
    const { drops } = graphOf(add(1), { transmitter: { port: 7 } });
    expect(drops.at(-1)).toEqual({
      oid: '-1',
      uid: '-1',
      categoryType: 'Application',
      dropclass: 'dlg.dask_emulation.ResultTransmitter',
      name: 'result transmitter',
      port: 7,
    });
    expect(drops.filter(({ consumers }) => consumers).map(({ oid }) => oid)).toEqual(['0']);
    expect(drops[0]).toMatchObject({
      ports: [
        { name: null, oid: '1', direction: 'input' },
        { name: null, oid: '-1', direction: 'output' },
      ],
    });
  });

  it('of a list of values is gathered into one list, as upstream does', () => {
    const { drops, results } = graphOf([add(1), add(2)], { transmitter: {} });
    expect(results).toEqual(['2', '5']);
    expect(
      drops.map(({ oid, name, inputs, producers, consumers }) => [oid, name ?? producers, inputs, consumers]),
    ).toEqual([
      ['0', ['1'], [], ['-1']],
      ['1', 'listifier', ['2', '5'], undefined],
      ['2', ['3'], [], undefined],
      ['3', 'add', [{ 4: 'a' }], undefined],
      ['4', undefined, [], undefined],
      ['5', ['6'], [], undefined],
      ['6', 'add', [{ 7: 'a' }], undefined],
      ['7', undefined, [], undefined],
      ['-1', 'result transmitter', undefined, undefined],
    ]);
  });

  it('writes values as upstream does where JSON has a form for them', () => {
    const identity = delayed((x: unknown) => x);
    const typeOf = (value: unknown) =>
      (graphOf(identity(value)).drops[2]?.['pydata'] as { type: string }).type;
    expect([1, 1.5, 1e300, 'x', [1, [{ a: null }]], new Uint8Array(1)].map(typeOf)).toEqual([
      'int',
      'float',
      'float',
      'str',
      'list',
      'raw',
    ]);
    // These do not survive upstream's forms.
    expect([null, false, '', 'None', -0, NaN, [NaN], { a: 1 }, 2n].map(typeOf)).toEqual(
      Array(9).fill('object'),
    );
    const endless: unknown[] = [];
    endless.push(endless);
    expect(() => graphOf(identity(endless))).toThrow(/A value that holds itself/);
  });

  it('computes nested calls, with defaults, names and values used twice', async () => {
    const two = delayed(2);
    expect(await compute(add(add(1, two), two), { runner })).toBe(5);
    expect(await compute(add(1), { runner })).toBe(11);
    const minus = delayed((a: number, b: number, c: number) => a - b * c);
    expect(await compute(minus.with({ c: 3 }, 20, 4), { runner })).toBe(8);
    expect(await compute(minus.with({ a: 20, b: 4, c: 3 }), { runner })).toBe(8);
  });

  it('takes lists of values, nested ones too, and a value that is in a list twice', async () => {
    const sum = delayed((list: number[][]) => list.flat(9).reduce((a, b) => a + b, 0));
    const one = add(1, 0);
    expect(await compute(sum([one, one, 5, [one, [add(2, 2)]]]), { runner })).toBe(12);
    expect(await compute(sum([delayed(1), delayed(2)]), { runner })).toBe(3);
  });

  it('takes delayed values anywhere in objects, maps and sets', async () => {
    const identity = delayed((x: unknown) => x);
    const [one, two] = [add(1, 0), add(1, 1)];
    const given = {
      a: one,
      b: [two, { c: delayed(null) }],
      m: new Map([[1, two]]),
      s: new Set([one]),
      plain: [1],
    };
    const wanted = { a: 1, b: [2, { c: null }], m: new Map([[1, 2]]), s: new Set([1]), plain: [1] };
    expect(await compute(identity(given), { runner })).toEqual(wanted);
    expect(await compute(delayed(given), { runner })).toEqual(wanted);
    expect(await compute(delayed(delayed([one, two])), { runner })).toEqual([1, 2]);
  });

  it('computes several values in one graph', async () => {
    expect(await compute([add(1, 1), delayed('text'), delayed(null), delayed('')], { runner })).toEqual([
      2,
      'text',
      null,
      '',
    ]);
  });

  it('gives the parts of a result with nout, by index and by spreading', async () => {
    const split = delayed((text: string) => text.split(' '), { nout: 2 });
    const [first, second] = split('left right');
    const join = delayed((a: string, b: string) => `${b} ${a}`);
    expect(await compute(join(first, second), { runner })).toBe('right left');
    const single = delayed(() => 4, 1)();
    expect(await compute(single.at(0), { runner })).toBe(4);
    expect(() => single.at(1)).toThrow(/1 values \(nout\); there is none at 1/);
    expect(() => delayed(() => 4, -1)).toThrow(/nout must be the number of values .* but is -1/);
  });

  it('ignores options that are none, as upstream does', async () => {
    const options = { pure: true, traverse: false, nout: null } as object;
    expect(await compute(delayed((x: number) => x + 1, options)(1), { runner })).toBe(2);
    expect(await compute(delayed((x: number) => x + 1, null as never)(1), { runner })).toBe(2);
  });

  it('takes functions however they are written', async () => {
    class Shapes {
      async twice(this: void, x: number): Promise<number> {
        return x * 2;
      }
      'three times'(this: void, x: number): number {
        return x * 3;
      }
      delete(this: void, x: number): number {
        return x;
      }
      #own(this: void, x: number): number {
        return x;
      }
      get own(): (x: number) => number {
        return this.#own;
      }
    }
    const shapes = new Shapes();
    const squeezed = Object.assign(async (x: number) => Promise.resolve(x + 1), {
      toString: () => 'async(x)=>x+1',
    });
    const total = (list: number[]): number => {
      let total = 0;
      for (const item of list) total += item;
      return total;
    };
    const link = (host = 'http://a', path = ')/', n = 0): string => `${host}${path}${n}`;
    const calls = [
      delayed(shapes.twice)(2),
      delayed(shapes['three times'])(2),
      delayed(shapes.delete)(2),
      delayed(squeezed)(2),
      delayed(total)([1, 2]),
      delayed(link).with({ n: 7 }),
    ];
    expect(await compute(calls, { runner })).toEqual([4, 6, 2, 3, 3, 'http://a)/7']);
    expect(() => delayed(shapes.own)).toThrow(/has no source to send .* belongs to its class/);
  });

  it('passes values that JSON has no form for', async () => {
    const describeIt = delayed((bytes: Uint8Array, map: Map<number, string>, big: bigint) => [
      bytes.length,
      map.get(1),
      big,
    ]);
    const result = await compute(describeIt(new Uint8Array(3), new Map([[1, 'one']]), 2n ** 70n), { runner });
    expect(result).toEqual([3, 'one', 2n ** 70n]);
  });

  it('takes functions of any number of arguments and of one object', async () => {
    const count = delayed((...values: number[]) => values.length);
    const seven = delayed(7);
    expect(await compute(count(seven, seven, 1), { runner })).toBe(3);
    const area = delayed(({ width, height }: { width: number; height: number }) => width * height);
    expect(await compute(area.with({ width: 3, height: 4 }), { runner })).toBe(12);
    expect(() => area(3, 4)).toThrow(/takes its arguments by name/);
  });

  it('takes functions of modules', async () => {
    const file = path.join(new GraphRun([]).baseDir, 'lib.mjs');
    writeFileSync(file, 'const factor = 3;\nexport function triple(x) { return x * factor; }\n');
    const triple = delayed((x: number) => x, { module: file, exportName: 'triple' });
    expect(await compute(triple(5), { runner })).toBe(15);
  });

  it('that fails says so instead of leaving its caller waiting', async () => {
    const bad = delayed(() => {
      throw new Error('out of luck');
    });
    await expect(compute([add(1), bad()], { runner })).rejects.toThrow(/value 1: .*out of luck/);
  });

  it('refuses what cannot be sent or matched', () => {
    expect(() => delayed(Math.max)).toThrow(/has no source to send/);
    expect(() => add(1, 2, 3)).toThrow(/has 2 parameters, but was given 3 values/);
  });
});
