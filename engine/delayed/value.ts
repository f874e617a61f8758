/**
 * Delayed functions and values (seed `dlg.delayed`, spec/engine.md 10.1): calling a delayed function does nothing but
 * remember the call; `graphOf` turns what was remembered into a physical graph.
 *
 *   const add = delayed((a, b) => a + b);
 *   const total = add(1, add(2, 3));
 *   await compute(total, { runner });   // 6
 */
import { IncompleteDROPSpec } from '../protocol/index.ts';
import { expressionOf, signatureOf, type Signature } from '../drops/index.ts';

/** Any function; its parameters are matched by name when it runs. */
export type AnyFunction = (...args: never[]) => unknown;

export interface DelayedOptions {
  /** Number of values the function returns as a list; the call then gives a sequence of delayed values. */
  readonly nout?: number;
  /** Name of the function's drop; that of the function by default. */
  readonly name?: string;
  /** Module that exports the function, for functions that need more than their own source (imports, closures). */
  readonly module?: string;
  /** Name of the export in `module`; that of the function by default. */
  readonly exportName?: string;
}

/** How the source of a call's function is found. */
export interface FunctionSource {
  readonly name: string;
  readonly exportName: string;
  readonly module: string | undefined;
  readonly code: string | undefined;
}

/** A value that is there already, or the result of a call. */
export class DelayedValue {
  readonly kind: 'data' | 'result' | 'sequence';
  /** The value of `data`. */
  readonly value: unknown;
  readonly producer: DelayedCall | undefined;

  constructor(kind: 'data' | 'result' | 'sequence', value: unknown, producer?: DelayedCall) {
    this.kind = kind;
    this.value = value;
    this.producer = producer;
  }
}

/** The result of a function with `nout`: as many delayed values as it returns. */
export class DelayedSequence extends DelayedValue implements Iterable<DelayedValue> {
  readonly length: number;

  constructor(producer: DelayedCall, length: number) {
    super('sequence', undefined, producer);
    this.length = length;
  }

  /** The delayed value at `index`, from 0. */
  at(index: number): DelayedValue {
    if (!Number.isInteger(index) || index < 0 || index >= this.length)
      throw new RangeError(`This sequence has ${this.length} values (nout); there is none at ${index}.`);
    return takeItem.with({ x: this, i: index });
  }

  *[Symbol.iterator](): Iterator<DelayedValue> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

/** A list with delayed values in it: gathered into one list before it is used. Lists may lie in lists. */
export class DelayedList {
  readonly items: readonly (DelayedValue | DelayedList)[];
  constructor(items: readonly (DelayedValue | DelayedList)[]) {
    this.items = items;
  }
}

/** One remembered call. */
export class DelayedCall {
  readonly source: FunctionSource;
  /** Arguments by port name, in the order of the call. */
  readonly args: readonly (readonly [port: string, value: DelayedValue | DelayedList])[];

