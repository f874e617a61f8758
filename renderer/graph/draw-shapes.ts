/** Shapes and texts that all drawings of graphs share. */
import { NODE_HEIGHT, NODE_WIDTH } from './layout.ts';

/** From this scale on names are drawn, and boxes at all. */
export const NAME_SCALE = 0.5;
export const BOX_SCALE = 0.3;
/** How much the sides of a data drop slant. */
export const SLANT = 9;
const MAX_TEXT_GROWTH = 1.3;

/** Text grows a little while the drawing shrinks, as far as the boxes have room for it. */
export const textGrowth = (scale: number): number => Math.min(MAX_TEXT_GROWTH, Math.max(1, 0.95 / scale));

/** Begins the outline of a node: applications are boxes, data slants. */
export function boxPath(
  ctx: CanvasRenderingContext2D,
  node: { readonly kind: 'data' | 'app' },
  x: number,
  y: number,
): void {
  ctx.beginPath();
  if (node.kind === 'app') ctx.roundRect(x, y, NODE_WIDTH, NODE_HEIGHT, 6);
  else {
    ctx.moveTo(x + SLANT, y);
    ctx.lineTo(x + NODE_WIDTH, y);
    ctx.lineTo(x + NODE_WIDTH - SLANT, y + NODE_HEIGHT);
    ctx.lineTo(x, y + NODE_HEIGHT);
    ctx.closePath();
  }
}

/** Text cut to a width, with an ellipsis. */
export function fitText(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ctx.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low)}…`;
}
