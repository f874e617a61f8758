/** Contents of drops on their way to a Python worker: small ones in memory, large ones as temporary files. */
import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DataDROP } from '../data-drop.ts';
import type { Encoding, PyArgument } from '../python/index.ts';

/** Content up to this size goes through the pipe, more by file. */
const INLINE_BYTES = 4 << 20;

export class ContentSpool {
  readonly #temporary: string[] = [];

  /** The content of a drop as an argument, to be decoded in Python. */
  async argument(drop: DataDROP, encoding: Encoding): Promise<PyArgument> {
    const isText = drop.buftype === 'str';
    const data = await this.#content(drop);
    return data instanceof Uint8Array
      ? { kind: 'bytes', data, encoding, isText }
      : { kind: 'file', path: data.path, encoding, isText };
  }

  async #content(drop: DataDROP): Promise<Uint8Array | { path: string }> {
    const pieces: Uint8Array[] = [];
    let total = 0;
    const stream = drop.stream();
    for await (const piece of stream) {
      pieces.push(piece);
      total += piece.length;
      if (total > INLINE_BYTES) return { path: await this.#spool(pieces, stream) };
    }
    return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces, total);
  }

  async #spool(pieces: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): Promise<string> {
    const file = path.join(tmpdir(), `weir-input-${randomUUID()}.bin`);
    this.#temporary.push(file);
    const handle = await open(file, 'wx', 0o600);
    try {
      for (const piece of pieces) await handle.writeFile(piece);
      for (;;) {
        const next = await rest.next();
        if (next.done) return file;
        await handle.writeFile(next.value);
      }
    } finally {
      await handle.close();
    }
  }

  /** The call is over: removes the files. */
  async clear(): Promise<void> {
    for (const file of this.#temporary.splice(0)) await rm(file, { force: true });
  }
}
