/**
 * Which fields of a node or drop enter its data, per stage, mode and category (spec/reproducibility.md 4).
 */

import { WeirError } from '../protocol/index.ts';
import type { RModeName } from './modes.ts';
import { keysOf, type PyObject, PyTuple, setKey } from './python-json.ts';

/** STORE takes the value, COUNT its length, REMOVE_FIRST the text without its first character. */
export const FieldOps = { STORE: 'STORE', COUNT: 'COUNT', REMOVE_FIRST: 'REMOVE_FIRST' } as const;
export type FieldOps = (typeof FieldOps)[keyof typeof FieldOps];
/** Field name and operation, in the order in which they are hashed. */
export type FieldTable = readonly (readonly [name: string, op: FieldOps])[];

const store = (...names: string[]): FieldTable => names.map((name) => [name, 'STORE']);
const NONE: FieldTable = [];

/** Raised where upstream raises a KeyError that escapes: a missing key, named in `details.key` (spec 11). */
export class ReproKeyError extends WeirError {
  readonly key: string;

  constructor(
    key: string,
    where: string,
    message = `${where} has no "${key}", which its reproducibility data needs.`,
  ) {
    super('REPRO_INVALID', message, {
      details: { key, where },
    });
    this.key = key;
  }
}

const LGT_KIND = store('categoryType', 'category');
const LGT_PORTS: FieldTable = ['inputPorts', 'outputPorts', 'inputLocalPorts', 'outputLocalPorts'].map(
  (name) => [name, 'COUNT'],
);
const LGT_FULL: FieldTable = [...LGT_KIND, ...LGT_PORTS];

/** Fields of the template stage, taken from the node itself (spec 4.1). */
export function lgtFields(mode: RModeName): FieldTable {
  if (mode === 'NOTHING') return NONE;
  return mode === 'REPRODUCE' ? LGT_KIND : LGT_FULL;
}

const COMMON = store(
  'execution_time',
  'num_cpus',
  'inputApplicationName',
  'inputApplicationType',
  'data_volume',
);
const DROPCLASS = ['dropclass'];
const BY_CATEGORY: ReadonlyMap<string, readonly string[]> = new Map([
  ['File', ['check_filepath_exists']],
  ['Plasma', ['plasma_path', 'object_id']],
  ['PlasmaFlight', ['plasma_path', 'object_id', 'flight_path']],
  ['MKN', ['m', 'k', 'n']],
  ['Scatter', ['num_of_copies', 'scatter_axis']],
  ['Gather', ['num_of_inputs', 'gather_axis']],
  ['Loop', ['num_of_iter']],
  ['GroupBy', ['group_key', 'group_axis']],
  ['Branch', DROPCLASS],
  ['PythonApp', DROPCLASS],
  ['DALiuGEApp', DROPCLASS],
  ['Component', DROPCLASS],
  ['BashShellApp', ['Arg01']],
  ['Mpi', ['num_of_procs']],
  ['Docker', ['image', 'command', 'user', 'ensureUserAndSwitch', 'removeContainer', 'additionalBindings']],
  ['DynlibApp', ['libpath']],
  ['DynlibProcApp', ['libpath']],
]);

/** Whether a mode covers placement, file names and the like. */
function isComputational(mode: RModeName): boolean {
  return mode === 'RECOMPUTE' || mode === 'REPLICATE_COMP';
}

/**
 * Fields of the logical stage, taken from the node's fields by its category (spec 4.2). `argumentNames` are the names
 * of the node-level application arguments, which only the computational modes cover.
 */
export function lgFields(
  mode: RModeName,
  category: string,
  argumentNames: readonly string[] = [],
): FieldTable {
  if (mode === 'NOTHING' || mode === 'RERUN' || mode === 'REPRODUCE' || mode === 'REPLICATE_SCI') return NONE;
  const table = [...COMMON, ...store(...(BY_CATEGORY.get(category) ?? []))];
  if (!isComputational(mode)) return table;
  if (category === 'File') table.push(...store('filepath', 'dirname'));
  for (const name of argumentNames) if (!table.some(([known]) => known === name)) table.push([name, 'STORE']);
  return table;
}

/** Fields of the unroll stage, taken from the physical drop (spec 4.3). */
export function pgtUnrollFields(mode: RModeName, isData: boolean): FieldTable {
  if (mode === 'NOTHING') return NONE;
  if (mode === 'REPRODUCE') return isData ? store('categoryType', 'storage') : store('categoryType');
  const table = store('categoryType', isData ? 'storage' : 'dt');
  return isComputational(mode) ? [...table, ['rank', 'STORE']] : table;
}

/** Fields of the partition stage: those of the unroll stage and the partition numbers without "#" (spec 4.4). */
export function pgtPartitionFields(mode: RModeName, isData: boolean): FieldTable {
  const table = pgtUnrollFields(mode, isData);
  return isComputational(mode) ? [...table, ['node', 'REMOVE_FIRST'], ['island', 'REMOVE_FIRST']] : table;
}

/** Fields of the physical graph stage: where the drop was put (spec 4.5). */
export function pgFields(mode: RModeName): FieldTable {
  return isComputational(mode) ? store('node', 'island') : NONE;
}

/**
 * Collects the fields of a table from a source; what is missing or null is left out. `nameOf` names the source in
 * errors.
 */
export function extractFields(source: object, fields: FieldTable, nameOf: string): PyObject {
  const data: PyObject = {};
  const values = source as PyObject;
  for (const [name, op] of fields) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined || value === null) continue;
    setKey(
      data,
      name,
      op === 'STORE' ? value : op === 'COUNT' ? count(value, name, nameOf) : rest(value, name, nameOf),
    );
  }
  return data;
}

function count(value: NonNullable<unknown>, name: string, nameOf: string): number {
  if (typeof value === 'string') return [...value].length;
  if (Array.isArray(value)) return value.length;
  if (value instanceof PyTuple) return value.items.length;
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return keysOf(value).length;
  throw new WeirError(
    'REPRO_INVALID',
    `"${name}" of ${nameOf} should be a list, but is ${JSON.stringify(value)}; it cannot be counted.`,
  );
}

function rest(value: NonNullable<unknown>, name: string, nameOf: string): PyObject[string] {
  if (typeof value === 'string') return [...value].slice(1).join('');
  if (Array.isArray(value)) return (value as PyObject[string][]).slice(1);
  throw new WeirError(
    'REPRO_INVALID',
    `"${name}" of ${nameOf} should be a text such as "#0", but is ${JSON.stringify(value)}.`,
  );
}

/** The values of a logical node by name: its fields, then its node-level application arguments over them. */
export function logicalValues(node: PyObject, nameOf: string): { values: PyObject; argumentNames: string[] } {
  const values: PyObject = {};
  const read = (list: unknown, onName?: (name: string) => void): void => {
    for (const entry of Array.isArray(list) ? (list as unknown[]) : []) {
      if (typeof entry !== 'object' || entry === null || !Object.hasOwn(entry, 'name'))
        throw new ReproKeyError('name', `A field of ${nameOf}`);
      const { name, value } = entry as { name: unknown; value?: PyObject[string] };
      if (!Object.hasOwn(entry, 'value'))
        throw new ReproKeyError('value', `The field "${String(name)}" of ${nameOf}`);
      setKey(values, String(name), value);
      onName?.(String(name));
    }
  };
  const argumentNames: string[] = [];
  read(node['fields']);
  read(node['applicationArgs'], (name) => argumentNames.push(name));
  return { values, argumentNames };
}
