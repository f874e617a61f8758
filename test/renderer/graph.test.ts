import { describe, expect, it } from 'vitest';
import type { GraphView } from '../../engine/api/contract.ts';
import { fit, MAX_SCALE, reveal, zoomAt } from '../../renderer/graph/camera.ts';
import { nodeAt, overallFamily } from '../../renderer/graph/draw.ts';
import { layOut, NODE_HEIGHT, NODE_WIDTH } from '../../renderer/graph/layout.ts';
import { withChanges } from '../../renderer/pages/graph-changes.ts';

function graph(layers: readonly number[], edges: readonly (readonly [number, number])[]): GraphView {
  return {
    folded: false,
    totalDrops: layers.length,
    nodes: layers.map((layer, i) => ({
      id: `n${i}`,
      name: `n${i}`,
      kind: i % 2 ? 'app' : 'data',
      dropclass: 'a.b.C',
      count: 1,
      byState: { INITIALIZED: 1 },
      layer,
    })),
    edges: edges.map(([from, to]) => [from, to, 1]),
    truncated: false,
  };
}

/** One root, `width` branches of one node, one leaf. */
const fan = (width: number): GraphView =>
  graph(
    [0, ...Array.from({ length: width }, () => 1), 2],
    Array.from({ length: width }, (_, i) => i + 1).flatMap((i): [number, number][] => [
      [0, i],
      [i, width + 1],
    ]),
  );

describe('the layered drawing', () => {
  it('puts layers from left to right and never two nodes on one place', () => {
    const { x, y } = layOut(fan(50));
    expect(x[0]).toBeLessThan(x[1] ?? 0);
    expect(x[1]).toBeLessThan(x[51] ?? 0);
    const places = new Set(Array.from(x, (left, i) => `${left} ${y[i]}`));
    expect(places.size).toBe(52);
    const column = Array.from(y.subarray(1, 51)).sort((a, b) => a - b);
    for (const [i, top] of column.slice(1).entries()) {
      expect(top - (column[i] ?? 0)).toBeGreaterThanOrEqual(NODE_HEIGHT);
    }
  });

  it('puts the ends of a fan in its middle', () => {
    const { y, height } = layOut(fan(51));
    expect(Math.abs((y[0] ?? 0) - (height - NODE_HEIGHT) / 2)).toBeLessThan(2);
    expect(Math.abs((y[52] ?? 0) - (height - NODE_HEIGHT) / 2)).toBeLessThan(2);
  });

  it('untangles two chains that are listed crosswise', () => {
    const { y } = layOut(
      graph(
        [0, 0, 1, 1],
        [
          [0, 3],
          [1, 2],
        ],
      ),
    );
    expect(Math.sign((y[0] ?? 0) - (y[1] ?? 0))).toBe(Math.sign((y[3] ?? 0) - (y[2] ?? 0)));
  });

  it('is the same each time', () => expect(layOut(fan(20))).toEqual(layOut(fan(20))));

  it('works without nodes and without edges', () => {
    expect(layOut(graph([], [])).columns).toEqual([]);
    expect(layOut(graph([0, 0], [])).columns).toEqual([[0, 1]]);
  });

  it('finds the node under a point', () => {
    const view = fan(3);
    const layout = layOut(view);
    expect(nodeAt(view, layout, (layout.x[2] ?? 0) + 5, (layout.y[2] ?? 0) + 5)).toBe(2);
    expect(nodeAt(view, layout, (layout.x[2] ?? 0) + NODE_WIDTH + 10, layout.y[2] ?? 0)).toBe(-1);
  });
});

describe('the camera', () => {
  const canvas = { width: 800, height: 600 };

  it('shows all of a large drawing, and never magnifies a small one', () => {
    const large = fit({ width: 8000, height: 300 }, canvas);
    expect(8000 * large.scale).toBeLessThanOrEqual(800);
    expect(fit({ width: 100, height: 50 }, canvas).scale).toBe(1);
  });

  it('keeps the point under the pointer when it zooms, up to a limit', () => {
    const before = { x: 10, y: 20, scale: 1 };
    const after = zoomAt(before, 2, 300, 200);
    expect(after.x + 300 / after.scale).toBeCloseTo(310);
    expect(after.y + 200 / after.scale).toBeCloseTo(220);
    expect(zoomAt(before, 100, 0, 0).scale).toBe(MAX_SCALE);
  });

  it('moves only as far as a hidden box needs', () => {
    const camera = { x: 0, y: 0, scale: 1 };
    expect(reveal(camera, canvas, { x: 100, y: 100, width: 50, height: 20 })).toEqual(camera);
    expect(reveal(camera, canvas, { x: 900, y: 100, width: 50, height: 20 })).toEqual({
      x: 182,
      y: 0,
      scale: 1,
    });
  });
});

describe('states in the drawing', () => {
  it('show what needs attention before what is done', () => {
    expect(overallFamily({ COMPLETED: 9, ERROR: 1 })).toBe('error');
    expect(overallFamily({ COMPLETED: 9, WRITING: 1 })).toBe('active');
    expect(overallFamily({ COMPLETED: 9, INITIALIZED: 1 })).toBe('waiting');
    expect(overallFamily({ COMPLETED: 9, SKIPPED: 1 })).toBe('done');
    expect(overallFamily({ SKIPPED: 1, EXPIRED: 0 })).toBe('skipped');
  });

  it('change by row, and leave the other nodes as they are', () => {
    const view = fan(2);
    const changed = withChanges(view, new Map([[1, { status: 'INITIALIZED', execStatus: 'RUNNING' }]]));
    expect(changed.nodes[1]?.byState).toEqual({ RUNNING: 1 });
    expect(changed.nodes[2]).toBe(view.nodes[2]);
  });

  it('follow the row a node names', () => {
    const view = fan(2);
    const named = { ...view, nodes: view.nodes.map((node, i) => ({ ...node, row: 10 + i })) };
    const changed = withChanges(named, new Map([[12, { status: 'COMPLETED', execStatus: null }]]));
    expect(changed.nodes.map(({ byState }) => Object.keys(byState)[0])).toEqual([
      'INITIALIZED',
      'INITIALIZED',
      'COMPLETED',
      'INITIALIZED',
    ]);
  });
});
