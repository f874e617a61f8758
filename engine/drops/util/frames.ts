/** Frames on the pipes of a Python worker, and between RPC peers: resources/python/weir_worker/frames.py has the layout. */
import { WeirError } from '../../protocol/index.ts';

const PREFIX_BYTES = 8;
const MAX_HEADER_BYTES = 64 * 1024 * 1024;
const MAX_BODY_BYTES = 512 * 1024 * 1024;

export interface FrameHeader {
  /** Kind of the message. */
  readonly t: string;
  readonly [key: string]: unknown;
}

export interface Frame {
  readonly header: FrameHeader;
  readonly attachments: readonly Uint8Array[];
}

/** The bytes of a frame. Throws where a part is larger than the other side takes. */
export function frameBytes(
  header: FrameHeader,
  attachments: readonly Uint8Array[] = [],
  to = 'a Python worker',
): Buffer {
  const whole = attachments.length ? { ...header, a: attachments.map((part) => part.length) } : header;
  const text = Buffer.from(JSON.stringify(whole), 'utf8');
  const body = attachments.reduce((sum, part) => sum + part.length, 0);
  if (text.length > MAX_HEADER_BYTES || body > MAX_BODY_BYTES)
    throw new WeirError(
      'APP_FAILED',
      `A message of ${text.length} + ${body} bytes is too large for ${to}; large values must go by file.`,
    );
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix.writeUInt32BE(text.length, 0);
  prefix.writeUInt32BE(body, 4);
  return Buffer.concat([prefix, text, ...attachments]);
}

/** Cuts a stream of bytes into frames. */
export class FrameParser {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted = PREFIX_BYTES;
  #prefix: { header: number; body: number } | undefined;
  readonly #from: string;

  /** `from` names the sender in errors. */
  constructor(from = 'A Python worker') {
    this.#from = from;
  }

  /** The frames completed by `chunk`. Throws where the bytes are no frame. */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    while (this.#buffered >= this.#wanted) {
      const bytes = this.#take(this.#wanted);
      if (!this.#prefix) {
        this.#prefix = { header: bytes.readUInt32BE(0), body: bytes.readUInt32BE(4) };
        if (this.#prefix.header > MAX_HEADER_BYTES || this.#prefix.body > MAX_BODY_BYTES)
          throw new WeirError('APP_FAILED', `${this.#from} sent something that is no message.`);
        this.#wanted = this.#prefix.header + this.#prefix.body;
      } else {
        const { header } = this.#prefix;
        this.#prefix = undefined;
        this.#wanted = PREFIX_BYTES;
        yield parsed(bytes, header);
      }
    }
  }

  #take(count: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = all.length > count ? [all.subarray(count)] : [];
    this.#buffered -= count;
    return all.subarray(0, count);
  }
}

function parsed(bytes: Buffer, headerBytes: number): Frame {
  const header = JSON.parse(bytes.toString('utf8', 0, headerBytes)) as FrameHeader & {
    a?: readonly number[];
  };
  const attachments: Uint8Array[] = [];
  let at = headerBytes;
  for (const length of header.a ?? []) {
    attachments.push(new Uint8Array(bytes.subarray(at, at + length)));
    at += length;
  }
  return { header, attachments };
}
