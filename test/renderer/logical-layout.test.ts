import { describe, expect, it } from 'vitest';
import type { GraphDrawing } from '../../engine/api/contract.ts';
import { layOutLogical, type Box } from '../../renderer/graph/logical-layout.ts';

type Node = GraphDrawing['nodes'][number];
const node = (id: string, parent = -1, categoryType = 'Application'): Node => ({
  id,
  name: id,
  category: '',
  categoryType,
  parent,
  isGroup: false,
  copies: null,
  application: null,
});

function boxesOf(nodes: readonly Node[], links: readonly [number, number][]): (Readonly<Box> | undefined)[] {
  return [...layOutLogical({ nodes: [...nodes], links: [...links] }).boxes];
}

const overlap = (a: Readonly<Box>, b: Readonly<Box>): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const within = (inner: Readonly<Box>, outer: Readonly<Box>): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

describe('the drawing of a logical graph', () => {
  // a -> group(1) { b -> group(3) { c, d } } -> e
  const nodes = [node('a'), node('g'), node('b', 1), node('h', 1), node('c', 3), node('d', 3), node('e')];
  const links: [number, number][] = [
    [0, 2],
    [2, 4],
    [2, 5],
    [4, 6],
  ];

  it('puts constructs around what is in them, and lets nothing else overlap', () => {
    const boxes = boxesOf(nodes, links) as Readonly<Box>[];
    const parents = nodes.map(({ parent }) => parent);
    boxes.forEach((box, index) => {
      const parent = parents[index] ?? -1;
      if (parent >= 0) expect(within(box, boxes[parent] as Box)).toBe(true);
      boxes.forEach((other, at) => {
        if (at > index && parents[at] === parent) expect(overlap(box, other)).toBe(false);
      });
    });
  });

  it('follows links from left to right, through the walls of constructs', () => {
    const [a, g, b, h, , , e] = boxesOf(nodes, links) as Readonly<Box>[];
    expect((a as Box).x + (a as Box).width).toBeLessThan((g as Box).x);
    expect((b as Box).x + (b as Box).width).toBeLessThan((h as Box).x);
    expect((g as Box).x + (g as Box).width).toBeLessThan((e as Box).x);
  });

  it('bears circles of links and of parents, comments and nothing at all', () => {
    expect(boxesOf([node('a'), node('b')], [[0, 1], [1, 0]]).every((box) => box !== undefined)).toBe(true); // prettier-ignore
    expect(boxesOf([node('a', 1), node('b', 0)], []).every((box) => box !== undefined)).toBe(true);
    expect(boxesOf([node('a', 99)], [])).toHaveLength(1);
    expect(boxesOf([node('note', -1, 'Other'), node('a')], [[0, 1]])[0]).toBeUndefined();
    expect(layOutLogical({ nodes: [], links: [] })).toMatchObject({ boxes: [], width: 0, height: 0 });
  });

  it('takes a long chain', () => {
    const count = 3000;
    const chain = Array.from({ length: count }, (_, i) => node(`n${i}`));
    const boxes = boxesOf(
      chain,
      Array.from({ length: count - 1 }, (_, i): [number, number] => [i, i + 1]),
    );
    expect(boxes.at(-1)?.x).toBeGreaterThan(boxes[0]?.x ?? 0);
  });
});
