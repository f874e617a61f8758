/** Draws a laid-out graph on a canvas: only what is in view, with as much detail as the scale bears. */
import type { GraphView, StateCounts } from '../../engine/api/contract.ts';
import { formatInteger } from '../format.ts';
import { FAMILY_ORDER, familyOf, orderedCounts, type StateFamily } from '../states.ts';
import type { Camera, Size } from './camera.ts';
import { drawMarkedNode, type Marks } from './draw-marks.ts';
import { BOX_SCALE, boxPath, fitText, NAME_SCALE, SLANT, textGrowth } from './draw-shapes.ts';
import { NODE_HEIGHT, NODE_WIDTH, type Layout } from './layout.ts';
import type { Palette } from './palette.ts';

export type GraphNode = GraphView['nodes'][number];

export interface Scene {
  readonly view: GraphView;
  readonly layout: Layout;
  readonly camera: Camera;
  readonly canvas: Size;
  readonly palette: Palette;
  /** Of a comparison: drawn instead of the states. */
  readonly marks?: readonly Marks[] | undefined;
  /** Index of the node the keyboard is on, and of the one under the pointer; -1 for none. */
  readonly selected: number;
  readonly hovered: number;
}

/** What a node looks like as a whole: what needs attention comes first. */
export function overallFamily(counts: StateCounts): StateFamily {
  const present = new Set(
    Object.keys(counts)
      .filter((state) => (counts[state] ?? 0) > 0)
      .map(familyOf),
  );
  const ranking: readonly StateFamily[] = ['error', 'interrupted', 'active', 'waiting'];
  return (
    ranking.find((family) => present.has(family)) ?? FAMILY_ORDER.find((f) => present.has(f)) ?? 'waiting'
  );
}

/** Glyphs of the families on a 16 by 16 grid, the same shapes as components/icon.ts. `true`: filled. */
const GLYPHS: Readonly<Record<StateFamily, readonly [string, boolean]>> = {
  waiting: ['M8 3.4a4.6 4.6 0 1 0 0 9.2a4.6 4.6 0 1 0 0-9.2', false],
  active: ['M4.5 3v10L12.5 8z', true],
  done: ['M3 8.6 6.4 12 13 4.6', false],
  error: [
    'M5.3 1.8h5.4l3.5 3.5v5.4l-3.5 3.5H5.3l-3.5-3.5V5.3zM6.4 5.2 5.2 6.4 6.8 8 5.2 9.6l1.2 1.2L8 9.2l1.6 1.6 1.2-1.2L9.2 8l1.6-1.6-1.2-1.2L8 6.8z',
    true,
  ],
  cancelled: ['M3.4 3.4h9.2v9.2H3.4z', true],
  skipped: ['m3 4.2 4 3.8-4 3.8M9 4.2 13 8l-4 3.8', false],
  interrupted: ['M9.4 1 3.2 9h4L6.4 15l6.4-8.2h-4.2z', true],
  expired: [
    'M4 2.2h8M4 13.8h8M5 2.2c0 3.4 6 3.6 6 5.8s-6 2.4-6 5.8M11 2.2C11 5.6 5 5.8 5 8s6 2.4 6 5.8',
    false,
  ],
  deleted: ['M3 8h10', false],
};

