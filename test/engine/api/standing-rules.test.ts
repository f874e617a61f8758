/** Standing rules of retention: what goes by itself, what is spared, and that the log says so. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyHistory, type MethodResult } from '../../../engine/api/index.ts';
import {
  canonicalJson,
  CompactRange,
  sealLeaf,
  sealSession,
  signLogCheckpoint,
  type RetentionAct,
  type SessionFacts,
} from '../../../engine/reproducibility/index.ts';
import { split } from '../../../engine/session/index.ts';
import { RETENTION_KEY } from '../../../engine/store/index.ts';
import { bytesOf, helloGraph, testHost, type TestHost } from '../../support/host.ts';

let host: TestHost;
let problems: string[];
const onProblem = (error: unknown) =>
  void problems.push(error instanceof Error ? error.message : String(error));
beforeEach(async () => {
  problems = [];
  host = await testHost({ onProblem });
});
afterEach(() => host.remove());

async function run(id: string, graphName = 'hello.graph', on = host): Promise<void> {
  const session = await on.manager.createSession(id, { graphName });
  await session.addGraphSpec(bytesOf(helloGraph));
  await session.deploy('roots');
  await session.recorded();
}

const restart = async (): Promise<void> => {
  const { dataDir } = host;
  await host.close();
  host = await testHost({ dataDir, onProblem });
};

const acts = async (): Promise<RetentionAct[]> =>
  (await host.store.seals({ key: RETENTION_KEY })).map(({ facts }) => JSON.parse(facts) as RetentionAct);
const dropped = async (): Promise<string[]> =>
  (await host.store.sessions({})).sessions
    .filter(({ payloadDroppedAt }) => payloadDroppedAt !== null)
    .map(({ sessionId }) => sessionId)
    .toSorted();
const settings = () => path.join(host.dataDir, 'settings.json');

describe('standing rules', () => {
  it('are none at first: nothing goes by itself', async () => {
    await run('one');
    await restart();
    expect(await host.call('retention.rules', {})).toEqual({ rules: [], file: settings() });
    expect([await dropped(), await acts()]).toEqual([[], []]);
  });

  it('are carried out when a session has ended, and the log says what they took and when', async () => {
    await run('one');
    await host.call('retention.setRules', { rules: [{ keep: 1, perGraph: true }] });
    expect(await dropped()).toEqual([]);
    await run('other', 'other.graph');
    await run('two');
    await host.deps.applyRules?.();
    expect(await dropped()).toEqual(['one']);
    const [act, ...more] = await acts();
    expect(more).toEqual([]);
    expect(act).toMatchObject({
      reason: 'rules',
      sessions: [{ sessionId: 'one', seal: 0, parts: ['contents', 'events', 'logs'] }],
    });
    const { valid, problems: found, notes } = await verifyHistory(host.deps);
    expect([valid, found]).toEqual([true, []]);
    expect(notes.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/removed by a standing rule on .*, as the log says/),
    );
    const { checkpoints } = (await host.call('ledger.checkpoints', {})) as MethodResult<'ledger.checkpoints'>;
    expect(checkpoints.map(({ sessionId }) => sessionId)).toEqual(['', 'two', 'other', 'one']);
  });

  it('are read from the file when a Host starts, and spare what is pinned', async () => {
    for (const id of ['one', 'two', 'three']) await run(id);
    expect(await host.call('sessions.pin', { sessionId: 'two', pinned: true })).toEqual({
      pinnedAt: expect.any(Number),
    });
    await writeFile(settings(), JSON.stringify({ theme: 'dark', retention: [{ keep: 1 }] }));
    await restart();
    await host.deps.applyRules?.();
    expect(await dropped()).toEqual(['one']);
    await host.call('sessions.pin', { sessionId: 'two', pinned: false });
    // Setting rules keeps what else is in the file.
    await host.call('retention.setRules', { rules: [{ keep: 0, graph: 'hello' }] });
    expect(await dropped()).toEqual(['one', 'three', 'two']);
    expect(JSON.parse(await readFile(settings(), 'utf8'))).toEqual({
      theme: 'dark',
      retention: [{ keep: 0, graph: 'hello' }],
    });
    await expect(host.call('sessions.pin', { sessionId: 'none', pinned: true })).rejects.toThrow(/none/);
  });

  it.each([
    ['{"retention": [{"keep": 1}', /settings\.json are no JSON/],
    ['[]', /should be an object/],
    ['{"retention": [{"keep": -1}]}', /\/0\/keep/],
    ['{"retention": [{"keep": 0, "perhaps": 1}]}', /settings\.json do not fit/],
    ['{"retention": {"keep": 0}}', /do not fit/],
    ['{"retention": [{"keep": 1}, {"graph": "x"}]}', /Rule 2 .* says neither how old/],
  ])('that cannot be read (%s) take nothing, and it is said why', async (text, said) => {
    await run('one');
    await writeFile(settings(), text);
    await restart();
    await host.deps.applyRules?.();
    expect(await dropped()).toEqual([]);
    expect(problems).toContainEqual(expect.stringMatching(said));
    await expect(host.call('retention.rules', {})).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('leave a session alone that is not sealed and cannot be', async () => {
    await run('one');
    await restart();
    const db = new Database(path.join(host.dataDir, 'weir.db'));
    db.exec(
      "UPDATE graph_part SET data = x'00'; INSERT INTO session SELECT 9, 'torn', owner, status, graph_name, origin, dir, rmode, host, created_at, started_at, finished_at, load_ms, deploy_ms, execute_ms, record_ms, drops, signatures, row_count, by_state, error_count, last_at, hashes_wait, NULL, NULL FROM session; INSERT INTO log VALUES (9, 0, 1, 'info', NULL, NULL, 'm')",
    );
    db.close();
    const { skipped, sessions } = (await host.call('history.prune', {
      keep: 0,
    })) as MethodResult<'history.prune'>;
    expect(skipped.map(({ sessionId }) => sessionId)).toEqual(['torn']);
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual(['one']);
    expect((await host.store.logs(9, { offset: 0, limit: 1 })).total).toBe(1);
  });
});

describe('a history of before there were acts of retention', () => {
  /** Seals a session as Weir did before: its facts do not say that the log has acts. */
  async function sealOld(id: string): Promise<void> {
    const ledger = host.deps.ledger!;
    const row = await host.store.session(id);
    const [seal] = await host.store.seals({ from: row!.sealIndex!, limit: 1 });
    const { retentionLogged: _, ...facts } = JSON.parse(seal!.facts) as SessionFacts;
    const at = seal!.sealedAt;
    const note = sealSession(facts, { size: facts.drops, root: seal!.root }, at, ledger.signer);
    const db = new Database(path.join(host.dataDir, 'weir.db'));
    const range = new CompactRange(0, []);
    range.append(sealLeaf(note));
    db.exec('DROP TRIGGER seal_is_not_changed');
    db.prepare(
      'UPDATE seal SET facts = ?, seal = ?, log_leaf = ?, log_range = ?, log_checkpoint = ? WHERE idx = 0',
    ).run(
      canonicalJson(facts),
      note,
      sealLeaf(note),
      Buffer.concat(range.peaks),
      signLogCheckpoint({ size: 1, root: range.root() }, at, ledger.signer),
    );
    db.exec(
      "CREATE TRIGGER seal_is_not_changed BEFORE UPDATE ON seal\n      BEGIN SELECT raise(ABORT, 'a seal is never changed'); END",
    );
    expect(split(seal!.logRange)).toHaveLength(1);
    db.close();
  }

  it('is taken over into the log once, and verify says that nothing shows what was there', async () => {
    await run('one');
    await sealOld('one');
    const db = new Database(path.join(host.dataDir, 'weir.db'));
    db.exec(
      "DELETE FROM event_block; UPDATE session SET payload_dropped_at = 1764000000000; INSERT INTO document VALUES (0, 'retention-to-adopt', x'')",
    );
    db.close();
    expect((await verifyHistory(host.deps)).valid).toBe(false);
    await restart();
    await host.deps.applyRules?.();
    await restart();
    await host.deps.applyRules?.();
    expect(await acts()).toMatchObject([
      { reason: 'adopted', sessions: [{ sessionId: 'one', droppedAtMs: 1_764_000_000_000 }] },
    ]);
    const verdict = await verifyHistory(host.deps);
    expect(verdict.problems).toEqual([]);
    expect(verdict.notes.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/as the store said when acts of retention were not entries of the log yet/),
    );
  });
});
