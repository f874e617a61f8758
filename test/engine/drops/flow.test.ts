import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppDROPStates, DROPStates, EdgeTable } from '../../../engine/protocol/index.ts';
import {
  BarrierAppDROP,
  DataEvents,
  dataStep,
  DropTable,
  Flags,
  Flow,
  FlowEvents,
  inputVerdict,
  InputVerdicts,
  NullDROP,
  producerVerdict,
  ProducerVerdicts,
  type FlowHost,
} from '../../../engine/drops/index.ts';

/** A table of data (even) and no-op applications (odd rows of `apps`) with links given as [from, to]. */
function table(
  rows: number,
  apps: readonly number[],
  links: readonly (readonly [number, number])[],
): DropTable {
  const isApp = new Set(apps);
  const relations = {
    consumers: new EdgeTable(),
    streaming: new EdgeTable(),
    outputs: new EdgeTable(),
    children: new EdgeTable(),
  };
  for (const [from, to] of links) (isApp.has(from) ? relations.outputs : relations.consumers).add(from, to);
  const made = new DropTable(rows, relations);
  for (const row of apps) made.setFlag(row, Flags.APP | Flags.FIRED_BY_INPUTS);
  return made;
}

/** Applications that do nothing, or fail when their row is in `failing`. */
function host(failing: ReadonlySet<number> = new Set(), more: FlowHost = {}): FlowHost {
  return {
    run: (app) => {
      if (failing.has(app._row)) throw new Error('on purpose');
    },
    ...more,
  };
}

class Noop extends BarrierAppDROP {
  override run(): void {}
}

function flowOf(made: DropTable, served: FlowHost): Flow {
  const flow = new Flow(made, served);
  const kwargs = (row: number) => ({ [Symbol.for('unused')]: row });
  made.source = {
    make: (row) => {
      const drop = made.isApp(row)
        ? new Noop(`r${row}`, `r${row}`, kwargs(row))
        : new NullDROP(`r${row}`, `r${row}`, kwargs(row));
      // The flow only asks for the row of an application it runs.
      Object.defineProperty(drop, '_row', { value: row });
      return drop;
    },
  };
  return flow;
}

describe('the tables of states', () => {
  it('never leave a final state for an earlier one, whatever happens', () => {
    const events = fc.array(fc.constantFrom(...Object.values(DataEvents)), { maxLength: 20 });
    fc.assert(
      fc.property(events, (list) => {
        let state: DROPStates = DROPStates.INITIALIZED;
        for (const event of list) {
          const step = dataStep(state, event);
          if (step.refused) expect(step.next).toBe(state);
          if (state >= DROPStates.COMPLETED) expect(step.next).toBeGreaterThanOrEqual(DROPStates.COMPLETED);
          state = step.next;
        }
      }),
    );
  });

  it('let the percentage of failed inputs decide as DALiuGE does', () => {
    const tally = (errors: number, errorThreshold: number) =>
      inputVerdict({
        needed: 3,
        completed: 3 - errors,
        errors,
        skipped: 0,
        errorThreshold,
        blockSkip: false,
      });
    expect(tally(1, 33)).toBe(InputVerdicts.run);
    expect(tally(1, 32)).toBe(InputVerdicts.error);
    expect(tally(2, 66)).toBe(InputVerdicts.run);
    expect(
      inputVerdict({ needed: 2, completed: 0, errors: 1, skipped: 1, errorThreshold: 0, blockSkip: false }),
    ).toBe(InputVerdicts.error);
    expect(
      inputVerdict({ needed: 2, completed: 1, errors: 0, skipped: 1, errorThreshold: 0, blockSkip: true }),
    ).toBe(InputVerdicts.run);
  });

  it('wait for every producer and let an error among them win', () => {
    expect(producerVerdict(3, 2, 0, 0)).toBe(ProducerVerdicts.wait);
    expect(producerVerdict(3, 1, 1, 1)).toBe(ProducerVerdicts.error);
    expect(producerVerdict(2, 0, 0, 2)).toBe(ProducerVerdicts.skip);
    expect(producerVerdict(2, 1, 0, 1)).toBe(ProducerVerdicts.complete);
  });
});

