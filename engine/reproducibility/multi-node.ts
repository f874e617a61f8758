/**
 * One signature for a session that ran on several nodes. Upstream signs each node's part alone and fails on relations
 * that cross nodes (spec/reproducibility.md 9.7); here the run-time data of all parts is filed in the whole graph, which
 * is then signed as if one node had run it.
 */

import { WeirError } from '../protocol/index.ts';
import { chainBlocks } from './block-dag.ts';
import type { DropRecord } from './drop-record.ts';
import { ALL_RMODES, type HashedRMode, modesOf, rflagCaster } from './modes.ts';
import { keysOf, type PyJson, type PyObject, setKey } from './python-json.ts';
import { pythonRepr } from './python-repr.ts';
import { type RuntimeCommit, storeRuntimeData } from './runtime.ts';
import { initRuntimeReproData } from './stages.ts';
import { physicalTopology, relationOid } from './topology.ts';

/** What one node delivers: its name, and the payload of each of its drops that ended. */
export interface NodeRuntimeData {
  readonly node: string;
  readonly commits: Iterable<readonly [oid: string, commit: RuntimeCommit]>;
}

/**
 * Files the parts in the whole physical graph and signs it. `graph`: all drops with all relations, after the `pg` stage.
 * Throws REPRO_INVALID for a drop that is not in the graph, or that two nodes claim to have run.
 */
export function mergeRuntimeData(
  graph: ReadonlyMap<string, object>,
  reprodata: object | null,
  parts: Iterable<NodeRuntimeData>,
): PyObject | null {
  const ranOn = new Map<string, string>();
  for (const { node, commits } of parts)
    for (const [oid, commit] of commits) {
      const spec = graph.get(oid);
      if (spec === undefined)
        throw new WeirError(
          'REPRO_INVALID',
          `Node "${node}" delivered data of drop "${oid}", which the session has not.`,
        );
      const other = ranOn.get(oid);
      if (other !== undefined && other !== node)
        throw new WeirError(
          'REPRO_INVALID',
          `Nodes "${other}" and "${node}" both claim to have run drop "${oid}".`,
        );
      ranOn.set(oid, node);
      storeRuntimeData(spec, commit);
    }
  return initRuntimeReproData(graph, reprodata);
}

// --- what nodes have written: `reprodata.out` files and bundles ----------------------------------------------------

/** The `reprodata.out` of one node's part of a session. */
export interface ReproPart {
  /** For messages: the file. */
  readonly name: string;
  readonly drops: ReadonlyMap<string, PyObject>;
  readonly reprodata: PyObject;
}

export interface MergedRepro {
  /** Graph-level data with the signatures of the whole session. */
  readonly reprodata: PyObject;
  readonly drops: number;
  /** Relations between drops of different parts. */
  readonly crossing: number;
}

const invalid = (message: string): WeirError => new WeirError('REPRO_INVALID', message);

/**
 * Signs a session of which several nodes wrote a part each, as one node would have signed it. `whole`: the drops of the
 * whole physical graph, for their relations; needed where the parts lost those that cross nodes and their data cannot
 * tell them. The parts are not changed. Throws REPRO_INVALID for parts that are not of one graph, overlap, or are not all.
 */
export function mergeReprodata(parts: readonly ReproPart[], whole?: readonly PyObject[]): MergedRepro {
  const [first] = parts;
  if (first === undefined) throw invalid('There are no parts to be signed.');
  for (const part of parts) checkSameGraph(first, part);
  const { graph, partOf } = union(parts);
  if (whole) takeRelations(graph, whole);
  else recoverRelations(graph);
  const drops = [...graph.values()];
  const topology = physicalTopology(drops);
  checkChain(drops, topology);
  let crossing = 0;
  topology.ids.forEach((id, from) => {
    for (let e = topology.offsets[from] as number; e < (topology.offsets[from + 1] as number); e++)
      if (partOf.get(id) !== partOf.get(topology.ids[topology.targets[e] as number] as string)) crossing++;
  });
  // Under RERUN drops hand nothing on, so their data does not tell which relations there were.
  if (!whole && parts.length > 1 && crossing === 0 && rflagCaster(first.reprodata['rmode']) === 'RERUN')
    throw invalid(
      'No relation crosses the parts, and under RERUN nothing tells whether some were lost. Give the whole physical graph beside the parts.',
    );
  const reprodata = structuredGraph(first.reprodata);
  // A graph that was never given a mode has nothing to be signed.
  if (Object.hasOwn(reprodata, 'rmode')) initRuntimeReproData(graph, reprodata);
  return { reprodata, drops: graph.size, crossing };
}

