/** What is said of a graph before it runs, and of the parts that a run divides it into. */
import { hostname } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';
import type { GraphFile, TranslationChoices } from '../../../engine/api/index.ts';
import { GraphParser } from '../../../engine/graph/index.ts';
import { inspectGraph, toPhysical } from '../../../engine/host/index.ts';
import type { JsonObject } from '../../../engine/protocol/index.ts';
import { app, data, link, rawGraph, scatter } from '../translator/graphs.ts';

const parser = new GraphParser();
afterAll(() => parser.close());

const fileOf = (json: unknown): GraphFile => ({
  bytes: new Uint8Array(Buffer.from(JSON.stringify(json))),
  name: 'test.graph',
  origin: 'test',
});
const logical = (values: JsonObject = {}): GraphFile =>
  fileOf(
    rawGraph(
      [data('in'), scatter('s', 6), app('a', 's', values as never), data('d', 's')],
      [link('in', 'a'), link('a', 'd')],
    ),
  );

describe('a graph that is looked at', () => {
  it('has no problems when every class is known', async () => {
    const found = await inspectGraph(logical(), parser);
    expect(found).toEqual({ kind: 'logical', name: 'test.graph', drops: 13, problems: [] });
  });

  it('is told of every class that nobody knows, once, with a drop that wants it', async () => {
    const graph = logical({ dropclass: 'my.telescope.Dish' });
    const { problems } = await inspectGraph(graph, parser);
    expect(problems).toEqual([
      {
        code: 'GRAPH_UNKNOWN_CLASS',
        message: expect.stringMatching(
          /^6 drops, 1_a_0-0 first, want the application class "my\.telescope\.Dish"/,
        ) as string,
      },
    ]);
    const known = await inspectGraph(graph, parser, () => class {} as never);
    expect(known.problems).toEqual([]);
  });
});

describe('a graph whose hosts are named for a run', () => {
  const nodesOf = async (choices: TranslationChoices): Promise<unknown[]> => {
    const { bytes } = await toPhysical(logical(), choices);
    const drops = JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonObject[];
    return [...new Set(drops.map((drop) => `${drop['node'] as string} ${drop['island'] as string}`))].sort();
  };

  it('has a part on each of them, and its first host as the island', async () => {
    expect(await nodesOf({ nodes: ['localhost:8000', `${hostname()}:8010`] })).toEqual(
      [`${hostname()}:8010 localhost:8000`, 'localhost:8000 localhost:8000'].sort(),
    );
    expect(await nodesOf({ nodes: ['127.0.0.1', '[::1]:8000'], islandHosts: ['localhost'] })).toEqual([
      '127.0.0.1 localhost',
      '[::1]:8000 localhost',
    ]);
  });

  it('is refused before anything is translated when one of them is another machine', async () => {
    const broken = fileOf({ nodeDataArray: 'never looked at' });
    for (const choices of [{ nodes: ['localhost', 'nm1:8000', 'nm2'] }, { islandHosts: ['nm1:8000', 'nm2'] }])
      await expect(toPhysical(broken, choices)).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringMatching(
          /found nm1:8000, nm2, which are not: a run uses this machine only/,
        ) as string,
      });
  });
});

describe('a graph that is divided for a run', () => {
  it('has as many parts as were asked for, and it is said that one node runs them all', async () => {
    const warnings: string[] = [];
    const { bytes } = await toPhysical(
      logical(),
      { partitions: 3 },
      { onWarning: (text) => warnings.push(text) },
    );
    const drops = JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonObject[];
    expect(new Set(drops.map((drop) => drop['node']))).toEqual(new Set(['localhost']));
    expect(warnings).toEqual([
      expect.stringMatching(
        /divided into 3 parts of \d+, \d+, \d+ drops; this is one node, and it runs all of them/,
      ),
    ]);
  });

  it('says nothing of parts when it is whole', async () => {
    const warnings: string[] = [];
    await toPhysical(logical(), {}, { onWarning: (text) => warnings.push(text) });
    expect(warnings).toEqual([]);
  });
});
