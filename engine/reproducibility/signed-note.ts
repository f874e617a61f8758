/**
 * Signed notes and checkpoints (C2SP `signed-note`, `tlog-checkpoint`), so that other tools can read our seals.
 *
 *     weir/KIWI-7Q2M            origin: the name of the log
 *     42                        its size
 *     CsUYapGGPo4dkMgIAUqom/…   its root, base64
 *                               (more lines of the log's own, here: what is sealed)
 *
 *     — weir/KIWI-7Q2M Az3grl…  name of the key, then base64 of key id (4 bytes) and Ed25519 signature (64 bytes)
 */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

import { WeirError } from '../protocol/index.ts';
import { HASH_BYTES } from './merkle-log.ts';

/** Type byte of Ed25519 in verifier keys and key ids. */
const ED25519 = 1;
const SIGNATURE_BYTES = 64;
const MAX_NOTE_BYTES = 1_000_000;
/** PKCS8 and SPKI before the 32 bytes of an Ed25519 key. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Who signs: a name without spaces or plus signs, and an Ed25519 private key. */
export interface NoteSigner {
  readonly name: string;
  readonly privateKey: KeyObject;
}

/** A key that signatures are checked against. */
export interface NoteVerifier {
  readonly name: string;
  /** 8 hexadecimal digits. */
  readonly keyId: string;
  readonly publicKey: KeyObject;
}

/** The 32 raw bytes of an Ed25519 public key. */
export function rawPublicKey(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  if (publicKey.asymmetricKeyType !== 'ed25519')
    throw new WeirError(
      'PROOF_INVALID',
      `Seals are made with Ed25519 keys, not ${publicKey.asymmetricKeyType ?? 'others'}.`,
    );
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(SPKI_PREFIX.length);
}

/** A public key from its 32 raw bytes. */
export function publicKeyFromRaw(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
}

/** A private key from its 32-byte seed. */
export function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

function checkName(name: string): void {
  if (name === '' || /[\s+]/u.test(name))
    throw new WeirError(
      'PROOF_INVALID',
      `The name of a key has no spaces and no "+", but is ${JSON.stringify(name)}.`,
    );
}

/** Key id: the first 4 bytes of SHA-256 of the name, a newline, the type and the key. */
function keyIdOf(name: string, raw: Uint8Array): Buffer {
  return createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.of(ED25519))
    .update(raw)
    .digest()
    .subarray(0, 4);
}

/** The verifier key text `name+id+key` that a signer's readers need. */
export function verifierKeyText(signer: NoteSigner): string {
  checkName(signer.name);
  const raw = rawPublicKey(signer.privateKey);
  const id = keyIdOf(signer.name, raw).toString('hex');
  return `${signer.name}+${id}+${Buffer.concat([Buffer.of(ED25519), raw]).toString('base64')}`;
}

/** Reads a verifier key text. Throws PROOF_INVALID when it is none, or its id does not belong to its key. */
export function parseVerifierKey(text: string): NoteVerifier {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text);
  const bytes = Buffer.from(match?.[3] ?? '', 'base64');
  const [, name = '', keyId = ''] = match ?? [];
  if (
    match === null ||
    bytes.length !== HASH_BYTES + 1 ||
    bytes[0] !== ED25519 ||
    bytes.toString('base64') !== match[3]
  )
    throw new WeirError(
      'PROOF_INVALID',
      `Expected a verifier key such as name+1a2b3c4d+AbCd…, found ${JSON.stringify(text)}.`,
    );
  const raw = bytes.subarray(1);
  if (keyIdOf(name, raw).toString('hex') !== keyId)
    throw new WeirError(
      'PROOF_INVALID',
      `The verifier key of "${name}" was altered: its id does not belong to its key.`,
    );
  return { name, keyId, publicKey: publicKeyFromRaw(raw) };
}

