import { Socket } from 'node:net';
import { WeirError } from '../../protocol/index.ts';

/** Bytes before the body of a message: its type and its length. */
const HEADER_BYTES = 5;
/** The longest first message PostgreSQL's own client takes. */
const LONGEST_FIRST_BYTES = 30_000;
/** What a server may begin with: a demand to log in, an error, a notice, the versions it knows. */
const FIRST_TYPES = 'RENv';

/**
 * The connection of a client of PostgreSQL. It ends where what comes is something else: the library's reader of the protocol
 * throws then, or never comes back, and either would end the process.
 */
export class PostgresSocket extends Socket {
  #hasHeard = false;

  override emit(event: string | symbol, ...args: readonly unknown[]): boolean {
    if (event !== 'data') return super.emit(event, ...args);
    try {
      if (!this.#hasHeard && !isBeginning(args[0] as Buffer)) throw new Error('it is another protocol');
      this.#hasHeard = true;
      return super.emit(event, ...args);
    } catch (cause) {
      this.destroy(
        new WeirError('REMOTE', 'what answers there does not speak as PostgreSQL does', { cause }),
      );
      return true;
    }
  }
}

function isBeginning(bytes: Buffer): boolean {
  if (bytes.length < HEADER_BYTES) return true;
  const type = String.fromCharCode(bytes[0] as number);
  // The length counts itself, but not the type.
  const end = 1 + bytes.readUInt32BE(1);
  if (!FIRST_TYPES.includes(type) || end < HEADER_BYTES || end > LONGEST_FIRST_BYTES) return false;
  // Errors and notices are texts, each with a zero at its end, and a zero behind the last.
  const isText = type === 'E' || type === 'N';
  return (
    !isText || end > bytes.length || (end > HEADER_BYTES && bytes[end - 1] === 0 && bytes[end - 2] === 0)
  );
}
