import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { onTestFinished } from 'vitest';
import {
  openStore,
  textColumn,
  type DropBatch,
  type DropOutcome,
  type EventBatch,
  type NewSession,
  type OpenStoreOptions,
  type StateBatch,
  type Store,
} from '../../../engine/store/index.ts';

/** A folder that is gone after the test. */
export function tempDir(): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'weir-store-'));
  onTestFinished(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A store that is closed after the test. */
export async function open(options: Partial<OpenStoreOptions> = {}): Promise<Store> {
  const store = await openStore({ dataDir: tempDir(), ...options });
  onTestFinished(() => store.close());
  return store;
}

export function newSession(sessionId: string, more: Partial<NewSession> = {}): NewSession {
  return {
    sessionId,
    graphName: 'hello.graph',
    origin: 'file',
    dir: `/tmp/${sessionId}`,
    rmode: 'NOTHING',
    createdAt: 1_700_000_000_000,
    host: { name: 'kiwi', platform: 'linux', version: '0.1.0' },
    ...more,
  };
}

export interface PlainDrop {
  readonly uid: string;
  readonly name: string;
  readonly lgKey: string;
  readonly kind: 0 | 1;
  readonly dropclass: string;
}

export function plainDrops(count: number, from = 0): PlainDrop[] {
  return Array.from({ length: count }, (_, i) => ({
    uid: `2026-01-01T00:00:00_${from + i}_0`,
    name: i % 2 ? 'Copy' : 'File',
    lgKey: i % 2 ? 'copy' : 'file',
    kind: i % 2 ? 1 : 0,
    dropclass: i % 2 ? 'dlg.apps.simple.CopyApp' : 'dlg.data.drops.file.FileDROP',
  }));
}

export function dropBatch(drops: readonly PlainDrop[], firstRow = 0): DropBatch {
  const classes = [...new Set(drops.map((drop) => drop.dropclass))];
  return {
    firstRow,
    count: drops.length,
    uid: textColumn(drops.map((drop) => drop.uid)),
    name: textColumn(drops.map((drop) => drop.name)),
    lgKey: textColumn(drops.map((drop) => drop.lgKey)),
    kind: Uint8Array.from(drops, (drop) => drop.kind),
    classId: Uint16Array.from(drops, (drop) => classes.indexOf(drop.dropclass)),
    classes,
  };
}

export interface PlainState {
  readonly row: number;
  readonly status: number;
  readonly exec?: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly sizeBytes?: number;
}

export function stateBatch(states: readonly PlainState[]): StateBatch {
  return {
    rows: Uint32Array.from(states, (s) => s.row),
    status: Uint8Array.from(states, (s) => s.status),
    exec: Uint8Array.from(states, (s) => s.exec ?? 255),
    startedAt: Float64Array.from(states, (s) => s.startedAt ?? Number.NaN),
    finishedAt: Float64Array.from(states, (s) => s.finishedAt ?? Number.NaN),
    sizeBytes: Float64Array.from(states, (s) => s.sizeBytes ?? Number.NaN),
  };
}

export interface PlainEvent {
  readonly row: number;
  readonly kind: number;
  readonly value: number;
  readonly at: number;
}

export function eventBatch(events: readonly PlainEvent[]): EventBatch {
  return {
    rows: Uint32Array.from(events, (e) => e.row),
    kind: Uint8Array.from(events, (e) => e.kind),
    value: Uint8Array.from(events, (e) => e.value),
    at: Float64Array.from(events, (e) => e.at),
  };
}

export function outcome(row: number, more: Partial<DropOutcome> = {}): DropOutcome {
  return {
    row,
    sizeBytes: null,
    checksum: null,
    contentHash: null,
    dataUrl: null,
    path: null,
    content: null,
    reason: null,
    facts: null,
    record: null,
    ...more,
  };
}

/** A session with `count` drops, ready to be written to. */
export async function sessionWithDrops(store: Store, sessionId: string, count: number): Promise<number> {
  const key = await store.createSession(newSession(sessionId));
  await store.addDrops(key, dropBatch(plainDrops(count)));
  return key;
}

/** Another process that works on a store: see child.ts. Killed after the test where it still runs. */
export interface Child {
  readonly process: ChildProcess;
  /** The next line it prints. */
  nextLine(): Promise<string>;
  /** Sends it a line. */
  say(line: string): void;
  /** Kills it as a power cut would and waits until it is gone. */
  kill(): Promise<void>;
  /** How it ended. */
  readonly ended: Promise<number | null>;
}

export function startChild(args: readonly string[], options: { readonly uid?: number } = {}): Child {
  const script = path.join(import.meta.dirname, 'child.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  const lines = lineReader(createInterface(child.stdout));
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  return { process: child, nextLine: lines, say: (line) => void child.stdin.write(`${line}\n`), kill, ended };
}

function lineReader(lines: Interface): () => Promise<string> {
  const read: string[] = [];
  const wanted: ((line: string) => void)[] = [];
  lines.on('line', (line) => {
    const want = wanted.shift();
    if (want) want(line);
    else read.push(line);
  });
  return () => {
    const line = read.shift();
    return line === undefined ? new Promise((resolve) => wanted.push(resolve)) : Promise.resolve(line);
  };
}
