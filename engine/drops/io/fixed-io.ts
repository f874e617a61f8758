import { InvalidDROPState } from '../../protocol/index.ts';
import { DataIO, OpenMode } from './data-io.ts';

/** Content that was made together with its drop and cannot be written. */
export class FixedIO extends DataIO {
  readonly #content: Uint8Array;
  readonly #owner: string;
  #at = 0;

  /** `owner` names the drop in messages. */
  constructor(content: Uint8Array, owner: string) {
    super();
    this.#content = content;
    this.#owner = owner;
  }

  protected override async doOpen(mode: OpenMode): Promise<void> {
    if (mode === OpenMode.OPEN_WRITE)
      throw new InvalidDROPState(
        `${this.#owner} cannot be written: its content is made from its parameters in the graph.`,
      );
    this.#at = 0;
  }

  protected override async doRead(count: number): Promise<Uint8Array> {
    const piece = this.#content.subarray(this.#at, this.#at + count);
    this.#at += piece.length;
    return piece;
  }

  protected override async doWrite(): Promise<number> {
    return 0;
  }

  protected override async doClose(): Promise<void> {}

  override async size(): Promise<number> {
    return this.#content.length;
  }

  override async exists(): Promise<boolean> {
    return true;
  }

  override async delete(): Promise<void> {}
}
