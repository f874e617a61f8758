/** Reading drops piece by piece for a process that asks by position. */
import type { DataDROP } from '../data-drop.ts';

interface OpenDrop {
  users: number;
  descriptor: number;
  /** Position of the descriptor. */
  at: number;
}

/** Most bytes one question may ask for. */
const LARGEST_PIECE = 32 << 20;

/**
 * Descriptors of drops read in order; a reader that goes back gets a new descriptor, as drops can be read forwards
 * only.
 */
export class RemoteReads {
  readonly #open = new Map<DataDROP, OpenDrop>();

  async open(drop: DataDROP): Promise<void> {
    const there = this.#open.get(drop);
    if (there) there.users++;
    else this.#open.set(drop, { users: 1, descriptor: await drop.open(), at: 0 });
  }

  async read(drop: DataDROP, offset: number, count: number): Promise<Uint8Array> {
    const there = this.#open.get(drop);
    if (!there) throw new Error(`Drop "${drop.uid}" is not open.`);
    if (there.at > offset) {
      await drop.close(there.descriptor);
      there.descriptor = await drop.open();
      there.at = 0;
    }
    while (there.at < offset) {
      const skipped = await drop.read(there.descriptor, Math.min(LARGEST_PIECE, offset - there.at));
      if (!skipped || skipped.length === 0) return new Uint8Array(0);
      there.at += skipped.length;
    }
    const piece = (await drop.read(there.descriptor, Math.min(count, LARGEST_PIECE))) ?? new Uint8Array(0);
    there.at += piece.length;
    return piece;
  }

  async close(drop: DataDROP): Promise<void> {
    const there = this.#open.get(drop);
    if (!there || --there.users > 0) return;
    this.#open.delete(drop);
    await drop.close(there.descriptor);
  }

  /** Closes what the application left open. */
  async closeAll(): Promise<void> {
    for (const [drop, { descriptor }] of this.#open) await drop.close(descriptor);
    this.#open.clear();
  }
}
