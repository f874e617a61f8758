/**
 * Arguments and named ports of applications (spec/engine.md 5.7, 6.2-6.4), for shell commands, containers, functions.
 *
 * Kept apart from upstream on purpose (spec 13 #11-#13): values that are 0, false or empty text are values; a drop
 * listed twice counts once and hides nothing; a drop on two ports serves both; text is text and is not tried as a
 * pickle; a port that nothing asks for is not read.
 */
import { DROPStates, InvalidEncodingException, messageOf } from '../../protocol/index.ts';
import type { DataDROP } from '../data-drop.ts';
import type { AbstractDROP } from '../drop.ts';
import { parsePythonJson } from '../data/python-json.ts';
import { isNpy, readNpy } from '../npy/index.ts';
import { readPickle } from '../pickle/index.ts';
import { fromJson, parseLiteral, pyStr, type PyValue } from '../pyrepr/index.ts';
import { SpecText } from '../spec-text.ts';
import { loadValue, MAX_VALUE_BYTES } from './python-values.ts';

/** One argument as a dropspec describes it (an entry of `applicationArgs` or `componentParams`). */
export interface Argument {
  readonly name: string;
  readonly value: unknown;
  /** The value as it is written in the graph, where that says more than `value` (5.0, NaN). */
  readonly text?: string;
  readonly type: string;
  readonly usage: string;
  /** null: the dropspec says nothing about it, or says null. */
  readonly encoding: string | null;
  /** The dropspec says that there is no encoding (null, ""), which is not the same as saying nothing about it. */
  readonly isUnencoded: boolean;
  readonly positional: boolean;
  readonly precious: boolean;
}

/** A port and the drops behind it, in the order the dropspec lists them. */
export interface Port {
  readonly name: string;
  readonly drops: readonly DataDROP[];
}

export type PortSide = 'inputs' | 'outputs' | 'streamingInputs';

/** Arguments by name, in the order of the dropspec. Old graphs leave `name`, `usage` or `encoding` out. */
export function argumentsOf(drop: AbstractDROP, key = 'applicationArgs'): ReadonlyMap<string, Argument> {
  const table = drop.parameters[key];
  if (typeof table !== 'object' || table === null) return NO_ARGUMENTS;
  let found = described.get(table);
  if (!found) described.set(table, (found = describeArguments(drop, key, table)));
  return found;
}

const NO_ARGUMENTS: ReadonlyMap<string, Argument> = new Map();
/** Arguments are asked for with every port; the tables of a dropspec do not change. */
const described = new WeakMap<object, ReadonlyMap<string, Argument>>();

function describeArguments(drop: AbstractDROP, key: string, table: object): ReadonlyMap<string, Argument> {
  const found = new Map<string, Argument>();
  const text = new SpecText(drop);
  for (const [entry, described] of Object.entries(table as Record<string, unknown>)) {
    if (typeof described !== 'object' || described === null) continue;
    const a = described as Record<string, unknown>;
    const name = typeof a['name'] === 'string' && a['name'] !== '' ? a['name'] : entry;
    const exact = text.exact(a['value'], key, entry, 'value');
    found.set(name, {
      name,
      value: a['value'],
      // A text in the graph whose place a stored number has taken says nothing of it.
      ...(exact !== undefined && !exact.startsWith('"') && { text: exact }),
      type: textIn(a['type'], ''),
      usage: textIn(a['usage'], 'NoPort'),
      encoding: typeof a['encoding'] === 'string' && a['encoding'] !== '' ? a['encoding'] : null,
      isUnencoded: a['encoding'] === null || a['encoding'] === '',
      positional: a['positional'] === true || a['positional'] === 'true',
      precious: a['precious'] === true || a['precious'] === 'true',
    });
  }
  return found;
}

