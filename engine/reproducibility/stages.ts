/**
 * The stages before run time: template, logical graph, unroll, partition, physical graph
 * (spec/reproducibility.md 3, 6, 8). Each function fills `reprodata` in the graph it is given, in place, and returns
 * the same graph, as upstream's functions of these names do.
 */

import { type BlockNodes, BlockHasher, type BlockStage, chainBlocks } from './block-dag.ts';
import { DataExtractor } from './data-extractor.ts';
import {
  logicalValues,
  lgFields,
  lgtFields,
  pgFields,
  pgtPartitionFields,
  pgtUnrollFields,
  ReproKeyError,
} from './fields.ts';
import type { FieldTable } from './fields.ts';
import { agglomerateLeaves, dictionaryRoot } from './merkle.ts';
import { modesOf, rflagCaster, type RModeName, rmodeText } from './modes.ts';
import { PyFloat, type PyObject } from './python-json.ts';
import { logicalTopology, physicalTopology, type Topology } from './topology.ts';

/** What upstream writes for its run-time name of SHA3-256. */
export const HASHING_ALG = 'openssl_sha3_256';

/** A drop whose `categoryType` the translator filled in: hashed as the enumeration member until it has been JSON. */
export interface InProcessOptions {
  /** Whether `categoryType` of this drop is hashed as Python's enumeration text (spec 8.3). Default: never. */
  readonly isEnumCategoryType?: (oid: string) => boolean;
}

function objectList(value: unknown): PyObject[] {
  return Array.isArray(value) ? (value as PyObject[]) : [];
}

/** Graph-level data of the template stage (spec 6.1). */
export function graphReproData(mode: RModeName): PyObject {
  const data: PyObject = {
    rmode: rmodeText(mode),
    meta_data: { repro_protocol: new PyFloat(1), HashingAlg: HASHING_ALG },
  };
  return { ...data, merkleroot: dictionaryRoot(data) };
}

// --- logical stages -----------------------------------------------------------------------------------------------

function nodeName(node: PyObject): string {
  return `node "${typeof node['id'] === 'string' ? node['id'] : '?'}"`;
}

/** Prepares `reprodata` of a node and returns the node's own mode (spec 8.1). */
function nodeMode(node: PyObject, graphMode: RModeName): { repro: PyObject; mode: RModeName } {
  const known = node['reprodata'] as PyObject | null | undefined;
  if (known === undefined || known === null) {
    const repro: PyObject = { rmode: rmodeText(graphMode) };
    node['reprodata'] = repro;
    return { repro, mode: graphMode };
  }
  if (!Object.hasOwn(known, 'rmode')) return { repro: known, mode: graphMode };
  const mode = rflagCaster(known['rmode']);
  known['rmode'] = rmodeText(mode);
  return { repro: known, mode };
}

/**
 * The template stage (`lgt`): gives every node its `reprodata`, and the graph its own. `rmode` is read by
 * {@link rflagCaster}. Throws ReproKeyError for a field without name or value.
 */
export function initLgtReproData<T extends object>(graph: T, rmode: unknown): T {
  const logical = graph as PyObject;
  const graphMode = rflagCaster(rmode);
  const extractor = new DataExtractor();
  for (const node of objectList(logical['nodeDataArray'])) {
    const { repro, mode } = nodeMode(node, graphMode);
    for (const name of modesOf(mode))
      repro[name] = {
        rmode: rmodeText(name),
        lgt_data: extractor.extract(node, lgtFields(name), nodeName(node)),
        lg_parenthashes: {},
      };
    repro['rmode'] = rmodeText(mode);
  }
  logical['reprodata'] = graphReproData(graphMode);
  return graph;
}

/**
 * The logical stage (`lg`): data by category, block hashes along the links, the graph's signature. A graph without
 * `reprodata` is returned as it is. Throws ReproKeyError where upstream raises a KeyError (spec 11).
 */
export function initLgReproData<T extends object>(graph: T): T {
  const logical = graph as PyObject;
  const graphRepro = logical['reprodata'] as PyObject | undefined;
  if (graphRepro === undefined || graphRepro === null) return graph;
  const graphMode = rflagCaster(graphRepro['rmode']);
  const nodes = objectList(logical['nodeDataArray']);
  const extractor = new DataExtractor();
  for (const node of nodes) addLogicalData(node, extractor);
  const topology = logicalTopology(nodes, objectList(logical['linkDataArray']));
  const modes = nodes.map(ownMode);
  for (const mode of modesOf(graphMode)) {
    const dictionary = (index: number): PyObject => modeDictionary(nodes[index] as PyObject, mode);
    chainBlocks(topology, 'lg', mode, {
      dictionary,
      mode: (index) => modes[index] as RModeName,
      isData: (index) => isDataType(nodes[index]?.['categoryType'] ?? 'data'),
      isGated: () => false,
    });
    const blocks = leafIndices(topology).map((index) => {
      if (nodes[index]?.['reprodata'] === undefined) return topology.ids[index] as string;
      return (dictionary(index)['lg_blockhash'] as string | undefined) ?? '';
    });
    graphRepro[mode] = { signature: agglomerateLeaves(blocks) };
  }
  return graph;
}

