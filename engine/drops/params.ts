/** Declared parameters of components and their conversion from what graphs contain (spec/engine.md 6.1). */
import { InvalidDropException } from '../protocol/index.ts';
import { truthy, type DropKwargs } from './drop.ts';
import { fromJson, parseLiteral, PyDict, PySet, pyStr, PyTuple, type PyValue } from './pyrepr/index.ts';

/** One declared parameter: where it comes from, what it becomes. */
export interface Param<T> {
  readonly name: string;
  readonly description: string;
  readonly fallback: T;
  /** What null and "" stand for, where that is not the fallback. */
  readonly empty?: T;
  readonly convert: (value: unknown, where: string) => T;
}

export type ParamTable = Readonly<Record<string, Param<unknown>>>;
export type ParamValues<T extends ParamTable> = {
  readonly [K in keyof T]: T[K] extends Param<infer V> ? V : never;
};

function wrong(where: string, expected: string, found: unknown): InvalidDropException {
  return new InvalidDropException(
    `${where} must be ${expected}, but is ${JSON.stringify(found)}; correct it in the graph.`,
    {
      details: { where, found },
    },
  );
}

export function floatParam(name: string, fallback: number, description: string): Param<number> {
  return {
    name,
    fallback,
    description,
    convert(value, where) {
      // Number() takes blank texts and lists for 0.
      const isNone = typeof value === 'string' ? value.trim() === '' : typeof value === 'object';
      const number = Number(value);
      if (isNone || Number.isNaN(number)) throw wrong(where, 'a number', value);
      return number;
    },
  };
}

export function intParam(name: string, fallback: number, description: string): Param<number> {
  const float = floatParam(name, fallback, description);
  return { ...float, convert: (value, where) => Math.trunc(float.convert(value, where)) };
}

/** The port of a server; of one that is started here, 0 may be `lowest`: any free one. */
export function portParam(name: string, fallback: number, description: string, lowest = 1): Param<number> {
  const float = floatParam(name, fallback, description);
  return {
    ...float,
    convert(value, where) {
      const port = float.convert(value, where);
      if (!Number.isInteger(port) || port < lowest || port > 65_535)
        throw wrong(where, `a port, a whole number from ${lowest} to 65535`, value);
      return port;
    },
  };
}

/** A limit in seconds; what 0 stands for is the component's to say. */
export function secondsParam(name: string, fallback: number, description: string): Param<number> {
  const float = floatParam(name, fallback, description);
  return {
    ...float,
    convert(value, where) {
      const seconds = float.convert(value, where);
      if (seconds < 0) throw wrong(where, 'a number of seconds, 0 or more', value);
      return seconds;
    },
  };
}

/** Null and "" are false, whatever the fallback is, as upstream has it. */
export function boolParam(name: string, fallback: boolean, description: string): Param<boolean> {
  return { name, fallback, empty: false, description, convert: (value) => truthy(value) };
}

export function stringParam(name: string, fallback: string, description: string): Param<string>;
export function stringParam(name: string, fallback: null, description: string): Param<string | null>;
export function stringParam(
  name: string,
  fallback: string | null,
  description: string,
): Param<string | null> {
  return {
    name,
    fallback,
    description,
    convert: (value) => pyStr(fromJson(value)),
  };
}

/** A list, given as one or as text: JSON, or as Python writes it. The text None stands for the fallback. */
export function listParam(
  name: string,
  fallback: readonly unknown[] | null,
  description: string,
): Param<readonly unknown[] | null> {
  return {
    name,
    fallback,
    description,
    convert(value, where) {
      const parsed = typeof value === 'string' ? literal(value, where, 'a list') : value;
      if (parsed === null) return fallback;
      if (!Array.isArray(parsed)) throw wrong(where, 'a list', value);
      return parsed as readonly unknown[];
    },
  };
}

/** A map, given as one or as text: JSON, or as Python writes it. The text None stands for the fallback. */
export function dictParam(
  name: string,
  fallback: Readonly<Record<string, unknown>> | null,
  description: string,
): Param<Readonly<Record<string, unknown>> | null> {
  return {
    name,
    fallback,
    description,
    convert(value, where) {
      const parsed = typeof value === 'string' ? literal(value, where, 'a map') : value;
      if (parsed === null) return fallback;
      if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
        throw wrong(where, 'a map', value);
      return parsed as Record<string, unknown>;
    },
  };
}

function literal(text: string, where: string, expected: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: then the way Python writes it.
  }
  try {
    return plain(parseLiteral(text));
  } catch (cause) {
    throw new InvalidDropException(
      `${where} must be ${expected}, but its text cannot be read as one (neither as JSON nor as Python writes it): ${text.slice(0, 200)}`,
      { cause },
    );
  }
}

/** A value of Python as JSON has it: tuples and sets are lists, keys are texts. */
function plain(value: PyValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof PyTuple || value instanceof PySet) return value.items.map(plain);
  if (value instanceof PyDict)
    return Object.fromEntries(value.entries().map(([key, item]) => [pyStr(key), plain(item)]));
  return value;
}

/** Reads declared parameters from a drop's arguments. Null and "" leave the default, or are what they stand for. `uid` names the drop. */
export function readParams<T extends ParamTable>(table: T, kwargs: DropKwargs, uid: string): ParamValues<T> {
  const out: Record<string, unknown> = {};
  for (const [key, param] of Object.entries(table)) {
    const given = kwargs[param.name];
    out[key] =
      given === undefined || given === null || given === ''
        ? given !== undefined && param.empty !== undefined
          ? param.empty
          : param.fallback
        : param.convert(given, `${uid}: parameter ${param.name}`);
  }
  return out as ParamValues<T>;
}
