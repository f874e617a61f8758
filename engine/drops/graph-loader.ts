/**
 * Dropspecs as plain objects and the drops made of them without a session (seed `dlg.graph_loader`, spec/engine.md 8).
 * Sessions read graphs of any size through engine/graph; these functions are for programs and tests that put a small
 * graph together by hand.
 */
import {
  classify,
  DROPLinkType,
  DROPRel,
  INVERSE_LINK,
  InvalidGraphException,
  LINK_SPEC_KEY,
  messageOf,
} from '../protocol/index.ts';
import type { AppDROP } from './app-drop.ts';
import type { DataDROP } from './data-drop.ts';
import type { AbstractDROP, DropKwargs } from './drop.ts';
import { getUpstreamObjects } from './droputils.ts';
import { dropClass, type DropClass } from './registry.ts';

/** One entry of a physical graph, as JSON has it. */
export type DropSpec = Record<string, unknown>;

/** Keys of a dropspec that are no arguments of its drop. */
const NOT_ARGUMENTS = ['oid', 'uid', 'dropclass', 'Application', 'appclass', 'dataclass', 'data', 'Data'];

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Ids a relation names: plain ones, and those with the name of a port. */
function idsOf(relation: unknown): string[] {
  const entries = Array.isArray(relation) ? (relation as unknown[]) : [relation];
  return entries.flatMap((entry) =>
    typeof entry === 'string' ? [entry] : isMap(entry) ? Object.keys(entry) : [],
  );
}

/**
 * Notes in `lhDropSpec` that `rhOID` is related to it by `linkType`. Throws InvalidGraphException where it is already,
 * or where a to-one relation (`parent`) is set and `force` is not.
 */
export function addLink(linkType: DROPLinkType, lhDropSpec: DropSpec, rhOID: string, force = false): void {
  const key = LINK_SPEC_KEY[linkType] as (typeof LINK_SPEC_KEY)[number] | undefined;
  if (key === undefined)
    throw new InvalidGraphException(`${String(linkType)} is no type of link between drops.`);
  const oid = String(lhDropSpec['oid']);
  if (linkType === DROPLinkType.PARENT) {
    if (lhDropSpec[key] && !force)
      throw new InvalidGraphException(
        `Drop ${oid} has a parent already (${idsOf(lhDropSpec[key]).join()}); give force to replace it by ${rhOID}.`,
      );
    lhDropSpec[key] = rhOID;
    return;
  }
  const list = lhDropSpec[key] as unknown[] | undefined;
  if (list && idsOf(list).includes(rhOID))
    throw new InvalidGraphException(`Drop ${oid} lists ${rhOID} among its "${key}" already.`);
  if (list) list.push(rhOID);
  else lhDropSpec[key] = [rhOID];
}

/**
 * Takes relations to drops that are not in the list out of the dropspecs, and gives them back: `DROPRel(missing, rel, oid)`
 * says "missing is a `rel` of oid".
 */
export function removeUnmetRelationships(dropSpecList: readonly DropSpec[]): DROPRel[] {
  const known = new Set(dropSpecList.map((spec) => spec['oid']));
  const unmet: DROPRel[] = [];
  for (const spec of dropSpecList)
    for (const [type, key] of LINK_SPEC_KEY.entries()) {
      const relation = spec[key];
      if (relation === undefined || relation === null) continue;
      const missing = idsOf(relation).filter((id) => !known.has(id));
      for (const id of missing) unmet.push(DROPRel(id, type as DROPLinkType, String(spec['oid'])));
      if (missing.length > 0) without(spec, key, new Set(missing));
    }
  return unmet;
}

function without(spec: DropSpec, key: string, missing: ReadonlySet<string>): void {
  const relation = spec[key];
  const left = (Array.isArray(relation) ? (relation as unknown[]) : [relation]).flatMap(
    (entry): unknown[] => {
      if (typeof entry === 'string') return missing.has(entry) ? [] : [entry];
      const kept = Object.entries(entry as object).filter(([id]) => !missing.has(id));
      return kept.length > 0 ? [Object.fromEntries(kept)] : [];
    },
  );
  if (left.length === 0) Reflect.deleteProperty(spec, key);
  else spec[key] = Array.isArray(relation) ? left : left[0];
}

/**
 * The dropspecs of a physical graph by oid, and its reproducibility data where its last element is that. Throws
 * InvalidGraphException for an empty list, a drop without oid or category, an id that occurs twice, an unknown class.
 */
