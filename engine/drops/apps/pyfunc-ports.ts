/** Reads the input ports of a Python function. */
import { InvalidEncodingException } from '../../protocol/index.ts';
import type { AppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { InMemoryDROP } from '../data/memory.ts';
import { NullDROP } from '../data/null.ts';
import { pyStr } from '../pyrepr/index.ts';
import { ENCODINGS, isEncoding, type Encoding, type PyArgument } from '../python/index.ts';
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
  const declared = port === undefined ? null : portEncoding(app, port);
  if (declared === null) return 'dill';
  const known = declared.toLowerCase() === 'utf8' ? 'utf-8' : declared.toLowerCase();
  if (isEncoding(known)) return known;
  throw new InvalidEncodingException(
    `Port "${port}" of ${app.uid} has the encoding "${declared}", which does not exist; use one of ${ENCODINGS.join(', ')}.`,
    { details: { uid: app.uid, port, encoding: declared } },
  );
}

/** The value-bearing input ports of an application. */
export class PortReader {
  readonly #app: AppDROP;
  readonly #drops = new Map<string, DataDROP>();
  readonly #spool = new ContentSpool();
  /** Drops whose content a worker is about to read. */
  readonly #reading: DataDROP[] = [];

  constructor(app: AppDROP, ports: readonly Port[]) {
    this.#app = app;
    const described = argumentsOf(app);
    for (const port of ports) {
      // Event ports say when, not what; a port whose drops were all skipped leaves the default.
      const drop = described.get(port.name)?.type === 'Event' ? undefined : readableDrop(port);
      if (drop) this.#drops.set(port.name, drop);
    }
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

  /** The call is over: removes temporary files, lets go of drops. */
  async done(): Promise<void> {
    for (const drop of this.#reading.splice(0)) drop.decrRefCount();
    await this.#spool.clear();
  }
}
