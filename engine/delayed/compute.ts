/** Running delayed values (spec/engine.md 10.3), on whatever can run a graph. */
import { decodeJs } from '../drops/index.ts';
import { DaliugeException } from '../protocol/index.ts';
import { graphOf, type DelayedGraph } from './graph.ts';
import { DelayedValue } from './value.ts';

/** How one requested value came out. */
export type DelayedOutcome =
  | { readonly isComplete: true; readonly content: Uint8Array }
  | { readonly isComplete: false; readonly reason: string };

/** Runs graphs: a Host's sessions, or a node manager elsewhere. */
export interface DelayedRunner {
  /**
   * Runs the graph as a session of its own until its results are there, and hands their contents out in the order of
   * `graph.results`. Must end the session when `signal` aborts.
   */
  run(
    graph: DelayedGraph,
    options: { readonly signal: AbortSignal | undefined },
  ): Promise<readonly DelayedOutcome[]>;
}

export interface ComputeOptions {
  readonly runner: DelayedRunner;
  readonly signal?: AbortSignal;
}

/** The value, or the list of values, once computed. Throws DaliugeException where one of them failed. */
export async function compute(values: readonly DelayedValue[], options: ComputeOptions): Promise<unknown[]>;
export async function compute(value: DelayedValue, options: ComputeOptions): Promise<unknown>;
export async function compute(
  what: DelayedValue | readonly DelayedValue[],
  { runner, signal }: ComputeOptions,
): Promise<unknown> {
  const isOne = what instanceof DelayedValue;
  const values = isOne ? [what] : what;
  if (values.length === 0) return [];
  const outcomes = await runner.run(graphOf(isOne ? what : values), { signal });
  const failed = outcomes.flatMap((outcome, i) =>
    outcome.isComplete ? [] : [`value ${i}: ${outcome.reason}`],
  );
  if (failed.length > 0)
    throw new DaliugeException('APP_FAILED', `The computation failed: ${failed.join('; ')}`, {
      details: { failed },
    });
  const results = outcomes.map((outcome, i) => {
    const value = values[i] as DelayedValue;
    if (value.kind === 'data') return value.value;
    return outcome.isComplete ? decodeJs(outcome.content, 'pickle') : undefined;
  });
  return isOne ? results[0] : results;
}

declare module './value.ts' {
  interface DelayedValue {
    /** Computes this value alone: `compute(value, options)`. */
    compute(options: ComputeOptions): Promise<unknown>;
  }
}

DelayedValue.prototype.compute = function (this: DelayedValue, options: ComputeOptions): Promise<unknown> {
  return compute(this, options);
};