/** What the logical graph gave to all parts must be the same in all of them. */
function checkSameGraph(first: ReproPart, part: ReproPart): void {
  for (const key of ['rmode', 'meta_data', 'merkleroot'])
    if (pythonRepr(first.reprodata[key] ?? null) !== pythonRepr(part.reprodata[key] ?? null))
      throw invalid(
        `${part.name} is not of the same graph as ${first.name}: its ${key} is ${pythonRepr(part.reprodata[key] ?? null)}, not ${pythonRepr(first.reprodata[key] ?? null)}.`,
      );
}

function union(parts: readonly ReproPart[]): {
  readonly graph: Map<string, PyObject>;
  readonly partOf: ReadonlyMap<string, string>;
} {
  const graph = new Map<string, PyObject>();
  const partOf = new Map<string, string>();
  for (const { name, drops } of parts)
    for (const [oid, drop] of drops) {
      const other = partOf.get(oid);
      if (other !== undefined)
        throw invalid(`Both ${other} and ${name} have drop "${oid}": they are not parts of one session.`);
      partOf.set(oid, name);
      graph.set(oid, structuredGraph(drop));
    }
  return { graph, partOf };
}

/** A copy of a drop or of graph-level data down to what signing changes: its dictionaries by mode. */
function structuredGraph(object: PyObject): PyObject {
  const copy: PyObject = { ...object };
  const repro = copy['reprodata'];
  if (typeof repro === 'object' && repro !== null) copy['reprodata'] = copyOfModes(repro as PyObject);
  return copyOfModes(copy);
}

function copyOfModes(object: PyObject): PyObject {
  const copy: PyObject = { ...object };
  for (const mode of ALL_RMODES)
    if (typeof copy[mode] === 'object' && copy[mode] !== null) copy[mode] = { ...(copy[mode] as PyObject) };
  return copy;
}

const RELATIONS = ['outputs', 'consumers'] as const;

/** Gives the drops the relations of the whole graph. */
function takeRelations(graph: ReadonlyMap<string, PyObject>, whole: readonly PyObject[]): void {
  const known = new Set<string>();
  for (const spec of whole) {
    const { oid } = spec;
    if (typeof oid !== 'string') continue;
    known.add(oid);
    const drop = graph.get(oid);
    if (drop === undefined)
      throw invalid(`Drop "${oid}" of the graph is in none of the parts: one is missing.`);
    for (const key of RELATIONS)
      if (spec[key] === undefined) delete drop[key];
      else setKey(drop, key, spec[key]);
  }
  for (const oid of graph.keys())
    if (!known.has(oid)) throw invalid(`Drop "${oid}" is not in the graph: the graph is of another session.`);
}

/** Modes in whose data every drop names those directly before it. */
const NAMING_PARENTS: readonly HashedRMode[] = [
  'REPEAT',
  'RECOMPUTE',
  'REPLICATE_TOTAL',
  'REPLICATE_COMP',
  'REPLICATE_SCI',
  'RERUN',
];

/**
 * The data of the stage before names the parents of every drop: it was made when the graph was still whole. A relation
 * that a part lost because it crosses nodes is put back from there.
 */
function recoverRelations(graph: ReadonlyMap<string, PyObject>): void {
  for (const [oid, drop] of graph) {
    const repro = drop['reprodata'] as PyObject | undefined;
    const mode = NAMING_PARENTS.find((one) => typeof repro?.[one] === 'object');
    const parents = mode && ((repro?.[mode] as PyObject)['pg_parenthashes'] as PyObject | undefined);
    for (const parent of keysOf(parents ?? {})) {
      const from = graph.get(parent);
      if (from === undefined)
        throw invalid(
          `Drop "${oid}" comes after "${parent}", which is in none of the parts: one is missing.`,
        );
      if (!lists(from, oid)) {
        const key = isApplication(from) ? 'outputs' : 'consumers';
        const before = from[key];
        from[key] = [...(Array.isArray(before) ? (before as PyJson[]) : []), oid];
      }
    }
  }
}

const isDataType = (value: unknown): boolean => typeof value === 'string' && value.toLowerCase() === 'data';
const isApplication = (drop: PyObject): boolean => !isDataType(drop['categoryType']);

function lists(drop: PyObject, oid: string): boolean {
  return RELATIONS.some((key) => {
    const list = drop[key];
    return Array.isArray(list) && (list as unknown[]).some((entry) => relationOid(entry) === oid);
  });
}

/**
 * Whether the relations are those of the graph when it was whole: chained along them, the blocks of the stage before come
 * out as they are. Throws REPRO_INVALID naming a drop before which a relation is missing.
 */
