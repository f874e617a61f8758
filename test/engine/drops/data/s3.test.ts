import { once } from 'node:events';
import { readdirSync, existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { crc32c, S3DROP } from '../../../../engine/drops/index.ts';
import { DROPStates } from '../../../../engine/protocol/index.ts';
import { contextIn, placedIn, temporaryDirectory, type TestContext } from '../support/drops.ts';
import { BAD_WAY_NAMES, BAD_WAYS, badServer } from '../support/bad-server.ts';
import { startS3, type S3Server } from '../support/s3-server.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
let server: S3Server;
let context: TestContext;
beforeAll(async () => {
  temporary = temporaryDirectory();
  context = contextIn(temporary.dir);
  server = await startS3(temporary.dir);
});
afterAll(async () => {
  await context.services.dispose();
  await server.stop();
  temporary.remove();
});

const drop = (kwargs: Record<string, unknown> = {}, uid = 'o') =>
  new S3DROP(uid, uid, placedIn(context, { Bucket: 'bucket', ...server.access, ...kwargs }));

describe('an S3 drop', () => {
  it('makes its bucket and keeps a small object', async () => {
    const one = drop({ Bucket: 'made-by-drop', Key: 'a/b' });
    expect(await one.exists()).toBe(false);
    await one.write('small ');
    await one.write('object');
    await one.setCompleted();
    expect(one.status).toBe(DROPStates.COMPLETED);
    expect(Buffer.from(await one.contents()).toString()).toBe('small object');
    expect(one.size).toBe(12);
    expect(one.dataURL).toBe('s3://made-by-drop/a/b');
    expect(await one.getIO().size()).toBe(12);
  });

  it('uploads a large object in parts and reads it in pieces', async () => {
    const content = Buffer.alloc(12_345_678);
    for (let i = 0; i < content.length; i += 4)
      content.writeUInt32LE((i * 2654435761) >>> 0, Math.min(i, content.length - 4));
    const one = drop({ Key: 'large' });
    for (let at = 0; at < content.length; at += 1_000_000)
      await one.write(content.subarray(at, at + 1_000_000));
    await one.setCompleted();
    const descriptor = await one.open();
    let sum = 0;
    let length = 0;
    for (;;) {
      const piece = await one.read(descriptor, 70_000);
      if (!piece || piece.length === 0) break;
      expect(piece.length).toBeLessThanOrEqual(70_000);
      sum = crc32c(piece, sum);
      length += piece.length;
    }
    await one.close(descriptor);
    expect(length).toBe(content.length);
    expect(sum).toBe(crc32c(content));
    expect(one.checksum).toBe(sum);
  });

  it('that is cancelled leaves neither object nor upload behind', async () => {
    const one = drop({ Key: 'abandoned' });
    await one.write(Buffer.alloc(6 << 20));
    await one.cancel();
    expect(await one.exists()).toBe(false);
    const uploads = path.join(temporary.dir, 's3', 'bucket');
    const left = existsSync(uploads) ? readdirSync(uploads).filter((name) => name.includes('abandoned')) : [];
    expect(left.filter((name) => !name.includes('_upload'))).toEqual([]);
  });

  it('knows the size of an object somebody else made', async () => {
    const writer = drop({ Key: 'shared' });
    await writer.write('content');
    await writer.setCompleted();
    const reader = drop({ Key: 'shared' }, 'reader');
    await reader.setCompleted();
    expect(reader.size).toBe(7);
    expect(await reader.computeChecksum()).toBe(crc32c(Buffer.from('content')));
  });

  it('of an object that is not there completes without a size and fails its reader', async () => {
    const one = drop({}, 'nowhere');
    await one.setCompleted();
    expect(one.size).toBeNull();
    await expect(one.open()).rejects.toThrow(/nowhere could not be opened.*key does not exist/i);
    expect(await one.exists()).toBe(false);
  });

  it('is deleted with its object, once or twice', async () => {
    const one = drop({ Key: 'gone' });
    await one.write('x');
    await one.setCompleted();
    await one.delete();
    await one.delete();
    expect(await one.exists()).toBe(false);
  });

  it('with keys nobody knows ends in ERROR and says why', async () => {
    const one = drop({ aws_access_key_id: 'NOBODY' }, 'locked-out');
    await expect(one.write('x')).resolves.toBe(1);
    await one.setCompleted();
    expect(one.status).toBe(DROPStates.ERROR);
    expect(context.logged.at(-1)).toMatch(/locked-out could not be completed/);
  });

  it('whose store is not there ends in ERROR and says which', async () => {
    const one = drop({ endpoint_url: 'http://127.0.0.1:1' }, 'unreachable');
    await one.setCompleted();
    expect(one.status).toBe(DROPStates.ERROR);
    expect(context.logged.at(-1)).toMatch(
      /unreachable cannot be completed.* The object s3:\/\/bucket\/unreachable at http:\/\/127.0.0.1:1: .*ECONNREFUSED/,
    );
  });

  it.each(BAD_WAY_NAMES)('whose store %s ends in ERROR, written or asked for, and says why', async (way) => {
    const { behave, isSilent } = BAD_WAYS[way];
    const bad = await badServer(behave);
    const endpoint = `http://127.0.0.1:${bad.port}`;
    const place = { endpoint_url: endpoint, read_timeout: isSilent ? 0.2 : 30, Key: 'k' };
    const why = isSilent
      ? 'it was silent for 0.2 s|sent nothing for 0.2 s'
      : 'socket|ECONNRESET|broke|Parse|500';
    const object = `The object s3://bucket/k at ${endpoint}.*(${why})`;
    const written = drop(place, 'written');
    // Where the store takes the bucket for there, it is the closing that fails.
    await written.write('x').catch(() => undefined);
    await written.setCompleted().catch(() => undefined);
    expect(written.status).toBe(DROPStates.ERROR);
    expect(context.logged.at(-1)).toMatch(
      new RegExp(`The storage of drop written could not be (written|completed): ${object}`),
    );
    const asked = drop(place, 'asked');
    await asked.setCompleted();
    // An answer to HEAD has no body that could be missing; then it is the reading that fails.
    const error = await asked.contents().catch(String);
    await bad.stop();
    const said = asked.status === DROPStates.ERROR ? context.logged.at(-1) : error;
    expect(said).toMatch(new RegExp(`(S3DROP|drop) asked (cannot|could not) be \\w+.*${object}`));
  });

  it('is not limited in its reading by a reader that pauses', async () => {
    const written = drop({ Key: 'paused' });
    await written.write(Buffer.alloc(3_000_000));
    await written.setCompleted();
    const one = drop({ Key: 'paused', read_timeout: 1 }, 'paused');
    await one.setCompleted();
    const descriptor = await one.open();
    await one.read(descriptor, 10);
    // For as long as it takes another drop to give up.
    const silent = await badServer(() => undefined);
    const other = drop({ endpoint_url: `http://127.0.0.1:${silent.port}`, read_timeout: 1.2 }, 'other');
    await other.setCompleted();
    await silent.stop();
    expect(other.status).toBe(DROPStates.ERROR);
    let length = 10;
    for (let piece; (piece = await one.read(descriptor, 1 << 20))?.length;) length += piece.length;
    await one.close(descriptor);
    expect(length).toBe(3_000_000);
  });

  it('is signed for the region and with the keys of its profile', async () => {
    const files = { AWS_CONFIG_FILE: 'config', AWS_SHARED_CREDENTIALS_FILE: 'credentials' };
    for (const [name, file] of Object.entries(files)) vi.stubEnv(name, path.join(temporary.dir, file));
    vi.stubEnv('AWS_REGION', undefined);
    writeFileSync(path.join(temporary.dir, 'config'), '[profile far]\nregion = ap-southeast-2\n');
    writeFileSync(
      path.join(temporary.dir, 'credentials'),
      '[far]\naws_access_key_id = FAR\naws_secret_access_key = secret\n',
    );
    let signature: string | undefined;
    const store = createServer((request, response) => {
      signature = request.headers.authorization;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(store, 'listening');
    const { port } = store.address() as AddressInfo;
    const one = new S3DROP('o', 'o', {
      ...placedIn(context, {
        Bucket: 'b',
        endpoint_url: `http://127.0.0.1:${port}`,
        profile_name: 'far',
      }),
    });
    await one.setCompleted();
    vi.unstubAllEnvs();
    store.closeAllConnections();
    store.close();
    expect(signature).toMatch(/Credential=FAR\/\d+\/ap-southeast-2\/s3\//);
  });

  it.each([
    [{ aws_access_key_id: '' }, /^S3DROP o has aws_secret_access_key alone; give aws_access_key_id/],
    [{ aws_secret_access_key: null }, /^S3DROP o has aws_access_key_id alone/],
    [{ endpoint_url: 'localhost:9000' }, /parameter endpoint_url must be a web address.*"localhost:9000"/],
    [{ read_timeout: -5 }, /^o: parameter read_timeout must be a number of seconds, 0 or more/],
  ])('is refused with %j', (more, why) => {
    expect(() => drop(more)).toThrow(why);
  });

  it('warns by name of parameters that change nothing, but not of those a palette gives', () => {
    const warned = (more: object) => {
      const before = context.logged.length;
      drop({ ...more });
      return context.logged.slice(before);
    };
    expect(warned({ Key: '', profile_name: '', storage_class: 'S3', tags: [] })).toEqual([]);
    expect(warned({ profile_name: 'far', storage_class: 'GLACIER', tags: ['a'] })).toEqual([
      expect.stringMatching(/storage_class has no effect/),
      expect.stringMatching(/tags has no effect/),
      expect.stringMatching(/profile_name has no effect, beside aws_access_key_id/),
    ]);
  });

  it('is refused without a bucket', () => {
    expect(() => drop({ Bucket: '' })).toThrow(/S3DROP o has no Bucket/);
  });
});
