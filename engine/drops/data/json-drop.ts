/** A JSON file as a drop (seed `dlg.data.drops.json_drop.JsonDROP`, spec/engine.md 4.9). */
import { InvalidEncodingException, messageOf } from '../../protocol/index.ts';
import { registerDrop } from '../registry.ts';
import { FileDROP } from './file.ts';

/** The most JSON text that is parsed at once, in bytes; larger files are streams, not values. */
const LARGEST_JSON_BYTES = 256 << 20;

export class JsonDROP extends FileDROP {
  #value: Promise<unknown> | undefined;

  /** The whole value, read and parsed when it is first asked for. Rejects with InvalidEncodingException for bad JSON. */
  value(): Promise<unknown> {
    this.#value ??= this.#parse().catch((error: unknown) => {
      this.#value = undefined;
      throw error;
    });
    return this.#value;
  }

  async #parse(): Promise<unknown> {
    const bytes = await this.contents(LARGEST_JSON_BYTES);
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch (cause) {
      throw new InvalidEncodingException(
        `Drop ${this.uid} must hold JSON, but ${this.path} cannot be read as such: ${messageOf(cause)}`,
        { cause, details: { uid: this.uid, path: this.path } },
      );
    }
  }

  /** The item under `key` (seed `drop[key]`); undefined where there is none. */
  async item(key: string | number): Promise<unknown> {
    const value = await this.value();
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    return (value as Record<string | number, unknown>)[key];
  }
}

registerDrop(JsonDROP, 'dlg.data.drops.json_drop.JsonDROP', 'dlg.data.drops.JsonDROP', 'dlg.drop.JsonDROP');
