import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { deflateSync, gzipSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createDirIfMissing,
  escapeQuotes,
  ExistingProcess,
  fnameToPipname,
  getAllIpv4Addresses,
  getDlgDir,
  getDlgLogsDir,
  getDlgPath,
  getDlgPidDir,
  getDlgVariable,
  getDlgWorkDir,
  getLocalIpAddr,
  getSymbol,
  isabs,
  objectTracking,
  prepareSql,
  quoteIdentifier,
  terminateOrKill,
  timedImport,
  toExternallyContactableHost,
  ZlibCompressedStream,
  ZlibUncompressedStream,
  zmqSafe,
} from '../../../engine/drops/index.ts';
import { temporaryDirectory } from './support/drops.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
const before = process.env['DLG_ROOT'];
beforeAll(() => {
  temporary = temporaryDirectory();
});
afterAll(() => {
  if (before === undefined) delete process.env['DLG_ROOT'];
  else process.env['DLG_ROOT'] = before;
  temporary.remove();
});

describe('places', () => {
  it('lie below DLG_ROOT', () => {
    process.env['DLG_ROOT'] = '/somewhere';
    expect([getDlgDir(), getDlgPidDir(), getDlgLogsDir(), getDlgWorkDir(), getDlgPath()]).toEqual([
      '/somewhere',
      '/somewhere/pid',
      '/somewhere/logs',
      '/somewhere/workspace',
      '/somewhere/code',
    ]);
    expect(getDlgVariable('$DLG_ROOT')).toBe('/somewhere');
    expect(getDlgVariable('$DLG_NOT_THERE')).toBe('$DLG_NOT_THERE');
  });

  it('lie below ~/dlg otherwise, which then is DLG_ROOT', () => {
    delete process.env['DLG_ROOT'];
    const root = getDlgDir();
    expect(path.basename(root)).toBe('dlg');
    expect(process.env['DLG_ROOT']).toBe(root);
  });

  it('are made where they are missing', () => {
    const deep = path.join(temporary.dir, 'a/b/c');
    createDirIfMissing(deep);
    createDirIfMissing(deep);
    expect(existsSync(deep)).toBe(true);
  });
});

it('names and quotes', () => {
  expect(isabs('/a')).toBe(true);
  expect(isabs('a')).toBe(false);
  expect(isabs(null)).toBeNull();
  expect(fnameToPipname('/x/pipe.graph')).toBe('pipe');
  expect(fnameToPipname('pipe.json')).toBe('pipe');
  expect(fnameToPipname('fooXjson')).toBe('fooXjson');
  expect(escapeQuotes(`'a' "b"`)).toBe(`'\\''a'\\'' \\"b\\"`);
  expect(escapeQuotes(`'a' "b"`, false)).toBe(`'a' \\"b\\"`);
  expect(escapeQuotes(`'a' "b"`, true, false)).toBe(`'\\''a'\\'' "b"`);
});

