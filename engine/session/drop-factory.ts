/** Makes drop objects from dropspecs (spec/engine.md 8.3, 8.4). */
import { InvalidGraphException } from '../protocol/index.ts';
import {
  BarrierAppDROP,
  dropClass,
  NullDROP,
  PLACE,
  type AbstractDROP,
  type DropClass,
  type DropContext,
  type DropKwargs,
  type Flow,
  type Place,
} from '../drops/index.ts';
import { SpecFlags, type PhysicalGraph } from '../graph/index.ts';

/** Finds the class of a class path that is not in the registry: a drop class of the user's. Undefined: there is none. */
export type ClassFinder = (path: string, isApp: boolean) => DropClass | undefined;

/** Keys that the constructor does not get. */
const NOT_ARGUMENTS = [
  'oid',
  'uid',
  'Application',
  'dropclass',
  'appclass',
  'dataclass',
  'data',
  'Data',
  'input_parser',
  'output_parser',
];

/** Constructor arguments of a dropspec: `applicationArgs` win over flattened keys of the same name (spec 8.4). */
export function kwargsOf(spec: Record<string, unknown>, isData: boolean): DropKwargs {
  const kwargs: DropKwargs = { ...spec };
  for (const key of NOT_ARGUMENTS) delete kwargs[key];
  if ('precious' in kwargs) {
    kwargs['persist'] = kwargs['precious'];
    delete kwargs['precious'];
  }
  const args = spec['applicationArgs'];
  if (typeof args === 'object' && args !== null)
    for (const [name, arg] of Object.entries(args as Record<string, unknown>))
      kwargs[name] = typeof arg === 'object' && arg !== null && 'value' in arg ? arg.value : arg;
  if (isData) delete kwargs['self'];
  return kwargs;
}

/** Stands for an application that could not be made, so that its neighbours have somebody to look at. */
class UnmadeApp extends BarrierAppDROP {}

export class DropFactory {
  readonly #graph: PhysicalGraph;
  readonly #classes: readonly DropClass[];

  /** Throws InvalidGraphException naming the first drop whose class is not known. */
  constructor(graph: PhysicalGraph, find: ClassFinder = () => undefined) {
    this.#graph = graph;
    const firstOf = new Map<number, number>();
    const { classId, classes } = graph.columns;
    for (let row = 0; row < graph.count && firstOf.size < classes.length; row++)
      if (!firstOf.has(classId[row] as number)) firstOf.set(classId[row] as number, row);
    this.#classes = graph.columns.classes.map((path, id) => {
      const row = firstOf.get(id);
      const found = dropClass(path) ?? (row === undefined ? undefined : find(path, graph.isApp(row)));
      if (found || row === undefined) return found as DropClass;
      const what = graph.isApp(row) ? 'application' : 'data';
      throw new InvalidGraphException(
        `Drop ${graph.oid(row)} wants the ${what} class "${path}", which is neither part of Weir nor found as Python code on DLG_PATH; correct "dropclass", or put the module there.`,
        { details: { drop: graph.oid(row), dropclass: path } },
        'GRAPH_UNKNOWN_CLASS',
      );
    });
  }

  classOf(row: number): DropClass {
    return this.#classes[this.#graph.columns.classId[row] as number] as DropClass;
  }

  /** A drop without parameters and without work, for a row whose own drop cannot be made. */
  placeholder(row: number, flow: Flow, context: DropContext): AbstractDROP {
    const Stand = this.#graph.isApp(row) ? UnmadeApp : NullDROP;
    const kwargs = Object.assign({ name: this.#graph.name(row) }, { [PLACE]: { flow, row, context } });
    return new Stand(this.#graph.oid(row), this.#graph.uid(row), kwargs);
  }

  make(row: number, flow: Flow, context: DropContext): AbstractDROP {
    const graph = this.#graph;
    const Class = this.classOf(row);
    const arguments_ = (): DropKwargs => {
      const kwargs = kwargsOf(graph.spec(row), !graph.isApp(row));
      kwargs['dlg_session_id'] = context.sessionId;
      return kwargs;
    };
    const isPlain = Class.lazy === true && !graph.hasFlag(row, SpecFlags.PARAMETERS);
    const place: Place = isPlain ? { flow, row, context, later: arguments_ } : { flow, row, context };
    const kwargs = isPlain ? {} : arguments_();
    return new Class(graph.oid(row), graph.uid(row), Object.assign(kwargs, { [PLACE]: place }));
  }
}
