/** A file drop whose file is a named pipe: the Host meets whoever stands at its other end, and waits for nobody. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DataDROP } from '../../../../engine/drops/index.ts';
import { DROP_STATE_NAMES, SESSION_STATE_NAMES } from '../../../../engine/protocol/index.ts';
import type { Session } from '../../../../engine/session/index.ts';
import { app, bytesOf, data, testHost, type TestHost } from '../../../support/host.ts';

let host: TestHost;
let folder: string;
beforeEach(async () => {
  host = await testHost();
  folder = await mkdtemp(path.join(tmpdir(), 'pipes-'));
});
afterEach(async () => {
  await host.remove();
  await rm(folder, { recursive: true });
});

const FILE = 'dlg.data.drops.file.FileDROP';
const COPY = 'dlg.apps.simple.CopyApp';
const timeout = (seconds: number) => ({
  componentParams: { timeout: { name: 'timeout', value: seconds, type: 'Float', usage: 'NoPort' } },
});

function pipe(name: string): string {
  const file = path.join(folder, name);
  execFileSync('mkfifo', [file]);
  return file;
}

async function deployed(id: string, graph: unknown): Promise<Session> {
  const session = await host.manager.createSession(id);
  await session.addGraphSpec(bytesOf(graph));
  await session.deploy('roots');
  return session;
}

const copyFrom = (file: string, more: object = {}) => [
  data('in', { dropclass: FILE, filepath: file }),
  app('copy', COPY, { inputs: ['in'], outputs: ['out'], ...more }),
  data('out'),
];
const copyTo = (file: string, text: string, more: object = {}) => [
  data('in', { fields: [{ name: 'pydata', value: text, type: 'str' }] }),
  app('copy', COPY, { inputs: ['in'], outputs: ['out'], ...more }),
  data('out', { dropclass: FILE, filepath: file }),
];
const text = async (session: Session) =>
  Buffer.from(await (session.drop('out') as DataDROP).contents()).toString();
const stateOf = (session: Session, uid: string) => DROP_STATE_NAMES[session.drop(uid).status];
const errorsOf = async (session: Session) =>
  (await host.store.errors((await host.store.session(session.sessionId))!.key, 10))
    .map(({ message }) => message)
    .join('\n');

describe.skipIf(process.platform === 'win32')('a named pipe as a file (Windows has none)', () => {
  it('is read from when its writer comes, up to where the writer leaves', async () => {
    const file = pipe('p');
    const session = await deployed('s', copyFrom(file));
    await promisify(execFile)('sh', ['-c', '(printf one; printf two) > "$1"', 'sh', file]);
    expect(SESSION_STATE_NAMES[await session.over]).toBe('FINISHED');
    expect(await text(session)).toContain('onetwo');
  });

  it('is written to when its reader comes', async () => {
    const file = pipe('p');
    const session = await deployed('s', copyTo(file, 'x'.repeat(300_000)));
    const got = await readFile(file, 'utf8');
    expect(SESSION_STATE_NAMES[await session.over]).toBe('FINISHED');
    expect(got).toContain('x'.repeat(300_000));
  });

  it('keeps no other file waiting, however many wait for their other end', async () => {
    const waiting = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        deployed(`wait-${i}`, i % 2 ? copyFrom(pipe(`p${i}`)) : copyTo(pipe(`p${i}`), 'x')),
      ),
    );
    const plain = await deployed('plain', copyTo(path.join(folder, 'plain.txt'), 'as ever'));
    expect(SESSION_STATE_NAMES[await plain.over]).toBe('FINISHED');
    expect(await readFile(path.join(folder, 'plain.txt'), 'utf8')).toContain('as ever');
    for (const session of waiting) {
      await session.cancel();
      expect(SESSION_STATE_NAMES[await session.over]).toBe('CANCELLED');
    }
  });

  it.each([
    ['writes', (file: string) => copyFrom(file, timeout(0.2))],
    ['reads', (file: string) => copyTo(file, 'x', timeout(0.2))],
  ])('that nobody %s ends its application at its timeout, and is free for the next', async (_what, graph) => {
    const file = pipe('p');
    const session = await deployed('late', graph(file));
    expect(SESSION_STATE_NAMES[await session.over]).toBe('FAILED');
    expect([stateOf(session, 'copy'), stateOf(session, 'out')]).toEqual(['ERROR', 'ERROR']);
    expect(await errorsOf(session)).toMatch(/copy took longer than its timeout of 0.2 s/);
    const next = await deployed('next', copyFrom(file));
    await writeFile(file, 'for the next');
    await next.over;
    expect(await text(next)).toContain('for the next');
  });

  it('whose reader leaves early ends its writer, with the drop named', async () => {
    const file = pipe('p');
    const session = await deployed('s', copyTo(file, 'x'.repeat(1_000_000)));
    const reader = spawn('head', ['-c', '1', file]);
    expect(SESSION_STATE_NAMES[await session.over]).toBe('FAILED');
    expect(await errorsOf(session)).toMatch(/drop out could not be written: .*EPIPE/);
    reader.kill();
  });
});
