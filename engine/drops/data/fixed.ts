import { DataDROP } from '../data-drop.ts';
import { FixedIO } from '../io/fixed-io.ts';

let lastId = 0;

/** A drop whose content comes from its parameters: made once, never written. */
export abstract class FixedContentDROP extends DataDROP {
  #content: Uint8Array | undefined;
  #id = 0;

  /** Makes the content; asked for once. */
  protected abstract makeContent(): Uint8Array;

  /** The content, made when it is first asked for; subclasses with checks ask in their constructor. */
  protected get content(): Uint8Array {
    return (this.#content ??= this.makeContent());
  }

  /** A number for URLs that is this drop's own within the process. */
  protected get bufferId(): number {
    return (this.#id ||= ++lastId);
  }

  override get buftype(): 'bytes' {
    return 'bytes';
  }

  override getIO(): FixedIO {
    return new FixedIO(this.content, `${this.constructor.name} ${this.uid}`);
  }

  protected override async onCompleting(): Promise<void> {
    this.noteSize(this.content.length);
  }
}
