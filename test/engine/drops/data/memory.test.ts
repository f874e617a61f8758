import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { crc32c, dropClass, InMemoryDROP } from '../../../../engine/drops/index.ts';
import { DROPStates } from '../../../../engine/protocol/index.ts';
import { contextIn, placedIn } from '../support/drops.ts';
import '../../../../engine/drops/data/index.ts';

async function completed(kwargs: Record<string, unknown> = {}): Promise<InMemoryDROP> {
  const drop = new InMemoryDROP('m', 'm', kwargs);
  await drop.setCompleted();
  return drop;
}

const base64 = async (drop: InMemoryDROP) => Buffer.from(await drop.contents()).toString('base64');
const withPydata = (value: unknown, type: string) => ({ fields: [{ name: 'pydata', value, type }] });

describe('the initial value of a memory drop', () => {
  it.each([
    ['a whole number', 5, 'Integer', 'gARLBS4='],
    ['a whole number as text', ' 5 ', 'int', 'gARLBS4='],
    ['a longer whole number', 2048, 'Integer', 'gASVBAAAAAAAAABNAAgu'],
    ['a float', 11.1, 'Float', 'gASVCgAAAAAAAABHQCYzMzMzMzMu'],
    ['a whole float', 0, 'float', 'gASVCgAAAAAAAABHAAAAAAAAAAAu'],
    ['true', true, 'Boolean', 'gASILg=='],
    ['the text "False" of a boolean', 'False', 'bool', 'gASJLg=='],
    ['a list', [1, 2], 'list', 'gASVCQAAAAAAAABdlChLAUsCZS4='],
    ['JSON text', '[11,12,13]', 'Json', 'gASVCwAAAAAAAABdlChLC0sMSw1lLg=='],
    [
      'JSON text with a whole float',
      '{"a": 1, "b": "test", "c": 0.0}',
      'Json',
      'gASVIwAAAAAAAAB9lCiMAWGUSwGMAWKUjAR0ZXN0lIwBY5RHAAAAAAAAAAB1Lg==',
    ],
    ['a Python literal', "b'payload'", 'eval', 'gASVCwAAAAAAAABDB3BheWxvYWSULg=='],
    ['a text literal', "'aa'", 'eval', 'gASVBgAAAAAAAACMAmFhlC4='],
    ['nothing yet', 'None', 'Object', 'gASVBAAAAAAAAABDAJQu'],
    ['null', null, 'Object', 'gAROLg=='],
    ['null for a boolean', null, 'Boolean', 'gASJLg=='],
    ['a serialised object', 'gASVCgAAAAAAAABHP8mZmZmZmZou', 'raw', 'gASVCgAAAAAAAABHP8mZmZmZmZou'],
  ])('is, for %s, what Python reads there', async (_what, value, type, expected) => {
    const drop = await completed(withPydata(value, type));
    expect(await base64(drop)).toBe(expected);
    expect(drop.size).toBe(Buffer.from(expected, 'base64').length);
  });

  it('keeps a number it cannot read as its text', async () => {
    const drop = await completed(withPydata('five', 'int'));
    expect(Buffer.from(await drop.contents()).toString('latin1')).toContain('five');
  });

  it('refuses an expression where a literal is wanted, naming the drop', () => {
    expect(() => new InMemoryDROP('m', 'the-drop', withPydata('__import__("os")', 'eval'))).toThrow(
      /the-drop.*literal/,
    );
  });

  it('refuses a serialised object that is no base64', () => {
    expect(() => new InMemoryDROP('m', 'the-drop', withPydata('?', 'object.x'))).toThrow(/the-drop.*base64/);
  });

  it('may be a map of value and type at the top', async () => {
    expect(await base64(await completed({ pydata: { value: '5', type: 'int' } }))).toBe('gARLBS4=');
  });

  it('may be bare, with the type of the application argument', async () => {
    const drop = await completed({
      pydata: '5',
      applicationArgs: { pydata: { value: '5', type: 'Integer' } },
    });
    expect(await base64(drop)).toBe('gARLBS4=');
  });

  it('may be bare without any type', async () => {
    expect(await base64(await completed({ pydata: 5 }))).toBe('gARLBS4=');
    expect(Buffer.from(await (await completed({ pydata: 'plain' })).contents()).toString()).toBe('plain');
  });

  it('is the entry of the fields when both are there', async () => {
    expect(await base64(await completed({ ...withPydata(5, 'int'), pydata: 7 }))).toBe('gARLBS4=');
  });
});

