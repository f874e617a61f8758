import { afterEach, describe, expect, it } from 'vitest';
import { build, GraphParser } from '../../../engine/graph/parser.ts';
import { practiceGraph } from '../../../engine/graph/practice-graph.ts';

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));

describe('a thread that reads graphs', () => {
  let parser: GraphParser | undefined;
  afterEach(() => parser?.close());

  it.each([true, false])('answers as it is asked, whether it practises before (%s)', async (practise) => {
    const asked = (parser = new GraphParser());
    asked.warmUp();
    if (practise) asked.practise();
    const graphs = await Promise.all([1400, 1800].map((drops) => asked.parse(bytesOf(practiceGraph(drops)))));
    expect(graphs.map((graph) => graph.count)).toEqual([1400, 1800]);
    await expect(asked.parse(bytesOf(`[${' '.repeat(300_000)}`))).rejects.toThrow(/JSON/);
  });
});

describe('a graph to practise with', () => {
  it('is whole: every link is said by both ends', () => {
    const graph = build(bytesOf(practiceGraph(10)));
    expect(graph.columns.warnings).toEqual([]);
    const apps = Array.from({ length: 10 }, (_, row) => row).filter((row) => graph.isApp(row));
    expect(apps).toEqual([1, 3, 5, 7, 9]);
    expect(graph.consumers.sources(9)).toEqual([4, 6, 8]);
    expect(graph.outputs.sources(8)).toEqual([7]);
  });
});
