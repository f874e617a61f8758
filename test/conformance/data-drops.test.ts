/**
 * What every kind of data drop promises, asked of each kind in the same words: write, stream, read twice, size, checksum,
 * expire, delete, where it lies, and what happens when it goes wrong.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ContainerDROP,
  crc32c,
  DataLifecycleManager,
  DirectoryDROP,
  dropClass,
  EndDROP,
  EnvironmentVarDROP,
  FileDROP,
  InMemoryDROP,
  JsonDROP,
  NgasDROP,
  NullDROP,
  ParameterSetDROP,
  PlasmaDROP,
  PlasmaFlightDROP,
  RDBMSDrop,
  registeredPaths,
  S3DROP,
  SharedMemoryDROP,
  type DataDROP,
  type DropKwargs,
} from '../../engine/drops/index.ts';
import { ChecksumTypes, DROPStates } from '../../engine/protocol/index.ts';
import {
  contextIn,
  placedIn,
  recordEvents,
  temporaryDirectory,
  TestApp,
  TestReceiver,
  type TestContext,
} from '../engine/drops/support/drops.ts';
import { NgasServer } from '../engine/drops/support/ngas-server.ts';
import { startS3, type S3Server } from '../engine/drops/support/s3-server.ts';

const ngas = new NgasServer();
let ngasPort: number;
let s3: S3Server;
let temporary: ReturnType<typeof temporaryDirectory>;
let context: TestContext;

beforeAll(async () => {
  temporary = temporaryDirectory();
  context = contextIn(path.join(temporary.dir, 'session'));
  s3 = await startS3(temporary.dir);
  ngasPort = await ngas.start();
});
afterAll(async () => {
  await context.services.dispose();
  await s3.stop();
  await ngas.stop();
  temporary.remove();
});

type DropType = new (oid: string, uid: string, kwargs?: DropKwargs) => DataDROP;

interface Kind {
  readonly type: DropType;
  /** Arguments without which this kind cannot be made. */
  readonly kwargs?: () => DropKwargs;
  readonly url: RegExp;
  readonly persists?: boolean;
  readonly expiresByHabit?: boolean;
  /** What it is made of takes bytes and gives them back. */
  readonly stores: boolean;
  /** Deleting leaves nothing behind. */
  readonly deletes?: boolean;
  readonly path?: (uid: string) => string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  InMemoryDROP: {
    type: InMemoryDROP,
    url: /^mem:\/\/localhost\/\d+\/\d+$/,
    expiresByHabit: true,
    stores: true,
    deletes: true,
  },
  SharedMemoryDROP: {
    type: SharedMemoryDROP,
    url: /^shmem:\/\/localhost\/\d+\//,
    stores: true,
    deletes: true,
  },
  PlasmaDROP: { type: PlasmaDROP, url: /^plasma:\/\/[0-9a-f]{40}$/, stores: true, deletes: true },
  PlasmaFlightDROP: {
    type: PlasmaFlightDROP,
    url: /^plasmaflight:\/\/[0-9a-f]{40}$/,
    stores: true,
    deletes: true,
  },
  FileDROP: {
    type: FileDROP,
    url: /^file:\/\/localhost\/.*\/session\//,
    persists: true,
    stores: true,
    deletes: true,
    path: (uid) => path.join(temporary.dir, 'session', `${uid}_${uid}`),
  },
  JsonDROP: {
    type: JsonDROP,
    url: /^file:\/\/localhost\/.*\/session\//,
    persists: true,
    stores: true,
    deletes: true,
    path: (uid) => path.join(temporary.dir, 'session', `${uid}_${uid}`),
  },
  S3DROP: {
    type: S3DROP,
    kwargs: () => ({ Bucket: 'conformance', ...s3.access }),
    url: /^s3:\/\/conformance\//,
    stores: true,
    deletes: true,
    path: (uid) => `conformance/${uid}`,
  },
  NgasDROP: {
    type: NgasDROP,
    kwargs: () => ({ ngasSrv: '127.0.0.1', ngasPort }),
    url: /^ngas:\/\/127\.0\.0\.1:\d+\//,
    stores: true,
  },
  NullDROP: { type: NullDROP, url: /^null:\/\/$/, stores: false },
  EndDROP: { type: EndDROP, url: /^null:\/\/$/, stores: false },
  DirectoryDROP: {
    type: DirectoryDROP,
    kwargs: () => ({ dirname: '', create_if_missing: true }),
    url: /^file:\/\/localhost\/.*\/session\//,
    stores: false,
    deletes: true,
    path: (uid) => path.join(temporary.dir, 'session', `${uid}_${uid}`),
  },
  ParameterSetDROP: {
    type: ParameterSetDROP,
    kwargs: () => ({ applicationArgs: { n: { value: 1 } }, mode: 'YANDA' }),
    url: /^config:\/\/localhost\/\d+\/\d+$/,
    stores: false,
  },
  EnvironmentVarDROP: {
    type: EnvironmentVarDROP,
    kwargs: () => ({ NAME: 'value' }),
    url: /^config:\/\/localhost\/\d+\/\d+$/,
    stores: false,
  },
  RDBMSDrop: {
    type: RDBMSDrop,
    kwargs: () => ({ dbmodule: 'sqlite3', dbtable: 't', dbparams: { database: 'x.db' } }),
    url: /^sqlite:\/\/\/.*\/session\/x\.db\/t$/,
    stores: false,
  },
  ContainerDROP: { type: ContainerDROP, url: /^$/, stores: false },
};