export function loadDropSpecs(dropSpecList: readonly DropSpec[] | null): {
  readonly dropSpecs: ReadonlyMap<string, DropSpec>;
  readonly reprodata: DropSpec;
} {
  if (!dropSpecList || dropSpecList.length === 0)
    throw new InvalidGraphException('The graph is an empty list: it has no drops to run.');
  const stray = dropSpecList.findIndex((spec) => !isMap(spec));
  if (stray >= 0)
    throw new InvalidGraphException(
      `Element ${stray} of the graph is no dropspec (a map), but ${JSON.stringify(dropSpecList[stray])}.`,
    );
  const last = dropSpecList.at(-1) as DropSpec;
  const hasReprodata = Boolean(last['rmode']) || Object.keys(last).length === 0;
  const dropSpecs = new Map<string, DropSpec>();
  for (const [n, spec] of (hasReprodata ? dropSpecList.slice(0, -1) : dropSpecList).entries()) {
    for (const key of ['oid', 'categoryType'])
      if (typeof spec[key] !== 'string')
        throw new InvalidGraphException(`Element ${n} of the graph has no "${key}"; every drop needs one.`);
    const oid = spec['oid'] as string;
    if (dropSpecs.has(oid))
      throw new InvalidGraphException(`The id "${oid}" occurs twice; every drop needs one of its own.`);
    classOf(oid, spec);
    dropSpecs.set(oid, spec);
  }
  return { dropSpecs, reprodata: hasReprodata ? last : {} };
}

/** The class of a drop: by `dropclass`, in old graphs also by `categoryType` and `storage` (spec/engine.md 8.3). */
function classOf(oid: string, spec: DropSpec): DropClass {
  const what = classify(String(spec['categoryType']), textOf(spec['dropclass']), textOf(spec['storage']));
  if (typeof what === 'string') throw new InvalidGraphException(`Drop ${oid}: ${what}.`);
  const Class = dropClass(what.classPath);
  if (Class) return Class;
  throw new InvalidGraphException(
    `Drop ${oid} wants the class "${what.classPath}", which is not known.`,
    { details: { drop: oid } },
    'GRAPH_UNKNOWN_CLASS',
  );
}

/** A drop that could not be made. */
export interface LoadFailure {
  readonly oid: string;
  readonly exception: unknown;
}

/** Drops made and linked without a session. `roots`: those with nothing upstream, in the order of the list. */
export function createGraphFromDropSpecList(dropSpecList: readonly DropSpec[]): {
  readonly drops: ReadonlyMap<string, AbstractDROP>;
  readonly roots: readonly AbstractDROP[];
  readonly loadFailures: readonly LoadFailure[];
} {
  const { dropSpecs } = loadDropSpecs(dropSpecList);
  const drops = new Map<string, AbstractDROP>();
  const loadFailures: LoadFailure[] = [];
  for (const [oid, spec] of dropSpecs)
    try {
      const Class = classOf(oid, spec);
      drops.set(oid, new Class(oid, textOf(spec['uid']) ?? oid, kwargsOf(spec)));
    } catch (exception) {
      loadFailures.push({ oid, exception });
    }
  for (const [oid, spec] of dropSpecs)
    for (const [type, key] of LINK_SPEC_KEY.entries())
      for (const id of idsOf(spec[key])) link(drops.get(oid), type as DROPLinkType, drops.get(id));
  const all = [...drops.values()];
  const roots = all.filter((drop) => getUpstreamObjects(drop as AppDROP | DataDROP).length === 0);
  return { drops, roots, loadFailures };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function kwargsOf(spec: DropSpec): DropKwargs {
  const kwargs: DropKwargs = { ...spec };
  for (const key of NOT_ARGUMENTS) Reflect.deleteProperty(kwargs, key);
  if ('precious' in kwargs) {
    kwargs['persist'] = kwargs['precious'];
    delete kwargs['precious'];
  }
  const args = spec['applicationArgs'];
  if (isMap(args))
    for (const [name, arg] of Object.entries(args))
      kwargs[name] = isMap(arg) && 'value' in arg ? arg['value'] : arg;
  return kwargs;
}

/** `other` is a `type` of `drop`. Drops that are not there are passed over. */
function link(drop: AbstractDROP | undefined, type: DROPLinkType, other: AbstractDROP | undefined): void {
  if (!drop || !other) return;
  switch (type) {
    case DROPLinkType.CONSUMER:
    case DROPLinkType.STREAMING_CONSUMER:
    case DROPLinkType.OUTPUT:
      return drop._link(type, other);
    case DROPLinkType.CHILD:
      return relate(other, drop);
    case DROPLinkType.PARENT:
      return relate(drop, other);
    default:
      return link(other, INVERSE_LINK[type] as DROPLinkType, drop);
  }
}

function relate(child: AbstractDROP, parent: AbstractDROP): void {
  if (!('addChild' in parent))
    throw new InvalidGraphException(
      `Drop ${parent.uid} is to be the parent of ${child.uid}, but ${parent.constructor.name} is no container.`,
    );
  try {
    child.parent = parent;
  } catch (error) {
    throw new InvalidGraphException(`${child.uid} cannot lie in ${parent.uid}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
