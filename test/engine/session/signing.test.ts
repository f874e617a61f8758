import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ensureSealed } from '../../../engine/api/stored-session.ts';
import { startHost } from '../../../engine/host/index.ts';
import { SessionStates } from '../../../engine/protocol/index.ts';
import { ReproducibilityWorker } from '../../../engine/reproducibility/index.ts';
import type { Session } from '../../../engine/session/index.ts';
import { bytesOf, helloGraph, testHost, type TestHost } from '../../support/host.ts';

let host: TestHost;
let dataDir: string;
let release: () => void;
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'weir-test-'));
  host = await testHost({ dataDir });
  const held = new Promise<void>((resolve) => (release = resolve));
  // The thread that signs has other things to do until it is released.
  const call = Reflect.get(ReproducibilityWorker.prototype, 'call') as (
    ...args: unknown[]
  ) => Promise<unknown>;
  vi.spyOn(ReproducibilityWorker.prototype, 'call').mockImplementation(async function (
    this: ReproducibilityWorker,
    ...args: unknown[]
  ) {
    if (args[0] === 'signing.finish') await held;
    return (await call.apply(this, args)) as never;
  });
});
afterEach(async () => {
  release();
  vi.restoreAllMocks();
  await host.remove();
});

async function ended(): Promise<Session> {
  const session = await host.manager.createSession('s', { rmode: 'ALL' });
  await session.addGraphSpec(bytesOf(helloGraph));
  await session.deploy('roots');
  expect(await session.over).toBe(SessionStates.FINISHED);
  return session;
}
const signaturesOf = async (): Promise<string[]> =>
  Object.keys((await host.store.session('s'))?.signatures ?? {});

describe('the signatures of a session', () => {
  it('are noted after its end, and whoever watches the session is told', async () => {
    const session = await ended();
    expect([session.isSigned, await signaturesOf()]).toEqual([false, []]);
    const told = new Promise<boolean>((resolve) => {
      host.manager.subscribe((changed) => {
        if (changed === session && session.isSigned) resolve(true);
      });
    });
    release();
    await session.signed;
    expect(await told).toBe(true);
    expect(await signaturesOf()).toContain('RECOMPUTE');
    await session.recorded();
    expect((await host.store.session('s'))?.sealIndex).not.toBeNull();
  });

  it('are waited for by other processes, which neither seal nor delete the session meanwhile', async () => {
    const session = await ended();
    const other = await startHost({ version: 'test', dataDir });
    try {
      await expect(ensureSealed(other.deps, 's')).rejects.toThrow(/still signing and sealing it; try again/);
      await expect(other.store.deleteSession(session.key)).rejects.toThrow(/being recorded in another Weir/);
      release();
      await session.recorded();
      const { row } = await ensureSealed(other.deps, 's');
      expect(Object.keys(row.signatures)).toContain('RECOMPUTE');
      expect(await other.store.heldBy(session.key)).toBeNull();
    } finally {
      await other.close();
    }
  });

  it('are said to be missing where Weir ended before they were made', async () => {
    await ended();
    // What is on the disk when a process ends now.
    const left = await mkdtemp(path.join(tmpdir(), 'weir-test-'));
    await cp(dataDir, left, { recursive: true });
    const later = await startHost({ version: 'test', dataDir: left });
    try {
      const { row } = await ensureSealed(later.deps, 's');
      expect(row.signatures).toEqual({});
      const { entries } = await later.store.logs(row.key, { offset: 0, limit: 10 });
      expect(entries.map(({ message }) => message).join('\n')).toMatch(
        /no ALL signatures .* Weir had ended before they were made/,
      );
    } finally {
      await later.close();
      await rm(left, { recursive: true });
    }
  });
});