let n = 0;
function make(kind: Kind, kwargs: DropKwargs = {}): DataDROP {
  const uid = `d${++n}`;
  return new kind.type(uid, uid, placedIn(context, { ...kind.kwargs?.(), ...kwargs }));
}

const CONTENT = Buffer.from(Array.from({ length: 30_000 }, (_, i) => `${i * 7919} `).join(''));

/** Writes the content in pieces of 7,001 bytes. */
async function written(drop: DataDROP): Promise<DataDROP> {
  for (let at = 0; at < CONTENT.length; at += 7001) await drop.write(CONTENT.subarray(at, at + 7001));
  await drop.setCompleted();
  return drop;
}

const all = Object.entries(KINDS);
const storing = all.filter(([, kind]) => kind.stores);

it('no kind of data drop that graphs may name is left out', () => {
  const asked = new Set<unknown>(all.map(([, { type }]) => type));
  const left = registeredPaths().filter(
    (name) => name.startsWith('dlg.data.') && !asked.has(dropClass(name)),
  );
  // A directory that knows its children: the promises are those of DirectoryDROP, its own rule is tested with it.
  expect(left.every((name) => name.endsWith('.DirectoryContainer'))).toBe(true);
});

describe.each(all)('%s', (name, kind) => {
  it('answers to its Python name', () => {
    expect(
      registeredPaths().filter((one) => dropClass(one) === kind.type && one.endsWith(`.${name}`)),
    ).not.toEqual([]);
  });

  it('begins INITIALIZED, with the persistence of its class', () => {
    const drop = make(kind);
    expect(drop.status).toBe(DROPStates.INITIALIZED);
    expect(drop.persist).toBe(kind.persists ?? false);
    expect(drop.expireAfterUse).toBe(kind.expiresByHabit ?? false);
    expect(make(kind, { persist: true }).expireAfterUse).toBe(false);
  });

  it('has a URL', () => {
    const drop = make(kind);
    if (kind.type === ContainerDROP) expect(() => drop.dataURL).toThrow(/no URL/);
    else expect(drop.dataURL).toMatch(kind.url);
  });

  it.runIf(kind.path)('lies where the rules say', () => {
    const drop = make(kind);
    expect((drop as unknown as { path: string }).path).toBe(kind.path?.(drop.uid));
  });

  it('cannot be read before it is COMPLETED', async () => {
    const drop = make(kind);
    await expect(drop.open()).rejects.toThrow(
      new RegExp(`${drop.uid} can be read only when it is COMPLETED`),
    );
  });

  it('refuses descriptors it did not give', async () => {
    const drop = make(kind);
    await expect(drop.read(99)).rejects.toThrow(new RegExp(`${drop.uid} has no open descriptor 99`));
    await expect(drop.close(99)).rejects.toThrow(/no open descriptor/);
  });

  it('returns -1 for writes after it was cancelled, and says so to applications', async () => {
    const drop = make(kind);
    await drop.cancel();
    expect(await drop.write('x')).toBe(-1);
    await expect(drop.writeOrThrow('x')).rejects.toThrow(new RegExp(`${drop.uid} was cancelled`));
  });

  it('returns -2 for writes after it was skipped, -3 for what is no data', async () => {
    const drop = make(kind);
    expect(await drop.write(5 as unknown as string)).toBe(-3);
    await drop.skip();
    expect(await drop.write('x')).toBe(-2);
  });

  it('goes to ERROR and stays there', async () => {
    const drop = make(kind);
    const events = recordEvents(drop);
    await drop.setError(new Error('reason'));
    expect(events).toEqual(['status 3', 'dropCompleted 3']);
    await expect(drop.setCompleted()).rejects.toThrow(
      new RegExp(`${drop.uid} cannot become COMPLETED: it is ERROR`),
    );
  });

  it('refuses a lifespan together with expireAfterUse', () => {
    expect(() => make(kind, { lifespan: 1, expireAfterUse: true })).toThrow(/exclude each other/);
    expect(make(kind, { lifespan: 1 }).expirationDate).toBeGreaterThan(0);
  });

  it.runIf(kind.type !== NgasDROP)('completes without having been written', async () => {
    const drop = make(kind);
    const events = recordEvents(drop);
    await drop.setCompleted();
    expect(events).toEqual(['status 2', 'dropCompleted 2']);
    await drop.setCompleted();
    expect(events).toHaveLength(2);
  });
});

