/** Data in memory that several processes share (seed `SharedMemoryDROP`, spec/engine.md 4.14). */
import { stat, writeFile } from 'node:fs/promises';
import { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { isAbsence } from '../io/file-io.ts';
import { SHARED_MEMORY, SharedMemoryIO } from '../io/shared-memory.ts';
import { registerDrop } from '../registry.ts';
import { initialContent, type InitialContent } from './pydata.ts';

export class SharedMemoryDROP extends DataDROP {
  #initial: InitialContent | undefined;
  #path: string | undefined;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    this.#initial = initialContent(this.parameters, this.uid);
  }

  /** Path of the block, for processes that map it. The block is there once something was written. */
  get path(): string {
    return (this.#path ??= this.context.service(SHARED_MEMORY).registerDrop(this.uid, this.dlgSessionId));
  }

  get dataURL(): string {
    return `shmem://${this.context.hostName}/${process.pid}${this.path}`;
  }

  override getIO(): SharedMemoryIO {
    return new SharedMemoryIO(this.path);
  }

  protected override writerIO(): SharedMemoryIO {
    this.#initial = undefined;
    return this.getIO();
  }

  protected override async onCompleting(): Promise<void> {
    const found = await stat(this.path).catch((error: unknown) => {
      if (isAbsence(error)) return undefined;
      throw error;
    });
    if (found) return this.noteSize(found.size);
    const content = this.#initial?.bytes ?? new Uint8Array(0);
    await writeFile(this.path, content, { mode: 0o600 });
    this.noteSize(content.length);
  }
}

registerDrop(
  SharedMemoryDROP,
  'dlg.data.drops.memory.SharedMemoryDROP',
  'dlg.data.drops.SharedMemoryDROP',
  'dlg.drop.SharedMemoryDROP',
);