/** Signs a text, which ends in a newline and has no empty last line's worth of surprises (no control characters). */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  checkText(text);
  let note = `${text}\n`;
  for (const signer of signers) {
    checkName(signer.name);
    const id = keyIdOf(signer.name, rawPublicKey(signer.privateKey));
    const signature = sign(null, Buffer.from(text), signer.privateKey);
    note += `— ${signer.name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
  }
  return note;
}

function checkText(text: string): void {
  const hasControls = [...text].some((char) => char < ' ' && char !== '\n');
  if (!text.endsWith('\n') || hasControls)
    throw new WeirError(
      'PROOF_INVALID',
      'A note to be signed ends in a newline and has no control characters.',
    );
}

export interface OpenedNote {
  readonly text: string;
  /** The signatures that hold, in the order of the note. Never empty. */
  readonly signers: readonly NoteVerifier[];
}

interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  readonly signature: Buffer;
}

/** The text and signatures of a note, unverified. Throws PROOF_INVALID when it is malformed. */
export function parseNote(note: string): {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
} {
  const split = note.lastIndexOf('\n\n');
  if (note.length > MAX_NOTE_BYTES || split < 0 || !note.endsWith('\n'))
    throw new WeirError(
      'PROOF_INVALID',
      'A seal should be a text, an empty line and signatures, but is not.',
    );
  const text = note.slice(0, split + 1);
  const signatures = note
    .slice(split + 2, -1)
    .split('\n')
    .map((line): NoteSignature => {
      const match = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line);
      const bytes = Buffer.from(match?.[2] ?? '', 'base64');
      if (match === null || bytes.length < 5 || bytes.toString('base64') !== match[2])
        throw new WeirError(
          'PROOF_INVALID',
          `A signature line of a seal is malformed: ${JSON.stringify(line.slice(0, 80))}.`,
        );
      return {
        name: match[1] as string,
        keyId: bytes.subarray(0, 4).toString('hex'),
        signature: bytes.subarray(4),
      };
    });
  return { text, signatures };
}

/**
 * Checks a note against known keys. Throws PROOF_INVALID when it is malformed, when a signature by a known key is wrong,
 * or when none of the keys has signed it.
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): OpenedNote {
  const { text, signatures } = parseNote(note);
  checkText(text);
  const signers: NoteVerifier[] = [];
  for (const { name, keyId, signature } of signatures) {
    const known = verifiers.find((verifier) => verifier.name === name && verifier.keyId === keyId);
    if (known === undefined) continue;
    if (signature.length !== SIGNATURE_BYTES || !verify(null, Buffer.from(text), known.publicKey, signature))
      throw new WeirError(
        'PROOF_INVALID',
        `The signature by "${name}" does not belong to this seal: the seal was altered.`,
      );
    signers.push(known);
  }
  if (signers.length === 0) {
    const by = signatures.map(({ name, keyId }) => `${name} (${keyId})`).join(', ');
    throw new WeirError(
      'PROOF_INVALID',
      `The seal is signed by ${by}, but by none of the keys it is checked against.`,
    );
  }
  return { text, signers };
}

// --- checkpoints --------------------------------------------------------------------------------------------------

export interface Checkpoint {
  /** Name of the log, without spaces. */
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** Lines of the log's own, each `name value`. */
  readonly extensions: readonly string[];
}

/** The text of a checkpoint, ready to be signed. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const lines = [
    checkpoint.origin,
    String(checkpoint.size),
    Buffer.from(checkpoint.root).toString('base64'),
    ...checkpoint.extensions,
  ];
  for (const line of lines)
    if (line === '' || line.includes('\n'))
      throw new WeirError(
        'PROOF_INVALID',
        `A line of a checkpoint is empty or has a line break: ${JSON.stringify(line)}.`,
      );
  return `${lines.join('\n')}\n`;
}

/** Reads the text of a checkpoint. Throws PROOF_INVALID when it is malformed. */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin = '', sizeText = '', rootText = '', ...rest] = lines;
  const root = Buffer.from(rootText, 'base64');
  const size = Number(sizeText);
  if (
    rest.pop() !== '' ||
    origin === '' ||
    !/^(0|[1-9]\d*)$/.test(sizeText) ||
    !Number.isSafeInteger(size) ||
    root.length !== HASH_BYTES ||
    root.toString('base64') !== rootText ||
    rest.includes('')
  )
    throw new WeirError(
      'PROOF_INVALID',
      'A checkpoint should have a name, a size and a root of 32 bytes, but has not.',
    );
  return { origin, size, root, extensions: rest };
}
