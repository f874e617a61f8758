/** What `weir prove` and `verify` say of a device's log, and of histories that are not what they should be. */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHost } from '../../../engine/host/index.ts';
import { bytesOf, helloGraph } from '../../support/host.ts';
import { weirHere as weir } from '../../support/weir-here.ts';
import type { Any } from '../reproducibility/golden.ts';

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weir-trust-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => {
  process.exitCode = undefined;
  vi.useRealTimers();
});

const newDir = (): string => path.join(folder, `history${count++}`);

/** A history with these sessions, run one after the other. */
async function history(ids: readonly string[], dataDir = newDir()): Promise<string> {
  const host = await startHost({ dataDir, version: 'test' });
  for (const id of ids) {
    const session = await host.manager.createSession(id);
    await session.addGraphSpec(bytesOf(helloGraph));
    await session.deploy('roots');
    await session.recorded();
  }
  await host.close();
  return dataDir;
}

const alone = (file: string): number | null =>
  spawnSync(process.execPath, [path.resolve('resources/verify/weir-verify.mjs'), file]).status;

describe('the log of a device', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await history(['one', 'two', 'three']);
  });

  it('has a checkpoint for every seal, and proves that it was only appended to between any two', async () => {
    const { json } = await weir('prove', '--checkpoints', '--json', '--data-dir', dir);
    expect(json.checkpoints.map((one: Any) => [one.size, one.sessionId])).toEqual([
      [3, 'three'],
      [2, 'two'],
      [1, 'one'],
    ]);
    const kept = path.join(folder, 'kept.txt');
    await writeFile(kept, json.checkpoints[2].note);
    const file = path.join(folder, 'log.proof');
    for (const [from, to] of [
      ['1', '3'],
      ['one', 'two'],
      [kept, undefined],
    ] as const) {
      const called = await weir(
        'prove',
        '--from',
        from,
        ...(to ? ['--to', to] : []),
        '-o',
        file,
        '--data-dir',
        dir,
      );
      expect(called.status, called.err).toBe(0);
      expect((await weir('verify', file, '--json')).json).toMatchObject({ valid: true, problems: [] });
      expect(alone(file)).toBe(0);
    }
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('signed-at-ms 1', 'signed-at-ms 2'));
    expect(await weir('verify', file, '--json')).toMatchObject({ status: 1, json: { valid: false } });
    expect(alone(file)).toBe(1);
  });

  it('refuses checkpoints there are not, the newer before the older, and half a call', async () => {
    for (const args of [
      ['--from', '4'],
      ['--from', '0'],
      ['--from', 'nobody'],
      ['--from', '3', '--to', '1'],
      ['--to', '1'],
      ['one', '--from', '1'],
      ['one'],
      [],
    ])
      expect(await weir('prove', ...args, '--data-dir', dir), args.join(' ')).toMatchObject({
        status: 2,
        err: expect.stringMatching(/\S/),
      });
  });

  it('does not prove anything from a checkpoint of a log that was put back to an older copy', async () => {
    const older = newDir();
    await cp(dir, older, { recursive: true });
    await history(['four'], dir);
    const { json } = await weir('prove', '--checkpoints', '--json', '--data-dir', dir);
    const kept = path.join(folder, 'newest.txt');
    await writeFile(kept, json.checkpoints[0].note);
    expect(await weir('prove', '--from', kept, '--data-dir', older)).toMatchObject({
      err: expect.stringMatching(/only 3: 1 were removed, or an older copy/),
    });
    // The copy goes on by itself: two histories of one device.
    await history(['other'], older);
    expect(await weir('prove', '--from', kept, '--data-dir', older)).toMatchObject({
      err: expect.stringMatching(/altered or forked/),
    });
  });
});

