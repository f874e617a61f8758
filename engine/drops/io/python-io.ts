import type { KeptObject } from '../python/index.ts';
import { DataIO, OpenMode } from './data-io.ts';

/** Most bytes of one read: an answer is one message. */
const LARGEST_PIECE = 32 << 20;

/**
 * Storage that a class of the user's implements in Python (its `DataIO`). Every call waits for the answer of the
 * process, so that slow storage holds its writer back.
 */
export class PythonIO extends DataIO {
  readonly #object: () => Promise<KeptObject>;
  #opened: { readonly object: KeptObject; readonly io: number } | undefined;

  /** `object`: the drop's object in Python; asked for anew with each use, as its process may have ended. */
  constructor(object: () => Promise<KeptObject>) {
    super();
    this.#object = object;
  }

  protected override async doOpen(mode: OpenMode): Promise<void> {
    const object = await this.#object();
    const { value } = await object.call('open', { read: mode === OpenMode.OPEN_READ });
    this.#opened = { object, io: Number(value) };
  }

  async #call(operation: string, details: Readonly<Record<string, unknown>> = {}, data?: Uint8Array) {
    const { object, io } = this.#opened as { object: KeptObject; io: number };
    return object.call(operation, { io, ...details }, data ? { data } : {});
  }

  protected override async doRead(count: number): Promise<Uint8Array | null> {
    const { value, data } = await this.#call('read', { count: Math.min(count, LARGEST_PIECE) });
    return value === null ? null : (data ?? new Uint8Array(0));
  }

  protected override async doWrite(data: Uint8Array): Promise<number> {
    return Number((await this.#call('write', {}, data)).value);
  }

  protected override async doWriteText(text: string): Promise<number> {
    return Number((await this.#call('write', { text: true }, Buffer.from(text, 'utf8'))).value);
  }

  protected override async doClose(): Promise<void> {
    const isGone = this.#opened?.object.goneBecause !== undefined;
    // A reader has nothing to lose; what was written is lost if its process does not close it.
    if (!isGone || this.mode === OpenMode.OPEN_WRITE) await this.#call('close');
    this.#opened = undefined;
  }

  protected override async doAbort(): Promise<void> {
    if (this.#opened?.object.goneBecause === undefined) await this.#call('close');
    this.#opened = undefined;
  }

  override async size(): Promise<number> {
    return Number((await (await this.#object()).call('size')).value);
  }

  override async exists(): Promise<boolean> {
    return (await (await this.#object()).call('exists')).value === true;
  }

  override async delete(): Promise<void> {
    await (await this.#object()).call('delete');
  }
}
