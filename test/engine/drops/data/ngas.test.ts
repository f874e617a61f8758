import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { crc32 } from 'node:zlib';
import { NgasDROP } from '../../../../engine/drops/index.ts';
import { ioForURL } from '../../../../engine/drops/io/url.ts';
import { OpenMode } from '../../../../engine/drops/io/data-io.ts';
import { DROPStates } from '../../../../engine/protocol/index.ts';
import { contextIn, placedIn, type TestContext } from '../support/drops.ts';
import { badServer } from '../support/bad-server.ts';
import { NgasServer } from '../support/ngas-server.ts';

const server = new NgasServer();
let port: number;
let context: TestContext;
beforeAll(async () => {
  port = await server.start();
});
afterAll(() => server.stop());
beforeEach(() => {
  context = contextIn('/tmp');
  server.misbehaviour = undefined;
  server.files.clear();
  server.requests.length = 0;
});

const drop = (kwargs: Record<string, unknown> = {}, uid = 'n/1 x') =>
  new NgasDROP(
    uid,
    uid,
    placedIn(context, { ngasSrv: '127.0.0.1', ngasPort: port, ngasTimeout: 0.5, ...kwargs }),
  );

describe('an NGAS drop', () => {
  it('stores what is written and asks the archive for size and checksum', async () => {
    const one = drop({ ngasMime: 'text/ascii' });
    await one.write('archive ');
    await one.write('me');
    await one.setCompleted();
    expect(one.status).toBe(DROPStates.COMPLETED);
    expect(server.files.get('n/1 x')?.toString()).toBe('archive me');
    expect(server.requests[0]).toMatchObject({ method: 'POST', type: 'text/ascii' });
    expect(one.size).toBe(10);
    const checksum = String(crc32('archive me'));
    expect(one.ngasChecksum).toBe(checksum);
    expect(one.generateReproduceData()).toEqual({ data_hash: checksum });
    expect(Buffer.from(await one.contents()).toString()).toBe('archive me');
    expect(one.dataURL).toBe(`ngas://127.0.0.1:${port}/n/1 x`);
  });

  it('streams data of known length, large or small', async () => {
    const content = Buffer.alloc(3_000_001, 'weir');
    const one = drop({ len: content.length });
    for (let at = 0; at < content.length; at += 500_000) await one.write(content.subarray(at, at + 500_000));
    await one.setCompleted();
    expect(server.files.get('n/1 x')?.equals(content)).toBe(true);
    expect(Buffer.from(await one.contents()).equals(content)).toBe(true);
  });

  it('spools data of unknown length, also more than it keeps in memory', async () => {
    const piece = Buffer.alloc(1 << 20, 'spool');
    const one = drop();
    for (let i = 0; i < 6; i++) await one.write(piece);
    await one.setCompleted();
    expect(server.files.get('n/1 x')?.length).toBe(6 << 20);
    expect(one.checksum).toBe(
      await drop({ ngasFileId: 'n/1 x' }, 'again')
        .setCompleted()
        .then(() => one.checksum),
    );
  });

  it('that is shorter than announced ends in ERROR', async () => {
    const one = drop({ len: 100 });
    await one.write('short');
    await one.setCompleted();
    expect(one.status).toBe(DROPStates.ERROR);
    expect(context.logged.join()).toMatch(/announced with 100 bytes, but 5 were written/);
  });

  it('of a file the archive does not know ends in ERROR and says so', async () => {
    const one = drop({ ngasFileId: 'nothing' });
    await one.setCompleted();
    expect(one.status).toBe(DROPStates.ERROR);
    expect(context.logged.join()).toMatch(/n\/1 x cannot be completed.*unknown file: nothing/);
    expect(await one.exists()).toBe(false);
    expect(one.generateReproduceData()).toEqual({ fileid: 'nothing', size: null });
  });

  it('whose server is not there ends in ERROR', async () => {
    const one = drop({ ngasPort: 1 });
    await one.setCompleted();
    expect(one.status).toBe(DROPStates.ERROR);
    expect(context.logged.join()).toMatch(/ECONNREFUSED/);
  });

  it.each([
    ['refuses', 'refuse', /disk <full>/],
    ['resets the connection', 'reset', /could not be completed.*(ECONNRESET|socket hang up)/],
  ] as const)('whose server %s ends in ERROR', async (_what, misbehaviour, message) => {
    server.misbehaviour = misbehaviour;
    const one = drop();
    await one.write('x');
    await one.setCompleted();
    expect(one.status).toBe(DROPStates.ERROR);
    expect(context.logged.join()).toMatch(message);
  });

  it('whose server hangs or is cut off fails the reader', async () => {
    server.files.set('n/1 x', Buffer.alloc(1_000_000));
    const one = drop();
    await one.setCompleted();
    server.misbehaviour = 'hang';
    await expect(one.contents()).rejects.toThrow(/was silent for 0.5 s/);
    server.misbehaviour = 'cut';
    await expect(one.contents()).rejects.toThrow(/NGAS .*file n\/1 x, broke off while it was read/);
    expect(one.isBeingRead()).toBe(false);
  });

  it('has the time its graph gives for storing and for the archive to know of it, too', async () => {
    server.misbehaviour = 'hang';
    const written = drop({ ngasTimeout: 0.1 });
    await written.write('x');
    await written.setCompleted();
    expect(context.logged.join()).toMatch(/NGAS 127.0.0.1:\d+ did not answer within 0.1 s/);
    const known = drop({ ngasTimeout: 0.1 });
    await known.setCompleted();
    expect(context.logged.at(-1)).toMatch(/does not confirm .*did not answer within 0.1 s/);
    expect([written.status, known.status]).toEqual([DROPStates.ERROR, DROPStates.ERROR]);
  });

  it('at an address that is no archive ends in ERROR and says so', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
    const other = await badServer((socket) => void socket.once('data', () => socket.end(answer)));
    const one = drop({ ngasPort: other.port });
    await one.setCompleted();
    await other.stop();
    expect(one.status).toBe(DROPStates.ERROR);
    expect(context.logged.at(-1)).toMatch(/is no NGAS: it says nothing about file n\/1 x, but "hello"/);
  });

  it.each([
    ['ngasSrv', 'http://archive.org/', 'the port goes into ngasPort'],
    ['ngasSrv', 'archive.org:7777', 'the port goes into ngasPort'],
    ['ngasPort', 77_777, 'a port, a whole number from 1 to 65535, but is 77777'],
    ['ngasPort', '7777.5', 'a port'],
    ['ngasPort', [7777], 'a port|a number'],
    ['ngasTimeout', -1, 'a number of seconds, 0 or more, but is -1'],
    ['ngasConnectTimeout', ' ', 'a number'],
    ['ngasMime', 'text/plain\r\nX: y', 'a MIME type'],
  ])('is refused where %s is %j, and says what it should be', (name, value, why) => {
    expect(() => drop({ [name]: value })).toThrow(new RegExp(`^n/1 x: parameter ${name} must be .*(${why})`));
  });

  it('stores under a type that the palette has in quotes', async () => {
    const one = drop({ ngasMime: '"text/ascii"' });
    await one.write('x');
    await one.setCompleted();
    expect(server.requests[0]?.type).toBe('text/ascii');
  });

  it('stays in the archive when deleted', async () => {
    const one = drop();
    await one.write('x');
    await one.setCompleted();
    await one.delete();
    expect(await one.exists()).toBe(true);
  });

  it('can be reached by its URL', async () => {
    server.files.set('by/url', Buffer.from('content'));
    const io = ioForURL(`ngas://127.0.0.1:${port}/by/url`);
    await io?.open(OpenMode.OPEN_READ);
    expect(Buffer.from((await io?.buffer()) ?? []).toString()).toBe('content');
    await io?.close();
  });
});
