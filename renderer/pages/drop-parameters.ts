/** The parameters in a dropspec, as people read them. Pure. */
import type { Fact } from '../components/facts.ts';

/** Keys of a dropspec that are shown elsewhere on the page, or say nothing about what the drop does. */
const NOT_PARAMETERS = new Set([
  'oid',
  'uid',
  'name',
  'categoryType',
  'category',
  'dropclass',
  'appclass',
  'dataclass',
  'lg_key',
  'humanReadableKey',
  'inputs',
  'outputs',
  'consumers',
  'producers',
  'streamingInputs',
  'streamingConsumers',
  'children',
  'parent',
  'ports',
  'fields',
  'applicationArgs',
  'componentParams',
  'constraintParams',
  'reprodata',
  'nodeAttributes',
]);

/** Any JSON value as one text: text as it is, the rest as JSON. */
export function textOfValue(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(value) ?? String(value);
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (isMap(value) && Object.keys(value).length === 0);

/** Values of argument descriptions: `{name: {value, usage, …}}`, or plain values in old graphs. */
function described(group: unknown): readonly (readonly [string, unknown])[] {
  if (!isMap(group)) return [];
  return Object.entries(group).map(([name, entry]) => [
    name,
    isMap(entry) && 'value' in entry ? entry['value'] : entry,
  ]);
}

/**
 * What the drop was told: application arguments win over flattened keys of the same name, as in the loader
 * (spec/engine.md 8.4). Empty values are left out; the whole specification is one click away.
 */
export function parametersOf(spec: Readonly<Record<string, unknown>>): readonly Fact[] {
  const values = new Map<string, unknown>();
  for (const [name, value] of Object.entries(spec)) if (!NOT_PARAMETERS.has(name)) values.set(name, value);
  for (const [name, value] of described(spec['componentParams']))
    if (!values.has(name)) values.set(name, value);
  for (const [name, value] of described(spec['applicationArgs'])) values.set(name, value);
  const pydata = Array.isArray(spec['fields'])
    ? spec['fields'].filter(isMap).find((field) => field['name'] === 'pydata')
    : undefined;
  if (pydata !== undefined) values.set('pydata', pydata['value']);
  return [...values]
    .filter(([, value]) => !isEmpty(value))
    .map(([name, value]) => ({ name, value: textOfValue(value), mono: true }));
}
