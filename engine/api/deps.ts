/** What the API is made over: the Host gives these. */
import type { GraphParser } from '../graph/index.ts';
import type { NodeManager } from '../managers/index.ts';
import type { Ledger } from '../session/index.ts';
import type { Store } from '../store/index.ts';
import type { JsonObject } from '../protocol/index.ts';
import type { AlgorithmOptions, FieldValue, Progress } from '../translator/index.ts';
import type { GraphDrawing, GraphInspection, GraphTranslation, HostInfo, Sample } from './contract.ts';

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

/** How a graph becomes a physical graph; what is left out stays as the graph has it, in one part. */
export interface TranslationChoices {
  readonly rmode?: string;
  /** Values for placeholders of a logical graph (spec/translator.md 14). */
  readonly parameters?: JsonObject;
  /** A configuration object for this run. */
  readonly configuration?: unknown;
  /** Id of the graph's own configuration to use. */
  readonly active?: string;
  readonly values?: readonly FieldValue[];
  readonly oidPrefix?: string;
  readonly algorithm?: string;
  readonly options?: AlgorithmOptions;
  /** For the algorithm `measured`: run times in seconds by logical key. */
  readonly measuredSeconds?: ReadonlyMap<string, number>;
  readonly partitions?: number;
  readonly islands?: number;
  /** Hosts of the parts, in their order: `host` or `host:port`; as many parts as hosts unless `partitions` says otherwise. Absent = this node. */
  readonly nodes?: readonly string[];
  /** Hosts of the islands; absent = the first of the nodes. */
  readonly islandHosts?: readonly string[];
}

export interface TranslationWork {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Told what is worth saying about a graph that can be translated all the same. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** What a person has set, by name. */
export interface Settings {
  /** The file they are kept in. */
  readonly file: string;
  /** Throws USAGE for a file that is none of settings. */
  read(): Promise<Readonly<Record<string, unknown>>>;
  write(name: string, value: unknown): Promise<void>;
}

export interface ApiDeps {
  readonly store: Store;
  readonly manager: NodeManager;
  readonly parser: GraphParser;
  /** Absent where this device has no key: nothing can be sealed. */
  readonly ledger?: Ledger;
  /** Absent where nothing is kept. */
  readonly settings?: Settings;
  /** Carries the standing rules out; resolves when that is done. */
  applyRules?(): Promise<void>;
  readonly samples: Samples;
  /** Reads a graph file of the user's on this machine, unpacked if it was packed. */
  readGraphFile(path: string): Promise<GraphFile>;
  /** Turns a graph of any kind into a physical graph for this node. */
  toPhysical(graph: GraphFile, choices?: TranslationChoices, work?: TranslationWork): Promise<GraphFile>;
  /** What a translation would give, without running it. */
  translate(graph: GraphFile, choices: TranslationChoices, work?: TranslationWork): Promise<GraphTranslation>;
  /** What there is to draw and to edit of a graph, with one of its configurations or its active one. */
  open(graph: GraphFile, configuration?: string): Promise<GraphDrawing>;
  inspect(graph: GraphFile): Promise<GraphInspection>;
  info(): HostInfo;
}
