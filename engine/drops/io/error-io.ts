import { WeirError } from '../../protocol/index.ts';
import { DataIO } from './data-io.ts';

/** Storage of a drop that has none of its own: every operation is refused with a sentence (seed `ErrorIO`). */
export class ErrorIO extends DataIO {
  readonly #reason: string;

  /** `reason` is a whole sentence: which drop, why it has no content, what to do instead. */
  constructor(reason = 'This drop has no content that could be read or written.') {
    super();
    this.#reason = reason;
  }

  #refuse(): never {
    throw new WeirError('NOT_IMPLEMENTED', this.#reason);
  }

  protected override async doOpen(): Promise<void> {
    this.#refuse();
  }
  protected override async doRead(): Promise<null> {
    return this.#refuse();
  }
  protected override async doWrite(): Promise<number> {
    return this.#refuse();
  }
  protected override async doClose(): Promise<void> {
    this.#refuse();
  }
  override async size(): Promise<number> {
    return this.#refuse();
  }
  override async exists(): Promise<boolean> {
    return this.#refuse();
  }
  override async delete(): Promise<void> {
    this.#refuse();
  }
}
