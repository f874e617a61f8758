/**
 * Nodes of a comparison (design/ux-and-trust.md 3.5): grey is the same on both sides, solid colour a first cause, hatched
 * what comes after one, dashed what only one side has. Shape and texture say it, colour repeats it.
 */
import type { ComparisonGraph } from '../../engine/api/contract.ts';
import { formatInteger } from '../format.ts';
import { S } from '../strings.ts';
import { BOX_SCALE, boxPath, fitText, NAME_SCALE, SLANT, textGrowth } from './draw-shapes.ts';
import { NODE_HEIGHT, NODE_WIDTH } from './layout.ts';
import type { Palette } from './palette.ts';

export type Marks = ComparisonGraph['nodes'][number]['marks'];
export type MarkKind = keyof Marks;

/** From what is looked for to what is not: a node looks like the first it has any drop of. */
export const MARK_ORDER: readonly MarkKind[] = ['cause', 'onlyA', 'onlyB', 'affected', 'same'];

export const overallMark = (marks: Marks): MarkKind => MARK_ORDER.find((kind) => marks[kind] > 0) ?? 'same';

/** First causes, and what only one side has. */
export const needsAttention = ({ cause, onlyA, onlyB }: Marks): boolean => cause + onlyA + onlyB > 0;

/** The marks as a sentence. */
export function describeMarks(marks: Marks): string {
  const present = MARK_ORDER.filter((kind) => marks[kind] > 0);
  const words = S.reproducibility.compare.graph.marks;
  return present.map((kind) => `${words[kind]} ${formatInteger(marks[kind])}`).join(', ');
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly palette: Palette;
}

const HATCH_PITCH = 7;

/** Slanting lines over the box that is clipped to. */
function hatch(ctx: CanvasRenderingContext2D, x: number, y: number): void {
  ctx.beginPath();
  for (let at = -NODE_HEIGHT; at < NODE_WIDTH; at += HATCH_PITCH) {
    ctx.moveTo(x + at, y + NODE_HEIGHT);
    ctx.lineTo(x + at + NODE_HEIGHT, y);
  }
  ctx.stroke();
}

/** Draws a node with its marks; what is chosen is ringed by the caller. */
export function drawMarkedNode(
  ctx: CanvasRenderingContext2D,
  node: ComparisonNode,
  marks: Marks,
  { x, y, scale, palette }: Place,
): void {
  const mark = overallMark(marks);
  const color = colorOf(mark, palette);
  ctx.save();
  boxPath(ctx, node, x, y);
  ctx.fillStyle = palette.surface;
  ctx.fill();
  if (mark === 'affected') {
    ctx.save();
    ctx.clip();
    ctx.globalAlpha = 0.45;
    ctx.strokeStyle = color;
    ctx.lineWidth = 1.4;
    hatch(ctx, x, y);
    ctx.restore();
  }
  if (mark === 'cause') {
    ctx.save();
    ctx.clip();
    ctx.globalAlpha = scale < BOX_SCALE ? 1 : 0.16;
    ctx.fillStyle = color;
    ctx.fillRect(x, y, NODE_WIDTH, NODE_HEIGHT);
    ctx.restore();
  }
  boxPath(ctx, node, x, y);
  ctx.strokeStyle = color;
  ctx.lineWidth = Math.max(mark === 'cause' ? 2.6 : mark === 'same' ? 1 : 1.6, 0.8 / scale);
  ctx.setLineDash(mark === 'onlyA' || mark === 'onlyB' ? [7, 5] : []);
  ctx.stroke();
  ctx.restore();
  if (scale >= NAME_SCALE) drawTexts(ctx, node, marks, mark, { x, y, scale, palette });
}

interface ComparisonNode {
  readonly name: string;
  readonly kind: 'data' | 'app';
  readonly dropclass: string;
  readonly count: number;
}

function colorOf(mark: MarkKind, palette: Palette): string {
  if (mark === 'cause') return palette.danger;
  if (mark === 'affected') return palette.states.skipped;
  return mark === 'same' ? palette.edge : palette.focus;
}

function drawTexts(
  ctx: CanvasRenderingContext2D,
  node: ComparisonNode,
  marks: Marks,
  mark: MarkKind,
  { x, y, scale, palette }: Place,
): void {
  const growth = textGrowth(scale);
  const inset = node.kind === 'data' ? SLANT + 6 : 11;
  const count = node.count > 1 ? `×${formatInteger(node.count)}` : '';
  ctx.textBaseline = 'middle';
  ctx.font = `500 ${12 * growth}px ${palette.fontText}`;
  const countWidth = count === '' ? 0 : ctx.measureText(count).width + 8;
  const room = NODE_WIDTH - 2 * inset;
  // Hatching under letters makes them hard to read.
  const lines = [fitText(ctx, node.name, room - countWidth), textOf(marks, mark, node)];
  if (mark === 'affected') {
    ctx.fillStyle = palette.surface;
    ctx.globalAlpha = 0.85;
    ctx.fillRect(x + inset - 3, y + 7, room + 6, NODE_HEIGHT - 14);
    ctx.globalAlpha = 1;
  }
  ctx.fillStyle = mark === 'same' ? palette.muted : palette.text;
  ctx.fillText(lines[0] ?? '', x + inset, y + 18);
  if (count !== '') {
    ctx.fillStyle = palette.muted;
    ctx.textAlign = 'right';
    ctx.fillText(count, x + NODE_WIDTH - inset, y + 18);
    ctx.textAlign = 'left';
  }
  ctx.font = `${10.5 * growth}px ${palette.fontText}`;
  ctx.fillStyle = mark === 'same' ? palette.muted : palette.text;
  ctx.fillText(fitText(ctx, lines[1] ?? '', room), x + inset, y + 38);
}

/** What the second line says: the class of what is the same, else the mark, with how many of how many. */
function textOf(marks: Marks, mark: MarkKind, node: ComparisonNode): string {
  if (mark === 'same') return node.dropclass.split('.').at(-1) ?? '';
  const word = S.reproducibility.compare.graph.marks[mark];
  return node.count > 1 ? `${word} ${formatInteger(marks[mark])}` : word;
}