describe('the flow of a run', () => {
  it('brings a healthy step about in the documented order', () => {
    const made = table(
      3,
      [1],
      [
        [0, 1],
        [1, 2],
      ],
    );
    const events: string[] = [];
    const names = ['status', 'execStatus', 'dropCompleted', 'producerFinished'];
    flowOf(
      made,
      host(new Set(), {
        event: (row, kind, value) => void events.push(`${'ABC'[row]} ${names[kind]}=${value}`),
      }),
    ).complete(0);
    expect(events).toEqual([
      'A status=2',
      'A dropCompleted=2',
      'B execStatus=1',
      'B execStatus=2',
      'B status=2',
      'B producerFinished=2',
      'C status=2',
      'C dropCompleted=2',
    ]);
  });

  it('carries an error to the end', () => {
    const made = table(
      5,
      [1, 3],
      [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
      ],
    );
    flowOf(made, host(new Set([1]))).complete(0);
    expect([...made.status.subarray(0, 5)]).toEqual([2, 3, 3, 3, 3]);
    expect(made.execOf(3)).toBe(AppDROPStates.ERROR);
  });

  it('tells the consumers of a skipped drop once its last producer has reported, also when that one failed', () => {
    // 0 -> app 1 -> 4, 2 -> app 3 -> 4, 4 -> app 5 -> 6: app 1 is skipped, app 3 fails.
    const made = table(
      7,
      [1, 3, 5],
      [
        [0, 1],
        [1, 4],
        [2, 3],
        [3, 4],
        [4, 5],
        [5, 6],
      ],
    );
    const flow = flowOf(made, host(new Set([3])));
    flow.skipApp(1);
    flow.complete(2);
    expect(made.statusOf(6)).toBe(DROPStates.SKIPPED);
    expect(made.execOf(5)).toBe(AppDROPStates.SKIPPED);
  });

  it('skips a blocking drop only when all of its producers were skipped', () => {
    const made = table(
      5,
      [1, 3],
      [
        [0, 1],
        [1, 4],
        [2, 3],
        [3, 4],
      ],
    );
    made.setFlag(4, Flags.BLOCK_SKIP);
    const flow = flowOf(made, host());
    flow.skipApp(1);
    expect(made.statusOf(4)).toBe(DROPStates.INITIALIZED);
    flow.skipApp(3);
    expect(made.statusOf(4)).toBe(DROPStates.SKIPPED);
  });

  it('does not pass on the completion of an EXTERNAL drop', () => {
    const made = table(
      3,
      [1],
      [
        [0, 1],
        [1, 2],
      ],
    );
    made.setFlag(0, Flags.EXTERNAL);
    flowOf(made, host()).complete(0);
    expect(made.statusOf(0)).toBe(DROPStates.COMPLETED);
    expect(made.execOf(1)).toBe(AppDROPStates.NOT_RUN);
  });

  it('ignores the end of an application that was cancelled meanwhile', async () => {
    const made = table(
      3,
      [1],
      [
        [0, 1],
        [1, 2],
      ],
    );
    let finish: () => void = () => undefined;
    const flow = flowOf(made, { run: () => new Promise<void>((resolve) => (finish = resolve)) });
    flow.complete(0);
    expect(made.execOf(1)).toBe(AppDROPStates.RUNNING);
    flow.cancelApp(1);
    finish();
    await Promise.resolve();
    expect(made.execOf(1)).toBe(AppDROPStates.CANCELLED);
    expect(made.statusOf(2)).toBe(DROPStates.INITIALIZED);
  });

  it('works off a chain of 20,000 drops without a deep stack, yielding when it is asked to', async () => {
    const rows = 20_001;
    const apps = Array.from({ length: 10_000 }, (_, i) => 2 * i + 1);
    const made = table(
      rows,
      apps,
      Array.from({ length: rows - 1 }, (_, i) => [i, i + 1] as const),
    );
    let yields = 0;
    await new Promise<void>((resolve) => {
      const flow = flowOf(made, host(new Set(), {
        event: (row, kind) => void (row === rows - 1 && kind === FlowEvents.dropCompleted && resolve()),
        mustYield: () => true,
        defer: (resume) => {
          yields++;
          setImmediate(resume);
        },
      })); // prettier-ignore
      flow.complete(0);
    });
    expect(made.statusOf(rows - 1)).toBe(DROPStates.COMPLETED);
    expect(yields).toBeGreaterThan(10);
  });

  it('ends every drop of any graph without cycles, whichever applications fail', () => {
    const graphs = fc.record({
      width: fc.integer({ min: 1, max: 5 }),
      depth: fc.integer({ min: 1, max: 5 }),
      seed: fc.array(fc.nat(1000), { minLength: 60, maxLength: 60 }),
      failing: fc.array(fc.nat(60)),
    });
    fc.assert(
      fc.property(graphs, ({ width, depth, seed, failing }) => {
        const links: [number, number][] = [];
        const apps: number[] = [];
        let next = 0;
        const draw = () => seed[next++ % seed.length] as number;
        for (let layer = 0; layer < depth; layer++)
          for (let i = 0; i < width; i++) {
            const app = (2 * layer + 1) * width + i;
            apps.push(app);
            for (const input of new Set([draw() % width, draw() % width]))
              links.push([2 * layer * width + input, app]);
            links.push([app, (2 * layer + 2) * width + i]);
          }
        const rows = (2 * depth + 1) * width;
        const made = table(rows, apps, links);
        const flow = flowOf(made, host(new Set(failing)));
        flow.batch(() => {
          for (let i = 0; i < width; i++) flow.complete(i);
        });
        for (let row = 0; row < rows; row++)
          expect(made.status[row]).toBeGreaterThanOrEqual(DROPStates.COMPLETED);
        expect(flow.isIdle).toBe(true);
      }),
    );
  });
});

