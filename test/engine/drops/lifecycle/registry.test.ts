import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  InMemoryDROP,
  InMemoryRegistry,
  RDBMSRegistry,
  type DropRegistry,
} from '../../../../engine/drops/index.ts';
import { Sqlite } from '../../../../engine/drops/io/sqlite.ts';
import { DROPPhases } from '../../../../engine/protocol/index.ts';
import { temporaryDirectory } from '../support/drops.ts';

const temporary = temporaryDirectory();
const sqlite = new Sqlite();
afterAll(async () => {
  await sqlite.close();
  temporary.remove();
});

let n = 0;
const kinds: [string, () => DropRegistry][] = [
  ['in memory', () => new InMemoryRegistry()],
  ['in SQLite', () => new RDBMSRegistry(sqlite, path.join(temporary.dir, `${++n}.db`))],
];

describe.each(kinds)('a registry %s', (_where, make) => {
  it('knows the copies of a drop', async () => {
    const registry = make();
    await registry.addDrop(new InMemoryDROP('a', 'a1'));
    await registry.addDropInstance(new InMemoryDROP('a', 'a2'));
    expect(await registry.getDropUids('a')).toEqual(['a1', 'a2']);
    await expect(registry.addDropInstance(new InMemoryDROP('a', 'a2'))).rejects.toThrow(/"a2" already/);
  });

  it('replaces a drop that is added again', async () => {
    const registry = make();
    await registry.addDrop(new InMemoryDROP('a', 'a1'));
    await registry.recordNewAccess('a', 5000);
    await registry.addDrop(new InMemoryDROP('a', 'a2'));
    expect(await registry.getDropUids('a')).toEqual(['a2']);
    expect(await registry.getLastAccess('a')).toBe(-1);
  });

  it('keeps the phase of each drop', async () => {
    const registry = make();
    await registry.addDrop(new InMemoryDROP('a', 'a'));
    await registry.addDrop(new InMemoryDROP('b', 'b'));
    await registry.setDropPhase('a', DROPPhases.SOLID);
    expect(await registry.getDropPhase('a')).toBe(DROPPhases.SOLID);
    expect(await registry.getDropPhase('b')).toBe(DROPPhases.PLASMA);
  });

  it('keeps the last access of each drop', async () => {
    const registry = make();
    await registry.addDrop(new InMemoryDROP('a', 'a'));
    await registry.addDrop(new InMemoryDROP('b', 'b'));
    await registry.recordNewAccess('a', 1_700_000_000_000);
    await registry.recordNewAccess('a', 1_700_000_001_000);
    expect(await registry.getLastAccess('a')).toBe(1_700_000_001_000);
    expect(await registry.getLastAccess('b')).toBe(-1);
  });

  it('refuses drops it does not know', async () => {
    const registry = make();
    await expect(registry.getDropUids('x')).rejects.toThrow(/"x"/);
    await expect(registry.setDropPhase('x', DROPPhases.SOLID)).rejects.toThrow(/"x"/);
    await expect(registry.recordNewAccess('x', 0)).rejects.toThrow(/"x"/);
    await expect(registry.getLastAccess('x')).rejects.toThrow(/"x"/);
    await expect(registry.addDropInstance(new InMemoryDROP('x', 'x'))).rejects.toThrow(/"x"/);
  });
});