function checkChain(drops: readonly PyObject[], topology: ReturnType<typeof physicalTopology>): void {
  const modes = drops.map((drop) => rflagCaster((drop['reprodata'] as PyObject | undefined)?.['rmode']));
  for (const mode of ALL_RMODES) {
    if (!modes.every((own) => modesOf(own).includes(mode))) continue;
    const kept = drops.map((drop) => (drop['reprodata'] as PyObject)[mode] as PyObject | undefined);
    // Data that is not whole is for the signing to complain of.
    if (!kept.every((one) => typeof one?.['pg_blockhash'] === 'string' && one['pg_data'])) continue;
    const copies = kept.map((one): PyObject => ({ ...one, pg_parenthashes: {} }));
    chainBlocks(topology, 'pg', mode, {
      dictionary: (index) => copies[index] as PyObject,
      mode: (index) => modes[index] as (typeof modes)[number],
      // As the stage saw it: the spec may have been changed since.
      isData: (_, dictionary) => {
        const told = ['pgt_data', 'lgt_data'].map(
          (key) => (dictionary[key] as PyObject | undefined)?.['categoryType'],
        );
        return isDataType(told[0] ?? told[1]);
      },
      isGated: (index) => {
        const drop = drops[index] as PyObject;
        return Object.hasOwn(drop, 'iid') && drop['iid'] !== '0/0';
      },
    });
    const at = topology.visited.find(
      (index) => copies[index]?.['pg_blockhash'] !== kept[index]?.['pg_blockhash'],
    );
    if (at !== undefined)
      throw invalid(
        `Relations before drop "${topology.ids[at]}" are missing in the parts: they cross nodes. Give the whole physical graph beside the parts.`,
      );
  }
}

/** The records of one node's part of a session, and the dropspecs of its graph. */
export interface RecordPart {
  readonly name: string;
  readonly records: readonly DropRecord[];
  readonly specs: readonly PyObject[];
}

export interface MergedRecords {
  readonly sessionId: string;
  readonly records: readonly DropRecord[];
  /** Relations between drops of different parts. */
  readonly crossing: number;
}

/** What a dropspec says of its neighbours: key -> whether the neighbour comes before it. */
const NEIGHBOURS: Readonly<Record<string, boolean>> = {
  inputs: true,
  streamingInputs: true,
  producers: true,
  consumers: false,
  streamingConsumers: false,
  outputs: false,
};

/**
 * The records of a session that ran on several nodes as one node would have written them: with the inputs that lie on
 * other nodes. `canonicalSignatures` of them is the signature of the session. Throws REPRO_INVALID for parts of different
 * sessions or that overlap.
 */
export function mergeRecords(parts: readonly RecordPart[], whole: readonly PyObject[] = []): MergedRecords {
  const sessionId = parts[0]?.records[0]?.sessionId ?? '';
  const records = new Map<string, DropRecord>();
  const partOf = new Map<string, string>();
  for (const part of parts)
    for (const record of part.records) {
      const { oid } = record.drop;
      if (record.sessionId !== sessionId)
        throw invalid(`${part.name} is of session "${record.sessionId}", not of "${sessionId}".`);
      const other = partOf.get(oid);
      if (other !== undefined) throw invalid(`Both ${other} and ${part.name} have drop "${oid}".`);
      partOf.set(oid, part.name);
      records.set(oid, record);
    }
  const inputs = new Map([...records].map(([oid, record]) => [oid, [...record.inputs]]));
  let crossing = 0;
  for (const [from, to] of edgesOf([...parts.flatMap(({ specs }) => specs), ...whole])) {
    const [input, list] = [records.get(from), inputs.get(to)];
    if (!input || !list) continue;
    if (partOf.get(from) !== partOf.get(to)) crossing++;
    if (!list.some(({ oid }) => oid === from))
      list.push({ oid: from, sha256: input.content?.sha256 ?? null });
  }
  const merged = [...records].map(([oid, record]) => ({ ...record, inputs: inputs.get(oid) ?? [] }));
  return { sessionId, records: merged, crossing };
}

/** Every relation once, whichever end tells it. */
function edgesOf(specs: readonly PyObject[]): (readonly [from: string, to: string])[] {
  const edges = new Map<string, readonly [string, string]>();
  for (const spec of specs) {
    const { oid } = spec;
    if (typeof oid !== 'string') continue;
    for (const [key, isBefore] of Object.entries(NEIGHBOURS)) {
      const list = spec[key];
      if (!Array.isArray(list)) continue;
      for (const entry of list as unknown[]) {
        const other = relationOid(entry);
        const edge = isBefore ? ([other, oid] as const) : ([oid, other] as const);
        edges.set(JSON.stringify(edge), edge);
      }
    }
  }
  return [...edges.values()];
}