function addLogicalData(node: PyObject, extractor: DataExtractor): void {
  const { values, argumentNames } = logicalValues(node, nodeName(node));
  const repro = node['reprodata'] as PyObject | undefined;
  if (repro === undefined || repro === null) return;
  const category = typeof node['category'] === 'string' ? node['category'] : '';
  for (const mode of modesOf(ownMode(node))) {
    const dictionary = modeDictionary(node, mode);
    dictionary['lg_parenthashes'] = {};
    dictionary['lg_data'] = extractor.extract(
      values,
      lgFields(mode, category, argumentNames),
      nodeName(node),
    );
  }
}

// --- shared by the stages -----------------------------------------------------------------------------------------

function ownMode(drop: PyObject): RModeName {
  const repro = drop['reprodata'] as PyObject | undefined;
  return rflagCaster(repro?.['rmode']);
}

function nameOf(drop: PyObject): string {
  const id = drop['oid'] ?? drop['id'];
  return typeof id === 'string' ? `"${id}"` : 'A drop';
}

function modeDictionary(drop: PyObject, mode: RModeName): PyObject {
  const repro = drop['reprodata'] as PyObject | undefined;
  if (repro === undefined || repro === null) throw new ReproKeyError('reprodata', nameOf(drop));
  const dictionary = repro[mode];
  if (typeof dictionary !== 'object' || dictionary === null)
    throw new ReproKeyError(mode, `The reprodata of ${nameOf(drop)}`);
  return dictionary as PyObject;
}

function isDataType(categoryType: unknown): boolean {
  return typeof categoryType === 'string' && categoryType.toLowerCase() === 'data';
}

function leafIndices(topology: Topology): number[] {
  const leaves: number[] = [];
  topology.isLeaf.forEach((isLeaf, index) => {
    if (isLeaf) leaves.push(index);
  });
  return leaves;
}

/** How the walk sees physical drops, for one mode. */
function physicalNodes(drops: readonly PyObject[], modes: readonly RModeName[], mode: RModeName): BlockNodes {
  const dictionaries = new Array<PyObject | undefined>(drops.length);
  return {
    dictionary: (index) => (dictionaries[index] ??= modeDictionary(drops[index] as PyObject, mode)),
    mode: (index) => modes[index] as RModeName,
    isData: (_, dictionary) => {
      const pgt = dictionary['pgt_data'] as PyObject | undefined;
      const lgt = dictionary['lgt_data'] as PyObject | undefined;
      return isDataType(pgt?.['categoryType'] ?? lgt?.['categoryType']);
    },
    isGated: (index) => {
      const drop = drops[index] as PyObject;
      return Object.hasOwn(drop, 'iid') && drop['iid'] !== '0/0';
    },
  };
}

/** Chains the blocks of all modes of a physical graph and writes the signatures into the graph's `reprodata`. */
export function signPhysical(drops: readonly PyObject[], graphRepro: PyObject, stage: BlockStage): void {
  const topology = physicalTopology(drops);
  const modes = drops.map(ownMode);
  const leaves = leafIndices(topology);
  const hasher = new BlockHasher();
  for (const mode of modesOf(rflagCaster(graphRepro['rmode']))) {
    const nodes = physicalNodes(drops, modes, mode);
    const wasVisited = new Uint8Array(drops.length);
    for (const index of topology.visited) wasVisited[index] = 1;
    chainBlocks(topology, stage, mode, nodes, hasher);
    const blocks = leaves.map((index) => {
      const block = nodes.dictionary(index)[`${stage}_blockhash`];
      if (wasVisited[index] !== 1 || typeof block !== 'string')
        throw new ReproKeyError(`${stage}_blockhash`, nameOf(drops[index] as PyObject));
      return block;
    });
    graphRepro[mode] = { signature: agglomerateLeaves(blocks) };
  }
}

// --- physical stages ----------------------------------------------------------------------------------------------

/**
 * Takes the graph-level `reprodata` off a list: its last element, when that is no drop. Undefined when the list has
 * none. The drops come as a list of their own, of the same objects.
 */
export function splitReproData(graph: readonly object[]): { drops: PyObject[]; repro: PyObject | undefined } {
  const last = graph[graph.length - 1] as PyObject | undefined;
  if (last === undefined || Object.hasOwn(last, 'oid'))
    return { drops: [...graph] as PyObject[], repro: undefined };
  return { drops: graph.slice(0, -1) as PyObject[], repro: last };
}

function categoryTypeIsData(drop: PyObject): boolean {
  if (!Object.hasOwn(drop, 'categoryType')) throw new ReproKeyError('categoryType', nameOf(drop));
  return isDataType(drop['categoryType']);
}

type TableOf = (mode: RModeName, isData: boolean) => FieldTable;

