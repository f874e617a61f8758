/** Helpers around drops (seed `dlg.droputils`, spec/engine.md 7.1). Those that read or write data are in drop-loaders.ts. */
import {
  DROPStates,
  DROP_STATE_NAMES,
  InvalidDROPState,
  messageOf,
  WeirError,
  type Event,
  type EventHandler,
} from '../protocol/index.ts';
import { AppDROP } from './app-drop.ts';
import { DEFAULT_READ_BYTES, type DataDROP } from './data-drop.ts';
import type { AbstractDROP } from './drop.ts';
import { OpenMode, type DataIO } from './io/data-io.ts';
import { ioForURL } from './io/url.ts';
import { isSettled } from './machines.ts';
import { PyTuple, type PyValue } from './pyrepr/index.ts';

const USUAL_ENDS: readonly DROPStates[] = [DROPStates.COMPLETED, DROPStates.ERROR];

function statesOf(expected: readonly DROPStates[]): ReadonlySet<DROPStates> {
  return new Set(expected.length > 0 ? expected : USUAL_ENDS);
}

/** Calls `evt.set()` when an event with one of these states arrives. */
export class EvtConsumer implements EventHandler {
  readonly #evt: { set(): void };
  readonly #states: ReadonlySet<DROPStates>;

  /** Without states (or with an empty list, upstream's default): COMPLETED and ERROR. */
  constructor(evt: { set(): void }, expectedStates: readonly DROPStates[] = []) {
    this.#evt = evt;
    this.#states = statesOf(expectedStates);
  }

  handleEvent(event: Event): void {
    if (this.#states.has(event['status'] as DROPStates)) this.#evt.set();
  }
}

export interface WaiterOptions {
  /** How long to wait for all of the drops together; 1000 without. */
  readonly timeoutMs?: number;
  /** Without them, or with none in the list: COMPLETED and ERROR. */
  readonly expectedStates?: readonly DROPStates[];
}

/**
 * Waits until drops have reached one of the expected states:
 *
 *   await new DROPWaiterCtx([c]).run(async () => { await a.write('x'); await a.setCompleted(); });
 *
 * Drops that are there already count (upstream waited for them in vain). Rejects with TIMEOUT that names the late ones.
 */
export class DROPWaiterCtx {
  readonly #drops: readonly AbstractDROP[];
  readonly #timeoutMs: number;
  readonly #states: ReadonlySet<DROPStates>;

  constructor(drops: AbstractDROP | readonly AbstractDROP[], options: WaiterOptions = {}) {
    this.#drops = listify(drops as AbstractDROP | AbstractDROP[]);
    this.#timeoutMs = options.timeoutMs ?? 1000;
    this.#states = statesOf(options.expectedStates ?? []);
  }

