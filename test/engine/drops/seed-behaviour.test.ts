/** What the seed's pages say of drops, events and helpers, and no other test says already. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  allDropContents,
  BarrierAppDROP,
  CopyApp,
  createGraphFromDropSpecList,
  depthFirstTraverse,
  DictGatherApp,
  DROPFile,
  DROPWaiterCtx,
  EvtConsumer,
  GenericNpyScatterApp,
  InMemoryDROP,
  listify,
  loadDropSpecs,
  loadPickle,
  PyTuple,
  removeUnmetRelationships,
  savePickle,
  ZlibUncompressedStream,
} from '../../../engine/drops/index.ts';
import {
  AppDROPStates,
  DROPLinkType,
  DROPRel,
  DROPStates,
  Event,
  type EventHandler,
} from '../../../engine/protocol/index.ts';
import { pyRepr } from '../../../engine/drops/pyrepr/index.ts';
import { ReproducibilityFlags } from '../../../engine/reproducibility/index.ts';
import { contextIn, placedIn, TestApp, TestReceiver } from './support/drops.ts';

const memory = (uid: string, kwargs = {}) => new InMemoryDROP(uid, uid, kwargs);

/** Resolves with the first event of this type. */
function heard(
  drop: { subscribe(listener: EventHandler, type: string): void },
  type: string,
): Promise<Event> {
  return new Promise((resolve) => drop.subscribe({ handleEvent: resolve }, type));
}