describe('weir verify', () => {
  it('says that the clock was set back, which makes no seal invalid', async () => {
    const dir = await history(['before']);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    await history(['after'], dir);
    vi.useRealTimers();
    const { json, status } = await weir('verify', '--json', '--data-dir', dir);
    expect(json).toMatchObject({ valid: true, problems: [] });
    expect(json.notes).toContainEqual(
      expect.objectContaining({
        where: 'log, seal 1',
        message: expect.stringMatching(/clock was 3[56]\d\d s behind/),
      }),
    );
    expect(status).toBe(0);
    expect((await weir('verify', '--data-dir', dir)).out).toMatch(/note, log, seal 1: The clock was/);
  });

  it('shows a key that was replaced, for the sessions and the log', async () => {
    const dir = await history(['one']);
    await rm(path.join(dir, 'device.key'));
    await history(['two'], dir);
    const { json, status } = await weir('verify', '--all', '--json', '--data-dir', dir);
    expect(status).toBe(1);
    const wheres = json.problems.map((one: Any) => `${one.where}: ${one.message}`).join('\n');
    expect(wheres).toMatch(/session one, seal: .*not the key of this device/);
    expect(wheres).not.toMatch(/session two, seal/);
    expect(wheres).toMatch(/log, seal 0: It was sealed by weir\/\S+, not by/);
  });

  it('shows a history that was copied from another device', async () => {
    const [mine, theirs] = [await history(['mine']), await history(['theirs'])];
    const copied = newDir();
    await cp(theirs, copied, { recursive: true });
    await cp(path.join(mine, 'device.key'), path.join(copied, 'device.key'));
    const { json, status } = await weir('verify', '--all', '--json', '--data-dir', copied);
    expect(status).toBe(1);
    expect(JSON.stringify(json.problems)).toMatch(/copied from another device, or the key was replaced/);
    expect(JSON.stringify(json.problems)).toMatch(/this store is a copy from another device/);
  });

  it('tells two sessions of one id apart, of which the first was deleted or came from elsewhere', async () => {
    const dir = await history(['same']);
    const host = await startHost({ dataDir: dir, version: 'test' });
    await host.call('sessions.delete', { sessionId: 'same' });
    await host.close();
    await history(['same'], dir);
    const { json } = await weir('verify', '--all', '--json', '--data-dir', dir);
    expect(json).toMatchObject({ valid: true, problems: [] });
    expect(json.notes).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/was deleted on .* The one of this id in the history is another run/),
      }),
    );
    const elsewhere = await history(['same']);
    const bundle = path.join(folder, 'same.zip');
    expect((await weir('export', 'same', '-o', bundle, '--data-dir', elsewhere)).status).toBe(0);
    expect(await weir('import', bundle, '--data-dir', dir)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/not merged/),
    });
  });
});

describe('a session that was imported', () => {
  it('is proved and exported with the seal of the device it ran on, and verified with both', async () => {
    const [origin, here] = [await history(['s']), await history(['own'])];
    const bundle = path.join(folder, 's.zip');
    await weir('export', 's', '-o', bundle, '--data-dir', origin);
    expect((await weir('import', bundle, '--as', 'taken', '--json', '--data-dir', here)).json).toMatchObject({
      sessionId: 'taken',
      isNew: true,
    });
    const verdict = await weir('verify', 'taken', '--json', '--data-dir', here);
    expect(verdict.json).toMatchObject({ valid: true, problems: [] });
    expect(verdict.json.notes).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/It ran on another device: weir\/\S+ .* sealed it/),
      }),
    );
    const key = (await weir('verify', bundle, '--json')).json;
    expect(key.valid).toBe(true);

    const proof = path.join(folder, 'taken.proof');
    expect((await weir('prove', 'taken', 'b', '-o', proof, '--data-dir', here)).status).toBe(0);
    const shown = JSON.parse(await readFile(proof, 'utf8'));
    const original = JSON.parse((await weir('prove', 's', 'b', '--data-dir', origin)).out);
    expect(shown).toMatchObject({ facts: { sessionId: 's' }, seal: original.seal, key: original.key });
    expect(alone(proof)).toBe(0);

    const again = path.join(folder, 'again.zip');
    expect((await weir('export', 'taken', '-o', again, '--data-dir', here)).status).toBe(0);
    expect((await weir('verify', again, '--json')).json).toMatchObject({ valid: true, problems: [] });
    expect(alone(again)).toBe(0);
    // Accepted by whoever trusts the device that ran it; not by whoever trusts only the one that passed it on.
    expect((await weir('verify', again, '--key', original.key, '--json')).json.valid).toBe(true);
    const own = JSON.parse((await weir('prove', 'own', 'b', '--data-dir', here)).out).key as string;
    expect((await weir('verify', again, '--key', own, '--json')).json.valid).toBe(false);
  });
});
