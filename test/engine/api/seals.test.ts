/** What seals cover, when they are made, and what is shown of the log they stand in. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { proveStored, verifyHistory, verifyStored } from '../../../engine/api/index.ts';
import { DROPStates } from '../../../engine/protocol/index.ts';
import {
  canonicalJson,
  CompactRange,
  formatProof,
  sealLeaf,
  sealSession,
  type SessionFacts,
  signLogCheckpoint,
  verifyConsistencyProof,
  verifyProof,
} from '../../../engine/reproducibility/index.ts';
import { split } from '../../../engine/session/index.ts';
import { app, bytesOf, data, helloGraph, testHost, type TestHost } from '../../support/host.ts';
import type { Any } from '../reproducibility/golden.ts';

let host: TestHost;
beforeEach(async () => {
  host = await testHost();
});
afterEach(() => host.remove());

async function run(id: string, graph: unknown = helloGraph) {
  const session = await host.manager.createSession(id);
  await session.addGraphSpec(bytesOf(graph));
  await session.deploy('roots');
  await session.recorded();
  return session;
}

/** Drops that do nothing of their own: their records are made of specification and state. */
const many = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    i % 2 === 0
      ? app(`a${i}`, 'dlg.apps.simple.SleepApp', { sleepTime: 0, outputs: [`d${i + 1}`] })
      : data(`d${i}`, { producers: [`a${i - 1}`] }),
  );

describe('a seal of an older version', () => {
  it('holds, and verify says what it does not cover', async () => {
    const session = await run('s');
    const ledger = host.deps.ledger!;
    const [seal] = await host.store.seals({ key: session.key });
    const { covers, ...rest } = JSON.parse(seal!.facts) as SessionFacts;
    expect(Object.keys(covers ?? {})).toContain('events');
    const facts: SessionFacts = { ...rest, version: 1 };
    const { drops: size } = facts;
    const note = sealSession(facts, { size, root: seal!.root }, seal!.sealedAt, ledger.signer);
    const range = new CompactRange(1, split(seal!.logRange));
    range.append(sealLeaf(note));
    const leafHashes = await host.store.treeHashes(0, 0, 0, size);
    await host.store.sealSession({
      ...seal!,
      index: 1,
      facts: canonicalJson(facts),
      seal: note,
      logLeaf: new Uint8Array(sealLeaf(note)),
      logRange: new Uint8Array(Buffer.concat(range.peaks)),
      logCheckpoint: signLogCheckpoint({ size: 2, root: range.root() }, seal!.sealedAt, ledger.signer),
      leafHashes,
      nodes: [],
    });
    const verdict = await verifyStored(host.deps, 's');
    expect(verdict.problems).toEqual([]);
    expect(verdict.notes).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/version 1: it covers the records .* not its events/),
      }),
    );
    expect(verifyProof(formatProof(await proveStored(host.deps, 's', 'b'))).valid).toBe(true);
  });
});

describe('a sealed session', () => {
  it('still holds when a retention rule removed contents, events and logs, and verify says so', async () => {
    const session = await run('s');
    await session.dispose();
    await host.call('history.prune', { keep: 0 });
    const verdict = await verifyStored(host.deps, 's');
    expect(verdict.problems).toEqual([]);
    expect(verdict.notes.map(({ where }) => where)).toContain('table event_block');
  });

  it('still holds when data drops were given back later, but not when only their state says so', async () => {
    const session = await run('s');
    const b = session.drop('b');
    // What the data lifecycle manager does when nobody needs it any more.
    b._flow.expire(b._row);
    await session.dispose();
    expect((await host.store.dropByUid(session.key, 'b'))?.status).toBe(DROPStates.EXPIRED);
    expect((await verifyStored(host.deps, 's')).problems).toEqual([]);
    await host.store.recordStates(session.key, {
      rows: Uint32Array.of(1),
      status: Uint8Array.of(DROPStates.DELETED),
      exec: Uint8Array.of(255),
      startedAt: Float64Array.of(NaN),
      finishedAt: Float64Array.of(NaN),
      sizeBytes: Float64Array.of(NaN),
    });
    expect((await verifyStored(host.deps, 's')).problems).toMatchObject([{ uid: 'b', table: 'state_block' }]);
  });
});

describe('sessions that end at once', () => {
  it('are sealed one after the other, not in one another’s way', async () => {
    const { store } = host;
    const [lastSeal, sealSession] = [store.lastSeal.bind(store), store.sealSession.bind(store)];
    let [atOnce, most] = [0, 0];
    store.lastSeal = async () => {
      most = Math.max(most, ++atOnce);
      const last = await lastSeal();
      await store.flush();
      return last;
    };
    store.sealSession = (seal) => sealSession(seal).finally(() => atOnce--);
    const ids = Array.from({ length: 20 }, (_, i) => `s${i}`);
    const sessions = await Promise.all(ids.map((id) => host.manager.createSession(id)));
    await Promise.all(sessions.map((session) => session.addGraphSpec(bytesOf(helloGraph))));
    await Promise.all(sessions.map((session) => session.deploy('roots')));
    await Promise.all(sessions.map((session) => session.recorded()));
    const rows = await Promise.all(ids.map((id) => store.session(id)));
    expect(rows.map((row) => row!.sealIndex!).sort((a, b) => a - b)).toEqual(ids.map((_, i) => i));
    expect(most).toBe(1);
  });
});

describe('a large session', () => {
  it('is sealed when it ends; a drop is then proved without reading its graph', async () => {
    const count = 2400;
    await run('large', many(count));
    expect((await host.store.session('large'))?.sealIndex).toBe(0);
    await host.manager.destroySession('large');
    const parse = vi.spyOn(host.deps.parser, 'parse');
    const graph = vi.spyOn(host.store, 'graph');
    for (const uid of ['a0', 'd1', 'd1023', `d${count - 1}`]) {
      const proof = await proveStored(host.deps, 'large', uid);
      expect(proof.record.drop.oid).toBe(uid);
      expect(verifyProof(formatProof(proof))).toMatchObject({ valid: true, problems: [] });
    }
    await expect(proveStored(host.deps, 'large', 'd0')).rejects.toThrow(/no drop "d0"/);
    expect(parse).not.toHaveBeenCalled();
    expect(graph).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    expect((await verifyHistory(host.deps)).problems).toEqual([]);
  });
});

describe('the methods for the window', () => {
  it('list checkpoints page by page, prove between them, audit the log', async () => {
    for (const id of ['one', 'two', 'three']) await run(id);
    const first: Any = await host.call('ledger.checkpoints', { limit: 2 });
    expect(first.total).toBe(3);
    expect(first.checkpoints.map((one: Any) => one.size)).toEqual([3, 2]);
    const rest: Any = await host.call('ledger.checkpoints', { limit: 2, before: 2 });
    expect(rest.checkpoints.map((one: Any) => [one.size, one.sessionId])).toEqual([[1, 'one']]);
    for (const params of [{ from: 1 }, { from: 1, to: 2 }, { from: rest.checkpoints[0].note }]) {
      const { proof }: Any = await host.call('ledger.consistency', params);
      expect(verifyConsistencyProof(proof)).toMatchObject({ valid: true });
    }
    await expect(host.call('ledger.consistency', { from: 4 })).rejects.toThrow(/no checkpoint of 4 seals/);
    expect(await host.call('ledger.verify', {})).toMatchObject({ valid: true, problems: [], notes: [] });
    expect(await host.call('sessions.verify', { sessionId: 'two' })).toMatchObject({ valid: true });
  });
});
