import type { Json, JsonObject } from '../protocol/index.ts';
import { checkCancelled, type WorkOptions } from './errors.ts';
import type { PlanNode, UnrollPlan } from './plan.ts';
import { digitsOf, type Relation } from './relations.ts';

/**
 * Makes the drops of a plan, one after the other in the order of the result (spec/translator.md 5.4): as objects or as
 * JSON text. Work and memory per drop are those of its own entries.
 */

const PROGRESS_EVERY = 4096;

type RelationKey = 'inputs' | 'outputs' | 'producers' | 'consumers';

/** One side of a relation as seen from a drop. */
interface Side {
  readonly key: RelationKey;
  readonly other: PlanNode;
  readonly otherIsGroupData: boolean;
  readonly relation: Relation;
  readonly isSource: boolean;
  readonly port: string | null;
  readonly direction: 'input' | 'output';
  /** The entries made last: where many drops are linked to one, they share them. */
  readonly last: { other: number; entry: Json; port: Json };
}

/** A node's drops to be written: its own, or the data drops of a GroupBy. */
interface Run {
  readonly node: PlanNode;
  readonly isGroupData: boolean;
  readonly sides: readonly Side[];
}

const GROUP_DATA_SUFFIX = '-grp-data';

function runsOf(plan: UnrollPlan): Run[] {
  const sides = new Map<PlanNode, Side[]>();
  const groupSides = new Map<PlanNode, Side[]>();
  const listOf = (map: Map<PlanNode, Side[]>, node: PlanNode): Side[] => {
    const list = map.get(node) ?? [];
    map.set(node, list);
    return list;
  };
  for (const relation of plan.relations) {
    const { source, target, isOutput, fromGroupData } = relation;
    listOf(fromGroupData ? groupSides : sides, source).push({
      key: isOutput ? 'outputs' : 'consumers',
      other: target,
      otherIsGroupData: false,
      relation,
      isSource: true,
      port: relation.outName,
      direction: 'output',
      last: { other: -1, entry: null, port: null },
    });
    listOf(sides, target).push({
      key: isOutput ? 'producers' : 'inputs',
      other: source,
      otherIsGroupData: fromGroupData,
      relation,
      isSource: false,
      port: relation.inName,
      direction: 'input',
      last: { other: -1, entry: null, port: null },
    });
  }
  const emitted = plan.nodes.filter((n) => n.isEmitted && n.count > 0);
  const groups = emitted.filter((n) => n.groupData !== undefined);
  const runs: Run[] = [];
  for (const node of emitted) {
    runs.push({ node, isGroupData: false, sides: sides.get(node) ?? [] });
    if (node !== groups[0]) continue;
    for (const group of groups) {
      runs.push({ node: group, isGroupData: true, sides: groupSides.get(group) ?? [] });
    }
  }
  return runs;
}

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