function addPgtData(
  drop: PyObject,
  tableOf: TableOf,
  extractor: DataExtractor,
  options: InProcessOptions,
): void {
  const mode = ownMode(drop);
  const isData = categoryTypeIsData(drop);
  const oid = drop['oid'];
  const isEnum = typeof oid === 'string' && (options.isEnumCategoryType?.(oid) ?? false);
  for (const name of modesOf(mode)) {
    const dictionary = modeDictionary(drop, name);
    dictionary['pgt_parenthashes'] = {};
    dictionary['pgt_data'] = extractor.extract(drop, tableOf(name, isData), nameOf(drop), isEnum);
  }
}

/** Gives a drop that never went through the logical stages a `reprodata` of mode NOTHING (spec 11). */
function defaultReproData(drop: PyObject): void {
  const repro = drop['reprodata'] as PyObject | undefined;
  if (repro === undefined || repro === null)
    drop['reprodata'] = { rmode: rmodeText('NOTHING'), NOTHING: { rmode: rmodeText('NOTHING') } };
  else if (!Object.hasOwn(repro, 'rmode')) {
    // Upstream's slip, kept: the name of the enumeration member where its number belongs.
    repro['rmode'] = 'ReproducibilityFlags.NOTHING';
    repro['NOTHING'] ??= { rmode: rmodeText('NOTHING') };
  }
}

/**
 * The unroll stage (`pgt`). The list ends in the graph's `reprodata`; when that is empty, `reprodata` is removed from
 * all drops. Drops that share mode dictionaries (the translator copies `reprodata` of a node shallowly) get upstream's
 * in-process values (spec 8.2).
 */
export function initPgtUnrollReproData<T extends object>(graph: T[], options: InProcessOptions = {}): T[] {
  const { drops, repro } = splitReproData(graph);
  if (repro === undefined) return graph;
  if (!Object.hasOwn(repro, 'rmode')) {
    for (const drop of drops) delete drop['reprodata'];
    return graph;
  }
  if (rflagCaster(repro['rmode']) === 'NOTHING') return graph;
  const extractor = new DataExtractor();
  for (const drop of drops) {
    defaultReproData(drop);
    addPgtData(drop, pgtUnrollFields, extractor, options);
  }
  signPhysical(drops, repro, 'pgt');
  return graph;
}

/** Whether a list carries reproducibility data that this stage has to extend. */
function isActive(repro: PyObject | undefined): repro is PyObject {
  return repro !== undefined && Object.hasOwn(repro, 'rmode') && rflagCaster(repro['rmode']) !== 'NOTHING';
}

/** The partition stage (`pgt` again): recomputes the unroll data, with the partition numbers where the mode has them. */
export function initPgtPartitionReproData<T extends object>(graph: T[], options: InProcessOptions = {}): T[] {
  const { drops, repro } = splitReproData(graph);
  if (!isActive(repro)) return graph;
  const extractor = new DataExtractor();
  for (const drop of drops) {
    drop['reprodata'] ??= { rmode: rmodeText('NOTHING') };
    addPgtData(drop, pgtPartitionFields, extractor, options);
  }
  signPhysical(drops, repro, 'pgt');
  return graph;
}

/** The physical graph stage (`pg`), after the partitions were mapped to hosts. */
export function initPgReproData<T extends object>(graph: T[]): T[] {
  const { drops, repro } = splitReproData(graph);
  if (!isActive(repro)) return graph;
  const extractor = new DataExtractor();
  for (const drop of drops) {
    if (drop['reprodata'] === undefined) throw new ReproKeyError('reprodata', nameOf(drop));
    for (const mode of modesOf(ownMode(drop))) {
      const dictionary = modeDictionary(drop, mode);
      dictionary['pg_parenthashes'] = {};
      dictionary['pg_data'] = extractor.extract(drop, pgFields(mode), nameOf(drop));
    }
  }
  signPhysical(drops, repro, 'pg');
  return graph;
}

/**
 * The run-time stage (`rg`), when all drops have ended and their `rg_data` is in place ({@link storeRuntimeData}).
 * `graph` maps oids to drops. Null reprodata: nothing to do. Throws ReproKeyError as upstream does (spec 11), and for a
 * relation to a drop that is not in the map, e.g. of another node.
 */
export function initRuntimeReproData(
  graph: ReadonlyMap<string, object> | Readonly<Record<string, object>>,
  reprodata: object | null | undefined,
): PyObject | null {
  if (reprodata === null || reprodata === undefined) return null;
  const repro = reprodata as PyObject;
  if (!Object.hasOwn(repro, 'rmode')) throw new ReproKeyError('rmode', 'The reprodata of the graph');
  if (rflagCaster(repro['rmode']) === 'NOTHING') return repro;
  const drops = [
    ...(graph instanceof Map ? (graph as Map<string, object>).values() : Object.values(graph)),
  ] as PyObject[];
  for (const drop of drops) {
    if (drop['reprodata'] === undefined) throw new ReproKeyError('reprodata', nameOf(drop));
    for (const mode of modesOf(ownMode(drop))) modeDictionary(drop, mode)['rg_parenthashes'] = {};
  }
  signPhysical(drops, repro, 'rg');
  return repro;
}
