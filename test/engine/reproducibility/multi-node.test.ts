/** However a session was spread over nodes, what the nodes wrote gives the signature that one node would have given. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportBundle } from '../../../engine/api/index.ts';
import { signParts } from '../../../engine/cli/commands/sign-parts.ts';
import {
  ALL_RMODES,
  canonicalSignatures,
  commitRuntimeData,
  type DropRecord,
  formatReprodataOut,
  initRuntimeReproData,
  mergeRecords,
  mergeReprodata,
  parsePythonJson,
  type PyObject,
  type RModeName,
  runtimeLevel,
  signaturesOf,
  storeRuntimeData,
} from '../../../engine/reproducibility/index.ts';
import { takeSteps } from '../../../engine/translator/index.ts';
import { app, bytesOf, data, testHost, type TestHost } from '../../support/host.ts';
import { app as logicalApp, data as logicalData } from '../translator/graphs.ts';
import { record } from './fixtures.ts';
import type { Any } from './golden.ts';

/** A logical graph of a chain of alternating data and applications that branches and joins. */
const logical = {
  modelData: {},
  nodeDataArray: ['a', 'c', 'f', 'g', 'i']
    .map((id) => logicalData(id))
    .concat(['b', 'd', 'e', 'h'].map((id) => logicalApp(id))),
  linkDataArray: ['ab', 'bc', 'cd', 'ce', 'df', 'eg', 'fh', 'gh', 'hi'].map(([from, to]) => ({
    from,
    to,
    fromPort: `${from}.out`,
    toPort: `${to}.in`,
  })),
};

/** The graph as one node would have it when all its drops ended. */
function ran(rmode: RModeName): { readonly drops: PyObject[]; readonly reprodata: PyObject } {
  const { texts } = takeSteps(JSON.stringify(logical), {
    rmode,
    unroll: { oidPrefix: '1' },
    isStepwise: true,
    partition: { algorithm: 'metis', numPartitions: 1, numIslands: 1 },
    map: { hosts: ['localhost', 'localhost'], islands: 1 },
  });
  const list = parsePythonJson([...texts].join('')) as unknown as PyObject[];
  const reprodata = list.pop() as PyObject;
  for (const drop of list) storeRuntimeData(drop, commitRuntimeData(runtimeLevel(drop), { status: 2 }));
  return { drops: list, reprodata };
}

/** What each node wrote: `assignment[i]` is the node of drop i; relations that cross nodes are cut where asked. */
function split(whole: ReturnType<typeof ran>, assignment: readonly number[], isCut: boolean) {
  const nodeOf = new Map(whole.drops.map((drop, i) => [drop['oid'] as string, assignment[i] ?? 0]));
  return [...new Set(nodeOf.values())].map((own) => ({
    name: `node ${own}`,
    reprodata: whole.reprodata,
    drops: new Map(
      whole.drops
        .filter((drop) => nodeOf.get(drop['oid'] as string) === own)
        .map((drop) => {
          const copy: Any = structuredClone(drop);
          for (const key of ['inputs', 'outputs', 'consumers', 'producers'])
            if (isCut && Array.isArray(copy[key]))
              copy[key] = copy[key].filter(
                (entry: Any) =>
                  nodeOf.get(typeof entry === 'string' ? entry : (Object.keys(entry)[0] ?? '')) === own,
              );
          return [drop['oid'] as string, copy as PyObject] as const;
        }),
    ),
  }));
}

function signedByOne(rmode: RModeName) {
  const one = structuredClone(ran(rmode));
  const graph = new Map(one.drops.map((drop) => [drop['oid'] as string, drop]));
  return signaturesOf(initRuntimeReproData(graph, one.reprodata) ?? {});
}

const assignments = fc.array(fc.nat({ max: 3 }), { minLength: 9, maxLength: 9 });

describe('DALiuGE signatures of parts', () => {
  it.each(['ALL', ...ALL_RMODES] as const)(
    'are those of the whole in mode %s, however it is split',
    (rmode) => {
      const whole = ran(rmode);
      const expected = signedByOne(rmode);
      expect(JSON.stringify(expected)).toMatch(/[0-9a-f]{64}/);
      fc.assert(
        fc.property(assignments, fc.boolean(), (assignment, isCut) => {
          const parts = split(whole, assignment, isCut);
          // Under REPRODUCE and RERUN alone the data does not name all parents: the graph must.
          const graph = isCut && /^(REPRODUCE|RERUN)$/.test(rmode) ? whole.drops : undefined;
          expect(signaturesOf(mergeReprodata(parts, graph).reprodata)).toEqual(expected);
        }),
        { numRuns: 25 },
      );
    },
  );

  it('are refused where a relation that crosses nodes was lost and nothing tells it', () => {
    const parts = split(ran('REPRODUCE'), [0, 0, 0, 0, 0, 1, 1, 1, 1], true);
    expect(() => mergeReprodata(parts)).toThrow(/Relations before drop .* are missing/);
    const rerun = split(ran('RERUN'), [0, 0, 0, 0, 0, 1, 1, 1, 1], true);
    expect(() => mergeReprodata(rerun)).toThrow(/Give the whole physical graph/);
  });

  it('are refused for a part too few, a part twice, a part of another graph', () => {
    const [one, two] = split(ran('REPEAT'), [0, 0, 0, 0, 1, 1, 1, 1, 1], false);
    expect(() => mergeReprodata([one!])).toThrow();
    expect(() => mergeReprodata([one!, two!, { ...two!, name: 'again' }])).toThrow(/Both .* have drop/);
    const [other] = split(ran('RERUN'), [0, 0, 0, 0, 1, 1, 1, 1, 1], false);
    expect(() => mergeReprodata([other!, two!])).toThrow(/not of the same graph/);
  });
});

