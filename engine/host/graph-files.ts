/** Graph files of the user's: plain or packed, from a path or from standard input, with every refusal in words. */
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createInflate } from 'node:zlib';
import { isPacked, isZlib, MAX_GRAPH_BYTES, packedRefusal } from '../graph/index.ts';
import { InvalidGraphException, WeirError, whyUnreadable } from '../protocol/index.ts';
import { readBody, unpacked, type GraphFile } from '../api/index.ts';
import type { GraphInput } from '../translator/index.ts';

/** The graph in a file; `-` is standard input. Throws FILE_UNREADABLE, GRAPH_TOO_LARGE. */
export async function readGraphFile(file: string): Promise<GraphFile> {
  if (file === '-')
    return {
      bytes: await unpacked(
        await readBody(process.stdin as AsyncIterable<Buffer>, MAX_GRAPH_BYTES),
        MAX_GRAPH_BYTES,
      ),
      name: 'stdin',
      origin: 'file',
    };
  const facts = await stat(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  if (facts.isDirectory())
    throw new WeirError('FILE_UNREADABLE', `${file} is a directory; a graph file was expected.`, {
      details: { file },
    });
  if (facts.size > MAX_GRAPH_BYTES)
    throw new InvalidGraphException(
      `${file} is ${(facts.size / 2 ** 30).toFixed(1)} GiB; at most ${(MAX_GRAPH_BYTES / 2 ** 30).toFixed(1)} GiB of graph can be run. Split it into several sessions.`,
      { details: { file, bytes: facts.size } },
      'GRAPH_TOO_LARGE',
    );
  try {
    const bytes = await readBody(
      createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>,
      MAX_GRAPH_BYTES,
    );
    return {
      bytes: await unpacked(bytes, MAX_GRAPH_BYTES),
      name: path.basename(file).replace(/\.gz$/, ''),
      origin: `file ${path.resolve(file)}`,
    };
  } catch (cause) {
    if (cause instanceof WeirError) throw cause;
    throw unreadable(file, cause);
  }
}

/** A graph to be translated, which may be longer than memory is large. */
export interface OpenGraph {
  readonly graph: GraphInput;
  /** Removes what was written aside. */
  close(): Promise<void>;
}

/** Graphs up to this length are read into memory; longer ones stay in a file. */
const MAX_HELD_BYTES = 1 << 26;

/**
 * Opens the graph in a file, of any length; `-` is standard input. What is packed or comes from a pipe is written to a
 * temporary file when it is long. Throws FILE_UNREADABLE.
 */
export async function openGraphSource(file: string, maxHeldBytes = MAX_HELD_BYTES): Promise<OpenGraph> {
  try {
    if (file === '-') return await taken(process.stdin as AsyncIterable<Buffer>, maxHeldBytes);
    const facts = await stat(file);
    if (facts.isFile() && facts.size > maxHeldBytes && !isPacked(await beginningOf(file)))
      return { graph: { file: path.resolve(file) }, close: () => Promise.resolve() };
    return await taken(createReadStream(file, { highWaterMark: 1 << 20 }), maxHeldBytes);
  } catch (cause) {
    if (cause instanceof WeirError) throw cause;
    throw unreadable(file === '-' ? 'of standard input' : file, cause);
  }
}

async function beginningOf(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Takes all of a stream, unpacked: into memory, or into a temporary file once it gets long. */
async function taken(stream: AsyncIterable<Buffer>, maxHeldBytes: number): Promise<OpenGraph> {
  const chunks = stream[Symbol.asyncIterator]();
  const first = await chunks.next();
  const beginning = first.done === true ? Buffer.alloc(0) : first.value;
  async function* whole(): AsyncGenerator<Buffer, void, undefined> {
    yield beginning;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  }
  const spool = new Spool(maxHeldBytes);
  try {
    if (isPacked(beginning))
      await pipeline(Readable.from(whole()), isZlib(beginning) ? createInflate() : createGunzip(), (source) =>
        spool.takeAll(source as AsyncIterable<Buffer>),
      );
    else await spool.takeAll(whole());
    return await spool.finish();
  } catch (error) {
    await spool.discard();
    if (/^Z_/.test((error as { code?: string }).code ?? '')) throw packedRefusal(error, Infinity);
    throw error;
  }
}

class Spool {
  readonly #maxHeldBytes: number;
  #held: Buffer[] = [];
  #total = 0;
  #folder: string | undefined;
  #handle: FileHandle | undefined;

  constructor(maxHeldBytes: number) {
    this.#maxHeldBytes = maxHeldBytes;
  }

  async takeAll(source: AsyncIterable<Buffer>): Promise<void> {
    for await (const chunk of source) {
      this.#total += chunk.length;
      if (this.#handle === undefined) {
        this.#held.push(chunk);
        if (this.#total > this.#maxHeldBytes) await this.#open();
      } else await this.#handle.appendFile(chunk);
    }
  }

  async #open(): Promise<void> {
    this.#folder = await mkdtemp(path.join(tmpdir(), 'weir-graph-'));
    this.#handle = await open(this.#file(), 'w', 0o600);
    for (const chunk of this.#held) await this.#handle.appendFile(chunk);
    this.#held = [];
  }

  #file(): string {
    return path.join(this.#folder ?? '', 'graph.json');
  }

  async finish(): Promise<OpenGraph> {
    await this.#handle?.close();
    this.#handle = undefined;
    if (this.#folder !== undefined) return { graph: { file: this.#file() }, close: () => this.discard() };
    return { graph: new Uint8Array(Buffer.concat(this.#held)), close: () => Promise.resolve() };
  }

  async discard(): Promise<void> {
    await this.#handle?.close();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}

function unreadable(file: string, cause: unknown): WeirError {
  return new WeirError('FILE_UNREADABLE', `The graph ${file} cannot be read: ${whyUnreadable(cause)}.`, {
    cause,
    details: { file },
  });
}
