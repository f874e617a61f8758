import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  allDropContents,
  breadFirstTraverse,
  ContainerDROP,
  copyDropContents,
  depthFirstTraverse,
  DROPFile,
  DROPWaiterCtx,
  EvtConsumer,
  FileDROP,
  getDownstreamObjects,
  getLeafNodes,
  getUpstreamObjects,
  hasPath,
  InMemoryDROP,
  listify,
  loadNpy,
  loadPickle,
  loadUtf8,
  NullDROP,
  replaceDataurlPlaceholders,
  replacePathPlaceholders,
  replacePlaceholders,
  saveNpy,
  savePickle,
  type AbstractDROP,
} from '../../../engine/drops/index.ts';
import { NdArray } from '../../../engine/drops/pyrepr/index.ts';
import { writePickle } from '../../../engine/drops/pickle/index.ts';
import { DROPStates, Event } from '../../../engine/protocol/index.ts';
import {
  contextIn,
  placedIn,
  temporaryDirectory,
  TestApp,
  TestReceiver,
  type TestContext,
} from './support/drops.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
let context: TestContext;
beforeAll(() => {
  temporary = temporaryDirectory();
  context = contextIn(temporary.dir);
});
afterAll(() => temporary.remove());

const memory = (uid: string, kwargs = {}) => new InMemoryDROP(uid, uid, kwargs);
const file = (uid: string) => new FileDROP(uid, uid, placedIn(context));

/** A→{B,C}, B→D→G→I→H, C→{E,F}, E→H→J; letters at even depth are data. */
function exampleGraph(): Map<string, AbstractDROP> {
  const edges = ['AB', 'AC', 'BD', 'DG', 'GI', 'IH', 'CE', 'CF', 'EH', 'HJ'];
  const data = new Set(['A', 'D', 'E', 'F', 'I', 'J']);
  const drops = new Map<string, AbstractDROP>();
  for (const name of 'ABCDEFGHIJ') drops.set(name, data.has(name) ? memory(name) : new TestApp(name));
  for (const [from, to] of edges as unknown as [string, string][]) {
    const source = drops.get(from) as AbstractDROP;
    const target = drops.get(to) as AbstractDROP;
    if (data.has(from)) source.addConsumer(target);
    else target.addProducer(source);
  }
  return drops;
}

const names = (visits: Iterable<[AbstractDROP, AbstractDROP[]]>) =>
  [...visits].map(([drop]) => drop.uid).join(' ');

describe('going through a graph', () => {
  const drops = exampleGraph();
  const a = drops.get('A') as AbstractDROP;

  it('depth first has each drop once', () => {
    expect(names(depthFirstTraverse(a))).toBe('A B D G I H J C E F');
  });

  it('breadth first has each drop once', () => {
    expect(names(breadFirstTraverse(a))).toBe('A B C D E F G H I J');
    expect(names(breadFirstTraverse([drops.get('G') as AbstractDROP, a]))).toBe('G A I B C H D E F J');
  });

  it.each([
    ['depth first', depthFirstTraverse, 'A C E H J F'],
    ['breadth first', breadFirstTraverse, 'A C E F H J'],
  ] as const)('%s leaves out what is taken from the list', (_how, traverse, expected) => {
    const seen: string[] = [];
    for (const [drop, next] of traverse(a)) {
      seen.push(drop.uid);
      if (drop.uid === 'A') next.shift();
    }
    expect(seen.join(' ')).toBe(expected);
  });

  it('finds leaves and neighbours', () => {
    expect(getLeafNodes(a).map(({ uid }) => uid)).toEqual(['F', 'J']);
    expect(getUpstreamObjects(drops.get('H') as AbstractDROP).map(({ uid }) => uid)).toEqual(['I', 'E']);
    expect(getDownstreamObjects(drops.get('C') as AbstractDROP).map(({ uid }) => uid)).toEqual(['E', 'F']);
    expect(getUpstreamObjects(drops.get('D') as AbstractDROP).map(({ uid }) => uid)).toEqual(['B']);
  });

  it('counts streaming links', () => {
    const source = memory('s');
    const receiver = new TestReceiver('r', 'r');
    source.addStreamingConsumer(receiver);
    expect(getDownstreamObjects(source)).toEqual([receiver]);
    expect(getUpstreamObjects(receiver)).toEqual([source]);
  });

  it('is not limited by its depth', () => {
    const first = memory('0');
    let last: AbstractDROP = first;
    for (let i = 1; i <= 20_000; i++) {
      const next = i % 2 ? new TestApp(String(i)) : memory(String(i));
      if (i % 2) last.addConsumer(next);
      else next.addProducer(last);
      last = next;
    }
    let n = 0;
    for (const _visit of depthFirstTraverse(first)) n++;
    expect(n).toBe(20_001);
    expect(getLeafNodes(first)).toEqual([last]);
  });
});

