import { existsSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { crc32c, dropClass, FileDROP, JsonDROP } from '../../../../engine/drops/index.ts';
import { DROPStates } from '../../../../engine/protocol/index.ts';
import {
  contextIn,
  placedIn,
  recordEvents,
  temporaryDirectory,
  TestApp,
  type TestContext,
} from '../support/drops.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
let context: TestContext;
let base: string;
beforeAll(() => {
  temporary = temporaryDirectory();
});
afterAll(() => temporary.remove());
let n = 0;
beforeEach(() => {
  base = path.join(temporary.dir, `session-${++n}`);
  context = contextIn(base, {
    env: { NAME: 'goldname', SLASHED: `${temporary.dir}/slashed/` },
    now: () => Date.parse('2026-03-04T12:00:00'),
  });
});

const file = (kwargs: Record<string, unknown> = {}, uid = 'f_none') =>
  new FileDROP(uid, uid, placedIn(context, kwargs));

describe('the path of a file drop', () => {
  it.each([
    ['is generated without a filepath', undefined, 'f_none'],
    ['is generated for an empty filepath', '', 'f_none'],
    ['is generated for null', null, 'f_none'],
    ['is the name below the session directory', 'plain.txt', 'plain.txt'],
    ['is generated in a directory that ends in "/"', 'sub/dir/', 'sub/dir/f_none'],
    ['may lie in a directory', 'sub2/name.txt', 'sub2/name.txt'],
    ['has {auto} replaced', '{auto}.dat', 'f_none.dat'],
    ['has the date', 'd_{datetime}.txt', 'd_2026-03-04.txt'],
    ['keeps placeholders in its directory part', '{x}/{auto}', '{x}/f_none'],
    ['keeps braces around nothing', 'a{}.txt', 'a{}.txt'],
    ['has $VAR expanded', '$NAME.txt', 'goldname.txt'],
    ['has ${VAR} expanded', '${NAME}_b.txt', 'goldname_b.txt'],
    ['lies below DLG_ROOT, set or not', '$DLG_ROOT/extra/abs.txt', 'root/extra/abs.txt'],
  ])('%s', (_what, filepath, expected) => {
    const drop = file({ filepath });
    expect(drop.path).toBe(path.join(base, expected));
    expect(existsSync(path.dirname(drop.path))).toBe(true);
  });

  it('has the uid and its key made harmless', () => {
    expect(file({}, '2022-02-11T08:05:47_-1_0/0').path).toBe(path.join(base, '2022-02-11T08_05_47_-1_0_0'));
    expect(file({}, 'uid').path).toBe(path.join(base, 'uid_uid'));
    expect(file({}, '1_a0e1a5a8-9592_0').path).toBe(path.join(base, '1_a0e1_0'));
  });

  it('is the directory itself for a variable whose value ends in "/"', () => {
    expect(file({ filepath: '$SLASHED' }).path).toBe(path.join(temporary.dir, 'slashed'));
  });

  it('is refused with a variable that is not set, named in the message', () => {
    expect(() => file({ filepath: '$NAME/$UNSET/x.txt' })).toThrow(/f_none.*\$UNSET.*not set/);
  });

  it('is refused with a "$" that names no variable', () => {
    expect(() => file({ filepath: 'cost$' })).toThrow(/f_none.*"cost\$".*no environment variable/);
    expect(file({ filepath: '$NAME$' }).path).toBe(path.join(base, 'goldname$'));
  });

  it('is refused with a placeholder nobody knows', () => {
    expect(() => file({ filepath: '{nonsense}.txt' })).toThrow(/\{nonsense\}/);
  });

  it('is decided by the port of a producer when the graph leaves it open', async () => {
    const app = new TestApp('app', undefined, {
      outputs: [{ f_none: 'name_out' }],
      name_out: 'from_port_{auto}.txt',
    });
    const drop = file({ filepath: '', producers: [{ app: 'filepath' }], port_map: { filepath: 'name_out' } });
    drop.addProducer(app);
    expect(drop.path).toBe(path.join(base, 'from_port_f_none.txt'));
    await drop.write('x');
    app.parameters['name_out'] = 'too_late.txt';
    await drop.setCompleted();
    expect(drop.path).toBe(path.join(base, 'from_port_f_none.txt'));
    expect(readFileSync(drop.path, 'utf8')).toBe('x');
  });

  it('survives a producer of which nothing is known', () => {
    const app = new TestApp('app');
    const drop = file({ filepath: '', producers: [{ app: 'filepath' }], port_map: { filepath: 'gone' } });
    drop.addProducer(app);
    expect(drop.path).toBe(path.join(base, 'f_none'));
  });
});

describe('check_filepath_exists', () => {
  it('refuses an input whose file is not there', () => {
    expect(() => file({ filepath: 'no.txt', check_filepath_exists: '1' })).toThrow(/f_none.*no\.txt/);
  });

  it('takes an input whose file is there', () => {
    mkdirSync(base, { recursive: true });
    writeFileSync(path.join(base, 'yes.txt'), '');
    expect(() => file({ filepath: 'yes.txt', check_filepath_exists: '1' })).not.toThrow();
  });

  it('does not ask for a file that a producer is to make', () => {
    expect(() => file({ filepath: 'no.txt', check_filepath_exists: '1', producers: ['app'] })).not.toThrow();
  });

  it('does not ask for a file whose name is generated', () => {
    expect(() => file({ filepath: '', check_filepath_exists: '1' })).not.toThrow();
  });

  it('is off when the text says so', () => {
    expect(() => file({ filepath: 'no.txt', check_filepath_exists: 'False' })).not.toThrow();
  });
});

describe('a file drop', () => {
  it('makes its file at the first write and not before', async () => {
    const drop = file();
    expect(await drop.exists()).toBe(false);
    await drop.write('some');
    expect(await drop.exists()).toBe(true);
    await drop.write(' text');
    await drop.setCompleted();
    expect(readFileSync(drop.path, 'utf8')).toBe('some text');
    expect(drop.size).toBe(9);
    expect(drop.checksum).toBe(crc32c(Buffer.from('some text')));
  });

  it('that nobody wrote is an empty file when it is completed', async () => {
    const drop = file();
    const events = recordEvents(drop);
    await drop.setCompleted();
    expect(statSync(drop.path).size).toBe(0);
    expect(drop.size).toBe(0);
    expect(await drop.computeChecksum()).toBeNull();
    expect((await drop.contents()).length).toBe(0);
    expect(events).toEqual(['status 2', 'dropCompleted 2']);
  });

  it('completed twice announces itself once', async () => {
    const drop = file();
    const events = recordEvents(drop);
    await drop.setCompleted();
    await drop.setCompleted();
    await Promise.all([drop.setCompleted(), drop.setCompleted()]);
    expect(events).toEqual(['status 2', 'dropCompleted 2']);
  });

  it('knows size and checksum of a file that a command wrote', async () => {
    const drop = file();
    writeFileSync(drop.path, 'payload');
    await drop.setCompleted();
    expect(drop.size).toBe(7);
    expect(await drop.computeChecksum()).toBe(4108544368);
    expect(() => {
      drop.size = 1;
    }).toThrow(/size/);
    expect(() => {
      drop.checksum = 1;
    }).toThrow(/checksum/);
  });

  it('asked whether it exists while it is written goes on being written', async () => {
    const drop = file({ filepath: '' });
    await drop.write('a');
    await drop.exists();
    await drop.write('b');
    await drop.setCompleted();
    expect(readFileSync(drop.path, 'utf8')).toBe('ab');
  });

  it('does not sum a device that never ends', async () => {
    const drop = file({ filepath: '/dev/urandom' });
    await drop.setCompleted();
    expect(drop.size).toBe(0);
    expect(await drop.computeChecksum()).toBeNull();
    const descriptor = await drop.open();
    expect((await drop.read(descriptor, 100))?.length).toBe(100);
    await drop.close(descriptor);
  });

  it('whose file vanished says so when it is read', async () => {
    const drop = file();
    await drop.setCompleted();
    unlinkSync(drop.path);
    await expect(drop.contents()).rejects.toThrow(/f_none.*ENOENT/);
  });

  it('whose file cannot be made ends in ERROR and the writer hears why', async () => {
    const drop = file({ filepath: 'dir' });
    mkdirSync(drop.path);
    await expect(drop.write('x')).rejects.toThrow(/f_none could not be written.*EISDIR/);
    expect(drop.status).toBe(DROPStates.ERROR);
    expect(context.logged.join()).toContain('EISDIR');
  });

  it('deletes its directory too when told so, unless something else lies in it', async () => {
    const alone = file({ filepath: 'alone/x', delete_parent_directory: true });
    const shared = file({ filepath: 'shared/x', delete_parent_directory: true });
    await alone.setCompleted();
    await shared.setCompleted();
    writeFileSync(path.join(base, 'shared', 'other'), '');
    await alone.delete();
    await shared.delete();
    expect(existsSync(path.join(base, 'alone'))).toBe(false);
    expect(existsSync(path.join(base, 'shared', 'other'))).toBe(true);
    expect(existsSync(shared.path)).toBe(false);
  });

  it('persists by default', () => {
    expect(file().persist).toBe(true);
    expect(file({ persist: false }).persist).toBe(false);
    expect(file({ expireAfterUse: true }).expireAfterUse).toBe(false);
    expect(file({ expireAfterUse: true, persist: 'False' }).expireAfterUse).toBe(true);
  });

  it('writes pieces of several producers in the order of the calls', async () => {
    const drop = file();
    const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(i % 3 ? 90_000 : 11, 65 + (i % 26)));
    await Promise.all(pieces.map((piece) => drop.write(piece)));
    await drop.setCompleted();
    const expected = Buffer.concat(pieces);
    expect(readFileSync(drop.path).equals(expected)).toBe(true);
    expect(drop.checksum).toBe(crc32c(expected));
  });

  it('completed in the middle of a write is complete with all of it', async () => {
    const drop = file();
    const writing = drop.write(Buffer.alloc(3_000_000, 1));
    await drop.setCompleted();
    expect(drop.size).toBe(3_000_000);
    expect(await writing).toBe(3_000_000);
  });

  it('cancelled in the middle of a write refuses the rest', async () => {
    const drop = file();
    const first = drop.write('a');
    const second = drop.write('b');
    await drop.cancel();
    expect(await first).toBe(1);
    expect(await second).toBe(-1);
    expect(drop.status).toBe(DROPStates.CANCELLED);
  });

  it('records the SHA3-256 of its content, of nothing when it ended badly', async () => {
    const drop = file();
    await drop.setError();
    expect(await drop.computeReproduceData()).toEqual({
      data_hash: 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a',
    });
  });

  // Node's recursive mkdir never comes back from there.
  it.skipIf(process.platform !== 'linux')(
    'whose directory cannot be made is refused, with the path (Linux alone has such a /proc)',
    () => {
      expect(() => file({ filepath: '/proc/none/deep/x' })).toThrow(
        /The directory of FileDROP f_none cannot be made: ENOENT.*\/proc\/none/,
      );
    },
  );

  it('answers to its names', () => {
    expect(dropClass('dlg.data.drops.file.FileDROP')).toBe(FileDROP);
    expect(dropClass('dlg.data.drops.FileDROP')).toBe(FileDROP);
  });
});

describe('a JSON drop', () => {
  const json = () => new JsonDROP('j', 'j_on', placedIn(context));

  it('gives its items', async () => {
    const drop = json();
    await drop.write('{"a": [1, 2], "b": null}');
    await drop.setCompleted();
    expect(await drop.item('a')).toEqual([1, 2]);
    expect(await drop.item('b')).toBeNull();
    expect(await drop.item('toString')).toBeUndefined();
  });

  it('that holds something else says where', async () => {
    const drop = json();
    await drop.write('{');
    await drop.setCompleted();
    await expect(drop.item('a')).rejects.toThrow(/j_on.*must hold JSON/);
  });
});
