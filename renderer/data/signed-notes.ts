/**
 * Signed notes and hashes, read and computed in the window: C2SP checkpoints and verifier keys, SHA-256 trees of RFC 6962,
 * Ed25519 by WebCrypto. Shares no code with the engine that wrote them.
 */

/** Why a signature does not count; `noEd25519`: this window cannot tell. */
export type SignatureProblem = 'notSigned' | 'keyMalformed' | 'badSignature' | 'noEd25519';

export type Bytes = Uint8Array<ArrayBuffer>;
export const HASH_BYTES = 32;
/** Type of a key in a verifier key text. */
export const ED25519 = 1;
export const encoder = new TextEncoder();

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Bytes of a base64 text; undefined unless it is the one base64 text of these bytes. */
export function bytesOf(text: string): Bytes | undefined {
  try {
    const binary = atob(text);
    if (btoa(binary) !== text) return undefined;
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

export const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

function join(...pieces: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

export const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

export class Hasher {
  readonly #subtle: SubtleCrypto;
  constructor(subtle: SubtleCrypto) {
    this.#subtle = subtle;
  }

  async sha256(...pieces: readonly Uint8Array[]): Promise<Bytes> {
    return new Uint8Array(await this.#subtle.digest('SHA-256', join(...pieces)));
  }

  leaf(text: string): Promise<Bytes> {
    return this.sha256(Uint8Array.of(0), encoder.encode(text));
  }

  node(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
    return this.sha256(Uint8Array.of(1), left, right);
  }
}

export interface Checkpoint {
  readonly text: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
  /** Lines of the log's own, by their first word. */
  readonly lines: ReadonlyMap<string, string>;
  readonly signatures: readonly { readonly name: string; readonly bytes: Bytes }[];
}

/** Reads a signed checkpoint; undefined when it is none. */
export function parseCheckpoint(note: string): Checkpoint | undefined {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return undefined;
  const text = note.slice(0, split + 1);
  const [origin = '', size = '', rootText = '', ...rest] = text.split('\n');
  const root = bytesOf(rootText);
  if (origin === '' || !/^(0|[1-9]\d*)$/.test(size) || root?.length !== HASH_BYTES || rest.pop() !== '')
    return undefined;
  const signatures = [];
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const match = /^— ([^\s+]+) (\S+)$/.exec(line);
    const bytes = match === null ? undefined : bytesOf(match[2] ?? '');
    if (match === null || bytes === undefined || bytes.length < 5) return undefined;
    signatures.push({ name: match[1] ?? '', bytes });
  }
  const lines = new Map(
    rest.map((line): [string, string] => {
      const at = line.indexOf(' ');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  return { text, origin, size: Number(size), root, lines, signatures };
}

export interface Key {
  readonly name: string;
  readonly keyId: string;
  readonly raw: Bytes;
}

export function parseKey(text: string): Key | undefined {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text);
  const bytes = match === null ? undefined : bytesOf(match[3] ?? '');
  if (match === null || bytes?.length !== HASH_BYTES + 1 || bytes[0] !== ED25519) return undefined;
  return { name: match[1] ?? '', keyId: match[2] ?? '', raw: bytes.slice(1) };
}

/** Whether a note is signed by this key; `noEd25519` where this window cannot tell. */
export async function checkSignature(
  subtle: SubtleCrypto,
  note: Checkpoint,
  key: Key,
): Promise<SignatureProblem | undefined> {
  const signature = note.signatures.find(
    ({ name, bytes }) => name === key.name && hex(bytes.subarray(0, 4)) === key.keyId,
  );
  if (signature === undefined) return 'notSigned';
  let publicKey: CryptoKey;
  try {
    publicKey = await subtle.importKey('raw', key.raw, { name: 'Ed25519' }, false, ['verify']);
  } catch (error) {
    const name = error instanceof Error ? error.name : '';
    return name === 'NotSupportedError' ? 'noEd25519' : 'keyMalformed';
  }
  const bytes = signature.bytes.slice(4);
  const isGood = await subtle.verify({ name: 'Ed25519' }, publicKey, bytes, encoder.encode(note.text));
  return isGood ? undefined : 'badSignature';
}