describe('SQL with placeholders', () => {
  it.each([
    ['qmark', 'a = ? and b = ?', [1, 2]],
    ['numeric', 'a = :1 and b = :2', [1, 2]],
    ['format', 'a = %s and b = %s', [1, 2]],
    ['dollar', 'a = $1 and b = $2', [1, 2]],
    ['named', 'a = :n0 and b = :n1', { n0: 1, n1: 2 }],
    ['pyformat', 'a = %(n0)s and b = %(n1)s', { n0: 1, n1: 2 }],
  ])('has the markers of style %s', (style, sql, data) => {
    expect(prepareSql('a = {} and b = {}', style, [1, 2])).toEqual({ sql, data });
    expect(prepareSql('a = {0} and b = {1}', style, [1, 2])).toEqual({ sql, data });
  });

  it('has its values in the order of the markers', () => {
    expect(prepareSql('{1} {0} {1}', 'qmark', [1, 2])).toEqual({ sql: '? ? ?', data: [2, 1, 2] });
    expect(prepareSql('{1} {0} {1}', 'dollar', [1, 2])).toEqual({ sql: '$2 $1 $2', data: [1, 2] });
  });

  it('stays as it is without values', () => {
    expect(prepareSql('select {}', 'qmark')).toEqual({ sql: 'select {}', data: {} });
  });

  it('is refused for unknown styles and missing values', () => {
    expect(() => prepareSql('', 'odd', [1])).toThrow(/qmark/);
    expect(() => prepareSql('{} {}', 'qmark', [1])).toThrow(/only 1 values/);
  });

  it('has its identifiers quoted', () => {
    expect(quoteIdentifier('t')).toBe('"t"');
    expect(quoteIdentifier('Schema.Table', true)).toBe('"schema"."table"');
    expect(quoteIdentifier('odd "name"')).toBe('"odd ""name"""');
    expect(() => quoteIdentifier('')).toThrow(/empty/);
  });
});

describe('compressed content', () => {
  const content = Buffer.from(Array.from({ length: 50_000 }, (_, i) => `${i}`).join(','));

  it.each([
    ['zlib', deflateSync(content)],
    ['gzip', gzipSync(content)],
  ])('(%s) gives exactly what is asked for', async (_framing, compressed) => {
    const stream = new ZlibUncompressedStream([compressed.subarray(0, 1000), compressed.subarray(1000)]);
    expect(await stream.read(5)).toEqual(content.subarray(0, 5));
    expect(await stream.read(100_000)).toEqual(content.subarray(5, 100_005));
    expect(await stream.read()).toEqual(content.subarray(100_005));
    expect((await stream.read(1)).length).toBe(0);
  });

  it('can be made', async () => {
    const pieces: Uint8Array[] = [];
    for await (const piece of new ZlibCompressedStream([content])) pieces.push(piece);
    expect(inflateSync(Buffer.concat(pieces))).toEqual(content);
  });

  it('that is damaged says so', async () => {
    await expect(new ZlibUncompressedStream([Buffer.from('no zlib')]).read()).rejects.toThrow(/header/);
  });
});

