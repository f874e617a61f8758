/**
 * The state machines of drops as pure tables: (state, event) -> what follows. No drop, clock or I/O in here; the flow
 * (flow.ts) looks a step up and carries it out. spec/engine.md 3.5, 3.8, 5.2, 5.4.
 */
import { AppDROPStates, DROPStates, InvalidDropException } from '../protocol/index.ts';

/** What may happen to the data of a drop. */
export const DataEvents = {
  write: 0,
  complete: 1,
  error: 2,
  cancel: 3,
  skip: 4,
  expire: 5,
  delete: 6,
} as const;
export type DataEvents = (typeof DataEvents)[keyof typeof DataEvents];
export const DATA_EVENT_NAMES = ['write', 'complete', 'error', 'cancel', 'skip', 'expire', 'delete'] as const;

/** What follows a data event. */
export interface DataStep {
  /** The state afterwards; the same as before where nothing changes. */
  readonly next: DROPStates;
  /** Whether `dropCompleted` is announced to the consumers. */
  readonly announce: boolean;
  /** Whether the drop is over and its reproducibility record is made. */
  readonly settles: boolean;
  /** The event has no place in this state: an error for whoever sent it. */
  readonly refused: boolean;
}

const S = DROPStates;
const stay = (next: DROPStates): DataStep => ({ next, announce: false, settles: false, refused: false });
const refuse = (next: DROPStates): DataStep => ({ next, announce: false, settles: false, refused: true });
const end = (next: DROPStates, announce: boolean): DataStep => ({
  next,
  announce,
  settles: true,
  refused: false,
});

/**
 * Rows: INITIALIZED, WRITING, COMPLETED, ERROR, EXPIRED, DELETED, CANCELLED, SKIPPED (wire order). Columns: DataEvents.
 * A SKIPPED drop announces itself only when its producers have all reported (`complete` on SKIPPED).
 */
const DATA_TABLE: readonly (readonly DataStep[])[] = [
  /* INITIALIZED */ [
    stay(S.WRITING),
    end(S.COMPLETED, true),
    end(S.ERROR, true),
    end(S.CANCELLED, false),
    end(S.SKIPPED, false),
    refuse(0),
    refuse(0),
  ],
  /* WRITING     */ [
    stay(S.WRITING),
    end(S.COMPLETED, true),
    end(S.ERROR, true),
    end(S.CANCELLED, false),
    end(S.SKIPPED, false),
    refuse(1),
    refuse(1),
  ],
  /* COMPLETED   */ [
    refuse(2),
    stay(S.COMPLETED),
    end(S.ERROR, true),
    stay(S.COMPLETED),
    stay(S.COMPLETED),
    stay(S.EXPIRED),
    refuse(2),
  ],
  /* ERROR       */ [
    refuse(3),
    refuse(3),
    end(S.ERROR, true),
    stay(S.ERROR),
    stay(S.ERROR),
    refuse(3),
    refuse(3),
  ],
  /* EXPIRED     */ [
    refuse(4),
    refuse(4),
    end(S.ERROR, true),
    stay(S.EXPIRED),
    stay(S.EXPIRED),
    stay(S.EXPIRED),
    stay(S.DELETED),
  ],
  /* DELETED     */ [
    refuse(5),
    refuse(5),
    end(S.ERROR, true),
    stay(S.DELETED),
    stay(S.DELETED),
    stay(S.DELETED),
    stay(S.DELETED),
  ],
  /* CANCELLED   */ [
    refuse(6),
    stay(S.CANCELLED),
    stay(S.CANCELLED),
    stay(S.CANCELLED),
    stay(S.CANCELLED),
    refuse(6),
    refuse(6),
  ],
  /* SKIPPED     */ [
    refuse(7),
    { next: S.SKIPPED, announce: true, settles: false, refused: false },
    stay(S.SKIPPED),
    stay(S.SKIPPED),
    stay(S.SKIPPED),
    refuse(7),
    refuse(7),
  ],
];

/** What follows when `event` happens to a drop in `state`. */
export function dataStep(state: DROPStates, event: DataEvents): DataStep {
  return (DATA_TABLE[state] as readonly DataStep[])[event] as DataStep;
}