describe('a memory drop', () => {
  it('of type String is readable text with its own size and checksum', async () => {
    const drop = await completed(withPydata('Hello', 'String'));
    expect(drop.buftype).toBe('str');
    expect(Buffer.from(await drop.contents()).toString()).toBe('Hello');
    expect(drop.size).toBe(5);
    expect(drop.checksum).toBe(2178485787);
  });

  it('of type String keeps bytes that are written in pieces as one base64 text', async () => {
    const drop = new InMemoryDROP('m', 'm', withPydata('None', 'String'));
    const bytes = Buffer.from('gASVEwAAAAAAAABDD4AElQQAAAAAAAAAjACULpQu', 'base64');
    await drop.write(bytes.subarray(0, 4));
    await drop.write(bytes.subarray(4, 9));
    await drop.write(bytes.subarray(9));
    await drop.setCompleted();
    expect(Buffer.from(await drop.contents()).toString()).toBe('gASVEwAAAAAAAABDD4AElQQAAAAAAAAAjACULpQu');
    expect(drop.size).toBe(40);
    expect(drop.checksum).toBe(3651327598);
  });

  it('overwrites its initial value in place and says its real size', async () => {
    const drop = new InMemoryDROP('m', 'm', withPydata('None', 'Object'));
    await drop.write(Buffer.from('gARLBS4=', 'base64'));
    await drop.setCompleted();
    expect(await base64(drop)).toBe('gARLBS4AAAAAAABDAJQu');
    expect(drop.checksum).toBe(2483365031);
    expect(drop.size).toBe(15);
  });

  it('returns what was written in many pieces, read in other pieces', async () => {
    const drop = new InMemoryDROP('m', 'm');
    const pieces = Array.from({ length: 999 }, (_, i) => Buffer.alloc((i * 37) % 5001, i % 251));
    for (const piece of pieces) await drop.write(piece);
    await drop.setCompleted();
    const expected = Buffer.concat(pieces);
    expect(drop.size).toBe(expected.length);
    expect(drop.checksum).toBe(crc32c(expected));
    const descriptor = await drop.open();
    const read: Uint8Array[] = [];
    for (;;) {
      const piece = await drop.read(descriptor, 777);
      if (!piece || piece.length === 0) break;
      expect(piece.length).toBeLessThanOrEqual(777);
      read.push(piece);
    }
    await drop.close(descriptor);
    expect(Buffer.concat(read).equals(expected)).toBe(true);
  });

  it('does not keep the array it was given', async () => {
    const drop = new InMemoryDROP('m', 'm');
    const mine = Buffer.from('abc');
    await drop.write(mine);
    mine.fill(0);
    await drop.setCompleted();
    expect(Buffer.from(await drop.contents()).toString()).toBe('abc');
  });

  it('takes a lifespan, although its class expires after use by default', () => {
    const drop = new InMemoryDROP('m', 'm', { lifespan: 5 });
    expect(drop.expireAfterUse).toBe(false);
    expect(drop.expirationDate).toBeGreaterThan(Date.now());
  });

  it('refuses a lifespan next to an expireAfterUse of the graph', () => {
    expect(() => new InMemoryDROP('m', 'm', { lifespan: 5, expireAfterUse: false })).toThrow(/exclude/);
  });

  it('that would take the last memory of the machine fails, gives back what it has, and names the way out', async () => {
    const available = vi.spyOn(process, 'availableMemory').mockReturnValue(200 << 20);
    try {
      const drop = new InMemoryDROP('mem', 'mem');
      const piece = new Uint8Array(8 << 20);
      const filled = async () => {
        for (let i = 0; i < 20; i++) await drop.write(piece);
      };
      await expect(filled()).rejects.toThrow(
        /drop mem could not be written: there is no room for it: 200 MiB of memory are left.*file drop/,
      );
      expect(drop.status).toBe(DROPStates.ERROR);
      // What is small has its place all the same.
      expect((await completed(withPydata('aGVyZQ==', 'raw'))).size).toBe(4);
    } finally {
      available.mockRestore();
    }
  });

  it('gives its memory back when deleted', async () => {
    const drop = await completed({ pydata: 5 });
    await drop.delete();
    expect(await drop.exists()).toBe(false);
    await expect(drop.open()).rejects.toThrow(/m could not be opened/);
  });

  it('makes the SHA-256 of its content while it is written when the context asks for it', async () => {
    const drop = new InMemoryDROP('m', 'm', placedIn(contextIn('/tmp', { hashing: true })));
    await drop.write('some ');
    await drop.write('content');
    await drop.setCompleted();
    expect(drop.contentHash).toBe(createHash('sha256').update('some content').digest('hex'));
  });

  it('makes the SHA-256 on demand otherwise', async () => {
    const drop = await completed({ pydata: 'some content' });
    expect(drop.contentHash).toBeNull();
    expect(await drop.computeContentHash()).toBe(createHash('sha256').update('some content').digest('hex'));
  });

  it('records the SHA3-256 of its content for reproduction', async () => {
    const drop = await completed({ pydata: 5 });
    const expected = createHash('sha3-256').update(Buffer.from('gARLBS4=', 'base64')).digest('hex');
    expect(await drop.computeReproduceData()).toEqual({ data_hash: expected });
    expect(drop.generateReproduceData()).toEqual({ data_hash: expected });
  });

  it.each([
    'dlg.data.drops.memory.InMemoryDROP',
    'dlg.data.drops.InMemoryDROP',
    'dlg.data.drops.memory.PythonObjectDROP',
    'dfms.data.drops.memory.InMemoryDROP',
  ])('answers to %s', (name) => {
    expect(dropClass(name)).toBe(InMemoryDROP);
  });
});
