import { DataIO } from './data-io.ts';

/** Storage that keeps nothing: takes everything, reads as nothing (seed `NullIO`). */
export class NullIO extends DataIO {
  protected override async doOpen(): Promise<void> {}
  protected override async doRead(): Promise<null> {
    return null;
  }
  protected override async doWrite(data: Uint8Array): Promise<number> {
    return data.length;
  }
  protected override async doClose(): Promise<void> {}
  override async size(): Promise<number> {
    return 0;
  }
  override async exists(): Promise<boolean> {
    return true;
  }
  override async delete(): Promise<void> {}
}
