/** What a session needs of the Host around it. */
import type { LifecycleOptions, Services } from '../drops/index.ts';
import type { PhysicalGraph } from '../graph/index.ts';
import type { Store } from '../store/index.ts';
import type { ClassFinder } from './drop-factory.ts';
import type { Lanes } from './lanes.ts';
import type { Ledger } from './ledger.ts';

export interface Surroundings {
  readonly store: Store;
  readonly services: Services;
  readonly lanes: Lanes;
  readonly dlgRoot: string;
  readonly hostName: string;
  readonly findClass?: ClassFinder;
  /** Signs and seals what ran; without it sessions are recorded only. */
  readonly ledger?: Ledger;
  /** How long data lives; by default what the graph says, and used memory drops go when there are too many. */
  readonly lifecycle?: LifecycleOptions;
  /** Reads a list of dropspecs, off the thread when it is large; uses the bytes up. */
  readonly parse: (bytes: Uint8Array) => Promise<PhysicalGraph>;
  readonly onProblem: (error: unknown) => void;
}