  constructor(source: FunctionSource, args: readonly (readonly [string, DelayedValue | DelayedList])[]) {
    this.source = source;
    this.args = args;
  }
}

/** A delayed function: call it with values, or by name with `with`. */
export interface DelayedFunction<Result extends DelayedValue = DelayedValue> {
  (...args: readonly unknown[]): Result;
  /** Arguments by name; further ones fill the parameters that are left, in order. */
  with(named: Readonly<Record<string, unknown>>, ...args: readonly unknown[]): Result;
}

/**
 * A function whose calls are remembered, or a value as the leaf of a computation; a delayed value stays what it is.
 * Options that do not exist are ignored, as upstream does. Throws RangeError for a `nout` that is no count, and
 * IncompleteDROPSpec for a function without source.
 */
export function delayed<T extends DelayedValue>(value: T): T;
export function delayed(
  fn: AnyFunction,
  options: number | (DelayedOptions & { readonly nout: number }),
): DelayedFunction<DelayedSequence>;
export function delayed(fn: AnyFunction, options?: DelayedOptions): DelayedFunction;
export function delayed(value: unknown, options?: DelayedOptions | number): DelayedValue;
export function delayed(
  target: unknown,
  options?: DelayedOptions | number | null,
): DelayedFunction | DelayedValue {
  if (typeof target !== 'function') return wrapWhole(target);
  const settings = typeof options === 'number' ? { nout: options } : (options ?? {});
  const nout = (settings.nout as number | null | undefined) ?? undefined;
  if (nout !== undefined && !(Number.isInteger(nout) && nout >= 0))
    throw new RangeError(`nout must be the number of values the function returns, but is ${String(nout)}.`);
  return delayedFunction(target as AnyFunction, settings, nout);
}

/** A value by itself. */
function wrapWhole(value: unknown): DelayedValue {
  const wrapped = wrap(value);
  return wrapped instanceof DelayedList ? passOn.with({ x: wrapped }) : wrapped;
}

function delayedFunction(fn: AnyFunction, options: DelayedOptions = {}, nout?: number): DelayedFunction {
  const source = sourceOf(fn, options);
  const signature = signatureOf(fn);
  const call = (named: Readonly<Record<string, unknown>>, args: readonly unknown[]): DelayedValue => {
    const made = new DelayedCall(source, match(source.name, signature, named, args));
    return nout === undefined ? new DelayedValue('result', undefined, made) : new DelayedSequence(made, nout);
  };
  return Object.assign((...args: readonly unknown[]) => call({}, args), {
    with: (named: Readonly<Record<string, unknown>>, ...args: readonly unknown[]) => call(named, args),
  });
}

function sourceOf(fn: AnyFunction, options: DelayedOptions): FunctionSource {
  const exportName = options.exportName ?? (fn.name || 'default');
  const name = options.name ?? (fn.name || 'function');
  if (options.module !== undefined) return { name, exportName, module: options.module, code: undefined };
  const code = expressionOf(fn.toString());
  if (code === undefined)
    throw new IncompleteDROPSpec(
      `The function ${name} has no source to send (it is built in, bound, or belongs to its class); wrap it in a function of your own, or give the module that exports it.`,
    );
  return { name, exportName, module: undefined, code };
}

/**
 * Arguments to ports: named ones first, in the order of the call, then the others into the parameters that are left.
 * (Upstream takes one of each at a time and mixes them up.)
 */
function match(
  name: string,
  { names, hasRest }: Signature,
  named: Readonly<Record<string, unknown>>,
  args: readonly unknown[],
): [string, DelayedValue | DelayedList][] {
  const matched = Object.entries(named).map(([port, value]): [string, DelayedValue | DelayedList] => [
    port,
    wrap(value),
  ]);
  const free = (names ?? []).filter((parameter) => !Object.hasOwn(named, parameter));
  for (const [i, value] of args.entries()) {
    const port = free[i] ?? (hasRest ? `...${i - free.length}` : undefined);
    if (port === undefined)
      throw new TypeError(
        names === undefined
          ? `${name} takes its arguments by name; call it as .with({ ... }).`
          : `${name} has ${names.length} parameters, but was given ${args.length} values and ${Object.keys(named).length} by name.`,
      );
    matched.push([port, wrap(value)]);
  }
  return matched;
}

function wrap(value: unknown): DelayedValue | DelayedList {
  if (value instanceof DelayedValue || value instanceof DelayedList) return value;
  if (!holdsDelayed(value)) return new DelayedValue('data', value);
  if (Array.isArray(value)) return new DelayedList(value.map(wrap));
  if (value instanceof Set) return toSet.with({ items: [...value] });
  const isMap = value instanceof Map;
  const entries = isMap ? [...value] : Object.entries(value as object);
  return (isMap ? toMap : toObject).with({
    keys: entries.map(([key]): unknown => key),
    values: new DelayedList(entries.map(([, item]) => wrap(item))),
  });
}

/** Whether delayed values lie anywhere in lists, sets, maps and plain objects. What holds itself is looked at once. */
function holdsDelayed(value: unknown, seen = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof DelayedValue || value instanceof DelayedList) return true;
  if (seen.has(value)) return false;
  seen.add(value);
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value as Iterable<unknown>) if (holdsDelayed(item, seen)) return true;
    return false;
  }
  if (value instanceof Map) {
    for (const item of value.entries()) if (holdsDelayed(item, seen)) return true;
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).some((item) => holdsDelayed(item, seen));
}

const takeItem = delayedFunction(function getitem(x: unknown, i: number): unknown {
  return Array.isArray(x) || ArrayBuffer.isView(x) ? (x as unknown as unknown[])[i] : x;
});
const passOn = delayedFunction(function passOn(x: unknown): unknown {
  return x;
});
const toSet = delayedFunction(function set(items: unknown[]): unknown {
  return new Set(items);
});
const toMap = delayedFunction(function map(keys: unknown[], values: unknown[]): unknown {
  return new Map(keys.map((key, i) => [key, values[i]]));
});
const toObject = delayedFunction(function dict(keys: string[], values: unknown[]): unknown {
  return Object.fromEntries(keys.map((key, i) => [key, values[i]]));
});