  async run<T>(work: () => T | Promise<T>): Promise<T> {
    const listeners = new Map<AbstractDROP, EvtConsumer>();
    const waiting = this.#drops.map(
      (drop) =>
        new Promise<void>((resolve) => {
          if (this.#states.has(drop.status)) return resolve();
          const listener = new EvtConsumer({ set: resolve }, [...this.#states]);
          listeners.set(drop, listener);
          drop.subscribe(listener, 'status');
        }),
    );
    let timer: NodeJS.Timeout | undefined;
    try {
      const result = await work();
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(this.#timeout()), this.#timeoutMs);
      });
      await Promise.race([Promise.all(waiting), late]);
      return result;
    } finally {
      clearTimeout(timer);
      for (const [drop, listener] of listeners) drop.unsubscribe(listener, 'status');
    }
  }

  #timeout(): WeirError {
    const late = this.#drops
      .filter((drop) => !this.#states.has(drop.status))
      .map((drop) => `${drop.uid} (${DROP_STATE_NAMES[drop.status]})`);
    const wanted = [...this.#states].map((state) => DROP_STATE_NAMES[state]).join(' or ');
    return new WeirError(
      'TIMEOUT',
      `After ${this.#timeoutMs / 1000} s these drops are not ${wanted}: ${late.join(', ')}.`,
    );
  }
}

// --- the graph around a drop -------------------------------------------------------------------------------------

/** Producers of data; inputs and streaming inputs of an application. */
export function getUpstreamObjects(drop: AbstractDROP): AbstractDROP[] {
  return drop instanceof AppDROP ? [...drop.inputs, ...drop.streamingInputs] : [...drop.producers];
}

/** Consumers and streaming consumers of data; outputs of an application. */
export function getDownstreamObjects(drop: AbstractDROP): AbstractDROP[] {
  return drop instanceof AppDROP ? [...drop.outputs] : [...drop.consumers, ...drop.streamingConsumers];
}

/** The drops without anything downstream that can be reached from `drops`, breadth first. */
export function getLeafNodes(drops: AbstractDROP | readonly AbstractDROP[]): AbstractDROP[] {
  const leaves: AbstractDROP[] = [];
  for (const [node, downstream] of breadFirstTraverse(drops)) if (downstream.length === 0) leaves.push(node);
  return leaves;
}

/**
 * Depth-first, before its successors each drop once with the list of its successors. Removing from that list before
 * going on leaves them out. Needs no stack: graphs may be as deep as they like.
 */
export function* depthFirstTraverse(
  node: AbstractDROP,
  visited: AbstractDROP[] = [],
): Generator<[AbstractDROP, AbstractDROP[]]> {
  const seen = new Set<AbstractDROP>(visited);
  // Where it starts is visited in any case.
  seen.delete(node);
  const open: AbstractDROP[][] = [[node]];
  for (let list = open.at(-1); list; list = open.at(-1)) {
    const next = list.shift();
    if (!next) {
      open.pop();
      continue;
    }
    if (seen.has(next)) continue;
    seen.add(next);
    visited.push(next);
    const downstream = getDownstreamObjects(next);
    yield [next, downstream];
    open.push([...downstream]);
  }
}

/** Breadth-first, each drop once with the list of its successors, from which the caller may remove. */
export function* breadFirstTraverse(
  toVisit: AbstractDROP | readonly AbstractDROP[],
): Generator<[AbstractDROP, AbstractDROP[]]> {
  const queue: AbstractDROP[] = [...listify(toVisit as AbstractDROP | AbstractDROP[])];
  const seen = new Set<AbstractDROP>(queue);
  for (let i = 0; i < queue.length; i++) {
    const node = queue[i] as AbstractDROP;
    const downstream = getDownstreamObjects(node);
    yield [node, downstream];
    for (const next of downstream) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
}

/** A list as it is, the elements of a Python tuple; the only element of a new list otherwise. */
export function listify(value: PyTuple): PyValue[];
export function listify<T>(value: T | T[]): T[];
export function listify(value: unknown): unknown[] {
  if (value instanceof PyTuple) return [...value.items];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

// --- a drop as a file --------------------------------------------------------------------------------------------

/** What a file of a drop holds open: apart from the file itself, so that it can be closed when the file is forgotten. */
interface OpenedDrop {
  readonly drop: DataDROP;
  readonly io?: DataIO;
  readonly descriptor?: number;
}

async function closeOpened({ drop, io, descriptor }: OpenedDrop): Promise<void> {
  if (io) {
    drop.decrRefCount();
    await io.close();
  } else if (descriptor !== undefined) await drop.close(descriptor);
}

/** Files nobody refers to any more, that were never closed: their drops would count as being read for ever. */
const forgotten = new FinalizationRegistry<OpenedDrop>((opened) => {
  const { drop } = opened;
  closeOpened(opened).catch((error: unknown) => {
    drop.context.log('warn', drop, `Closing a forgotten file of ${drop.uid} failed: ${messageOf(error)}`);
  });
});

/**
 * Reads a COMPLETED drop like a file: straight from its storage where that can be reached (files of this machine, NGAS),
 * else through the drop. The drop counts as being read until `close`; a file that nobody refers to any more closes when
 * memory is cleared up.
 *
 *   await using file = new DROPFile(drop);
 *   const head = await file.read(100);
 */
export class DROPFile {
  readonly #drop: DataDROP;
  #opened: OpenedDrop | undefined;
  #isClosed = false;

  constructor(drop: DataDROP) {
    this.#drop = drop;
  }

  /** Opens; reading does so by itself. */
  async open(): Promise<this> {
    if (this.#isClosed) throw new InvalidDROPState(`The file of drop ${this.#drop.uid} is closed.`);
    if (this.#opened) return this;
    const opened = await openDrop(this.#drop);
    this.#opened = opened;
    forgotten.register(this, opened, opened);
    return this;
  }

  /** At most `size` bytes; empty at the end, and for drops without content. */
  async read(size = DEFAULT_READ_BYTES): Promise<Uint8Array> {
    await this.open();
    const { drop, io, descriptor } = this.#opened as OpenedDrop;
    const piece = io ? await io.read(size) : await drop.read(descriptor as number, size);
    return piece ?? new Uint8Array(0);
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#opened) return;
    forgotten.unregister(this.#opened);
    await closeOpened(this.#opened);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function openDrop(drop: DataDROP): Promise<OpenedDrop> {
  const direct =
    drop.isCompleted() && /^(file|ngas):/.test(drop.dataURL)
      ? ioForURL(drop.dataURL, drop.context.hostName)
      : undefined;
  if (!direct) return { drop, descriptor: await drop.open() };
  await direct.open(OpenMode.OPEN_READ);
  drop.incrRefCount();
  return { drop, io: direct };
}

/** Resolves when a drop is over, in whatever state. */
export function untilSettled(drop: AbstractDROP): Promise<void> {
  if (isSettled(drop.status)) return Promise.resolve();
  return new Promise((resolve) => {
    const listener = {
      handleEvent: () => {
        if (!isSettled(drop.status)) return;
        drop.unsubscribe(listener, 'status');
        resolve();
      },
    };
    drop.subscribe(listener, 'status');
  });
}

export { copyDirectoryContents } from './io/directory-io.ts';
export * from './drop-loaders.ts';
export * from './drop-placeholders.ts';
