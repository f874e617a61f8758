import type { Json } from '../protocol/index.ts';
import type { WorkOptions } from './errors.ts';
import type { UnrollPlan } from './plan.ts';
import {
  GROUP_DATA_SUFFIX,
  Iids,
  isMpi,
  loopContext,
  PROGRESS_EVERY,
  rankOf,
  runsOf,
  tell,
  type RelationKey,
  type Run,
  type Side,
} from './runs.ts';

/**
 * The drops one by one as JSON text of one object each, the reproducibility object last. Nothing is kept between them,
 * so a graph of millions of drops needs no more memory than a small one. `stringify` writes what comes from the graph.
 */
export function* emitDropTexts(
  plan: UnrollPlan,
  work: WorkOptions = {},
  stringify: (value: unknown) => string = JSON.stringify,
): Generator<string, void, undefined> {
  let done = 0;
  for (const run of runsOf(plan)) {
    const writer = new RunWriter(plan, run, stringify);
    for (let j = 0; j < run.node.count; j++) {
      if (done % PROGRESS_EVERY === 0) tell(plan, work, done);
      done++;
      yield writer.text(j);
    }
  }
  tell(plan, work, done);
  yield stringify(plan.reprodata);
}

class RunWriter {
  readonly #run: Run;
  readonly #head: string;
  readonly #tail: string;
  readonly #iids: Iids;
  readonly #writers: readonly SideWriter[];

  constructor(plan: UnrollPlan, run: Run, stringify: (value: unknown) => string) {
    this.#run = run;
    const { node } = run;
    const fixed: Record<string, Json | undefined> = run.isGroupData
      ? { ...node.groupData }
      : { ...node.template?.spec };
    if (!run.isGroupData && node.model.forceNode !== undefined) {
      fixed['exclusive_force_node'] = `${node.model.forceNode}_0`;
    }
    this.#head = `{"oid":${JSON.stringify(`${plan.oidPrefix}_${node.model.id}_`).slice(0, -1)}`;
    const body = stringify(fixed).slice(1, -1);
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
