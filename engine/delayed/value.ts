/**
 * Delayed functions and values (seed `dlg.delayed`, spec/engine.md 10.1): calling a delayed function does nothing but
 * remember the call; `graphOf` turns what was remembered into a physical graph.
 *
 *   const add = delayed((a, b) => a + b);
 *   const total = add(1, add(2, 3));
 *   await compute(total, { runner });   // 6
 */
import { IncompleteDROPSpec } from '../protocol/index.ts';
import { signatureOf, type Signature } from '../drops/index.ts';

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

/** A list or tuple with delayed values in it: gathered into one list before it is used. */
export class DelayedList {
  readonly items: readonly DelayedValue[];
  constructor(items: readonly DelayedValue[]) {
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
export interface DelayedFunction {
  (...args: readonly unknown[]): DelayedValue;
  /** Arguments by name; further ones fill the parameters that are left, in order. */
  with(named: Readonly<Record<string, unknown>>, ...args: readonly unknown[]): DelayedValue;
}

/** A function whose calls are remembered, or a value as the leaf of a computation. */
export function delayed(fn: AnyFunction, options?: DelayedOptions | number): DelayedFunction;
export function delayed(value: unknown, options?: DelayedOptions | number): DelayedValue;
export function delayed(
  target: unknown,
  options: DelayedOptions | number = {},
): DelayedFunction | DelayedValue {
  if (typeof target !== 'function') return new DelayedValue('data', target);
  const settings = typeof options === 'number' ? { nout: options } : options;
  return delayedFunction(target as AnyFunction, settings);
}

function delayedFunction(fn: AnyFunction, options: DelayedOptions): DelayedFunction {
  const source = sourceOf(fn, options);
  const signature = signatureOf(fn);
  const call = (named: Readonly<Record<string, unknown>>, args: readonly unknown[]): DelayedValue => {
    const made = new DelayedCall(source, match(source.name, signature, named, args));
    return options.nout === undefined
      ? new DelayedValue('result', undefined, made)
      : new DelayedSequence(made, options.nout);
  };
  return Object.assign((...args: readonly unknown[]) => call({}, args), {
    with: (named: Readonly<Record<string, unknown>>, ...args: readonly unknown[]) => call(named, args),
  });
}

function sourceOf(fn: AnyFunction, options: DelayedOptions): FunctionSource {
  const exportName = options.exportName ?? (fn.name || 'default');
  const name = options.name ?? (fn.name || 'function');
  if (options.module !== undefined) return { name, exportName, module: options.module, code: undefined };
  const code = fn.toString();
  if (/\{\s*\[native code\]\s*\}$/.test(code))
    throw new IncompleteDROPSpec(
      `The function ${name} has no source to send (it is built in or bound); wrap it in a function of your own, or give the module that exports it.`,
    );
  return { name, exportName, module: undefined, code: asExpression(code) };
}

/** Methods (`name() {...}`) have no `function` in front; as an expression they need one. */
function asExpression(code: string): string {
  const isExpression = /^(async\s+)?(function\b|class\b|\(|[\p{ID_Start}$_][\p{ID_Continue}$]*\s*=>)/u.test(
    code,
  );
  if (isExpression) return code;
  return code.replace(
    /^(async\s+)?(\*?)\s*/,
    (_all, isAsync = '', star = '') => `${String(isAsync)}function${String(star)} `,
  );
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
  if (Array.isArray(value) && value.some((item) => item instanceof DelayedValue || Array.isArray(item)))
    return listOf(value) ?? new DelayedValue('data', value);
  return new DelayedValue('data', value);
}

/** A list with delayed values anywhere in it; undefined where there are none. */
function listOf(items: readonly unknown[]): DelayedList | undefined {
  const wrapped = items.map(wrap);
  if (wrapped.every((item) => item instanceof DelayedValue && item.kind === 'data')) return undefined;
  return new DelayedList(wrapped.map((item) => (item instanceof DelayedList ? gather(item) : item)));
}

/** A list inside a list: the value its own gathering gives. */
function gather(list: DelayedList): DelayedValue {
  return passOn.with({ x: list });
}

const takeItem = delayedFunction(function getitem(x: unknown, i: number): unknown {
  return Array.isArray(x) || ArrayBuffer.isView(x) ? (x as unknown as unknown[])[i] : x;
}, {});
const passOn = delayedFunction(function passOn(x: unknown): unknown {
  return x;
}, {});
