import { describe, expect, it } from 'vitest';
import {
  addLink,
  createGraphFromDropSpecList,
  loadDropSpecs,
  removeUnmetRelationships,
  type ContainerDROP,
  type DropSpec,
} from '../../../engine/drops/index.ts';
import { DROPLinkType, DROPStates, Event } from '../../../engine/protocol/index.ts';

const MEMORY = 'dlg.data.drops.memory.InMemoryDROP';
const data = (oid: string, more: object = {}): DropSpec => ({
  oid,
  categoryType: 'Data',
  dropclass: MEMORY,
  ...more,
});
const app = (oid: string, name: string, more: object = {}): DropSpec => ({
  oid,
  categoryType: 'Application',
  dropclass: `dlg.apps.simple.${name}`,
  ...more,
});

describe('addLink', () => {
  it('appends to a list, makes it where it is missing, and sets a parent', () => {
    const spec = data('a', { consumers: [{ x: 'port' }] });
    addLink(DROPLinkType.CONSUMER, spec, 'b');
    addLink(DROPLinkType.PRODUCER, spec, 'p');
    addLink(DROPLinkType.PARENT, spec, 'c');
    expect(spec).toMatchObject({ consumers: [{ x: 'port' }, 'b'], producers: ['p'], parent: 'c' });
  });

  it('refuses what is linked already, and what is no link', () => {
    const spec = data('a', { consumers: [{ x: 'port' }], parent: 'c' });
    expect(() => addLink(DROPLinkType.CONSUMER, spec, 'x')).toThrow(
      /Drop a lists x among its "consumers" already/,
    );
    expect(() => addLink(DROPLinkType.PARENT, spec, 'd')).toThrow(/a has a parent already \(c\); give force/);
    addLink(DROPLinkType.PARENT, spec, 'd', true);
    expect(spec['parent']).toBe('d');
    expect(() => addLink(99 as DROPLinkType, spec, 'x')).toThrow(/no type of link/);
  });
});

describe('removeUnmetRelationships', () => {
  it('takes out relations to drops that are not there, plain and named, and tells them', () => {
    const specs = [
      data('a', { consumers: ['b', 'gone'], producers: [{ away: 'p' }], parent: 'lost' }),
      app('b', 'CopyApp', { inputs: [{ a: 'x', gone: 'y' }] }),
    ];
    expect(removeUnmetRelationships(specs)).toEqual([
      ['gone', DROPLinkType.CONSUMER, 'a'],
      ['away', DROPLinkType.PRODUCER, 'a'],
      ['lost', DROPLinkType.PARENT, 'a'],
      ['gone', DROPLinkType.INPUT, 'b'],
    ]);
    expect(specs[0]).toEqual(data('a', { consumers: ['b'] }));
    expect(specs[1]).toEqual(app('b', 'CopyApp', { inputs: [{ a: 'x' }] }));
  });
});

describe('loadDropSpecs', () => {
  it('gives dropspecs by id and tells reproducibility data apart', () => {
    const { dropSpecs, reprodata } = loadDropSpecs([data('a'), data('b'), { rmode: '1' }]);
    expect([...dropSpecs.keys()]).toEqual(['a', 'b']);
    expect(reprodata).toEqual({ rmode: '1' });
    expect(loadDropSpecs([data('a'), {}]).dropSpecs.size).toBe(1);
  });

  it.each<[DropSpec[] | null, RegExp]>([
    [null, /empty list/],
    [[], /empty list/],
    [[data('a'), data('a')], /"a" occurs twice/],
    [[{ oid: 'a' }], /Element 0 of the graph has no "categoryType"/],
    [[data('a', { dropclass: 'no.such.Class' })], /Drop a wants the class "no.such.Class"/],
  ])('refuses %j', (specs, message) => {
    expect(() => loadDropSpecs(specs)).toThrow(message);
  });
});

describe('createGraphFromDropSpecList', () => {
  it('makes and links drops that run by themselves', async () => {
    const { drops, roots, loadFailures } = createGraphFromDropSpecList([
      app('h', 'HelloWorldApp', { greet: 'x', applicationArgs: { greet: { value: 'Ada' } } }),
      data('o', { producers: ['h'], consumers: [{ c: 'in' }] }),
      app('c', 'CopyApp', { outputs: ['p'] }),
      data('p', { parent: 'box' }),
      { oid: 'box', categoryType: 'Container', dropclass: 'dlg.data.drops.container.ContainerDROP' },
      {},
    ]);
    expect(roots.map(({ uid }) => uid)).toEqual(['h', 'box']);
    expect(loadFailures).toEqual([]);
    const end = new Promise<void>((resolve) => {
      drops.get('p')?.subscribe({ handleEvent: () => resolve() }, 'dropCompleted');
    });
    await (roots[0] as unknown as { execute(): Promise<void> }).execute();
    await end;
    const content = await (drops.get('p') as unknown as { contents(): Promise<Uint8Array> }).contents();
    expect(Buffer.from(content).toString()).toBe('Hello Ada');
    expect((drops.get('box') as ContainerDROP).children).toEqual([drops.get('p')]);
  });

  it('tells which drops could not be made, and keeps the others', () => {
    const { drops, loadFailures } = createGraphFromDropSpecList([
      data('bad', { lifespan: 1, expireAfterUse: true, consumers: ['gone'] }),
      data('a'),
    ]);
    expect([...drops.keys()]).toEqual(['a']);
    expect(loadFailures).toMatchObject([{ oid: 'bad', exception: { name: 'InvalidDropException' } }]);
  });

  it('names a parent that is no container', () => {
    expect(() => createGraphFromDropSpecList([data('a', { parent: 'b' }), data('b')])).toThrow(
      /b is to be the parent of a, but InMemoryDROP is no container/,
    );
  });
});

describe('a data drop that is handed events', () => {
  it('counts producers that finish, and hears of records', () => {
    const { drops } = createGraphFromDropSpecList([
      app('h', 'NullBarrierApp', { outputs: ['o'] }),
      data('o'),
    ]);
    const o = drops.get('o');
    o?.handleEvent(new Event('producerFinished', { uid: 'h', status: DROPStates.ERROR }));
    expect(o?.status).toBe(DROPStates.ERROR);
    const heard: unknown[] = [];
    Object.assign(o as object, { dropReproComplete: (...all: unknown[]) => heard.push(all) });
    o?.handleEvent(new Event('reproducibility', { uid: 'h', reprodata: { data: 1 } }));
    expect(heard).toEqual([['h', { data: 1 }]]);
  });
});