function drawEdges(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  isInView: (x: number, y: number, w: number, h: number) => boolean,
): void {
  const { view, layout, palette, selected, hovered, camera } = scene;
  const lit = hovered >= 0 ? hovered : selected;
  const isDense = view.edges.length > 4000;
  ctx.lineWidth = Math.max(1, 0.6 / camera.scale);
  const passes =
    scene.marks === undefined ? (['plain', 'lit'] as const) : (['plain', 'single', 'lit'] as const);
  for (const pass of passes) {
    ctx.beginPath();
    for (const [from, to, weight] of view.edges) {
      const isLit = lit === from || lit === to;
      // Of a comparison: 3 is a link that both have, 1 and 2 one that only one of them has.
      const kind = isLit ? 'lit' : scene.marks !== undefined && weight !== 3 ? 'single' : 'plain';
      if (kind !== pass) continue;
      const x1 = (layout.x[from] ?? 0) + NODE_WIDTH - (view.nodes[from]?.kind === 'data' ? SLANT / 2 : 0);
      const y1 = (layout.y[from] ?? 0) + NODE_HEIGHT / 2;
      const x2 = (layout.x[to] ?? 0) + (view.nodes[to]?.kind === 'data' ? SLANT / 2 : 0);
      const y2 = (layout.y[to] ?? 0) + NODE_HEIGHT / 2;
      if (!isInView(Math.min(x1, x2), Math.min(y1, y2), Math.abs(x2 - x1), Math.abs(y2 - y1))) continue;
      ctx.moveTo(x1, y1);
      const bend = Math.max(30, Math.abs(x2 - x1) / 2);
      ctx.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
    }
    ctx.strokeStyle = pass === 'lit' ? palette.focus : palette.edge;
    ctx.globalAlpha = pass === 'plain' && isDense ? 0.35 : 1;
    if (pass === 'lit') ctx.lineWidth = Math.max(1.8, 1.2 / camera.scale);
    ctx.setLineDash(pass === 'single' ? [5, 4] : []);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function drawStrip(ctx: CanvasRenderingContext2D, node: GraphNode, box: Box, palette: Palette): void {
  const { x, y, width, height } = box;
  let at = x;
  for (const [state, count] of orderedCounts(node.byState)) {
    const length = (width * count) / Math.max(1, node.count);
    const family = familyOf(state);
    ctx.fillStyle = family === 'waiting' ? palette.waiting : palette.states[family];
    ctx.fillRect(at, y, Math.max(length, 1.5), height);
    at += length;
  }
}

function drawGlyph(
  ctx: CanvasRenderingContext2D,
  family: StateFamily,
  x: number,
  y: number,
  size: number,
  palette: Palette,
): void {
  const [path, isFilled] = GLYPHS[family];
  ctx.save();
  ctx.translate(x, y);
  ctx.scale(size, size);
  ctx.lineWidth = 2;
  ctx.lineCap = 'round';
  ctx.lineJoin = 'round';
  ctx.fillStyle = ctx.strokeStyle = palette.states[family];
  if (isFilled) ctx.fill(new Path2D(path));
  else ctx.stroke(new Path2D(path));
  ctx.restore();
}

function drawLabels(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  node: GraphNode,
  x: number,
  y: number,
): void {
  const { palette, camera } = scene;
  const growth = textGrowth(camera.scale);
  const inset = node.kind === 'data' ? SLANT + 6 : 11;
  const left = x + inset + 16 * growth + 5;
  const count = node.count > 1 ? `×${formatInteger(node.count)}` : '';
  ctx.textBaseline = 'middle';
  ctx.font = `500 ${12 * growth}px ${palette.fontText}`;
  const countWidth = count === '' ? 0 : ctx.measureText(count).width + 8;
  const room = x + NODE_WIDTH - inset - left;
  ctx.fillStyle = palette.text;
  ctx.fillText(fitText(ctx, node.name, room - countWidth), left, y + 16);
  if (count !== '') {
    ctx.fillStyle = palette.muted;
    ctx.textAlign = 'right';
    ctx.fillText(count, x + NODE_WIDTH - inset, y + 16);
    ctx.textAlign = 'left';
  }
  ctx.font = `${10.5 * growth}px ${palette.fontText}`;
  ctx.fillStyle = palette.muted;
  ctx.fillText(fitText(ctx, node.dropclass.split('.').at(-1) ?? '', room), left, y + 33);
  drawGlyph(ctx, overallFamily(node.byState), x + inset, y + 16 - 8 * growth, growth, palette);
}

function drawNode(ctx: CanvasRenderingContext2D, scene: Scene, index: number, node: GraphNode): void {
  const { layout, palette, camera, selected, hovered } = scene;
  const x = layout.x[index] ?? 0;
  const y = layout.y[index] ?? 0;
  const family = overallFamily(node.byState);
  const marks = scene.marks?.[index];
  if (marks !== undefined) drawMarkedNode(ctx, node, marks, { x, y, scale: camera.scale, palette });
  else if (camera.scale < BOX_SCALE) {
    drawStrip(ctx, node, { x, y, width: NODE_WIDTH, height: NODE_HEIGHT }, palette);
    if (family === 'error') {
      // Errors keep a mark of their own where there is no room for a glyph.
      ctx.strokeStyle = palette.text;
      ctx.lineWidth = 1.5 / camera.scale;
      ctx.strokeRect(x, y, NODE_WIDTH, NODE_HEIGHT);
    }
  } else {
    boxPath(ctx, node, x, y);
    ctx.fillStyle = palette.surface;
    ctx.fill();
    ctx.lineWidth = Math.max(family === 'error' ? 1.8 : 1.2, 0.8 / camera.scale);
    ctx.strokeStyle = family === 'waiting' ? palette.edge : palette.states[family];
    ctx.stroke();
    const inset = node.kind === 'data' ? SLANT + 3 : 11;
    const strip = { x: x + inset, width: NODE_WIDTH - inset * 2 };
    if (camera.scale < NAME_SCALE)
      drawStrip(ctx, node, { ...strip, y: y + NODE_HEIGHT / 2 - 8, height: 16 }, palette);
    else {
      drawLabels(ctx, scene, node, x, y);
      drawStrip(ctx, node, { ...strip, y: y + NODE_HEIGHT - 10, height: 5 }, palette);
    }
  }
  if (index !== selected && index !== hovered) return;
  ctx.strokeStyle = palette.focus;
  ctx.lineWidth = (index === selected ? 2.5 : 1.5) / Math.min(1, camera.scale);
  ctx.strokeRect(x - 4, y - 4, NODE_WIDTH + 8, NODE_HEIGHT + 8);
}

/** Draws everything in view. The canvas is `scene.canvas` CSS pixels at `pixelRatio`. */
export function draw(ctx: CanvasRenderingContext2D, scene: Scene, pixelRatio: number): void {
  const { camera, canvas, view, layout } = scene;
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, canvas.width * pixelRatio, canvas.height * pixelRatio);
  const k = camera.scale * pixelRatio;
  ctx.setTransform(k, 0, 0, k, -camera.x * k, -camera.y * k);
  const right = camera.x + canvas.width / camera.scale;
  const bottom = camera.y + canvas.height / camera.scale;
  const isInView = (x: number, y: number, w: number, h: number): boolean =>
    x + w >= camera.x && x <= right && y + h >= camera.y && y <= bottom;
  drawEdges(ctx, scene, isInView);
  for (const [index, node] of view.nodes.entries()) {
    if (isInView(layout.x[index] ?? 0, layout.y[index] ?? 0, NODE_WIDTH, NODE_HEIGHT))
      drawNode(ctx, scene, index, node);
  }
}

/** The node at a point of the drawing, or -1. */
export function nodeAt(view: GraphView, layout: Layout, x: number, y: number): number {
  for (let index = view.nodes.length - 1; index >= 0; index--) {
    const left = layout.x[index] ?? 0;
    const top = layout.y[index] ?? 0;
    if (x >= left && x <= left + NODE_WIDTH && y >= top && y <= top + NODE_HEIGHT) return index;
  }
  return -1;
}
