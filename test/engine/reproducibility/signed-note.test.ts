import { generateKeyPairSync } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import {
  formatCheckpoint,
  openNote,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  publicKeyFromRaw,
  rawPublicKey,
  signNote,
  verifierKeyText,
} from '../../../engine/reproducibility/index.ts';
import { keyText, signer, stranger } from './fixtures.ts';

describe('signed notes and checkpoints', () => {
  it('opens the example note of the format, signed by another program', () => {
    const key = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    const note =
      'If you think cryptography is the answer to your problem,\n' +
      "then you don't know what your problem is.\n\n" +
      '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
    expect(openNote(note, [parseVerifierKey(key)]).signers[0]?.name).toBe('PeterNeumann');
  });

  it('signs what it later opens, with several signatures', () => {
    const other = { name: 'lime', privateKey: stranger.privateKey };
    const note = signNote('weir\nsecond line\n', [signer, other]);
    expect(note.split('\n\n')[1]?.split('\n')[0]).toMatch(/^— weir\/KIWI-7Q2M [A-Za-z0-9+/]+=*$/);
    const opened = openNote(note, [parseVerifierKey(keyText)]);
    expect(opened.text).toBe('weir\nsecond line\n');
    expect(opened.signers.map(({ name }) => name)).toEqual(['weir/KIWI-7Q2M']);
    expect(
      openNote(note, [parseVerifierKey(keyText), parseVerifierKey(verifierKeyText(other))]).signers,
    ).toHaveLength(2);
  });

  it('refuses a note altered in any byte, for whoever knows the key', () => {
    const note = signNote('some text\n', [signer]);
    const verifiers = [parseVerifierKey(keyText)];
    const bytes = Buffer.from(note);
    for (let i = 0; i < bytes.length; i++) {
      const altered = Buffer.from(bytes);
      altered[i] = (altered[i] as number) ^ 1;
      expect(() => openNote(altered.toString('utf8'), verifiers), `byte ${i}`).toThrow();
    }
  });

  it('refuses a note that only strangers signed, even under the same name', () => {
    const note = signNote('text\n', [stranger]);
    expect(() => openNote(note, [parseVerifierKey(keyText)])).toThrow(/none of the keys/);
  });

  it('refuses malformed notes, names and keys', () => {
    expect(() => parseNote('text\n— a b\n')).toThrow(/empty line/);
    expect(() => parseNote('text\n\n— a\n')).toThrow(/signature line/);
    expect(() => signNote('no newline', [signer])).toThrow(/ends in a newline/);
    expect(() => signNote('bell \x07\n', [signer])).toThrow(/control characters/);
    expect(() => signNote('x\n', [{ ...signer, name: 'a b' }])).toThrow(/no spaces/);
    expect(() => parseVerifierKey('a+b+c')).toThrow(/verifier key/);
    expect(() => parseVerifierKey(keyText.replace('KIWI', 'LIME'))).toThrow(/altered/);
    const { privateKey } = generateKeyPairSync('x25519');
    expect(() => rawPublicKey(privateKey)).toThrow(/Ed25519/);
    expect(rawPublicKey(publicKeyFromRaw(rawPublicKey(signer.privateKey)))).toEqual(
      rawPublicKey(signer.privateKey),
    );
  });

  it('writes and reads checkpoints, and refuses what is none', () => {
    const checkpoint = { origin: 'weir/log', size: 42, root: Buffer.alloc(32, 5), extensions: ['facts x'] };
    const text = formatCheckpoint(checkpoint);
    expect(text).toBe(`weir/log\n42\n${Buffer.alloc(32, 5).toString('base64')}\nfacts x\n`);
    expect(parseCheckpoint(text)).toEqual(checkpoint);
    for (const bad of [
      '',
      'a\n',
      'a\n01\nAA==\n',
      text.replace('42', '042'),
      text.replace('42', '-1'),
      text.slice(0, -1),
      text.replace('=', ''),
      `${text}\n`,
    ])
      expect(() => parseCheckpoint(bad), JSON.stringify(bad)).toThrow(/checkpoint/);
    expect(() => formatCheckpoint({ ...checkpoint, extensions: [''] })).toThrow(/empty/);
  });
});