function tell(plan: UnrollPlan, work: WorkOptions, done: number): void {
  checkCancelled(work.signal);
  work.onProgress?.({ phase: 'unroll', done, total: plan.dropCount });
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

/** Instance ids of a node (spec 5.1): `0`, then one index per surrounding construct, outermost first. */
class Iids {
  readonly #node: PlanNode;
  readonly #digits: number[];
  #prefix = '0';
  #prefixOf = -1;

  constructor(node: PlanNode) {
    this.#node = node;
    this.#digits = new Array<number>(node.radices.length).fill(0);
  }

  at(j: number): string {
    const radix = this.#node.radices.at(-1);
    if (radix === undefined) return '0';
    const outer = Math.floor(j / radix);
    if (outer !== this.#prefixOf) {
      digitsOf(this.#node, j, this.#digits);
      this.#prefix = '0';
      for (let d = 0; d < this.#digits.length - 1; d++) this.#prefix += `-${this.#digits[d] ?? 0}`;
      this.#prefix += '-';
      this.#prefixOf = outer;
    }
    return this.#prefix + String(j % radix);
  }
}

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
  return JSON.parse(JSON.stringify(base)) as Record<string, Json>;
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

/** `0`, then one index per surrounding construct, outermost first (spec 5.1). */
function rankOf(node: PlanNode, j: number): number[] {
  const { radices } = node;
  const rank = new Array<number>(radices.length + 1).fill(0);
  let rest = j;
  for (let d = radices.length - 1; d >= 0; d--) {
    const radix = radices[d] ?? 1;
    rank[d + 1] = rest % radix;
    rest = Math.floor(rest / radix);
  }
  return rank;
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

function isMpi(node: PlanNode): boolean {
  return node.model.category === 'Mpi' && !node.model.isGroup;
}

function loopContext(node: PlanNode, rank: readonly number[]): string | null {
  if (node.loopDigits === 0) return null;
  const end = node.model.ancestors.length + 1;
  return rank.slice(end - node.loopDigits, end).join('-');
}

// --- the same as text ---------------------------------------------------------------------------------------------

/**
 * The drops one by one as JSON text of one object each, the reproducibility object last. Nothing is kept between them,
 * so a graph of millions of drops needs no more memory than a small one.
 */
export function* emitDropTexts(plan: UnrollPlan, work: WorkOptions = {}): Generator<string, void, undefined> {
  let done = 0;
  for (const run of runsOf(plan)) {
    const writer = new RunWriter(plan, run);
    for (let j = 0; j < run.node.count; j++) {
      if (done % PROGRESS_EVERY === 0) tell(plan, work, done);
      done++;
      yield writer.text(j);
    }
  }
  tell(plan, work, done);
  yield JSON.stringify(plan.reprodata);
}

class RunWriter {
  readonly #run: Run;
  readonly #head: string;
  readonly #tail: string;
  readonly #iids: Iids;
  readonly #writers: readonly SideWriter[];

  constructor(plan: UnrollPlan, run: Run) {
    this.#run = run;
    const { node } = run;
    const fixed: Record<string, Json | undefined> = run.isGroupData
      ? { ...node.groupData }
      : { ...node.template?.spec };
    if (!run.isGroupData && node.model.forceNode !== undefined) {
      fixed['exclusive_force_node'] = `${node.model.forceNode}_0`;
    }
    this.#head = `{"oid":${JSON.stringify(`${plan.oidPrefix}_${node.model.id}_`).slice(0, -1)}`;
    const body = JSON.stringify(fixed).slice(1, -1);
    this.#tail = body === '' ? '' : `,${body}`;
    this.#iids = new Iids(node);
    this.#writers = run.sides.map((s) => new SideWriter(plan, s));
  }

  text(j: number): string {
    const { node, isGroupData } = this.#run;
    const iid = this.#iids.at(j);
    const suffix = isGroupData ? GROUP_DATA_SUFFIX : '';
    let text = `${this.#head}${iid}${suffix}"${this.#tail}`;
    const template = node.template;
    if (isGroupData || template?.fixedRank !== true) text += `,"rank":[${iid.replaceAll('-', ',')}]`;
    if (!isGroupData) {
      text += `,"iid":"${iid}"`;
      if (template?.hasLoopContext === true && !template.fixedLoopContext) {
        const context = node.loopDigits === 0 ? null : loopContext(node, rankOf(node, j));
        text += context === null ? ',"loop_ctx":null' : `,"loop_ctx":"${context}"`;
      }
      if (isMpi(node)) text += `,"proc_index":${rankOf(node, j).at(-1) ?? 0}`;
    }
    return `${text}${this.#relationText(j, iid)}}`;
  }

  #relationText(j: number, iid: string): string {
    const { node, isGroupData } = this.#run;
    const lists: Record<RelationKey, string> = { inputs: '', outputs: '', producers: '', consumers: '' };
    let ports = '';
    let portMap: Map<string, string> | undefined;
    if (node.groupData !== undefined) {
      const other = `${this.#head.slice('{"oid":'.length)}${iid}${isGroupData ? '' : GROUP_DATA_SUFFIX}"`;
      lists[isGroupData ? 'producers' : 'outputs'] = `{${other}:"grpdata"}`;
      ports = `{"name":"grpdata","oid":${other},"direction":"${isGroupData ? 'input' : 'output'}"}`;
    }
    for (const writer of this.#writers) {
      writer.write(j);
      if (writer.list === '') continue;
      const key = writer.side.key;
      lists[key] += lists[key] === '' ? writer.list : `,${writer.list}`;
      ports += ports === '' ? writer.ports : `,${writer.ports}`;
      if (key === 'producers' && writer.side.port !== null) {
        portMap ??= new Map();
        portMap.set(writer.portText, JSON.stringify(writer.side.relation.outName));
      }
    }
    let text = '';
    for (const key of RELATION_KEYS) if (lists[key] !== '') text += `,"${key}":[${lists[key]}]`;
    if (ports !== '') text += `,"ports":[${ports}]`;
    if (portMap !== undefined) text += `,"port_map":{${[...portMap].map(([k, v]) => `${k}:${v}`).join(',')}}`;
    return text;
  }
}

const RELATION_KEYS: readonly RelationKey[] = ['inputs', 'outputs', 'producers', 'consumers'];

class SideWriter {
  readonly side: Side;
  readonly portText: string;
  list = '';
  ports = '';
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #iids: Iids;
  readonly #afterOid: string;
  readonly #portHead: string;
  readonly #portTail: string;
  readonly #add: (k: number) => void;

  constructor(plan: UnrollPlan, side: Side) {
    this.side = side;
    this.portText = JSON.stringify(side.port);
    const hasPort = side.port !== null;
    this.#prefix = JSON.stringify(`${plan.oidPrefix}_${side.other.model.id}_`).slice(0, -1);
    this.#suffix = `${side.otherIsGroupData ? GROUP_DATA_SUFFIX : ''}"`;
    this.#iids = new Iids(side.other);
    this.#afterOid = hasPort ? `:${this.portText}}` : '';
    this.#portHead = `{"name":${this.portText},"oid":`;
    this.#portTail = `,"direction":"${side.direction}"}`;
    const open = hasPort ? '{' : '';
    this.#add = (k) => {
      const oid = this.#prefix + this.#iids.at(k) + this.#suffix;
      const comma = this.list === '' ? '' : ',';
      this.list += `${comma}${open}${oid}${this.#afterOid}`;
      this.ports += `${comma}${this.#portHead}${oid}${this.#portTail}`;
    };
  }

  write(j: number): void {
    this.list = '';
    this.ports = '';
    if (this.side.isSource) this.side.relation.pairs.forTargets(j, this.#add);
    else this.side.relation.pairs.forSources(j, this.#add);
  }
}
