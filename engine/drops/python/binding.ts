/** Which value goes to which parameter of a function (spec/engine.md 6.5). Pure: values of ports are named, not read. */
import { ParameterKind, type FunctionInfo, type FunctionParameter, type PyArgument } from './types.ts';

/** An argument as a dropspec describes it. */
export interface DescribedArgument {
  readonly name: string;
  readonly value: unknown;
  /** The value as it is written in the graph, where that says more than `value` (5.0, NaN). */
  readonly text?: string;
  readonly type: string;
  readonly usage: string;
  readonly positional: boolean;
}

export interface BindingSources {
  /** Names of the input ports that have a value, in the order of the dropspec. */
  readonly ports: readonly string[];
  /** `applicationArgs`, in order. */
  readonly applicationArgs: ReadonlyMap<string, DescribedArgument>;
  /** `componentParams`: they describe, and give values to parameters of the same name. */
  readonly componentParams: ReadonlyMap<string, DescribedArgument>;
  /** Flattened top-level parameters of the drop. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** How a parameter is written in the graph, where that says more than its value. */
  readonly parameterText?: (name: string) => string | undefined;
  /** `func_defaults`. */
  readonly defaults: ReadonlyMap<string, PyArgument>;
}

/** A value for the function: known now, or what a port brings. */
export type BoundValue = PyArgument | { readonly kind: 'port'; readonly port: string };

export interface Binding {
  readonly args: readonly BoundValue[];
  readonly kwargs: readonly { readonly name: string; readonly value: BoundValue }[];
}

/** Settings of the component that are no arguments of the function, even where they are listed among them. */
const SETTINGS = new Set([
  'func_code',
  'func_name',
  'func_arg_mapping',
  'func_defaults',
  'input_parser',
  'output_parser',
  'pickle',
]);

/** Keys of a dropspec that mean something else than an argument when nothing describes them as one. */
const INTERNAL = new Set([
  'applicationArgs',
  'base_name',
  'category',
  'componentParams',
  'config_data',
  'constraintParams',
  'consumers',
  'dropclass',
  'fields',
  'group_end',
  'group_start',
  'iid',
  'inputs',
  'loop_ctx',
  'mode',
  'outputs',
  'persist',
  'port_map',
  'producers',
  'rank',
  'reprodata',
  'storage',
  'streaming',
  'streamingConsumers',
  'streamingInputs',
  'weight',
]);

const TEXTUAL = /^(string|str|text|select|password)$/i;
const AS_LITERAL = /^(json|complex)$/i;

/**
 * Binds ports, then application arguments, then parameters of the drop, then `func_defaults` to the parameters of the
 * function. A parameter without any value and without a default becomes None.
 *
 * Kept apart from DALiuGE on purpose (spec 13 #11, #12): 0, false and "" are values; ports and arguments reach
 * keyword-only parameters and `**kwargs`; positional and named values of one function do not collide; texts of type
 * Json and Complex are parsed.
 */
export function bindArguments(info: FunctionInfo, sources: BindingSources): Binding {
  const named = new Map(info.parameters.filter(isNamed).map((parameter) => [parameter.name, parameter]));
  const args = positionalValues(info, sources);
  const kwargs: { name: string; value: BoundValue }[] = [];
  for (const parameter of named.values()) {
    if (parameter.kind === ParameterKind.POSITIONAL_ONLY) continue;
    const value = valueFor(parameter.name, sources) ?? missing(parameter);
    if (value) kwargs.push({ name: parameter.name, value });
  }
  const extras = extraValues(named, sources);
  const takesArgs = !info.hasSignature || has(info, ParameterKind.ARGS);
  const takesKwargs = info.hasSignature && has(info, ParameterKind.KWARGS);
  const positional = extras.filter((extra) => takesArgs && (extra.positional || !info.hasSignature));
  if (positional.length > 0 && kwargs.length > 0 && info.hasSignature) makePositional(info, args, kwargs);
  args.push(...positional.map((extra) => extra.value));
  if (takesKwargs)
    for (const { name, value } of extras.filter((extra) => !positional.includes(extra)))
      kwargs.push({ name, value });
  return { args, kwargs };
}

function isNamed(parameter: FunctionParameter): boolean {
  return parameter.kind !== ParameterKind.ARGS && parameter.kind !== ParameterKind.KWARGS;
}

function has(info: FunctionInfo, kind: ParameterKind): boolean {
  return info.parameters.some((parameter) => parameter.kind === kind);
}