describe('a process that is no child', () => {
  const sleeping = () => spawn('sleep', ['1000'], { stdio: 'ignore' });

  it('is waited for', async () => {
    const child = sleeping();
    const other = new ExistingProcess(child.pid as number);
    expect(other.poll()).toBeNull();
    const waiting = other.wait();
    other.terminate();
    expect(await waiting).toBe(0);
    expect(other.poll()).toBe(0);
    other.kill();
  });

  it('may be waited for in vain', async () => {
    const child = sleeping();
    const other = new ExistingProcess(child.pid as number);
    const giveUp = new AbortController();
    const waiting = other.wait(giveUp.signal);
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    child.kill();
    await once(child, 'exit');
  });

  it('that ignores the request to end is killed', async () => {
    const child = spawn('bash', ['-c', 'trap "" TERM; echo ready; while :; do sleep 1000 & wait; done'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    await once(child.stdout, 'data');
    const exited = once(child, 'exit');
    await terminateOrKill(new ExistingProcess(child.pid as number), 20);
    expect((await exited)[1]).toBe('SIGKILL');
    process.kill(-(child.pid as number), 'SIGKILL');
  });

  it('has a number', () => {
    expect(() => new ExistingProcess(0)).toThrow(/whole number/);
  });
});

describe('modules', () => {
  it('are imported by name, and their exports found', async () => {
    let took = -1;
    expect(await timedImport('node:path', (ms) => (took = ms))).toHaveProperty('join');
    expect(took).toBeGreaterThanOrEqual(0);
    const { join } = (await import('node:path')) as Record<string, unknown>;
    expect(await getSymbol('node:path#join')).toBe(join);
    expect(await getSymbol('node:path.join')).toBe(join);
  });

  it('that are not there say so', async () => {
    await expect(timedImport('no-such-module')).rejects.toThrow(/no-such-module cannot be loaded/);
    await expect(getSymbol('node:path#nothing')).rejects.toThrow(/no export "nothing"/);
    await expect(getSymbol('path')).rejects.toThrow(/module#name/);
  });

  it('know which object is at work, also later and nested', async () => {
    const track = objectTracking<object>('drop');
    const inner = { run: track(() => track.current) };
    const outer = {
      run: track(async function (this: object) {
        await Promise.resolve();
        return [track.tlocal['drop'], inner.run(), track.current];
      }),
    };
    expect(await outer.run()).toEqual([outer, inner, outer]);
    expect(track.current).toBeUndefined();
  });
});

describe('addresses', () => {
  it('of this machine', () => {
    const all = getAllIpv4Addresses();
    for (const [address, name] of getLocalIpAddr()) {
      expect(all).toContain(address);
      expect(name).not.toBe('');
    }
    expect(getLocalIpAddr().some(([address]) => address.startsWith('127.'))).toBe(false);
  });

  it('that ZeroMQ takes', async () => {
    expect(await zmqSafe('0.0.0.0')).toBe('*');
    expect(await zmqSafe('127.0.0.1:9000')).toBe('127.0.0.1');
    expect(await zmqSafe('localhost')).toBe('127.0.0.1');
  });

  it('that others reach', async () => {
    const of = (addresses: string[], preferLocal = false) =>
      toExternallyContactableHost('0.0.0.0', preferLocal, addresses);
    expect(await of(['127.0.0.1', '10.0.0.7'])).toBe('10.0.0.7');
    expect(await of(['127.0.0.1', '10.0.0.7'], true)).toBe('localhost');
    expect(await of(['127.0.0.1'])).toBe('localhost');
    expect(await of(['127.0.0.1', '127.0.0.2'])).toBe('127.0.0.2');
    expect(await toExternallyContactableHost('192.0.2.1')).toBe('192.0.2.1');
  });
});

const canUnshare =
  process.platform === 'linux' && spawnSync('unshare', ['-n', 'true'], { stdio: 'ignore' }).status === 0;

describe.skipIf(!canUnshare)(
  'services in the local network (skipped where no network of our own can be made)',
  () => {
    it('are announced, found, and taken back', () => {
      const script = `
      import { browseService, deregisterService, openServiceDiscovery, registerService } from ${JSON.stringify(path.resolve('engine/drops/util/mdns.ts'))};
      const here = await openServiceDiscovery();
      const there = await openServiceDiscovery();
      const seen = [];
      const changes = { Added: Promise.withResolvers(), Removed: Promise.withResolvers() };
      const browser = browseService(there, 'dlg-test', 'tcp', (_zc, type, name, change, service) => {
        seen.push([type, name, change, service.port, service.addresses]);
        changes[change]?.resolve();
      });
      const info = registerService(here, 'dlg-test', 'a-name-that-is-too-long', '10.1.2.3', 8001);
      await changes.Added.promise;
      await deregisterService(here, info);
      await changes.Removed.promise;
      browser.stop();
      here.destroy();
      there.destroy();
      console.log(JSON.stringify(seen));`;
      const run = spawnSync(
        'unshare',
        [
          '-n',
          'sh',
          '-c',
          'ip link set lo up && exec "$0" --input-type=module -e "$1"',
          process.execPath,
          script,
        ],
        { encoding: 'utf8', timeout: 30_000 },
      );
      expect(run.stderr).toBe('');
      expect(JSON.parse(run.stdout)).toEqual([
        ['_dlg-test._tcp.local.', 'a-name-that-is-', 'Added', 8001, ['10.1.2.3']],
        ['_dlg-test._tcp.local.', 'a-name-that-is-', 'Removed', 8001, ['10.1.2.3']],
      ]);
    });
  },
);
