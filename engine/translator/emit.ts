import type { Json, JsonObject } from '../protocol/index.ts';
import { parseWithTokens, stringifyPythonJson } from '../reproducibility/index.ts';
import type { WorkOptions } from './errors.ts';
import type { PlanNode, UnrollPlan } from './plan.ts';
import {
  GROUP_DATA_SUFFIX,
  Iids,
  isMpi,
  loopContext,
  PROGRESS_EVERY,
  rankOf,
  runsOf,
  tell,
  type Run,
  type Side,
} from './runs.ts';

/**
 * Makes the drops of a plan, one after the other in the order of the result (spec/translator.md 5.4), as objects. Work and memory per drop are those of its own entries.
 */

/**
 * All drops as objects, the reproducibility object last. Fields, parameters and entries of one port are shared between
 * drops: the result is to be read, not changed in place.
 */
export function emitDrops(plan: UnrollPlan, work: WorkOptions = {}): JsonObject[] {
  const oids = new OidTable(plan);
  const result: JsonObject[] = [];
  for (const run of runsOf(plan)) {
    const base = baseOf(run.node);
    for (let j = 0; j < run.node.count; j++) {
      if (result.length % PROGRESS_EVERY === 0) tell(plan, work, result.length);
      result.push(run.isGroupData ? groupDataDrop(run, j, oids) : ordinaryDrop(run, base, j, oids));
    }
  }
  tell(plan, work, result.length);
  result.push(plan.reprodata);
  return result;
}

/** Oids are made once per drop: they occur again in every drop they are linked to. */
class OidTable {
  readonly #plan: UnrollPlan;
  readonly #byNode = new Map<PlanNode, string[]>();

  constructor(plan: UnrollPlan) {
    this.#plan = plan;
  }

  of(node: PlanNode): readonly string[] {
    const known = this.#byNode.get(node);
    if (known !== undefined) return known;
    const prefix = `${this.#plan.oidPrefix}_${node.model.id}_`;
    const iids = new Iids(node);
    const list: string[] = [];
    for (let j = 0; j < node.count; j++) list.push(prefix + iids.at(j));
    this.#byNode.set(node, list);
    return list;
  }
}

/** From so many copies on the detour over text pays. */
const COPIES_WORTH_IT = 64;

/**
 * The object that every drop of a node is a copy of. Parsed from text on purpose: an object with this many keys that
 * was filled key by key is a hash table inside the JavaScript engine, and copying it takes seven times as long.
 */
function baseOf(node: PlanNode): Readonly<Record<string, Json>> {
  const template = node.template;
  if (template === undefined) return {};
  const base: Record<string, Json> = { oid: '', ...template.spec, iid: '' };
  if (!template.fixedRank) base['rank'] = [];
  if (template.hasLoopContext && !template.fixedLoopContext) base['loop_ctx'] = null;
  if (isMpi(node)) base['proc_index'] = 0;
  if (node.model.forceNode !== undefined) base['exclusive_force_node'] = `${node.model.forceNode}_0`;
  // Floats of a signed graph stay floats.
  if (node.count < COPIES_WORTH_IT) return base;
  return parseWithTokens(stringifyPythonJson(base, { ensureAscii: false })) as Record<string, Json>;
}

function ordinaryDrop(run: Run, base: Readonly<Record<string, Json>>, j: number, oids: OidTable): JsonObject {
  const { node } = run;
  const template = node.template;
  const oid = oids.of(node)[j] ?? '';
  const spec: Record<string, Json> = { ...base };
  const rank = rankOf(node, j);
  spec['oid'] = oid;
  spec['iid'] = rank.join('-');
  if (template?.fixedRank !== true) spec['rank'] = rank;
  if (template?.hasLoopContext === true && !template.fixedLoopContext) {
    spec['loop_ctx'] = loopContext(node, rank);
  }
  if (isMpi(node)) spec['proc_index'] = rank.at(-1) ?? 0;
  addRelations(spec, run.sides, j, oids);
  if (node.groupData !== undefined) addGroupOutput(spec, oid);
  return spec;
}

function addGroupOutput(spec: Record<string, Json>, oid: string): void {
  const data = oid + GROUP_DATA_SUFFIX;
  const entry = entryOf(data, 'grpdata');
  spec['outputs'] = [entry];
  const ports = (spec['ports'] ?? []) as readonly Json[];
  spec['ports'] = [{ name: 'grpdata', oid: data, direction: 'output' }, ...ports];
}

function groupDataDrop(run: Run, j: number, oids: OidTable): JsonObject {
  const { node } = run;
  const groupOid = oids.of(node)[j] ?? '';
  const spec: Record<string, Json> = {
    oid: groupOid + GROUP_DATA_SUFFIX,
    ...(node.groupData as Record<string, Json>),
    rank: rankOf(node, j),
    producers: [entryOf(groupOid, 'grpdata')],
  };
  addRelations(spec, run.sides, j, oids);
  const ports = (spec['ports'] ?? []) as readonly Json[];
  spec['ports'] = [{ name: 'grpdata', oid: groupOid, direction: 'input' }, ...ports];
  return spec;
}

function addRelations(spec: Record<string, Json>, sides: readonly Side[], j: number, oids: OidTable): void {
  let ports: Json[] | undefined;
  let portMap: Record<string, Json> | undefined;
  for (const side of sides) {
    const others = oids.of(side.other);
    const pairs = side.relation.pairs;
    let list = spec[side.key] as Json[] | undefined;
    const add = (k: number): void => {
      const { last } = side;
      if (last.other !== k) {
        const base = others[k] ?? '';
        const oid = side.otherIsGroupData ? base + GROUP_DATA_SUFFIX : base;
        last.other = k;
        last.entry = entryOf(oid, side.port);
        last.port = { name: side.port, oid, direction: side.direction };
      }
      list ??= [];
      ports ??= [];
      list.push(last.entry);
      ports.push(last.port);
    };
    if (side.isSource) pairs.forTargets(j, add);
    else pairs.forSources(j, add);
    if (list === undefined) continue;
    spec[side.key] = list;
    if (side.key === 'producers' && side.port !== null) {
      portMap ??= {};
      portMap[side.port] = side.relation.outName;
    }
  }
  if (ports !== undefined) spec['ports'] = ports;
  if (portMap !== undefined) spec['port_map'] = portMap;
}

/**
 * `{oid: port}`, or the oid alone for a link without port name (spec 6.3). Without prototype: every entry has another
 * key, and an object made for lookups takes that six times faster than one made for a fixed shape.
 */
function entryOf(oid: string, port: string | null): Json {
  if (port === null) return oid;
  const entry = Object.create(null) as Record<string, Json>;
  entry[oid] = port;
  return entry;
}
