/** Results that stay in the Python worker that made them, as contents of memory drops, and how lost ones come back. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { messageOf } from '../../protocol/index.ts';
import type { DeferredContent } from '../data/memory.ts';
import {
  PyContent,
  PythonObjectLost,
  PythonWorkerDied,
  type Encoding,
  type FunctionResult,
} from '../python/index.ts';

interface Digest {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** The result of one run: what its drops hold of it, and how it is made again. */
export class HeldResult {
  readonly #again: () => Promise<FunctionResult>;
  readonly #parts = new Set<HeldContent>();
  #running: Promise<void> | undefined;

  /** `again` runs the function once more, or rejects with the reason why it must not. */
  constructor(again: () => Promise<FunctionResult>) {
    this.#again = again;
  }

  add(part: HeldContent): void {
    this.#parts.add(part);
  }

  delete(part: HeldContent): void {
    this.#parts.delete(part);
  }

  /** Runs the function again, once for all drops that hold parts of its result. */
  restore(): Promise<void> {
    this.#running ??= this.#restore().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #restore(): Promise<void> {
    const result = await this.#again();
    try {
      for (const part of this.#parts) {
        const content = result.contents.get(part.encoding);
        if (content) await part.replace(content);
      }
    } finally {
      for (const content of result.contents.values()) await content.release();
    }
  }
}

/** What one drop holds of a result. */
export class HeldContent implements DeferredContent {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly encoding: Encoding;
  /** Names the drop in messages. */
  readonly #label: string;
  readonly #result: HeldResult;
  #content: PyContent;
  #spoiled: string | undefined;

  constructor(label: string, content: PyContent, digest: Digest, result: HeldResult) {
    this.#label = label;
    this.#content = content;
    this.#result = result;
    this.encoding = content.encoding;
    this.sizeBytes = digest.sizeBytes;
    this.sha256 = digest.sha256;
    result.add(this);
  }

  /**
   * The content, computed again where the process that held it is gone. Throws PythonObjectLost, naming the drop and
   * the reason, where that cannot be.
   */
  async ready(): Promise<PyContent> {
    const because = this.#content.lostBecause;
    if (because === undefined) return this.#content;
    if (this.#spoiled !== undefined) throw new PythonObjectLost(this.#label, because, this.#spoiled);
    try {
      await this.#result.restore();
    } catch (error) {
      throw new PythonObjectLost(this.#label, because, messageOf(error));
    }
    const spoiled = this.#spoiled as string | undefined;
    if (spoiled !== undefined) throw new PythonObjectLost(this.#label, because, spoiled);
    return this.#content;
  }

  async bytes(): Promise<Uint8Array> {
    try {
      return await (await this.ready()).bytes();
    } catch (error) {
      const isLost =
        error instanceof PythonWorkerDied || (error instanceof PythonObjectLost && !error.isFinal);
      if (!isLost || this.#content.lostBecause === undefined) throw error;
      return (await this.ready()).bytes();
    }
  }

  async release(): Promise<void> {
    this.#result.delete(this);
    await this.#content.release();
  }

  /** @internal Takes a result that was computed again, where it is the same; the owner of `content` keeps it. */
  async replace(content: PyContent): Promise<void> {
    if (this.#content.lostBecause === undefined) return;
    if (((content.isLazy && content.digest?.sha256) || (await sha256Of(content))) !== this.sha256) {
      this.#spoiled =
        'running the function again gave another result, so it depends on more than its inputs.';
      return;
    }
    const lost = this.#content;
    this.#content = content.isLazy
      ? content.share()
      : new PyContent(content.encoding, { kind: 'bytes', data: await content.bytes() }, undefined);
    await lost.release();
  }
}

async function sha256Of(content: PyContent): Promise<string> {
  const carried = await content.carried();
  const hash = createHash('sha256');
  if (carried.kind === 'bytes') hash.update(carried.data);
  else for await (const piece of createReadStream(carried.path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
