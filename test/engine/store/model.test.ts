import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DROP_STATE_NAMES } from '../../../engine/protocol/index.ts';
import type { DropQuery, DropSort, LogicalRow, Store, StoredDrop } from '../../../engine/store/index.ts';
import {
  dropBatch,
  eventBatch,
  newSession,
  open,
  stateBatch,
  type PlainDrop,
  type PlainEvent,
  type PlainState,
} from './helpers.ts';

/** What the store should answer, in the plainest way. */
class Model {
  readonly drops: StoredDrop[] = [];
  readonly events: PlainEvent[] = [];

  add(drops: readonly PlainDrop[]): void {
    for (const drop of drops) {
      this.drops.push({
        ...drop,
        row: this.drops.length,
        status: 0,
        exec: drop.kind === 1 ? 0 : 255,
        startedAt: null,
        finishedAt: null,
        sizeBytes: null,
      });
    }
  }

  move(states: readonly PlainState[]): void {
    for (const s of states) {
      const before = this.drops[s.row]!;
      this.drops[s.row] = {
        ...before,
        status: s.status,
        exec: s.exec ?? 255,
        startedAt: s.startedAt ?? before.startedAt,
        finishedAt: s.finishedAt ?? before.finishedAt,
        sizeBytes: s.sizeBytes ?? before.sizeBytes,
      };
    }
  }

  byState(drops: readonly StoredDrop[] = this.drops): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const drop of drops) {
      const name = DROP_STATE_NAMES[drop.status]!;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  query(query: DropQuery): { rows: StoredDrop[]; total: number } {
    const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    const text = query.text ? lower(query.text) : undefined;
    const matching = this.drops.filter(
      (drop) =>
        (text === undefined || lower(drop.uid).includes(text) || lower(drop.name).includes(text)) &&
        (query.status === undefined || drop.status === query.status) &&
        (query.kind === undefined || drop.kind === query.kind) &&
        (query.lgKey === undefined || drop.lgKey === query.lgKey),
    );
    const sort = query.sort ?? 'row';
    const sign = query.descending ? -1 : 1;
    matching.sort((a, b) => {
      const [left, right] = [valueOf(a, sort), valueOf(b, sort)];
      if (left === null || right === null) {
        if (left === right) return a.row - b.row;
        return left === null ? 1 : -1;
      }
      if (left < right) return -sign;
      return left > right ? sign : a.row - b.row;
    });
    return { rows: matching.slice(query.offset, query.offset + query.limit), total: matching.length };
  }

  logical(): LogicalRow[] {
    const groups = new Map<string, StoredDrop[]>();
    for (const drop of this.drops) {
      const id = drop.lgKey === '' ? `name ${drop.name}` : `key ${drop.lgKey}`;
      groups.set(id, [...(groups.get(id) ?? []), drop]);
    }
    return [...groups.values()].map((drops) => {
      const { lgKey, name, kind, dropclass } = drops[0]!;
      return { lgKey, name, kind, dropclass, count: drops.length, byState: this.byState(drops) };
    });
  }
}

function valueOf(drop: StoredDrop, sort: DropSort): string | number | null {
  if (sort !== 'durationMs') return drop[sort];
  return drop.startedAt === null || drop.finishedAt === null ? null : drop.finishedAt - drop.startedAt;
}

// --- random sessions ---------------------------------------------------------------------------------------------

const text = fc.oneof(
  fc.constantFrom('', 'a', 'A', 'ab', 'File', 'copy', 'é', 'É', '日本', 'x'.repeat(300)),
  fc.string({ maxLength: 6, unit: 'grapheme' }).map((value) => value.toWellFormed()),
);
const drop: fc.Arbitrary<PlainDrop> = fc.record({
  uid: text,
  name: text,
  lgKey: fc.constantFrom('', 'k1', 'k2', 'ключ'),
  kind: fc.constantFrom(0 as const, 1 as const),
  dropclass: fc.constantFrom('dlg.B', 'dlg.A', 'dlg.C'),
});
/** Sizes around the edges of blocks (1024 rows) as well as small ones; most drops repeat a few random ones. */
const drops = fc
  .tuple(
    fc.array(drop, { minLength: 1, maxLength: 8 }),
    fc.constantFrom(0, 1, 5, 700, 1023, 1024, 1025, 2100),
  )
  .map(([few, count]) =>
    Array.from({ length: count }, (_, i) => {
      const base = few[i % few.length]!;
      return { ...base, uid: `${base.uid}#${i}` };
    }),
  );
