import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ContainerDROP,
  DirectoryContainer,
  DirectoryDROP,
  EndDROP,
  FileDROP,
  Flags,
  InMemoryDROP,
  NullDROP,
} from '../../../../engine/drops/index.ts';
import { DROPStates } from '../../../../engine/protocol/index.ts';
import { contextIn, placedIn, temporaryDirectory, type TestContext } from '../support/drops.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
let context: TestContext;
beforeAll(() => {
  temporary = temporaryDirectory();
  context = contextIn(temporary.dir, { env: { WHERE: 'below' } });
});
afterAll(() => temporary.remove());

const directory = (kwargs: Record<string, unknown>, uid = 'd_ir') =>
  new DirectoryDROP(uid, uid, placedIn(context, kwargs));

describe('a directory drop', () => {
  it('lies below the session directory and is made when asked for', () => {
    const drop = directory({ dirname: 'din', create_if_missing: true });
    expect(drop.path).toBe(path.join(temporary.dir, 'din'));
    expect(existsSync(drop.path)).toBe(true);
    expect(drop.dataURL).toBe(`file://localhost${drop.path}`);
  });

  it('has variables expanded and a generated name for an empty one', () => {
    expect(directory({ dirname: '$WHERE/x' }).path).toBe(path.join(temporary.dir, 'below/x'));
    expect(directory({ dirname: '' }).path).toBe(path.join(temporary.dir, 'd_ir'));
    expect(directory({ dirname: '{uid}/{x}' }).path).toBe(path.join(temporary.dir, '{uid}/{x}'));
  });

  it('is refused without the parameter, and when it must exist and does not', () => {
    expect(() => directory({})).toThrow(/d_ir.*dirname/);
    expect(() => directory({ dirname: 'nowhere', check_exists: true })).toThrow(/d_ir.*nowhere/);
    expect(() => directory({ dirname: '$NOWHERE/x' })).toThrow(/d_ir.*NOWHERE/);
  });

  it('that must exist is made first where it may be', () => {
    const drop = directory({ dirname: 'made', check_exists: true, create_if_missing: true });
    expect(existsSync(drop.path)).toBe(true);
  });

  it('reads as nothing and has no size', async () => {
    const drop = directory({ dirname: 'empty', create_if_missing: true });
    await drop.setCompleted();
    expect((await drop.contents()).length).toBe(0);
    expect(drop.size).toBeNull();
  });

  it('written with the path of a directory copies that directory', async () => {
    const source = path.join(temporary.dir, 'source');
    mkdirSync(path.join(source, 'deep'), { recursive: true });
    writeFileSync(path.join(source, 'deep', 'x'), 'content');
    const drop = directory({ dirname: 'target' });
    expect(await drop.write(source)).toBe(7);
    expect(readFileSync(path.join(drop.path, 'deep', 'x'), 'utf8')).toBe('content');
    await drop.delete();
    expect(await drop.exists()).toBe(false);
  });

  it('written with anything else ends in ERROR', async () => {
    const drop = directory({ dirname: 'target2' });
    await expect(drop.write('no directory')).rejects.toThrow(/d_ir.*path of a directory/);
    expect(drop.status).toBe(DROPStates.ERROR);
  });
});

describe('a directory container', () => {
  it('takes what lies directly in it and nothing else', () => {
    mkdirSync(path.join(temporary.dir, 'container'), { recursive: true });
    const container = new DirectoryContainer('c', 'c', placedIn(context, { dirname: 'container' }));
    const inside = new FileDROP('i', 'i', placedIn(context, { filepath: 'container/i.txt' }));
    const outside = new FileDROP('o', 'o', placedIn(context, { filepath: 'o.txt' }));
    container.addChild(inside);
    expect(container.children).toEqual([inside]);
    expect(inside.parent).toBe(container);
    expect(() => container.addChild(outside)).toThrow(/o cannot be a child/);
  });

  it('must exist by default', () => {
    expect(() => new DirectoryContainer('c', 'c', placedIn(context, { dirname: 'missing' }))).toThrow(
      /missing/,
    );
  });
});

describe('a container', () => {
  it('is COMPLETED only when its children are', async () => {
    const container = new ContainerDROP('c', 'c');
    const one = new InMemoryDROP('1', '1');
    const two = new InMemoryDROP('2', '2');
    container.addChild(one);
    two.parent = container;
    expect(container.children).toEqual([one, two]);
    const completing = container.setCompleted();
    await one.setCompleted();
    expect(container.status).toBe(DROPStates.INITIALIZED);
    await two.setCompleted();
    await completing;
    expect(container.status).toBe(DROPStates.COMPLETED);
  });

  it('fails with a child that fails', async () => {
    const container = new ContainerDROP('c', 'c');
    const child = new InMemoryDROP('k', 'k');
    container.addChild(child);
    const completing = container.setCompleted();
    await child.setError();
    await completing;
    expect(container.status).toBe(DROPStates.ERROR);
  });

  it('without children is ready, exists and has no content', async () => {
    const container = new ContainerDROP('c', 'c');
    await container.setCompleted();
    expect(await container.exists()).toBe(true);
    await expect(container.open()).rejects.toThrow(/c has no content of its own/);
    expect(() => container.dataURL).toThrow(/c has no URL/);
  });

  it('cannot lie in itself', () => {
    const outer = new ContainerDROP('outer', 'outer');
    const inner = new ContainerDROP('inner', 'inner');
    outer.addChild(inner);
    expect(() => inner.addChild(outer)).toThrow(/Circular/);
    expect(() => outer.addChild(outer)).toThrow(/Circular/);
  });

  it('deletes its children', async () => {
    const container = new ContainerDROP('c', 'c');
    const child = new InMemoryDROP('k', 'k');
    container.addChild(child);
    await container.delete();
    expect(await child.exists()).toBe(false);
    expect(await container.exists()).toBe(false);
  });
});

describe('a null drop', () => {
  it('counts what is written and keeps nothing', async () => {
    const drop = new NullDROP('n', 'n', { expectedSize: 9 });
    await drop.write('12345');
    await drop.write('6789');
    expect(drop.status).toBe(DROPStates.COMPLETED);
    expect(drop.size).toBe(9);
    expect(drop.checksum).toBe(3808858755);
    expect((await drop.contents()).length).toBe(0);
  });

  it('reads as null', async () => {
    const drop = new NullDROP('n', 'n');
    await drop.setCompleted();
    const descriptor = await drop.open();
    expect(await drop.read(descriptor)).toBeNull();
    expect(drop.size).toBeNull();
  });

  it('that ends the session is marked in its table', () => {
    const drop = new EndDROP('e', 'e');
    expect(drop._flow.table.hasFlag(drop._row, Flags.END)).toBe(true);
    expect(EndDROP.lazy).toBe(false);
    expect(NullDROP.lazy).toBe(true);
  });
});
