/** Reads the input ports of a Python function. */
import { InvalidEncodingException } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { InMemoryDROP } from '../data/memory.ts';
import { NullDROP } from '../data/null.ts';
import { pyStr } from '../pyrepr/index.ts';
import {
  ENCODINGS,
  isEncoding,
  ParameterKind,
  type Binding,
  type BoundValue,
  type Encoding,
  type FunctionInfo,
  type NamedArgument,
  type PyArgument,
} from '../python/index.ts';
import {
  argumentsOf,
  dataUrlOf,
  pathOf,
  portEncoding,
  readableDrop,
  readPort,
  type Port,
} from './named-ports.ts';
import { ContentSpool } from './content-spool.ts';
import { HeldContent } from './pyfunc-held.ts';
import { orInPython, textFromPython } from './python-fallback.ts';

/** The encoding a port is declared with; dill where it says nothing. Throws for one that does not exist. */
export function encodingOf(app: AppDROP, port: string | undefined): Encoding {
  return port === undefined ? 'dill' : checkedEncoding(app, port, portEncoding(app, port));
}

function checkedEncoding(app: AppDROP, port: string, declared: string | null): Encoding {
  if (declared === null) return 'dill';
  const known = declared.toLowerCase() === 'utf8' ? 'utf-8' : declared.toLowerCase();
  if (isEncoding(known)) return known;
  throw new InvalidEncodingException(
    `Port "${port}" of ${app.uid} has the encoding "${declared}", which does not exist; use one of ${ENCODINGS.join(', ')}.`,
    { details: { uid: app.uid, port, encoding: declared } },
  );
}

/**
 * The encoding of what is written to an output port. Where the port is an argument of the function too (an InputOutput port), its
 * encoding says how the argument is read: DALiuGE is done with the argument by the time it writes, finds no encoding any more
 * and writes dill. Graphs that work there read such data as dill or pickle, so it stays.
 */
export function outputEncodingOf(app: AppDROP, port: string | undefined, info: FunctionInfo): Encoding {
  const isTaken = (name: string) =>
    argumentsOf(app).has(name) &&
    info.parameters.some((parameter) => parameter.name === name && POSITIONAL.includes(parameter.kind));
  if (port === undefined || !isTaken(port)) return encodingOf(app, port);
  return checkedEncoding(app, port, argumentsOf(app, 'componentParams').get(port)?.encoding ?? null);
}

const POSITIONAL: readonly ParameterKind[] = [ParameterKind.POSITIONAL_ONLY, ParameterKind.NORMAL];

/** Why the data of an input port is not for the function. */
export type UnreadReason = 'event' | 'unencoded';

/**
 * Event ports say when, not what. And a port that is declared to have no encoding is not read on DALiuGE: the argument keeps
 * its default; a value in the graph brings the default encoding with it, and then the port is read (spec/engine.md 6.3).
 */
export function whyUnread(app: AppDROP, port: string): UnreadReason | undefined {
  const argument = argumentsOf(app).get(port);
  if (argument?.type === 'Event') return 'event';
  return argument?.isUnencoded === true && !app.parameters[port] ? 'unencoded' : undefined;
}

/** The value-bearing input ports of an application. */
export class PortReader {
  readonly #app: AppDROP;
  readonly #drops = new Map<string, DataDROP>();
  readonly #spool = new ContentSpool();
  /** Drops whose content a worker is about to read. */
  readonly #reading: DataDROP[] = [];
  /** Ports with data that the function does not get, as they are declared to have no encoding. */
  readonly unencoded: readonly string[];

  constructor(app: AppDROP, ports: readonly Port[]) {
    this.#app = app;
    const unencoded: string[] = [];
    for (const port of ports) {
      // A port whose drops were all skipped leaves the default.
      const drop = readableDrop(port);
      const why = drop && whyUnread(app, port.name);
      if (why === 'unencoded') unencoded.push(port.name);
      else if (drop && why === undefined) this.#drops.set(port.name, drop);
    }
    this.unencoded = unencoded;
  }

  /** Names of the ports that have a value. */
  get names(): readonly string[] {
    return [...this.#drops.keys()];
  }

  /** The drops whose values are read. */
  get drops(): readonly DataDROP[] {
    return [...new Set(this.#drops.values())];
  }

  /** The text a port brings, in its declared encoding. */
  async text(port: string): Promise<string> {
    const drop = this.#drops.get(port) as DataDROP;
    const encoding = encodingOf(this.#app, port);
    if (encoding === 'path' && pathOf(drop) === undefined) return pyStr(await readPort(drop, 'utf-8'));
    if (drop.buftype === 'str') return pyStr(await readPort(drop, 'utf-8'));
    return orInPython(
      this.#app,
      async () => pyStr(await readPort(drop, encoding)),
      () => textFromPython(this.#app, drop),
    );
  }

  /** The value of a port as an argument; the content itself is decoded in Python. */
  async argument(port: string): Promise<PyArgument> {
    const drop = this.#drops.get(port) as DataDROP;
    const encoding = encodingOf(this.#app, port);
    const place = encoding === 'path' ? pathOf(drop) : encoding === 'dataurl' ? dataUrlOf(drop) : undefined;
    if (place !== undefined) return { kind: 'json', value: place };
    // What holds nothing is no empty text.
    if (drop instanceof NullDROP && (encoding === 'utf-8' || encoding === 'path'))
      return { kind: 'json', value: null };
    const held = drop instanceof InMemoryDROP ? drop.deferred : undefined;
    if (held instanceof HeldContent) {
      drop.incrRefCount();
      this.#reading.push(drop);
      return { kind: 'content', content: await held.ready(), encoding };
    }
    return this.#spool.argument(drop, encoding);
  }

  /** Bound values as arguments, those of ports read. */
  async values(bound: readonly BoundValue[]): Promise<PyArgument[]> {
    const found: PyArgument[] = [];
    for (const value of bound) found.push(value.kind === 'port' ? await this.argument(value.port) : value);
    return found;
  }

  async namedValues(kwargs: Binding['kwargs']): Promise<NamedArgument[]> {
    const values = await this.values(kwargs.map((one) => one.value));
    return kwargs.map(({ name }, i) => ({ name, value: values[i] as PyArgument }));
  }

  /** The call is over: removes temporary files, lets go of drops. */
  async done(): Promise<void> {
    for (const drop of this.#reading.splice(0)) drop.decrRefCount();
    await this.#spool.clear();
  }
}
