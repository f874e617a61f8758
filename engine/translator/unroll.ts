import type { JsonObject } from '../protocol/index.ts';
import { emitDropTexts } from './emit-text.ts';
import { emitDrops } from './emit.ts';
import type { WorkOptions } from './errors.ts';
import type { LogicalGraph } from './logical-graph.ts';
import { planUnroll, type UnrollOptions } from './plan.ts';

/** Classes the `--app` option of the command line stands for (spec/translator.md 15). */
export const DEFAULT_APPS: readonly (string | undefined)[] = [
  undefined,
  'dlg.apps.simple.SleepApp',
  'dlg.apps.simple.SleepAndCopyApp',
];

/**
 * Unrolls a logical graph to a physical graph template: one object per drop, the reproducibility object last
 * (spec/translator.md 5, 6, 8). Time and memory grow with drops plus edges.
 *
 * Throws a `GraphException` that names the place when the graph cannot be unrolled, before any drop is made.
 */
export function unroll(graph: LogicalGraph, options: UnrollOptions & WorkOptions): JsonObject[] {
  return emitDrops(planUnroll(graph, options), options);
}

/**
 * The same as JSON text, one drop per piece: for graphs too large to hold. All errors come before the first piece.
 */
export function unrollTexts(
  graph: LogicalGraph,
  options: UnrollOptions & WorkOptions,
): Generator<string, void, undefined> {
  return emitDropTexts(planUnroll(graph, options), options);
}

/** A whole PGT as JSON text in pieces of about `pieceLength` characters: `[`, the drops with commas, `]`. */
export function* unrollJson(
  graph: LogicalGraph,
  options: UnrollOptions & WorkOptions,
  pieceLength = 1 << 16,
): Generator<string, void, undefined> {
  let piece = '[\n';
  let isFirst = true;
  for (const text of unrollTexts(graph, options)) {
    piece += isFirst ? text : `,\n${text}`;
    isFirst = false;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}\n]\n`;
}
