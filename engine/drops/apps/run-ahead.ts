/**
 * Chains of quick Python functions run ahead. Waking another process costs more than most such functions take; so the call of
 * a function whose only consumer is known takes the calls behind it along, and the worker runs one after the other while the
 * Host still writes down what the first has done. The order of events is what it always is: a drop that was run ahead takes its
 * result when its turn comes. Only what is sure to run once the one before it has succeeded is sent, and only functions that
 * are known to be quick: nothing long is begun before its time, and others wait no longer for the worker than before.
 */
import { AppDROPStates, DROPStates } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import type { AbstractDROP } from '../drop.ts';
import { InMemoryDROP } from '../data/memory.ts';
import type { Encoding, Follower, FunctionCall, FunctionResult } from '../python/index.ts';
import { Flags } from '../table.ts';

/** Calls that go along with one. */
const MAX_FOLLOWERS = 32;
/** Seconds that all of them together may take, by what each took the last time. */
const BUDGET_SECONDS = 0.02;

/** A function as the ones before and behind it see it. */
export interface AheadFunction extends AppDROP {
  /** Seconds it usually takes; undefined where nobody knows yet. */
  readonly _usualSeconds: number | undefined;
  /** Whether its result goes into its outputs as it is, and nothing else. */
  readonly _isPlain: boolean;
  /** The encoding its output is written in; undefined where that is not certain before it has run. */
  _encodingOf(output: DataDROP): Encoding | undefined;
  /** The call on what `input` will hold; undefined where anything else is needed to say what the call would be. */
  _callOn(input: DataDROP, writtenAs: Encoding): FunctionCall | undefined;
  /** Takes the result of a call that was sent before the input was announced. */
  _takeAhead(result: Promise<FunctionResult>): void;
}

/** The calls that are to follow the one of `app` at once. */
export function followersOf(
  app: AheadFunction,
  isFunction: (drop: AbstractDROP) => drop is AheadFunction,
): readonly Follower[] {
  if (!app._isPlain) return [];
  const found: Follower[] = [];
  let seconds = app._usualSeconds ?? Infinity;
  for (let last: AheadFunction = app; found.length < MAX_FOLLOWERS && seconds < BUDGET_SECONDS;) {
    const next = nextOrNone(last, isFunction);
    if (!next) break;
    seconds += next.app._usualSeconds ?? Infinity;
    if (seconds >= BUDGET_SECONDS) break;
    const { call, app: follower } = next;
    found.push({ call, take: (result) => follower._takeAhead(result) });
    last = follower;
  }
  return found;
}

/** As `nextOf`. What is wrong with the next function is told when its turn comes, and fails nothing before it. */
function nextOrNone(...of: Parameters<typeof nextOf>): ReturnType<typeof nextOf> {
  try {
    return nextOf(...of);
  } catch {
    return undefined;
  }
}

/** The function that is sure to run when `app` has succeeded, on nothing but its result. */
function nextOf(
  app: AheadFunction,
  isFunction: (drop: AbstractDROP) => drop is AheadFunction,
): { readonly app: AheadFunction; readonly call: FunctionCall } | undefined {
  const [output, ...outputs] = app.outputs;
  if (outputs.length > 0 || !(output instanceof InMemoryDROP) || !output.takesOneResult) return undefined;
  const { table } = output._flow;
  const isPassedOn = table.relations.outputs.inDegree(output._row) === 1;
  if (!isPassedOn || table.hasFlag(output._row, Flags.EXTERNAL | Flags.REMOTE | Flags.HEARS))
    return undefined;
  const [next, ...consumers] = output.consumers;
  if (!next || consumers.length > 0 || !isFunction(next) || !next._isPlain) return undefined;
  const waitsForMore = next.inputs.length !== 1 || next.execStatus !== AppDROPStates.NOT_RUN;
  const hears = table.hasFlag(next._row, Flags.RULES | Flags.EXTERNAL | Flags.REMOTE | Flags.HEARS);
  if (waitsForMore || hears || next.status !== DROPStates.INITIALIZED) return undefined;
  const encoding = app._encodingOf(output);
  const call = encoding && next._callOn(output, encoding);
  return call && { app: next, call };
}
