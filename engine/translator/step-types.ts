import type { JsonObject } from '../protocol/index.ts';
import type { WarningSink, WorkOptions } from './errors.ts';
import type { Outline } from './outline.ts';
import type { PartitionOptions, PartitionResult } from './partition/index.ts';
import type { MapTarget } from './places.ts';
import type { UnrollOptions } from './plan.ts';
import type { ScheduleKind } from './schedule.ts';
import type { FieldValue } from './values.ts';

/**
 * What to do with a graph, in this order; each step left out is skipped. Together they are what `fill`, `unroll`,
 * `partition` and `map` do one after the other, with the reproducibility stages that belong to them
 * (spec/reproducibility.md 8).
 */
export interface Steps {
  /** Values for placeholders (spec/translator.md 14). */
  readonly parameters?: JsonObject;
  /** Id of the graph's own configuration to use instead of its active one. */
  readonly active?: string;
  /** A configuration for this run; what it names must exist. */
  readonly configuration?: unknown;
  /** A configuration as upstream's `fill-config` takes it. */
  readonly fillConfiguration?: unknown;
  readonly values?: readonly FieldValue[];
  /** Signs the logical graph with this R-mode (name or number); else the graph's own stays. */
  readonly rmode?: string;
  readonly unroll?: Omit<UnrollOptions, 'warn'>;
  /**
   * Whether unroll and partition hand over as separate commands do, with JSON between them. Upstream's combined command
   * does not, which gives other hashes (spec/reproducibility.md 8.2).
   */
  readonly isStepwise?: boolean;
  readonly partition?: Omit<PartitionOptions, 'signal' | 'onProgress'>;
  readonly map?: MapTarget;
  /** Leaves out the last element, the graph's reproducibility object, where it is empty: a session needs none. */
  readonly dropsOnly?: boolean;
  /**
   * The graph is for a session here: of a graph in one part, the reproducibility data of logical nodes is written once,
   * not with each drop (engine/reproducibility/spec-stages.ts), and a graph without an R-mode gets the data of NOTHING,
   * as `dlg fill` gives it.
   */
  readonly isBare?: boolean;
  /** Writes JSON over several lines. */
  readonly isPretty?: boolean;
  /** Gives the view of upstream's graph viewer instead of the graph (spec/translator.md 8.5): the label of parts. */
  readonly viewLabel?: string;
  /** Gives planned times as a matrix instead of the graph. */
  readonly schedule?: ScheduleKind;
  /** Also finds the drops a session of the graph starts with. */
  readonly roots?: boolean;
  /** Also sums the result up. */
  readonly outline?: { readonly limit: number };
}

/** What is known of a graph once its steps are done. */
export interface StepsResult {
  readonly drops: number;
  /** Statistics, when the graph was partitioned. */
  readonly result?: PartitionResult;
  /** Drops on each node, by the index of the node. */
  readonly sizes?: readonly number[];
  readonly outline?: Outline;
  readonly roots?: readonly string[];
}

export interface StepsWork extends WorkOptions {
  readonly warn?: WarningSink;
}

/** The steps' result: facts at once, the graph as JSON text in pieces: text, or UTF-8. */
export interface Stepped<Piece = string> extends StepsResult {
  readonly texts: Iterable<Piece>;
}
