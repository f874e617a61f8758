/** Who watches and serves a flow. */
import type { AppDROP } from './app-drop.ts';

/** Kinds of events that an observer sees; the integers are those of the store. */
export const FlowEvents = { status: 0, execStatus: 1, dropCompleted: 2, producerFinished: 3 } as const;

/** Who watches and serves a flow. Everything is optional: drops made by hand have no session. */
export interface FlowHost {
  /** Every event of every drop, in order. `value` is the wire integer of the state. */
  event?(row: number, kind: number, value: number): void;
  /** A drop is over and will not be written any more (its record can be made). Called once a drop, mostly. */
  settled?(row: number): void;
  /** A leaf the session waits for has reported. */
  leafDone?(row: number): void;
  /** An end drop has completed. */
  endReached?(row: number): void;
  /** Whether it is time to yield; asked now and then during a long drain. */
  mustYield?(): boolean;
  /** Calls back soon, after other work had its turn. */
  defer?(resume: () => void): void;
  /** Starts an application and tells how it went by returning, throwing or its promise. Default: `app._attempt()`. */
  run?(app: AppDROP): void | Promise<void>;
  /** An application failed with this error. */
  failed?(row: number, error: unknown): void;
}