describe('a class with methods of its own', () => {
  it('has producerFinished called for each producer, before it completes', async () => {
    const seen: unknown[] = [];
    class Told extends InMemoryDROP {
      override producerFinished(uid: string, state: DROPStates): void {
        seen.push([uid, state, this.status]);
        super.producerFinished(uid, state);
      }
    }
    const [one, two] = [new TestApp('one'), new TestApp('two')];
    const drop = new Told('d', 'd');
    drop.addProducer(one);
    drop.addProducer(two);
    const done = heard(drop, 'dropCompleted');
    await one.execute();
    await two.execute();
    await done;
    expect(seen).toEqual([
      ['one', DROPStates.COMPLETED, DROPStates.INITIALIZED],
      ['two', DROPStates.COMPLETED, DROPStates.INITIALIZED],
    ]);
    expect(drop.status).toBe(DROPStates.COMPLETED);
  });

  it('has dropCompleted called for each input, and decides with super', async () => {
    const seen: unknown[] = [];
    class Told extends BarrierAppDROP {
      override dropCompleted(uid: string, state: DROPStates): void {
        seen.push([uid, state]);
        super.dropCompleted(uid, state);
      }
      override run(): void {
        seen.push('runs');
      }
    }
    const app = new Told('app', 'app');
    const [a, b] = [memory('a'), memory('b')];
    a.addConsumer(app);
    b.addConsumer(app);
    await a.setCompleted();
    await b.setCompleted();
    expect(seen).toEqual([['a', DROPStates.COMPLETED], ['b', DROPStates.COMPLETED], 'runs']);
  });

  it('is handed the events of its neighbours with all their attributes', async () => {
    const events: Event[] = [];
    class Told extends BarrierAppDROP {
      override handleEvent(event: Event): void {
        events.push(event);
        super.handleEvent(event);
      }
      override run(): void {}
    }
    const app = new Told('app', 'app');
    const input = memory('a', { name: 'numbers', lg_key: 'k' });
    input.addConsumer(app);
    await input.setCompleted();
    expect(events[0]).toMatchObject({
      type: 'dropCompleted',
      oid: 'a',
      uid: 'a',
      session_id: '',
      name: 'numbers',
      lg_key: 'k',
      status: DROPStates.COMPLETED,
    });
    expect(app.execStatus).toBe(AppDROPStates.FINISHED);
  });

  it('hears of the records of what it consumes', async () => {
    const told = new Promise((resolve) => {
      class Told extends TestApp {
        override dropReproComplete(uid: string, reprodata: unknown): void {
          resolve([uid, reprodata]);
        }
      }
      const input = memory('a');
      input.reproducibilityLevel = ReproducibilityFlags.RERUN;
      input.addConsumer(new Told('app'));
      void input.setCompleted();
    });
    expect(await told).toEqual([
      'a',
      {
        data: { status: DROPStates.COMPLETED },
        merkleroot: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    ]);
  });

  it('that throws where an input reports is the one that fails', async () => {
    class Wrong extends BarrierAppDROP {
      override dropCompleted(): void {
        throw new Error('no taste for this');
      }
    }
    const context = contextIn('/nowhere');
    const app = new Wrong('app', 'app', placedIn(context));
    const input = memory('a');
    input.addConsumer(app);
    await input.setCompleted();
    expect([input.status, app.execStatus]).toEqual([DROPStates.COMPLETED, AppDROPStates.ERROR]);
  });
});

describe('a drop that is over', () => {
  it('has a root without anybody asking, once a level was set', async () => {
    const drop = memory('a');
    drop.reproducibilityLevel = ReproducibilityFlags.RERUN;
    const event = heard(drop, 'reproducibility');
    await drop.setCompleted();
    const { reprodata } = await event;
    expect(reprodata).toEqual({ data: { status: DROPStates.COMPLETED }, merkleroot: drop.merkleroot });
    const quiet = memory('b');
    quiet.reproducibilityLevel = ReproducibilityFlags.RERUN;
    await quiet.setCompleted();
    await quiet.commit();
    expect(quiet.merkleroot).toBe(drop.merkleroot);
  });

  it('starts an application that is linked to it late, once all of its inputs are linked', async () => {
    const [a, b] = [memory('a'), memory('b')];
    await a.write('1');
    await a.setCompleted();
    await b.write('2');
    await b.setCompleted();
    const copy = new CopyApp('copy', 'copy');
    const out = memory('out');
    out.addProducer(copy);
    a.addConsumer(copy);
    b.addConsumer(copy);
    const done = heard(out, 'dropCompleted');
    await done;
    expect(Buffer.from(await allDropContents(out)).toString()).toBe('12');
  });

  it('fails an application that is linked to it late when it failed itself', async () => {
    const a = memory('a');
    await a.setError();
    const app = new TestApp('app');
    const failed = heard(app, 'producerFinished');
    a.addConsumer(app);
    expect(await failed).toMatchObject({ status: DROPStates.ERROR, execStatus: AppDROPStates.ERROR });
  });

  it('is counted once by each consumer, also when it fails after it was completed', async () => {
    const [a, b] = [memory('a'), memory('b')];
    const app = new TestApp('app');
    a.addConsumer(app);
    b.addConsumer(app);
    await a.setCompleted();
    await a.setError();
    expect([a.status, app.execStatus]).toEqual([DROPStates.ERROR, AppDROPStates.NOT_RUN]);
    await b.setCompleted();
    expect(app.execStatus).toBe(AppDROPStates.FINISHED);
  });

  it('in the mode EXTERNAL starts nobody, early or late', async () => {
    const a = memory('a', { executionMode: 1 });
    const [early, late] = [new TestApp('early'), new TestApp('late')];
    a.addConsumer(early);
    await a.setCompleted();
    a.addConsumer(late);
    await new Promise((resolve) => setImmediate(resolve));
    expect([early.execStatus, late.execStatus]).toEqual([AppDROPStates.NOT_RUN, AppDROPStates.NOT_RUN]);
    early.dropCompleted('a', DROPStates.COMPLETED);
    expect(early.execStatus).toBe(AppDROPStates.FINISHED);
  });
});

describe('an application by hand', () => {
  it('that waits for more inputs than it has fails and says so, instead of waiting', async () => {
    const logged: string[] = [];
    const context = contextIn('/nowhere', { log: (_level, _drop, message) => void logged.push(message) });
    const app = new CopyApp('app', 'app', placedIn(context, { n_effective_inputs: 3 }));
    const input = memory('a');
    app.addInput(input);
    await input.setCompleted();
    expect([app.execStatus, app.status]).toEqual([AppDROPStates.ERROR, DROPStates.ERROR]);
    expect(logged).toContainEqual(
      expect.stringMatching(/app waits for 3 inputs \(n_effective_inputs\) but has only 1/),
    );
  });

  it('is executed once; asked again, or when it was cancelled, execute comes back', async () => {
    let runs = 0;
    const app = new TestApp('app', () => void runs++);
    await app.execute();
    await app.execute();
    expect(runs).toBe(1);
    const endless = new TestApp('endless', () => new Promise(() => undefined));
    const over = endless.execute();
    await endless.cancel();
    await over;
    expect(endless.execStatus).toBe(AppDROPStates.CANCELLED);
  });
});

describe('cancelling', () => {
  it('changes nothing of what is over, and ends what is not', async () => {
    const done = new TestApp('done');
    await done.execute();
    await done.cancel();
    expect([done.status, done.execStatus]).toEqual([DROPStates.COMPLETED, AppDROPStates.FINISHED]);
    const [full, open] = [memory('full'), memory('open')];
    await full.setCompleted();
    await open.write('half');
    await full.cancel();
    await open.cancel();
    expect([full.status, open.status]).toEqual([DROPStates.COMPLETED, DROPStates.CANCELLED]);
    expect(await open.write('more')).toBe(-1);
  });
});

describe('somebody who listens or receives and fails', () => {
  it('keeps no other listener from hearing and no drop from going on', async () => {
    const context = contextIn('/nowhere');
    const input = new InMemoryDROP('a', 'a', placedIn(context));
    const app = new TestApp('app');
    input.addConsumer(app);
    const heardBy: string[] = [];
    input.subscribe({
      handleEvent: () => {
        throw new Error('bad listener');
      },
    });
    input.subscribe({ handleEvent: ({ type }) => void heardBy.push(type) });
    await input.setCompleted();
    expect(heardBy.slice(0, 2)).toEqual(['status', 'dropCompleted']);
    expect(app.execStatus).toBe(AppDROPStates.FINISHED);
    expect(context.logged).toContainEqual(
      expect.stringMatching(/A listener failed when a fired status: bad listener/),
    );
  });

  it('of a stream fails alone: the writer and the other receivers go on', async () => {
    const source = memory('s');
    const bad = new TestReceiver('bad', 'bad');
    const good = new TestReceiver('good', 'good');
    bad.takes = () => Promise.reject(new Error('full'));
    source.addStreamingConsumer(bad);
    source.addStreamingConsumer(good);
    expect(await source.write('one')).toBe(3);
    expect(await source.write('two')).toBe(3);
    expect(bad.execStatus).toBe(AppDROPStates.ERROR);
    expect([bad.received.length, good.received.length]).toEqual([1, 2]);
  });

  it.each(['setCompleted', 'setError', 'cancel'] as const)(
    'of a stream is told to the outputs when the stream is over by %s',
    async (end) => {
      const [first, second, output] = [memory('s'), memory('t'), memory('o')];
      const bad = new TestReceiver('bad', 'bad');
      bad.takes = () => Promise.reject(new Error('full'));
      for (const source of [first, second]) source.addStreamingConsumer(bad);
      bad.addOutput(output);
      await first.write('one');
      await second.setCompleted();
      expect([bad.status, bad.execStatus]).toEqual([DROPStates.ERROR, AppDROPStates.ERROR]);
      expect(output.status).toBe(DROPStates.INITIALIZED);
      await first[end]();
      expect(output.status).toBe(DROPStates.ERROR);
    },
  );
});

describe('helpers take what the seed says they take', () => {
  it('no states are the usual ones', async () => {
    let sets = 0;
    const consumer = new EvtConsumer({ set: () => void sets++ }, []);
    for (const status of Object.values(DROPStates)) consumer.handleEvent(new Event('status', { status }));
    expect(sets).toBe(2);
    const drop = memory('a');
    await new DROPWaiterCtx(drop, { expectedStates: [] }).run(() => drop.setCompleted());
  });

  it('a relation has its parts by name and by position, and is a list on the wire', () => {
    const relation = DROPRel('D', DROPLinkType.CONSUMER, 'A');
    const [lhs, rel, rhs] = relation;
    expect([lhs, rel, rhs]).toEqual([relation.lhs, relation.rel, relation.rhs]);
    expect(JSON.stringify(relation)).toBe('["D",0,"A"]');
    const [unmet] = removeUnmetRelationships([{ oid: 'a', consumers: ['gone'] }]);
    expect(unmet).toMatchObject({ lhs: 'gone', rel: DROPLinkType.CONSUMER, rhs: 'a' });
  });

  it('tuples are lists, and a walk visits where it starts', () => {
    expect(listify(new PyTuple([1n, 2n]))).toEqual([1n, 2n]);
    const [a, app] = [memory('a'), new TestApp('app')];
    a.addConsumer(app);
    expect([...depthFirstTraverse(a, [a, app])].map(([drop]) => drop.uid)).toEqual(['a']);
  });

  it('what is no dropspec is refused by its place', () => {
    const fine = { oid: 'a', categoryType: 'Data', dropclass: 'dlg.data.drops.memory.InMemoryDROP' };
    expect(() => loadDropSpecs([fine, null as never])).toThrow(/Element 1 of the graph is no dropspec/);
  });

  it('no compressed content is no content, and half of it is an error', async () => {
    expect(await new ZlibUncompressedStream([]).read()).toHaveLength(0);
    expect(await new ZlibUncompressedStream([new Uint8Array(0)]).read(5)).toHaveLength(0);
    await expect(new ZlibUncompressedStream([Uint8Array.of(0x78, 0x9c)]).read()).rejects.toThrow(
      /end of file/,
    );
  });

  it('contents are read in pieces of the size that is asked for', async () => {
    const drop = memory('a');
    await drop.write('hello');
    await drop.setCompleted();
    expect(Buffer.from(await allDropContents(drop, 2)).toString()).toBe('hello');
  });

  it('values are pickled as programs here write them, and nothing that is no plain value', async () => {
    const drop = memory('p');
    await savePickle(drop, { n: 1n, x: [2.5, 'three'], m: new Map([['k', new Set([1n])]]), none: undefined });
    await drop.setCompleted();
    expect(pyRepr(await loadPickle(drop))).toBe(
      "{'n': 1, 'x': [2.5, 'three'], 'm': {'k': {1}}, 'none': None}",
    );
    await expect(savePickle(memory('q'), new Date(0) as never)).rejects.toThrow(
      /A Date cannot be pickled into drop q; plain data, bytes and NdArray can/,
    );
  });

  it('a file nobody refers to any more lets its drop go', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options: object) => Promise<void>;
    const drop = memory('a');
    await drop.write('x');
    await drop.setCompleted();
    const gone = new Promise<void>((resolve) => (drop.onReaderGone = resolve));
    await (async () => {
      await new DROPFile(drop).read(1);
    })();
    expect(drop.isBeingRead()).toBe(true);
    // In a turn of its own, with nothing of ours on the stack.
    await collect({ type: 'major', execution: 'async' });
    await gone;
    expect(drop.isBeingRead()).toBe(false);
  });

  it('lists and maps among parameters may be written as Python writes them', () => {
    const scatter = (axes: string) => new GenericNpyScatterApp('s', 's', { scatter_axes: axes });
    expect(() => scatter('(0, 1)')).not.toThrow();
    expect(() => scatter('[0, 1,]')).not.toThrow();
    expect(() => new DictGatherApp('d', 'd', { value_dict: `{'it': "it's", 'b': True}` })).not.toThrow();
    expect(() => scatter('[0, open("x")]')).toThrow(/s: parameter scatter_axes must be a list/);
  });

  it('old dropspecs are loaded by category and storage', () => {
    const old = [
      { oid: 'box', categoryType: 'container' },
      { oid: 'm', categoryType: 'data', storage: 'Memory', dropclass: 'ignored.as.ever' },
      { oid: 's', categoryType: 'socket' },
      { oid: 'c', categoryType: 'app', dropclass: 'dfms.apps.simple.CopyApp', inputs: ['m'] },
    ];
    expect([...loadDropSpecs(old).dropSpecs.keys()]).toEqual(['box', 'm', 's', 'c']);
    const { drops } = createGraphFromDropSpecList(old);
    expect([...drops.values()].map((drop) => drop.constructor.name)).toEqual([
      'ContainerDROP',
      'InMemoryDROP',
      'SocketListenerApp',
      'CopyApp',
    ]);
    expect(() => loadDropSpecs([{ oid: 'x', categoryType: 'Data' }])).toThrow(/Drop x: a data drop needs a/);
    expect(() => loadDropSpecs([{ oid: 'x', categoryType: 'data', storage: 'Tape' }])).toThrow(
      /"storage" is "Tape", but one of Memory/,
    );
  });
});