/** None for a parameter that must have a value; undefined where its own default will do. */
function missing(parameter: FunctionParameter): BoundValue | undefined {
  return parameter.hasDefault ? undefined : { kind: 'json', value: null };
}

function positionalValues(info: FunctionInfo, sources: BindingSources): BoundValue[] {
  const only = info.parameters.filter((parameter) => parameter.kind === ParameterKind.POSITIONAL_ONLY);
  const values = only.map((parameter) => valueFor(parameter.name, sources) ?? missing(parameter));
  // Defaults at the end are the function's own; one in the middle has to be named.
  while (values.length > 0 && values.at(-1) === undefined) values.pop();
  return values.map((value) => value ?? { kind: 'default' });
}

/** Values for `*args` can only follow positional ones: moves the normal parameters over, up to the last that has a value. */
function makePositional(
  info: FunctionInfo,
  args: BoundValue[],
  kwargs: { name: string; value: BoundValue }[],
): void {
  const before = info.parameters.filter(
    (parameter) => parameter.kind === ParameterKind.POSITIONAL_ONLY,
  ).length;
  while (args.length < before) args.push({ kind: 'default' });
  for (const parameter of info.parameters) {
    if (parameter.kind !== ParameterKind.NORMAL) continue;
    const at = kwargs.findIndex((one) => one.name === parameter.name);
    args.push(at < 0 ? { kind: 'default' } : (kwargs[at] as { value: BoundValue }).value);
    if (at >= 0) kwargs.splice(at, 1);
  }
}

function valueFor(name: string, sources: BindingSources): BoundValue | undefined {
  if (sources.ports.includes(name)) return { kind: 'port', port: name };
  const described = sources.applicationArgs.get(name) ?? sources.componentParams.get(name);
  const isSetting = !described && INTERNAL.has(name);
  // A parameter may have been set by the run (the name of an output file). `$DLG_x` in an application argument reaches
  // the function as it stands: only parameters of the drop itself are filled in (golden own_environment_autofill).
  const given = sources.applicationArgs.get(name)?.value;
  const isReference = typeof given === 'string' && given.startsWith('$');
  const own = isSetting ? undefined : isReference ? given : (sources.parameters[name] ?? described?.value);
  const exact = isSetting ? undefined : exactText(name, own, described, sources);
  return ownValue(own, exact, described) ?? sources.defaults.get(name);
}

/** How the graph writes a value; undefined where the value is enough, or was changed since. */
function exactText(
  name: string,
  own: unknown,
  described: DescribedArgument | undefined,
  sources: BindingSources,
): string | undefined {
  if (described) return own === described.value || (own ?? null) === null ? described.text : undefined;
  return sources.parameterText?.(name);
}

/** The value a dropspec gives, or undefined where it gives none. */
function ownValue(
  value: unknown,
  exact: string | undefined,
  described: DescribedArgument | undefined,
): BoundValue | undefined {
  if (exact !== undefined && !(typeof value === 'number' && described?.type.toLowerCase() === 'float'))
    return { kind: 'json-text', text: exact };
  if (value === null || value === undefined) return undefined;
  if (value === '') return isEmptyText(described) ? { kind: 'json', value } : undefined;
  if (typeof value === 'string' && described && AS_LITERAL.test(described.type))
    return value.trim() === '' ? undefined : { kind: 'literal', text: value };
  if (typeof value === 'number' && described?.type.toLowerCase() === 'float') return { kind: 'float', value };
  return { kind: 'json', value };
}

/** Whether "" is a text somebody gave, and not the blank that editors put where there is no value. */
function isEmptyText(described: DescribedArgument | undefined): boolean {
  return described !== undefined && described.usage === 'NoPort' && TEXTUAL.test(described.type);
}

interface Extra {
  readonly name: string;
  readonly value: BoundValue;
  readonly positional: boolean;
}

/** Values that no named parameter takes. */
function extraValues(named: ReadonlyMap<string, unknown>, sources: BindingSources): Extra[] {
  const extras: Extra[] = [];
  const seen = new Set<string>();
  for (const argument of sources.applicationArgs.values()) {
    const { name, usage, type } = argument;
    seen.add(name);
    if (named.has(name) || SETTINGS.has(name) || usage === 'OutputPort' || type === 'Event') continue;
    const value = valueFor(name, sources);
    if (value) extras.push({ name, value, positional: argument.positional });
  }
  for (const port of sources.ports)
    if (!seen.has(port) && !named.has(port))
      extras.push({ name: port, value: { kind: 'port', port }, positional: false });
  return extras;
}