const number = fc.option(fc.constantFrom(0, 1, 2.5, -3, 1e15, 7), { nil: undefined });
const change = fc.record({
  at: fc.nat({ max: 4000 }),
  status: fc.nat({ max: 7 }),
  exec: fc.constantFrom(0, 1, 2, 255),
  startedAt: number,
  finishedAt: number,
  sizeBytes: number,
});
const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), drops }),
  fc.record({ kind: fc.constant('move' as const), changes: fc.array(change, { maxLength: 60 }) }),
  fc.record({
    kind: fc.constant('events' as const),
    events: fc.array(
      fc.record({
        at: fc.nat({ max: 4000 }),
        kind: fc.nat({ max: 3 }),
        value: fc.nat({ max: 7 }),
        time: fc.double(),
      }),
      { maxLength: 60 },
    ),
  }),
  fc.record({ kind: fc.constant('wait' as const) }),
);
const query: fc.Arbitrary<DropQuery> = fc.record(
  {
    text: fc.constantFrom('', 'a', 'FILE', '#10', 'é', 'b#', '本#', '.', 'nowhere'),
    status: fc.nat({ max: 7 }),
    kind: fc.constantFrom(0 as const, 1 as const),
    lgKey: fc.constantFrom('', 'k1', 'ключ', 'none'),
    sort: fc.constantFrom<DropSort>(
      'row',
      'name',
      'uid',
      'status',
      'startedAt',
      'finishedAt',
      'durationMs',
      'sizeBytes',
      'dropclass',
    ),
    descending: fc.boolean(),
    offset: fc.constantFrom(0, 1, 30, 1000, 5000),
    limit: fc.constantFrom(0, 1, 40, 2000),
  },
  { requiredKeys: ['offset', 'limit'] },
);

async function play(
  store: Store,
  key: number,
  steps: readonly fc.RandomType[] | readonly unknown[],
): Promise<Model> {
  const model = new Model();
  const posted: Promise<unknown>[] = [];
  for (const each of steps as readonly Parameters<typeof playStep>[3][]) {
    const promise = playStep(store, key, model, each);
    if (each.kind === 'wait') await Promise.all(posted);
    else posted.push(promise);
  }
  await Promise.all(posted);
  return model;
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function playStep(store: Store, key: number, model: Model, each: Step): Promise<unknown> {
  const count = model.drops.length;
  switch (each.kind) {
    case 'wait':
      return Promise.resolve();
    case 'add':
      model.add(each.drops);
      return store.addDrops(key, dropBatch(each.drops, count));
    case 'move': {
      if (count === 0) return Promise.resolve();
      const states = each.changes.map(({ at, ...state }) => ({ row: at % count, ...state })) as PlainState[];
      model.move(states);
      return store.recordStates(key, stateBatch(states));
    }
    case 'events': {
      if (count === 0) return Promise.resolve();
      const events = each.events.map(({ at, kind, value, time }) => ({
        row: at % count,
        kind,
        value,
        at: time,
      }));
      model.events.push(...events);
      return store.recordEvents(key, eventBatch(events));
    }
  }
}

describe('random sessions', () => {
  it('are read back as they were written, whatever the batches and the question', async () => {
    const store = await open();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.array(query, { minLength: 4, maxLength: 4 }),
        async (steps, queries) => {
          const sessionId = `run ${runs++}`;
          const key = await store.createSession(newSession(sessionId));
          const model = await play(store, key, steps);
          const session = await store.session(sessionId);
          expect(session?.byState).toEqual(model.byState());
          expect(session?.drops).toBe(model.drops.length);
          for (const each of queries) expect(await store.drops(key, each)).toEqual(model.query(each));
          expect(await store.logical(key)).toEqual(model.logical());
          const states = await store.states(key);
          expect([...states.status]).toEqual(model.drops.map((d) => d.status));
          expect([...states.exec]).toEqual(model.drops.map((d) => d.exec));
          const rows = new Set([0, model.drops.length - 1, ...model.events.slice(0, 3).map((e) => e.row)]);
          for (const row of rows) {
            if (row < 0) continue;
            const events = model.events
              .filter((e) => e.row === row)
              .map(({ at, kind, value }) => ({ at, kind, value }));
            expect(await store.events(key, row)).toEqual(events);
          }
          const some = model.drops[Math.floor(model.drops.length / 2)];
          if (some) {
            const first = model.drops.find((d) => d.uid === some.uid);
            expect(await store.dropByUid(key, some.uid)).toEqual(first);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
