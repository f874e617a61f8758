/**
 * Places a logical graph: constructs are boxes around what is in them, and within each box columns follow the links from
 * left to right. Linear but for the sorting; the same graph always gives the same drawing. Pure.
 */
import type { GraphDrawing } from '../../engine/api/contract.ts';

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface LogicalLayout {
  /** A box per node, by index; undefined for what is not drawn (comments). */
  readonly boxes: readonly (Readonly<Box> | undefined)[];
  /** How many constructs are around each node. */
  readonly depth: readonly number[];
  readonly width: number;
  readonly height: number;
}

export const LEAF_WIDTH = 168;
export const LEAF_HEIGHT = 56;
export const HEADER = 40;
const PADDING = 16;
const COLUMN_GAP = 44;
const ROW_GAP = 18;
const SWEEPS = 3;

type Node = GraphDrawing['nodes'][number];

const isDrawn = (node: Node): boolean => node.categoryType !== 'Other';

/** Lays out a graph; one with circles, strange parents or no links too. */
export function layOutLogical({ nodes, links }: Pick<GraphDrawing, 'nodes' | 'links'>): LogicalLayout {
  const parents = acyclicParents(nodes);
  const children: number[][] = nodes.map(() => []);
  const roots: number[] = [];
  for (const [index, node] of nodes.entries()) {
    if (!isDrawn(node)) continue;
    const parent = parents[index] ?? -1;
    (parent < 0 ? roots : (children[parent] as number[])).push(index);
  }
  const depth = nodes.map((_, index) => ancestors(index, parents).length);
  const inner = linksWithin(links, parents);
  const boxes: (Box | undefined)[] = nodes.map(() => undefined);
  const size = (index: number): Box => {
    const within = children[index] ?? [];
    const box =
      within.length === 0
        ? { x: 0, y: 0, width: LEAF_WIDTH, height: LEAF_HEIGHT }
        : grown(arrange(within, inner.get(index) ?? [], size, boxes));
    boxes[index] = box;
    return box;
  };
  const total = arrange(roots, inner.get(-1) ?? [], size, boxes);
  shift(roots, children, boxes, 0, 0);
  return { boxes, depth, width: total.width, height: total.height };
}

/** Parents as given, but for those that would go round in a circle or lead nowhere. */
function acyclicParents(nodes: readonly Node[]): number[] {
  const parents = nodes.map(({ parent }, index) => {
    const around = nodes[parent];
    return around !== undefined && isDrawn(around) && parent !== index ? parent : -1;
  });
  for (let index = 0; index < parents.length; index++) {
    const seen = new Set<number>();
    for (let at = index; at >= 0; at = parents[at] ?? -1) {
      if (seen.has(at)) {
        parents[at] = -1;
        break;
      }
      seen.add(at);
    }
  }
  return parents;
}

function ancestors(index: number, parents: readonly number[]): number[] {
  const found: number[] = [];
  for (let at = parents[index] ?? -1; at >= 0; at = parents[at] ?? -1) found.push(at);
  return found;
}

/** Each link where it matters: between the two members of the innermost box around both ends. By box; -1 is the top. */
function linksWithin(
  links: GraphDrawing['links'],
  parents: readonly number[],
): Map<number, [number, number][]> {
  const found = new Map<number, [number, number][]>();
  for (const [from, to] of links) {
    const fromPath = [from, ...ancestors(from, parents), -1];
    const toPath = [to, ...ancestors(to, parents), -1];
    // A link between a construct and something in it places nothing.
    if (fromPath.includes(to) || toPath.includes(from)) continue;
    const around = fromPath.find((box) => toPath.includes(box)) as number;
    const members: [number, number] = [
      fromPath[fromPath.indexOf(around) - 1] as number,
      toPath[toPath.indexOf(around) - 1] as number,
    ];
    found.set(around, [...(found.get(around) ?? []), members]);
  }
  return found;
}

