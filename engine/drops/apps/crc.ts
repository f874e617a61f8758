/** Checksums of data (seed `dlg.apps.crc`, spec/engine.md 6.11). */
import { DROPStates, InvalidDropException, type DROPStates as State } from '../../protocol/index.ts';
import { AppDROP, BarrierAppDROP } from '../app-drop.ts';
import { crc32c } from '../crc32c.ts';
import { registerDrop } from '../registry.ts';
import { describeApp } from './python-values.ts';

/** Bytes of one read. */
const BLOCK_BYTES = 4 << 20;

/** Writes the CRC-32C of its one input, as a decimal number, to its one output. */
export class CRCApp extends BarrierAppDROP {
  #crc: number | undefined;

  override get facts(): Readonly<Record<string, unknown>> {
    return this.#crc === undefined ? {} : { crc32c: this.#crc };
  }

  override async run(): Promise<void> {
    const [input, secondInput] = this.inputs;
    const [output, secondOutput] = this.outputs;
    if (!input || secondInput || !output || secondOutput)
      throw new InvalidDropException(
        `${describeApp(this)} needs exactly one input and one output, but has ${this.inputs.length} and ${this.outputs.length}.`,
        { details: { uid: this.uid } },
      );
    let crc = 0;
    for await (const chunk of input.stream(BLOCK_BYTES)) {
      if (this.signal.aborted) return;
      crc = crc32c(chunk, crc);
    }
    this.#crc = crc;
    await output.writeOrThrow(String(crc));
  }
}

/**
 * Computes the CRC-32C of its streaming input while it is written. Finishes when the input does, also when the input
 * failed: the checksum of what came is what it has (as upstream).
 */
export class CRCStreamApp extends AppDROP {
  #crc = 0;
  #isEnding = false;

  override get facts(): Readonly<Record<string, unknown>> {
    return { crc32c: this.#crc };
  }

  override dataWritten(_uid: string, data: Uint8Array): void {
    this._flow.startApp(this._row);
    this.#crc = crc32c(data, this.#crc);
  }

  /** Of several inputs the first that is over ends it. */
  override dropCompleted(uid: string, state: State): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (state === DROPStates.SKIPPED) {
      void this.skip();
      return;
    }
    this._flow.startApp(this._row);
    this.#finish(uid).then(
      () => this._flow.finishApp(this._row),
      (error: unknown) => void this.setError(error),
    );
  }

  async #finish(uid: string): Promise<void> {
    const [output] = this.outputs;
    if (!output)
      throw new InvalidDropException(
        `${describeApp(this)} has no output for the checksum of ${uid}; link one.`,
      );
    await output.writeOrThrow(String(this.#crc));
  }
}

registerDrop(CRCApp, 'dlg.apps.crc.CRCApp');
registerDrop(CRCStreamApp, 'dlg.apps.crc.CRCStreamApp');