function textIn(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

interface WithRelations extends AbstractDROP {
  readonly inputs: readonly DataDROP[];
  readonly outputs: readonly DataDROP[];
  readonly streamingInputs: readonly DataDROP[];
}

interface KnownPorts {
  /** How many links there were when they were looked for. */
  links: number;
  readonly sides: Map<PortSide, readonly Port[]>;
}
/** Ports are asked for again and again while an application runs; they change only with the links. */
const knownPorts = new WeakMap<WithRelations, KnownPorts>();

/** Ports of one side by name. Plain ids in the dropspec have no port name and are not among them. */
export function namedPorts(app: WithRelations, side: PortSide): readonly Port[] {
  const { consumers, outputs, streaming } = app._flow.table.relations;
  const links = consumers.size + outputs.size + streaming.size;
  let known = knownPorts.get(app);
  if (known?.links !== links) knownPorts.set(app, (known = { links, sides: new Map() }));
  let ports = known.sides.get(side);
  if (!ports) known.sides.set(side, (ports = findPorts(app, side)));
  return ports;
}

function findPorts(app: WithRelations, side: PortSide): readonly Port[] {
  const listed = app.parameters[side];
  if (!Array.isArray(listed)) return [];
  const linked = new Map<string, DataDROP>();
  for (const drop of app[side]) {
    linked.set(drop.oid, drop);
    linked.set(drop.uid, drop);
  }
  const ports = new Map<string, DataDROP[]>();
  for (const entry of listed as unknown[]) {
    if (typeof entry !== 'object' || entry === null) continue;
    for (const [id, port] of Object.entries(entry)) {
      const drop = linked.get(id);
      if (!drop || typeof port !== 'string') continue;
      const there = ports.get(port);
      if (!there) ports.set(port, [drop]);
      else if (!there.includes(drop)) there.push(drop);
    }
  }
  return [...ports].map(([name, drops]) => ({ name, drops }));
}

/** Whether any relation of the application is listed with a port name. */
export function hasNamedPorts(app: WithRelations): boolean {
  return (['inputs', 'outputs', 'streamingInputs'] as const).some((side) => {
    const listed = app.parameters[side];
    return Array.isArray(listed) && listed.some((entry) => typeof entry === 'object' && entry !== null);
  });
}

/** The encoding a port is declared with: among the application arguments, then among the component parameters. */
export function portEncoding(drop: AbstractDROP, port: string): string | null {
  const argument = argumentsOf(drop).get(port) ?? argumentsOf(drop, 'componentParams').get(port);
  return argument?.encoding ?? null;
}

/** The path of a drop that has one. */
export function pathOf(drop: AbstractDROP): string | undefined {
  const path = (drop as { path?: unknown }).path;
  return typeof path === 'string' && path !== '' ? path : undefined;
}

/** The data URL of a drop; undefined for drops whose data has no place of its own. */
export function dataUrlOf(drop: AbstractDROP): string | undefined {
  try {
    const url = (drop as { dataURL?: unknown }).dataURL;
    return typeof url === 'string' && url !== '' ? url : undefined;
  } catch {
    // Containers and databases answer with an exception (spec 4.4); to a command they simply have no URL.
    return undefined;
  }
}

/** The drop of a port whose value counts: the first COMPLETED one. Undefined: the argument keeps its own value. */
export function readableDrop(port: Port): DataDROP | undefined {
  return port.drops.find((drop) => drop.status === DROPStates.COMPLETED);
}

async function textOf(drop: DataDROP): Promise<string> {
  return Buffer.from(await drop.contents(MAX_VALUE_BYTES)).toString('utf8');
}

/**
 * The value of an input drop under an encoding of spec 6.4. Without an encoding (null) a drop with a path stands for
 * its path and every other for its pickled value. Throws InvalidEncodingException for unknown encodings and for
 * content that is not what the encoding says.
 */
export async function readPort(drop: DataDROP, encoding: string | null): Promise<PyValue> {
  switch ((encoding ?? (pathOf(drop) === undefined ? 'dill' : 'path')).toLowerCase()) {
    case 'dill':
    case 'pickle':
    case 'raw':
      return loadValue(drop);
    case 'utf-8':
    case 'utf8':
    case 'binary':
      return textOf(drop);
    case 'eval': {
      const text = await textOf(drop);
      return text === '' ? null : decode(drop, 'eval', () => parseLiteral(text));
    }
    case 'npy': {
      const bytes = await drop.contents(MAX_VALUE_BYTES);
      return decode(drop, 'npy', () => (isNpy(bytes) ? readNpy(bytes) : pickledArray(bytes)));
    }
    case 'path':
      return pathOf(drop) ?? textOf(drop);
    case 'dataurl':
      return dataUrlOf(drop) ?? null;
    default:
      throw new InvalidEncodingException(
        `Drop ${drop.uid} is to be read with the encoding "${encoding}", which does not exist; use one of pickle, dill, utf-8, eval, npy, path, dataurl, binary.`,
        { details: { uid: drop.uid, encoding } },
      );
  }
}

/** What is no npy file may be a pickle, as for `numpy.load`; else the reader of npy says what is wrong with it. */
export function pickledArray(bytes: Uint8Array): PyValue {
  return bytes[0] === PICKLE ? readPickle(bytes) : readNpy(bytes);
}

/** The byte a pickle of protocol 2 and above begins with. */
const PICKLE = 0x80;

function decode<T>(drop: DataDROP, encoding: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new InvalidEncodingException(
      `The content of drop ${drop.uid} is not what its encoding "${encoding}" says: ${messageOf(cause)}`,
      { cause, details: { uid: drop.uid, encoding } },
    );
  }
}

/** What an output port stands for in a command: the path of its drop, or its data URL where it has no path. */
export function outputReference(drop: DataDROP, encoding: string | null): string | undefined {
  if (encoding === 'dataurl') return dataUrlOf(drop) ?? pathOf(drop);
  return pathOf(drop) ?? dataUrlOf(drop);
}

/** The value of an argument as Python has it: 5.0 is no 5, and a Float is 5.0 however it is written. */
export function pythonArgument(argument: Argument): PyValue {
  const { value, text, type } = argument;
  if (typeof value === 'number' && type.toLowerCase() === 'float') return value;
  const exact = text === undefined ? undefined : parsePythonJson(text);
  if (exact !== undefined) return exact;
  return fromJson(value);
}

/** The text of an argument's own value; undefined where it has none (null). */
export function argumentText(argument: Argument): string | undefined {
  if (argument.text === undefined && (argument.value === null || argument.value === undefined))
    return undefined;
  return pyStr(pythonArgument(argument)).trim();
}