describe('drops made by hand', () => {
  it('join their tables when they are linked and run without a session', async () => {
    const [a, b, c] = [new NullDROP('a', 'a'), new Noop('b', 'b'), new NullDROP('c', 'c')];
    a.addConsumer(b);
    c.addProducer(b);
    expect(b.inputs).toEqual([a]);
    expect(b.outputs).toEqual([c]);
    await a.setCompleted();
    expect([a.status, b.status, b.execStatus, c.status]).toEqual([2, 2, 2, 2]);
  });

  it('are all in ERROR when setError returns', () => {
    const [a, b, c] = [new NullDROP('a', 'a'), new Noop('b', 'b'), new NullDROP('c', 'c')];
    a.addConsumer(b);
    b.addOutput(c);
    void a.setError();
    expect([a.status, b.execStatus, b.status, c.status]).toEqual([3, 3, 3, 3]);
  });

  it('refuse to consume one drop in two ways, and to be linked to themselves', () => {
    const [a, b] = [new NullDROP('a', 'a'), new Noop('b', 'b')];
    a.addConsumer(b);
    expect(() => a.addStreamingConsumer(b)).toThrow(/one way only/);
    expect(() => b.addOutput(b)).toThrow(/itself/);
  });

  it('fire after the inputs that the graph says count', async () => {
    const b = new Noop('b', 'b', { n_effective_inputs: 2 });
    const inputs = ['x', 'y', 'z'].map((uid) => new NullDROP(uid, uid));
    for (const input of inputs) input.addConsumer(b);
    await inputs[0]?.setCompleted();
    expect(b.execStatus).toBe(AppDROPStates.NOT_RUN);
    await inputs[2]?.setCompleted();
    expect(b.execStatus).toBe(AppDROPStates.FINISHED);
  });

  it('refuse rules that cannot be', () => {
    for (const kwargs of [
      { n_effective_inputs: 0 },
      { n_effective_inputs: -2 },
      { input_error_threshold: 101 },
      { n_tries: 0 },
    ])
      expect(() => new Noop('b', 'b', kwargs)).toThrow(/b: .* must be/);
    expect(() => new NullDROP('a', 'a', { lifespan: 1, expireAfterUse: false })).toThrow(
      /exclude each other/,
    );
  });
});
