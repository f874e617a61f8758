import { WeirError, type ErrorCode } from '../protocol/index.ts';

/** Why a graph was refused: the reason names of spec/translator.md 4, plus the ones Weir adds. */
export type TranslationReason =
  // reading
  | 'not-json'
  | 'not-a-graph'
  | 'node-malformed'
  | 'node-id-missing'
  | 'node-id-duplicate'
  | 'parent-cycle'
  | 'field-malformed'
  | 'link-malformed'
  | 'no-nodes'
  | 'unsupported-schema'
  | 'category-unknown'
  // parameters, configurations, globals
  | 'placeholder-invalid'
  | 'placeholder-without-value'
  | 'config-unknown-node'
  | 'config-unknown-field'
  | 'config-malformed'
  | 'global-type-unsupported'
  | 'global-value-not-convertible'
  // links
  | 'link-unknown-node'
  | 'link-unknown-port'
  | 'scatter-linked-without-app'
  | 'loop-construct-linked'
  | 'gather-output-kind'
  | 'gather-input-kind'
  | 'gather-internal-input'
  | 'groupby-input-is-group'
  | 'groupby-second-input'
  | 'groupby-needs-scatter'
  | 'groupby-output-kind'
  | 'loops-not-synchronised'
  | 'not-hierarchically-related'
  | 'link-names-group-itself'
  // building
  | 'loop-needs-start-and-end'
  | 'group-kind-not-nestable'
  | 'unknown-group-kind'
  | 'groupby-input-kind'
  | 'groupby-single-key-mismatch'
  | 'groupby-multi-key-defect'
  | 'groupby-key-not-integer'
  | 'negative-execution-time'
  | 'data-class-unknown'
  | 'count-not-integer'
  | 'count-missing'
  | 'count-not-positive'
  | 'too-many-drops'
  | 'gather-without-input'
  | 'groupby-without-input'
  | 'counts-depend-on-each-other'
  | 'internal-count-mismatch'
  // physical graphs
  | 'pgt-malformed'
  | 'pgt-unknown-oid'
  | 'cycle'
  | 'drop-type-unsupported'
  | 'algorithm-unknown'
  | 'option-invalid'
  | 'not-partitioned'
  | 'merge-not-needed'
  | 'more-islands-than-nodes'
  | 'insufficient-nodes'
  | 'nodes-missing'
  | 'node-index-out-of-range'
  | 'cancelled';

/** The place an error points to. Ids are those of the logical graph unless the key says otherwise. */
export interface Place {
  readonly nodeId?: string;
  readonly nodeName?: string;
  readonly fieldId?: string;
  readonly fieldName?: string;
  /** Index in `linkDataArray`. */
  readonly link?: number;
  readonly fromId?: string;
  readonly toId?: string;
  readonly oid?: string;
  readonly expected?: string;
  readonly found?: string;
}

/** The base of all translator errors; the class names are those of DALiuGE (spec/translator.md 4). */
export class TranslatorError extends WeirError {
  readonly reason: TranslationReason;
  readonly place: Place;

  constructor(
    reason: TranslationReason,
    message: string,
    place: Place = {},
    code: ErrorCode = 'TRANSLATION_FAILED',
    cause?: unknown,
  ) {
    super(code, message, { details: { reason, ...place }, cause });
    this.reason = reason;
    this.place = place;
  }
}

export class GraphException extends TranslatorError {}
export class GInvalidLink extends GraphException {}
export class GInvalidNode extends GraphException {}
export class GPGTException extends GraphException {}
/** As many islands as partitions (or more): nothing to merge. */
export class GPGTNoNeedMergeException extends GPGTException {}
/** Scheduling is not possible: a cycle, or a drop that is neither data nor application. */
export class SchedulerException extends TranslatorError {}

/** Something worth saying that does not stop the translation. */
export interface TranslationWarning {
  readonly reason:
    | TranslationReason
    | 'comment-inside-construct'
    | 'port-unnamed'
    | 'config-not-found'
    | 'number-not-integer'
    | 'parent-holds-nothing';
  readonly message: string;
  readonly place: Place;
}

export type WarningSink = (warning: TranslationWarning) => void;

/** What long work asks now and then whether it should go on; an AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean;
}

/** What long work tells about itself: `done` of `total` in `phase`; `total` 0 = unknown. */
export interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

export interface WorkOptions {
  readonly signal?: CancelSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Throws the error `CANCELLED` when the caller has given up. */
export function checkCancelled(signal: CancelSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new TranslatorError('cancelled', 'The translation was cancelled.', {}, 'CANCELLED');
  }
}

/** `value` as people would read it in a message, never longer than a line. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