describe("Weir's own signatures of parts", () => {
  const records = Array.from({ length: 9 }, (_, i) => record(i));
  const specs = records.map(({ drop }, i) => ({
    oid: drop.oid,
    ...(i < 8 && { [i % 2 === 0 ? 'consumers' : 'outputs']: [`1_n${i + 1}_0`] }),
  })) as PyObject[];

  it('are those of the whole, however it is split and in whatever order the parts come', () => {
    const expected = canonicalSignatures(records);
    fc.assert(
      fc.property(assignments, fc.boolean(), fc.boolean(), (assignment, isTurned, hasWhole) => {
        const parts = [...new Set(assignment)].map((own) => ({
          name: `node ${own}`,
          // A node does not know of inputs on others.
          records: records
            .filter((_, i) => assignment[i] === own)
            .map((one) => withoutOthers(one, assignment)),
          specs: hasWhole ? [] : specs.filter((_, i) => assignment[i] === own),
        }));
        const merged = mergeRecords(isTurned ? parts.reverse() : parts, hasWhole ? specs : []);
        expect(canonicalSignatures(merged.records)).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  function withoutOthers(one: DropRecord, assignment: readonly number[]): DropRecord {
    const place = (oid: string): number => assignment[Number(/n(\d+)/.exec(oid)?.[1])] ?? -1;
    return { ...one, inputs: one.inputs.filter(({ oid }) => place(oid) === place(one.drop.oid)) };
  }

  it('are refused for parts of two sessions', () => {
    const part = (sessionId: string, i: number) => ({
      name: sessionId,
      records: [{ ...record(i), sessionId }],
      specs: [],
    });
    expect(() => mergeRecords([part('a', 0), part('b', 1)])).toThrow(/is of session "b"/);
  });
});

describe('weir sign of several files', () => {
  let folder: string;
  const hosts: TestHost[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'weir-parts-'));
  });
  afterAll(async () => {
    for (const host of hosts) await host.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const file = async (name: string, content: string | Uint8Array): Promise<string> => {
    const full = path.join(folder, name);
    await writeFile(full, content);
    return full;
  };

  it('signs the reprodata.out files of nodes as one session', async () => {
    const parts = split(ran('ALL'), [0, 1, 1, 0, 2, 2, 0, 1, 2], true);
    const files: string[] = [];
    for (const [i, { drops, reprodata }] of parts.entries())
      files.push(await file(`reprodata${i}.out`, formatReprodataOut(Object.fromEntries(drops), reprodata)));
    const { result, crossing } = await signParts(files);
    expect(result).toEqual(signedByOne('ALL'));
    expect(crossing).toBeGreaterThan(0);
  });

  it('signs the bundles of nodes as the one node that runs the whole graph', async () => {
    const BASH = 'dlg.apps.bash_shell_app.BashShellApp';
    const whole = [
      app('w', BASH, { command: 'printf one > %o0', outputs: ['f'] }),
      data('f', { dropclass: 'dlg.data.drops.file.FileDROP', producers: ['w'], consumers: ['c'] }),
      app('c', BASH, { command: 'printf two > %o0', inputs: ['f'], outputs: ['g'] }),
      data('g', { dropclass: 'dlg.data.drops.file.FileDROP', producers: ['c'] }),
    ];
    const cut = (spec: object): object => ({ ...spec, inputs: [], consumers: [] });
    const bundleOf = async (graph: object[], name: string): Promise<string> => {
      const host = await testHost();
      hosts.push(host);
      const session = await host.manager.createSession('spread');
      await session.addGraphSpec(bytesOf(graph));
      await session.deploy('roots');
      await session.recorded();
      return file(name, Buffer.concat([...(await exportBundle(host.deps, 'spread'))]));
    };
    const graph = await file('whole.json', JSON.stringify(whole));
    const one = await bundleOf(whole, 'one.zip');
    const first = await bundleOf([whole[0]!, cut(whole[1]!)], 'first.zip');
    const second = await bundleOf([cut(whole[2]!), whole[3]!], 'second.zip');
    const { canonical, crossing } = await signParts([first, second, graph]);
    expect(canonical).toEqual((await signParts([one, graph])).canonical);
    expect(crossing).toBe(1);
    expect((await signParts([first, second])).canonical).not.toEqual(canonical);
    const altered = Buffer.from(await readFile(first));
    altered[200] = (altered[200] as number) ^ 1;
    await expect(signParts([await file('altered.zip', altered), second])).rejects.toThrow(/does not verify/);
  });
});