describe('waiting for drops', () => {
  it('ends when they are there, also those that were before', async () => {
    const before = memory('before');
    await before.setCompleted();
    const during = memory('during');
    const result = await new DROPWaiterCtx([before, during]).run(async () => {
      await during.setCompleted();
      return 'done';
    });
    expect(result).toBe('done');
  });

  it('takes the states that are asked for', async () => {
    const drop = memory('d');
    await new DROPWaiterCtx(drop, { expectedStates: [DROPStates.CANCELLED] }).run(() => drop.cancel());
    expect(drop.status).toBe(DROPStates.CANCELLED);
  });

  it('fails after its time, naming the late ones', async () => {
    const late = memory('late-one');
    await expect(new DROPWaiterCtx(late, { timeoutMs: 5 }).run(() => undefined)).rejects.toThrow(
      /late-one \(INITIALIZED\)/,
    );
  });

  it('sets an event for expected states only', () => {
    let isSet = 0;
    const consumer = new EvtConsumer({ set: () => void isSet++ });
    consumer.handleEvent(new Event('status', { status: DROPStates.WRITING }));
    expect(isSet).toBe(0);
    consumer.handleEvent(new Event('status', { status: DROPStates.ERROR }));
    expect(isSet).toBe(1);
  });
});

describe('contents', () => {
  it('are copied, text to text as text', async () => {
    const source = memory('s', { pydata: { type: 'String', value: 'Grüße '.repeat(20) } });
    await source.setCompleted();
    const asText = memory('t', { pydata: { type: 'String', value: '' } });
    const asBytes = file('b');
    await copyDropContents(source, asText, 7);
    await copyDropContents(source, asBytes, 7);
    await asText.setCompleted();
    await asBytes.setCompleted();
    expect(await loadUtf8(asText)).toBe('Grüße '.repeat(20));
    expect(await loadUtf8(asBytes)).toBe('Grüße '.repeat(20));
  });

  it('of a container are those of its children', async () => {
    const container = new ContainerDROP('c', 'c');
    for (const text of ['one ', 'two']) {
      const child = memory(text, { pydata: text });
      await child.setCompleted();
      container.addChild(child);
    }
    await container.setCompleted();
    const target = memory('t');
    await copyDropContents(container, target);
    await target.setCompleted();
    expect(await loadUtf8(target)).toBe('one two');
  });

  it('of a null drop copy as nothing', async () => {
    const source = new NullDROP('n', 'n');
    await source.setCompleted();
    const target = memory('t');
    await copyDropContents(source, target);
    await target.setCompleted();
    expect((await allDropContents(target)).length).toBe(0);
  });

  it('of a drop that is not complete are refused', async () => {
    await expect(allDropContents(memory('not-yet'))).rejects.toThrow(/not-yet.*INITIALIZED/);
  });

  it.each([
    ['memory', () => memory('d')],
    ['a file', () => file('d')],
  ])('are values through pickles and npy in %s', async (_where, make) => {
    const pickled = make();
    await savePickle(pickled, [1n, 'two', null]);
    await pickled.setCompleted();
    expect(await loadPickle(pickled)).toEqual([1n, 'two', null]);
    const array = new NdArray('<f8', [3], new Uint8Array(Float64Array.of(1, 2, 3).buffer));
    const saved = make();
    await saveNpy(saved, array);
    await saved.setCompleted();
    const loaded = await loadNpy(saved);
    expect(loaded.shape).toEqual([3]);
    expect(Buffer.from(loaded.data).equals(Buffer.from(array.data))).toBe(true);
  });

  it('of an empty drop are null as a pickle', async () => {
    const drop = memory('e');
    await drop.setCompleted();
    expect(await loadPickle(drop)).toBeNull();
  });

  it('that are a pickled number are no array', async () => {
    const drop = memory('p');
    await drop.write(writePickle(5n));
    await drop.setCompleted();
    await expect(loadNpy(drop, true)).rejects.toThrow(/p was to hold an array.*int/);
    await expect(loadNpy(drop)).rejects.toThrow(/npy/);
  });

  it('that are no UTF-8 are no text', async () => {
    const drop = memory('u');
    await drop.write(Uint8Array.of(0xff));
    await drop.setCompleted();
    await expect(loadUtf8(drop)).rejects.toThrow(/u was to hold UTF-8/);
  });
});

