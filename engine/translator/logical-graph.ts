import type { Json, JsonObject } from '../protocol/index.ts';

/**
 * The logical graph as Weir keeps it: EAGLE's "OJS" form (spec/translator.md 1), whatever dialect it was read from.
 * Unknown keys are kept, so that a graph can be written back. All parts are plain JSON.
 */
export interface LogicalGraph extends JsonObject {
  readonly modelData: JsonObject;
  readonly nodeDataArray: readonly LgNode[];
  readonly linkDataArray: readonly LgLink[];
  readonly graphConfigurations?: JsonObject;
  readonly activeGraphConfigId?: string | null;
  readonly reprodata?: JsonObject;
}

export interface LgNode extends JsonObject {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly categoryType?: string;
  readonly isGroup?: Json;
  readonly parentId?: string;
  readonly fields: readonly LgField[];
  readonly inputAppFields?: readonly LgField[];
  readonly outputAppFields?: readonly LgField[];
}

export interface LgField extends JsonObject {
  readonly id?: string;
  readonly name: string;
  readonly value?: Json;
  readonly defaultValue?: Json;
  readonly type?: string;
  readonly parameterType?: string;
  readonly usage?: string;
}

export interface LgLink extends JsonObject {
  readonly from: string;
  readonly to: string;
  readonly fromPort?: string;
  readonly toPort?: string;
  readonly loop_aware?: Json;
}

/** A physical graph (template): drop specs, the reproducibility object last (spec/translator.md 8). */
export type PhysicalGraph = readonly JsonObject[];

/** How the wire tells the kinds of graph apart; see `graphKind`. */
export const GraphKind = {
  LOGICAL: 'LG',
  TEMPLATE: 'PGT',
  PARTITIONED: 'PGTP',
  PHYSICAL: 'PG',
  PALETTE: 'palette',
  UNKNOWN: 'unknown',
} as const;
export type GraphKind = (typeof GraphKind)[keyof typeof GraphKind];

/** Categories the translator acts on (spec/translator.md 1.6). */
export const Category = {
  SCATTER: 'Scatter',
  GATHER: 'Gather',
  GROUP_BY: 'GroupBy',
  LOOP: 'Loop',
  MKN: 'MKN',
  SERVICE: 'Service',
  SUB_GRAPH: 'SubGraph',
  FORCE_NODE: 'ExclusiveForceNode',
  BRANCH: 'Branch',
  MPI: 'Mpi',
  START: 'Start',
  END: 'End',
  COMMENT: 'Comment',
  DESCRIPTION: 'Description',
  VARIABLES: 'Variables',
  GLOBAL: 'GlobalVariable',
  BASH: 'BashShellApp',
  DOCKER: 'Docker',
} as const;

const APPLICATION_CATEGORIES = new Set([
  'Branch',
  'Data',
  'Component',
  'PythonApp',
  'DALiuGEApp',
  'BashShellApp',
  'Mpi',
  'DynlibApp',
  'DynlibProcApp',
  'Docker',
  'Service',
  'PyFuncApp',
  'PythonMemberFunction',
]);
const DATA_CATEGORIES = new Set([
  'File',
  'Memory',
  'S3',
  'NGAS',
  'json',
  'SharedMemory',
  'null',
  'Plasma',
  'PlasmaFlight',
  'ParameterSet',
  'Start',
  'End',
  'PythonObject',
  'Directory',
  'EnvironmentVariables',
  'RDBMS',
  'SplitData',
]);
const CONSTRUCT_CATEGORIES = new Set([
  'Scatter',
  'Gather',
  'GroupBy',
  'Loop',
  'MKN',
  'SubGraph',
  'ExclusiveForceNode',
]);
const OTHER_CATEGORIES = new Set(['Comment', 'Description', 'Variables', 'GlobalVariable']);

/** The category type of a node that has none (spec/translator.md 1.6); undefined when the category is not known. */
export function categoryTypeOf(category: string): string | undefined {
  if (APPLICATION_CATEGORIES.has(category)) return 'Application';
  if (DATA_CATEGORIES.has(category)) return 'Data';
  if (CONSTRUCT_CATEGORIES.has(category)) return 'Construct';
  if (OTHER_CATEGORIES.has(category)) return 'Other';
  return undefined;
}

/** Whether `type` names an embedded application at all. */
export function isUsableAppType(type: Json | undefined): type is string {
  return (
    typeof type === 'string' &&
    type !== '' &&
    type !== 'None' &&
    type !== 'UnknownApplication' &&
    type !== 'Unknown'
  );
}

export function isPortUsage(usage: Json | undefined, direction: 'in' | 'out'): boolean {
  return usage === 'InputOutput' || usage === (direction === 'in' ? 'InputPort' : 'OutputPort');
}