/** Puts members into columns and returns the size of all; their boxes get places relative to the corner. */
function arrange(
  members: readonly number[],
  links: readonly (readonly [number, number])[],
  size: (index: number) => Box,
  boxes: readonly (Box | undefined)[],
): Box {
  for (const member of members) size(member);
  const columns = columnsOf(members, links);
  order(columns, links);
  const heights = columns.map((column) =>
    column.reduce((sum, member) => sum + (boxes[member]?.height ?? 0) + ROW_GAP, -ROW_GAP),
  );
  const height = Math.max(0, ...heights);
  let x = 0;
  for (const [at, column] of columns.entries()) {
    const width = Math.max(...column.map((member) => boxes[member]?.width ?? 0));
    let y = (height - (heights[at] ?? 0)) / 2;
    for (const member of column) {
      const box = boxes[member] as Box;
      box.x = x + (width - box.width) / 2;
      box.y = y;
      y += box.height + ROW_GAP;
    }
    x += width + COLUMN_GAP;
  }
  return { x: 0, y: 0, width: Math.max(0, x - COLUMN_GAP), height };
}

/** Columns by the longest way from a member that nothing leads to; links that close a circle are left out. */
function columnsOf(members: readonly number[], links: readonly (readonly [number, number])[]): number[][] {
  const targets = new Map<number, number[]>();
  for (const [from, to] of links) targets.set(from, [...(targets.get(from) ?? []), to]);
  const state = new Map<number, 'open' | 'done'>();
  const sorted: number[] = [];
  const forward = new Map<number, number[]>();
  const visit = (start: number): void => {
    const stack: [node: number, next: number][] = [[start, 0]];
    state.set(start, 'open');
    while (stack.length > 0) {
      const top = stack.at(-1) as [number, number];
      const [node, next] = top;
      const target = targets.get(node)?.[next];
      top[1]++;
      if (target === undefined) {
        state.set(node, 'done');
        sorted.push(node);
        stack.pop();
      } else if (state.get(target) !== 'open') {
        forward.set(node, [...(forward.get(node) ?? []), target]);
        if (!state.has(target)) {
          state.set(target, 'open');
          stack.push([target, 0]);
        }
      }
    }
  };
  for (const member of members) if (!state.has(member)) visit(member);
  const layer = new Map<number, number>();
  for (const node of sorted.reverse())
    for (const target of forward.get(node) ?? [])
      layer.set(target, Math.max(layer.get(target) ?? 0, (layer.get(node) ?? 0) + 1));
  const columns: number[][] = [];
  for (const member of members) (columns[layer.get(member) ?? 0] ??= []).push(member);
  return columns.filter((column) => column !== undefined);
}

/** Orders each column by the middle of its neighbours before and after it. */
function order(columns: readonly number[][], links: readonly (readonly [number, number])[]): void {
  const place = new Map<number, number>();
  for (const column of columns)
    for (const [at, member] of column.entries()) place.set(member, at - (column.length - 1) / 2);
  const before = new Map<number, number[]>();
  const after = new Map<number, number[]>();
  for (const [from, to] of links) {
    before.set(to, [...(before.get(to) ?? []), from]);
    after.set(from, [...(after.get(from) ?? []), to]);
  }
  const sort = (column: number[], neighbours: ReadonlyMap<number, number[]>): void => {
    const middle = new Map(
      column.map((member) => {
        const others = neighbours.get(member) ?? [];
        const sum = others.reduce((total, other) => total + (place.get(other) ?? 0), 0);
        return [member, others.length === 0 ? (place.get(member) ?? 0) : sum / others.length];
      }),
    );
    column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
    for (const [at, member] of column.entries()) place.set(member, at - (column.length - 1) / 2);
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of columns) sort(column, before);
    for (const column of columns.toReversed()) sort(column, after);
  }
}

/** The box of a construct around its contents. */
function grown(content: Box): Box {
  return {
    x: 0,
    y: 0,
    width: Math.max(LEAF_WIDTH, content.width + 2 * PADDING),
    height: content.height + HEADER + PADDING,
  };
}

/** From places within a construct to places in the drawing. */
function shift(
  members: readonly number[],
  children: readonly (readonly number[])[],
  boxes: readonly (Box | undefined)[],
  dx: number,
  dy: number,
): void {
  for (const member of members) {
    const box = boxes[member];
    if (box === undefined) continue;
    box.x = Math.round(box.x + dx);
    box.y = Math.round(box.y + dy);
    shift(children[member] ?? [], children, boxes, box.x + PADDING, box.y + HEADER);
  }
}
