import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Services } from '../../../engine/drops/index.ts';
import { GraphParser } from '../../../engine/graph/index.ts';
import { practise } from '../../../engine/host/practise.ts';
import { NodeManager } from '../../../engine/managers/index.ts';
import { openStore, type Store } from '../../../engine/store/index.ts';

const GRAPH = new TextEncoder().encode(
  JSON.stringify([{ oid: 'a', categoryType: 'Data', dropclass: 'dlg.data.drops.memory.InMemoryDROP' }]),
);

describe('a node that warms up', () => {
  const parser = new GraphParser();
  const before = process.env['TMPDIR'];
  let dir: string;
  let tmp: string;
  let store: Store;
  let manager: NodeManager;
  let closing: AbortController;
  /** How many graphs were read for practice, and who is told of each. */
  let read: number;
  let onRead: (count: number) => void;
  const problems: unknown[] = [];

  beforeEach(async () => {
    dir = mkdtempSync(path.join(tmpdir(), 'weir-practise-test-'));
    tmp = mkdtempSync(path.join(dir, 'tmp-'));
    process.env['TMPDIR'] = tmp;
    store = await openStore({ dataDir: dir });
    manager = new NodeManager({
      store,
      services: new Services(),
      dlgRoot: dir,
      hostName: 'here',
      version: 'test',
      parse: (bytes) => parser.parse(bytes),
      onProblem: (error) => void problems.push(error),
    });
    closing = new AbortController();
    read = 0;
    onRead = () => undefined;
    problems.length = 0;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    await manager.shutdown();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  afterAll(() => parser.close());

  const practising = () =>
    practise({
      parser: { parse: (bytes) => (onRead(++read), parser.parse(bytes)) },
      store,
      manager,
      version: 'test',
      closing: closing.signal,
      onProblem: (error) => void problems.push(error),
    });

  it('runs sessions of its own until the node closes, and leaves nothing behind', async () => {
    onRead = (count) => {
      expect(readdirSync(tmp)).toHaveLength(1);
      if (count === 3) closing.abort();
    };
    await practising();
    expect(problems).toEqual([]);
    expect(read).toBe(3);
    expect(readdirSync(tmp)).toEqual([]);
    expect(await store.sessions({})).toMatchObject({ total: 0 });
  });

  it('stands back while somebody has real work, and goes on after it', async () => {
    const real = await manager.createSession('real');
    const done = practising();
    const goesOn = new Promise<void>((resolve) => (onRead = () => resolve()));
    await real.addGraphSpec(new Uint8Array(GRAPH));
    await real.deploy('roots');
    await real.over;
    expect(read).toBe(0);
    await goesOn;
    closing.abort();
    await done;
    expect(problems).toEqual([]);
  });

  it('ends at once when the node closes while it stands back', async () => {
    await manager.createSession('real');
    const done = practising();
    closing.abort();
    await done;
    expect(read).toBe(0);
    expect(problems).toEqual([]);
  });

  it('reports trouble instead of stopping the node', async () => {
    process.env['TMPDIR'] = path.join(tmp, 'nowhere');
    await practising();
    expect(problems).toHaveLength(1);
  });
});
