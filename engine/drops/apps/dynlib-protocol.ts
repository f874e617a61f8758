/** What the Host and the process of a dynamic library say to each other. */

/** A drop as the library sees it. */
export interface DynlibDrop {
  readonly uid: string;
  readonly oid: string;
  readonly name: string;
}

export interface DynlibStart {
  readonly kind: 'start';
  readonly lib: string;
  readonly isStreaming: boolean;
  readonly uid: string;
  readonly oid: string;
  readonly name: string;
  readonly ranks: readonly number[];
  readonly params: readonly (readonly [string, string])[];
  /** The same as Python values, and those that are no texts: for `init2`. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly inputs: readonly (DynlibDrop & { readonly status: number; readonly fd: number })[];
  readonly streamingInputs: readonly DynlibDrop[];
  readonly outputs: readonly (DynlibDrop & { readonly fd: number })[];
}

export type DynlibMessage =
  | DynlibStart
  | { readonly kind: 'data'; readonly uid: string }
  | { readonly kind: 'completed'; readonly uid: string; readonly status: number };

export type DynlibReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'running' }
  /** Bytes of one `data` message that the library has dealt with. */
  | { readonly kind: 'taken'; readonly bytes: number }
  /** `status` is an AppDROPStates integer: 2 finished, 3 error. */
  | { readonly kind: 'done'; readonly status: number }
  | { readonly kind: 'failed'; readonly message: string };

/** A frame: length of the header, length of the payload (both 32 bits, big-endian), header as JSON, payload. */
export function frame(header: DynlibMessage, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(json.length, 0);
  lengths.writeUInt32BE(payload.length, 4);
  return Buffer.concat([lengths, json, payload]);
}

/** Puts frames together from the pieces a stream delivers. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #length = 0;

  push(chunk: Uint8Array): { readonly header: unknown; readonly payload: Uint8Array }[] {
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    if (this.#length < 8) return [];
    const all = Buffer.concat(this.#pieces, this.#length);
    const frames: { header: unknown; payload: Uint8Array }[] = [];
    let at = 0;
    while (all.length - at >= 8) {
      const header = all.readUInt32BE(at);
      const payload = all.readUInt32BE(at + 4);
      const end = at + 8 + header + payload;
      if (end > all.length) break;
      frames.push({
        header: JSON.parse(all.toString('utf8', at + 8, at + 8 + header)) as unknown,
        payload: all.subarray(at + 8 + header, end),
      });
      at = end;
    }
    this.#pieces = [all.subarray(at)];
    this.#length = all.length - at;
    return frames;
  }
}