describe('a drop as a file', () => {
  it('is read straight from the file and counts as being read', async () => {
    const drop = file('f');
    writeFileSync(drop.path, 'content');
    await drop.setCompleted();
    const opened = new DROPFile(drop);
    expect(Buffer.from(await opened.read(4)).toString()).toBe('cont');
    expect(drop.isBeingRead()).toBe(true);
    expect(Buffer.from(await opened.read()).toString()).toBe('ent');
    expect((await opened.read()).length).toBe(0);
    await opened.close();
    await opened.close();
    expect(opened.closed).toBe(true);
    expect(drop.isBeingRead()).toBe(false);
    await expect(opened.read()).rejects.toThrow(/closed/);
  });

  it('goes through the drop where there is no file', async () => {
    const drop = memory('m', { pydata: 'memory' });
    await drop.setCompleted();
    const opened = await new DROPFile(drop).open();
    expect(drop.isBeingRead()).toBe(true);
    expect(Buffer.from(await opened.read()).toString()).toBe('memory');
    await opened.close();
    expect(drop.isBeingRead()).toBe(false);
  });

  it('is refused before the drop is complete, and may be closed unopened', async () => {
    await expect(new DROPFile(file('g')).read()).rejects.toThrow(/g can be read only/);
    await new DROPFile(file('h')).close();
  });
});

describe('placeholders', () => {
  const inputs = () => [file('in-a'), memory('in-m'), file('in-b')];

  it('of the present syntax are paths by uid, or data URLs', () => {
    const [a, m] = inputs() as [FileDROP, InMemoryDROP];
    expect(replacePlaceholders('cat {in-a} {in-m} {other}', { 'in-a': a, 'in-m': m }, {})).toBe(
      `cat ${a.path} ${m.dataURL} {other}`,
    );
  });

  it('of the old syntax are paths by position among those with a path, and by uid', () => {
    const list = inputs();
    const [a, , b] = list as [FileDROP, InMemoryDROP, FileDROP];
    const many = Array.from({ length: 11 }, (_, i) => file(`o${i}`));
    expect(replacePathPlaceholders('%i0 %i1 %i2 %i[in-b] %o1 %o10', list, many)).toBe(
      `${a.path} ${b.path} %i2 ${b.path} ${many[1]?.path} ${many[10]?.path}`,
    );
  });

  it('of the old syntax are data URLs by position among those without a path, and by uid', () => {
    const list = inputs();
    const m = list[1] as InMemoryDROP;
    expect(replaceDataurlPlaceholders('%iDataURL0 %iDataURL[in-m] %oDataURL0', list, [])).toBe(
      `${m.dataURL} ${m.dataURL} %oDataURL0`,
    );
  });
});

it('listify and hasPath say what they say', () => {
  const list = [1];
  expect(listify(list)).toBe(list);
  expect(listify(1)).toEqual([1]);
  expect(hasPath(file('p'))).toBe(true);
  expect(hasPath(memory('p'))).toBe(false);
  expect(hasPath(null)).toBe(false);
});
