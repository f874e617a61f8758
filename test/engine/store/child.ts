// A process of its own that works on a store, for tests of killed and of concurrent processes:
//
//   node child.ts write DIR ID COUNT   one session with COUNT drops; moves them one by one for ever and prints "durable N"
//   node child.ts hold DIR ID          a running session; ends it and itself at the first line on standard input
//   node child.ts open DIR             opens, prints "opened" or the error's code and message, ends
import { createInterface } from 'node:readline';
import { isWeirError } from '../../../engine/protocol/index.ts';
import { openStore, textColumn, type Store } from '../../../engine/store/index.ts';

const [mode, dataDir = '', sessionId = '', countText = '0'] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

async function begin(store: Store, count: number): Promise<number> {
  const key = await store.createSession({
    sessionId,
    graphName: 'child.graph',
    origin: 'test',
    dir: dataDir,
    rmode: 'NOTHING',
    createdAt: 1000,
    host: { name: 'child', platform: process.platform, version: '0' },
  });
  const texts = (prefix: string) => textColumn(Array.from({ length: count }, (_, i) => `${prefix}${i}`));
  await store.addDrops(key, {
    firstRow: 0,
    count,
    uid: texts('uid'),
    name: texts('name'),
    lgKey: texts('key'),
    kind: new Uint8Array(count),
    classId: new Uint16Array(count),
    classes: ['dlg.data.drops.memory.InMemoryDROP'],
  });
  await store.appendGraph(key, { bytes: Buffer.from(JSON.stringify([{ oid: 'uid0' }])) });
  await store.updateSession(key, { status: 'RUNNING', startedAt: 1001 });
  return key;
}

/** Row n completes at the time 2000 + n, with an event, a log entry and an outcome. */
function complete(store: Store, key: number, row: number): Promise<unknown> {
  const time = 2000 + row;
  return Promise.all([
    store.recordEvents(key, {
      rows: Uint32Array.of(row),
      kind: Uint8Array.of(0),
      value: Uint8Array.of(2),
      at: Float64Array.of(time),
    }),
    store.recordStates(key, {
      rows: Uint32Array.of(row),
      status: Uint8Array.of(2),
      exec: Uint8Array.of(255),
      startedAt: Float64Array.of(Number.NaN),
      finishedAt: Float64Array.of(time),
      sizeBytes: Float64Array.of(row),
    }),
    store.recordLogs(key, [{ at: time, level: 'info', row, uid: `uid${row}`, message: `row ${row}` }]),
    store.recordOutcomes(key, [
      {
        row,
        sizeBytes: row,
        checksum: row,
        contentHash: null,
        dataUrl: null,
        path: null,
        content: Buffer.from(`content ${row}`),
        reason: null,
        facts: null,
        record: null,
      },
    ]),
  ]);
}

async function write(store: Store, count: number): Promise<void> {
  const key = await begin(store, count);
  const started: Promise<unknown>[] = [];
  for (let row = 0; row < count; row++) {
    // The promise may never settle: this process is killed while writes are under way.
    started.push(complete(store, key, row).then(() => say(`durable ${row}`)));
    if (row % 5 === 4) await started.at(-1);
  }
  await Promise.all(started);
  say('done');
}

async function hold(store: Store): Promise<void> {
  const key = await begin(store, 10);
  await complete(store, key, 0);
  say('holding');
  for await (const line of createInterface(process.stdin)) {
    if (line === 'write') {
      await complete(store, key, 1);
      say('written');
    } else break;
  }
  await store.updateSession(key, { status: 'FINISHED', finishedAt: 3000 });
  await store.close();
}

try {
  const store = await openStore({ dataDir, lockTimeoutMs: 20_000 });
  if (mode === 'write') await write(store, Number(countText));
  else if (mode === 'hold') await hold(store);
  else {
    say('opened');
    await store.close();
  }
  process.exit(0);
} catch (error) {
  say(isWeirError(error) ? `${error.code} ${error.message}` : `unexpected ${String(error)}`);
  process.exit(1);
}