describe.each(storing)('%s, which holds data,', (_name, kind) => {
  it('gives back what was written, twice, in pieces of any size', async () => {
    const drop = await written(make(kind));
    expect(Buffer.from(await drop.contents()).equals(CONTENT)).toBe(true);
    const [one, two] = [await drop.open(), await drop.open()];
    expect(drop.isBeingRead()).toBe(true);
    const read = async (descriptor: number, count: number) => {
      const pieces: Uint8Array[] = [];
      for (;;) {
        const piece = await drop.read(descriptor, count);
        if (!piece || piece.length === 0) return Buffer.concat(pieces);
        expect(piece.length).toBeLessThanOrEqual(count);
        pieces.push(piece);
      }
    };
    const [first, second] = await Promise.all([read(one, 1000), read(two, 65_536)]);
    await drop.close(one);
    await drop.close(two);
    expect(first.equals(CONTENT) && second.equals(CONTENT)).toBe(true);
    expect(drop.isBeingRead()).toBe(false);
  });

  it('goes through WRITING to COMPLETED', async () => {
    const drop = make(kind);
    const events = recordEvents(drop);
    await written(drop);
    expect(events).toEqual(['status 1', 'status 2', 'dropCompleted 2']);
    expect(await drop.write('late')).toBe(-2);
  });

  it('knows size and CRC-32C, which nobody can change any more', async () => {
    const drop = await written(make(kind));
    expect(drop.size).toBe(CONTENT.length);
    expect(drop.checksum).toBe(crc32c(CONTENT));
    expect(drop.checksumType).toBe(ChecksumTypes.CRC_32C);
    expect(() => {
      drop.size = 1;
    }).toThrow(/size/);
    expect(() => {
      drop.checksum = 1;
    }).toThrow(/checksum/);
  });

  it('has no checksum where that is switched off, and computes it on demand', async () => {
    const quiet = contextIn(context.baseDir, {
      env: { DLG_DISABLE_CHECKSUM: '1' },
      service: (key) => context.service(key),
    });
    const uid = `d${++n}`;
    const drop = new kind.type(uid, uid, placedIn(quiet, { ...kind.kwargs?.() }));
    await drop.write('123456789');
    await drop.setCompleted();
    expect(await drop.computeChecksum()).toBe(3808858755);
  });

  it('has the SHA-256 of its content', async () => {
    const hashing = contextIn(context.baseDir, { hashing: true, service: (key) => context.service(key) });
    const uid = `d${++n}`;
    const drop = await written(new kind.type(uid, uid, placedIn(hashing, { ...kind.kwargs?.() })));
    const expected = createHash('sha256').update(CONTENT).digest('hex');
    expect(drop.contentHash).toBe(expected);
    expect(await (await written(make(kind))).computeContentHash()).toBe(expected);
  });

  it('completes itself when the expected size is there', async () => {
    const drop = make(kind, { expectedSize: 9 });
    await drop.write('12345');
    expect(drop.status).toBe(DROPStates.WRITING);
    await drop.write('6789');
    expect(drop.status).toBe(DROPStates.COMPLETED);
    expect(drop.checksum).toBe(3808858755);
  });

  it('takes text as UTF-8', async () => {
    const drop = make(kind);
    expect(await drop.write('grün')).toBe(5);
    await drop.setCompleted();
    expect(Buffer.from(await drop.contents()).toString()).toBe('grün');
  });

  it('hands what is written to its streaming consumers, who may hold the writer back', async () => {
    const drop = make(kind);
    const receiver = new TestReceiver('r', `r${++n}`);
    drop.addStreamingConsumer(receiver);
    let isHeld = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = new TestReceiver('s', `s${++n}`);
    slow.takes = () => promise;
    drop.addStreamingConsumer(slow);
    const writing = drop.write('piece').then(() => expect(isHeld).toBe(false));
    await Promise.resolve();
    isHeld = false;
    resolve();
    await writing;
    await drop.write('!');
    await drop.setCompleted();
    expect(Buffer.concat(receiver.received).toString()).toBe('piece!');
    expect(Buffer.concat(slow.received).toString()).toBe('piece!');
  });

  it('fires an event when it is opened', async () => {
    const drop = await written(make(kind));
    let opened = 0;
    drop.subscribe({ handleEvent: () => void opened++ }, 'open');
    await drop.contents();
    expect(opened).toBe(1);
  });

  it('can be read up to a limit', async () => {
    const drop = await written(make(kind));
    await expect(drop.contents(100)).rejects.toThrow(new RegExp(`${drop.uid} holds more than the 100 bytes`));
    expect(drop.isBeingRead()).toBe(false);
  });

  it.runIf(kind.deletes)('expires after use and is deleted, and cannot be read then', async () => {
    const manager = new DataLifecycleManager();
    const drop = make(kind, { expireAfterUse: true, persist: false });
    manager.addDrop(drop);
    const app = new TestApp(`app${++n}`, async () => {
      expect(Buffer.from(await drop.contents()).equals(CONTENT)).toBe(true);
    });
    drop.addConsumer(app);
    const over = new Promise<void>((resolve) => {
      drop.subscribe(
        { handleEvent: (event) => (event['status'] === DROPStates.DELETED ? resolve() : undefined) },
        'status',
      );
    });
    await written(drop);
    await over;
    await manager.close();
    expect(await drop.exists()).toBe(false);
    await expect(drop.open()).rejects.toThrow(/DELETED/);
    await expect(drop.setCompleted()).rejects.toThrow(/DELETED/);
    await drop.delete();
  });

  it('closes a reader that was open when the drop ended badly', async () => {
    const drop = await written(make(kind));
    const descriptor = await drop.open();
    await drop.setError();
    await drop.close(descriptor);
    expect(drop.isBeingRead()).toBe(false);
  });
});
