/** What the API is made over: the Host gives these. */
import type { GraphParser } from '../graph/index.ts';
import type { NodeManager } from '../managers/index.ts';
import type { Store } from '../store/index.ts';
import type { GraphInspection, HostInfo, Sample } from './contract.ts';

/** A graph as bytes, with the name people know it by. */
export interface GraphFile {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly origin: string;
}

/** The sample graphs that come with Weir. */
export interface Samples {
  list(): Promise<readonly Sample[]>;
  read(id: string): Promise<GraphFile>;
}

export interface ApiDeps {
  readonly store: Store;
  readonly manager: NodeManager;
  readonly parser: GraphParser;
  readonly samples: Samples;
  /** Reads a graph file of the user's on this machine, unpacked if it was packed. */
  readGraphFile(path: string): Promise<GraphFile>;
  /** Turns a graph of any kind into a physical graph for this node. */
  toPhysical(graph: GraphFile, rmode: string): Promise<GraphFile>;
  inspect(graph: GraphFile): Promise<GraphInspection>;
  info(): HostInfo;
}
