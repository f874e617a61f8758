import { describe, expect, it } from 'vitest';
import type { SessionSummary, TopicMessage } from '../../engine/api/contract.ts';
import { createClient } from '../../renderer/data/client.ts';
import { followSession, type SessionUpdate } from '../../renderer/data/session-feed.ts';
import type { Listener } from '../../renderer/data/transport.ts';

type Message = TopicMessage<'session'>;

const summary = (errorCount: number): SessionSummary => ({
  sessionId: 's',
  status: 'RUNNING',
  graphName: 'g',
  createdAt: 0,
  startedAt: 1,
  finishedAt: null,
  drops: 9,
  byState: {},
  errorCount,
  rmode: 'NOTHING',
  signatures: {},
  live: true,
});

const delta = (rows: number[], status: number[], execStatus: number[], overflow = false): Message => ({
  type: 'delta',
  summary: summary(rows.length),
  rows,
  status,
  execStatus,
  overflow,
  errors: [],
  logs: [],
});

function setUp() {
  let listener: Listener = { message: () => undefined, error: () => undefined };
  const frames: (() => void)[] = [];
  const updates: SessionUpdate[] = [];
  let goneCount = 0;
  const client = createClient({
    call: () => Promise.reject(new Error('not used')),
    subscribe: (_topic, _params, given) => {
      listener = given;
      return () => undefined;
    },
    watch: () => () => undefined,
  });
  const end = followSession(
    client,
    's',
    { update: (update) => updates.push(update), gone: () => goneCount++, error: () => undefined },
    (action) => void frames.push(action),
  );
  const push = (message: Message): void => listener.message(message);
  const frame = (): void => frames.splice(0).forEach((action) => action());
  return { push, frame, frames, updates, end, gone: () => goneCount };
}

describe('following a session', () => {
  it('hands on one update per frame, the newest state of each drop in it', () => {
    const { push, frame, frames, updates } = setUp();
    push(delta([1, 2], [0, 1], [1, -1]));
    push(delta([1], [2], [2]));
    expect(frames).toHaveLength(1);
    frame();
    expect(updates).toHaveLength(1);
    expect([...(updates[0]?.changes ?? [])]).toEqual([
      [1, { status: 'COMPLETED', execStatus: 'FINISHED' }],
      [2, { status: 'WRITING', execStatus: null }],
    ]);
    expect(updates[0]?.isIncomplete).toBe(false);
  });

  it('says that a snapshot or an overflow needs asking again', () => {
    const { push, frame, updates } = setUp();
    push({ type: 'snapshot', summary: summary(0) });
    frame();
    push(delta([], [], []));
    frame();
    push(delta([], [], [], true));
    frame();
    expect(updates.map(({ isIncomplete }) => isIncomplete)).toEqual([true, false, true]);
  });

  it('begins each update afresh', () => {
    const { push, frame, updates } = setUp();
    push(delta([1], [2], [2]));
    frame();
    push(delta([3], [2], [-1]));
    frame();
    expect([...(updates[1]?.changes.keys() ?? [])]).toEqual([3]);
  });

  it('says nothing more once it has ended or the session is gone', () => {
    const ended = setUp();
    ended.push(delta([1], [2], [2]));
    ended.end();
    ended.frame();
    expect(ended.updates).toEqual([]);
    const deleted = setUp();
    deleted.push(delta([1], [2], [2]));
    deleted.push({ type: 'gone' });
    deleted.frame();
    expect(deleted.gone()).toBe(1);
    expect(deleted.updates).toEqual([]);
  });
});