/** What a data drop does once every producer has reported. spec/engine.md 3.5, with 13 #6 put right. */
export const ProducerVerdicts = { wait: 0, complete: 1, error: 2, skip: 3 } as const;
export type ProducerVerdicts = (typeof ProducerVerdicts)[keyof typeof ProducerVerdicts];

export function producerVerdict(
  producers: number,
  done: number,
  errors: number,
  skipped: number,
): ProducerVerdicts {
  if (done + errors + skipped < producers) return ProducerVerdicts.wait;
  if (errors > 0) return ProducerVerdicts.error;
  if (skipped === producers) return ProducerVerdicts.skip;
  return ProducerVerdicts.complete;
}

/** What an application does with its inputs so far. */
export const InputVerdicts = { wait: 0, run: 1, error: 2, skip: 3 } as const;
export type InputVerdicts = (typeof InputVerdicts)[keyof typeof InputVerdicts];

/** How many inputs reported what, and the application's rules for them. */
export interface InputTally {
  /** Inputs that must report: n_effective_inputs, or all. */
  readonly needed: number;
  readonly completed: number;
  readonly errors: number;
  readonly skipped: number;
  /** Percentage of inputs that may be in ERROR. */
  readonly errorThreshold: number;
  readonly blockSkip: boolean;
}

/** The decision of spec/engine.md 5.4; made when exactly `needed` inputs have reported, later ones are ignored. */
export function inputVerdict(tally: InputTally): InputVerdicts {
  const { needed, completed, errors, skipped, errorThreshold, blockSkip } = tally;
  if (completed + errors + skipped !== needed) return InputVerdicts.wait;
  if (needed > 0 && Math.floor((errors / needed) * 100) > errorThreshold) return InputVerdicts.error;
  if (blockSkip ? skipped === needed && needed > 0 : skipped > 0) return InputVerdicts.skip;
  return InputVerdicts.run;
}

/** The error of an application whose `n_effective_inputs` is more than it has inputs: it would wait for ever. */
export function tooFewInputs(uid: string, needed: number, inputs: number): InvalidDropException {
  return new InvalidDropException(
    `Drop ${uid} waits for ${needed} inputs (n_effective_inputs) but has only ${inputs}; lower the number or link more inputs.`,
    { details: { uid, nEffectiveInputs: needed, inputs } },
  );
}

/** What may happen to an application. */
export const AppEvents = { execute: 0, finish: 1, fail: 2, cancel: 3, skip: 4 } as const;
export type AppEvents = (typeof AppEvents)[keyof typeof AppEvents];

const A = AppDROPStates;
const NO = -1;
/** Rows: NOT_RUN, RUNNING, FINISHED, ERROR, CANCELLED, SKIPPED. Columns: AppEvents. -1: the event is ignored there. */
const APP_TABLE: readonly (readonly number[])[] = [
  /* NOT_RUN   */ [A.RUNNING, NO, A.ERROR, A.CANCELLED, A.SKIPPED],
  /* RUNNING   */ [NO, A.FINISHED, A.ERROR, A.CANCELLED, A.SKIPPED],
  /* FINISHED  */ [NO, NO, NO, NO, NO],
  /* ERROR     */ [NO, NO, NO, NO, NO],
  /* CANCELLED */ [NO, NO, NO, NO, NO],
  /* SKIPPED   */ [NO, NO, NO, NO, NO],
];

/** The execution state after `event`, or undefined where the event changes nothing (it came too late). */
export function appStep(state: AppDROPStates, event: AppEvents): AppDROPStates | undefined {
  const next = (APP_TABLE[state] as readonly number[])[event] as number;
  return next === NO ? undefined : (next as AppDROPStates);
}

/** Whether an application in this state is over. */
export function isAppOver(state: AppDROPStates): boolean {
  return state >= A.FINISHED;
}

/** Whether a drop in this state is over: nothing will write to it any more. */
export function isSettled(state: DROPStates): boolean {
  return state >= S.COMPLETED;
}
