/** What the window asks a Host about sessions, blocks and files, through the contract. */
import { createHash } from 'node:crypto';
import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  exportBundle,
  type MethodName,
  type MethodParams,
  type MethodResult,
} from '../../../engine/api/index.ts';
import { merkleRoot } from '../../../engine/reproducibility/index.ts';
import { testHost, type TestHost } from '../../support/host.ts';

const SAMPLE = path.resolve('resources/samples/many-hellos.graph');
let host: TestHost;

const call = async <M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>> =>
  (await host.call(method, params)) as MethodResult<M>;
const inFolder = (...parts: string[]): string => path.join(host.dataDir, ...parts);
const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

async function run(sessionId: string, rmode: string, greet = 'World'): Promise<void> {
  const values = [{ node: 'hello', field: 'hello-greet', value: greet }];
  await call('sessions.run', { source: { path: SAMPLE }, sessionId, rmode, values });
  await host.manager.find(sessionId)?.recorded();
}

beforeAll(async () => {
  host = await testHost();
  await run('first', 'ALL');
  await run('second', 'ALL', 'Moon');
  await run('bare', 'NOTHING');
});
afterAll(() => host.remove());

describe('two sessions as one graph', () => {
  const pair = { a: 'first', b: 'second', mode: 'REPEAT', limit: 1000 };

  it('marks first causes, what comes after them, and who has each link', async () => {
    const graph = await call('sessions.compareGraph', { ...pair, folded: false });
    expect(graph).toMatchObject({ isRecorded: true, totalDrops: 12, truncated: false });
    const marked = (mark: 'cause' | 'affected' | 'same') =>
      graph.nodes.filter(({ marks }) => marks[mark] === 1).map(({ name }) => name);
    expect(new Set(marked('cause'))).toEqual(new Set(['Say hello']));
    expect(new Set(marked('affected'))).toEqual(new Set(['Greeting', 'All together', 'Letter']));
    expect(marked('same')).toEqual([]);
    expect(graph.edges.every(([, , sides]) => sides === 3)).toBe(true);
    expect(graph.nodes.every(({ id, a, b }) => a === id && b === id)).toBe(true);
  });

  it('folds drops to logical ones and counts the marks of each', async () => {
    const { nodes } = await call('sessions.compareGraph', { ...pair, folded: true });
    expect(nodes.map(({ name, count, marks }) => [name, count, marks.cause, marks.affected])).toEqual(
      expect.arrayContaining([
        ['Say hello', 4, 4, 0],
        ['Letter', 2, 0, 2],
      ]),
    );
  });

  it('compares by Weir’s own signatures where DALiuGE’s were not recorded, and knows its modes', async () => {
    const mode = { ...pair, b: 'bare', folded: true };
    const { isRecorded, nodes } = await call('sessions.compareGraph', mode);
    expect(isRecorded).toBe(true);
    expect(nodes.length).toBeGreaterThan(0);
    await expect(call('sessions.compareGraph', { ...pair, mode: 'NOTHING', folded: true })).rejects.toThrow(
      /There is no R-mode "NOTHING" to compare by; use RERUN/,
    );
  });

  it('compares as a person chose to, and says that fields were let pass', async () => {
    const found = await call('sessions.compare', { a: 'first', b: 'second' });
    const fields = new Set(
      found.rmodes['REPEAT']?.differing.flatMap(({ fields }) => fields.map(({ name }) => name)),
    );
    expect(fields.size).toBeGreaterThan(0);
    const comparators = [...fields].map((field) => ({ field, as: 'ignore' as const }));
    const eased = await call('sessions.compare', { a: 'first', b: 'second', comparators });
    expect(eased.rmodes['REPEAT']).toMatchObject({
      verdict: found.rmodes['REPEAT']?.verdict,
      canonical: { verdict: 'differs' },
      differing: [],
    });
    expect(eased.rmodes['REPEAT']?.excused).toBeGreaterThan(0);
  });
});

describe('the block of a drop', () => {
  it('is the root over its own items and its parents’ blocks, up to the roots of the graph', async () => {
    let uid = (await call('sessions.drops', { sessionId: 'first', offset: 0, limit: 50, text: 'Letter' }))
      .rows[0]?.uid as string;
    const names: string[] = [];
    for (;;) {
      const block = await call('sessions.block', { sessionId: 'first', uid, mode: 'REPEAT' });
      names.push(block.name);
      const items = block.items.map(({ hash }) => (hash === '' ? new Uint8Array() : hash));
      const parents = block.parents.map((parent) => parent.block).sort();
      expect(merkleRoot([...items, ...parents])).toBe(block.block);
      for (const { leaves, root } of block.stages) expect(merkleRoot(leaves)).toBe(root);
      const [parent] = block.parents;
      if (parent === undefined) break;
      const above = await call('sessions.block', { sessionId: 'first', uid: parent.uid, mode: 'REPEAT' });
      expect(above.block).toBe(parent.block);
      uid = parent.uid;
    }
    expect(names).toEqual(['Letter', 'All together', 'Greeting', 'Say hello']);
  });

  it('is found in a file whose entries lie over the borders of what is read at once', async () => {
    const { rows } = await call('sessions.drops', { sessionId: 'first', offset: 0, limit: 1 });
    const file = inFolder('workspace', 'first', 'reprodata.out');
    const text = await readFile(file, 'utf8');
    // A first drop of nearly one mebibyte moves the others over the border by one byte each time.
    for (let shift = 0; shift < 12; shift++) {
      const filler = 'x'.repeat((1 << 20) - 60 - shift);
      await writeFile(
        file,
        text.replace('{', `{\n        "filler": {\n            "oid": "${filler}"\n        },`),
      );
      const { block } = await call('sessions.block', { sessionId: 'first', uid: rows[0]?.uid as string });
      expect(block).toMatch(/^[0-9a-f]{64}$/);
    }
    await writeFile(file, text);
  });

  it('says why a session has none, which modes there are, and that a drop is not there', async () => {
    await expect(call('sessions.block', { sessionId: 'bare', uid: 'x' })).rejects.toThrow(/R-mode NOTHING/);
    await expect(call('sessions.block', { sessionId: 'first', uid: 'x' })).rejects.toThrow(/has no drop "x"/);
    const { rows } = await call('sessions.drops', { sessionId: 'first', offset: 0, limit: 1 });
    const uid = rows[0]?.uid as string;
    await expect(call('sessions.block', { sessionId: 'first', uid, mode: 'NOTHING' })).rejects.toThrow(
      /no blocks of R-mode NOTHING; it has RERUN, REPEAT/,
    );
    const file = inFolder('workspace', 'first', 'reprodata.out');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, 500));
    await expect(call('sessions.block', { sessionId: 'first', uid })).rejects.toThrow(/cannot be read/);
    await writeFile(file, text);
  });
});

describe('looking at a file', () => {
  const look = (file: string) => call('files.look', { source: { path: file } });

  it('knows a graph', async () => {
    expect(await look(SAMPLE)).toMatchObject({ kind: 'graph', name: 'many-hellos.graph', bundle: null });
  });

  it('hands a proof over as it is, to be computed by the window', async () => {
    const { rows } = await call('sessions.drops', { sessionId: 'first', offset: 0, limit: 1 });
    const { proof } = await call('sessions.prove', { sessionId: 'first', uid: rows[0]?.uid as string });
    const base64 = Buffer.from(proof).toString('base64');
    const found = await call('files.look', { source: { name: 'one.dlgproof', base64 } });
    expect(found).toMatchObject({ kind: 'proof', proof, sha256: sha256(proof) });
  });

  it('verifies a bundle, says whose it is, and takes it over once', async () => {
    const file = inFolder('first.zip');
    await writeFile(file, Buffer.concat([...(await exportBundle(host.deps, 'first'))]));
    const { kind, bundle } = await look(file);
    expect(kind).toBe('bundle');
    expect(bundle).toMatchObject({
      valid: true,
      problems: [],
      stored: 'first',
      session: { sessionId: 'first', drops: 12, isOwnKey: true, status: 'FINISHED', rmode: 'ALL' },
    });
    const { isNew } = await call('bundles.import', { source: { path: file } });
    expect(isNew).toBe(false);
    const other = await testHost();
    try {
      const source = { name: 'first.zip', base64: (await readFile(file)).toString('base64') };
      const taken = (await other.call('bundles.import', { source })) as MethodResult<'bundles.import'>;
      expect(taken).toEqual({ sessionId: 'first', isNew: true });
      const facts = (await other.call('sessions.reproducibility', {
        sessionId: 'first',
      })) as MethodResult<'sessions.reproducibility'>;
      expect(facts.importedSeal?.signedBy).toMatch(/^weir\//);
      // Where the session ran and where it is now are two devices: the second holds what the first signed.
      expect(facts.witnesses).toHaveLength(1);
      expect(facts.witnesses[0]).toMatchObject({ checkpoint: facts.importedSeal?.note });
      expect(facts.witnesses[0]?.keyId).not.toBe(facts.importedSeal?.keyId);
      // Its blocks came along in the bundle, although it has no folder here.
      const uids = (await call('sessions.drops', { sessionId: 'first', offset: 0, limit: 3 })).rows;
      for (const { uid } of uids)
        expect(await other.call('sessions.block', { sessionId: 'first', uid, mode: 'REPEAT' })).toEqual(
          await call('sessions.block', { sessionId: 'first', uid, mode: 'REPEAT' }),
        );
      await expect(other.call('sessions.block', { sessionId: 'first', uid: 'none' })).rejects.toThrow(
        /reprodata.out that came with session first has no drop "none"/,
      );
    } finally {
      await other.remove();
    }
  });

  it('names what does not hold in a bundle of which a byte was altered', async () => {
    const bytes = Buffer.concat([...(await exportBundle(host.deps, 'first'))]);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    const { bundle } = await call('files.look', {
      source: { name: 'x.zip', base64: bytes.toString('base64') },
    });
    expect(bundle).toMatchObject({ valid: false, session: null, stored: null });
    expect(bundle?.problems.length).toBeGreaterThan(0);
    const text = await call('files.look', {
      source: { name: 'x.zip', base64: Buffer.from('PK\u0003\u0004no').toString('base64') },
    });
    expect(text.bundle).toMatchObject({ valid: false });
  });

  it('reads a reprodata.out and finds the sessions with the same signatures', async () => {
    const file = inFolder('reprodata.out');
    await copyFile(inFolder('workspace', 'first', 'reprodata.out'), file);
    const { kind, reprodata } = await look(file);
    expect(kind).toBe('reprodata');
    expect(reprodata).toMatchObject({ drops: 12, problem: null });
    expect(Object.keys(reprodata?.signatures ?? {})).toHaveLength(7);
    expect(reprodata?.sessions[0]).toMatchObject({ sessionId: 'first' });
    expect(reprodata?.sessions[0]?.modes).toHaveLength(7);
    const second = reprodata?.sessions.find(({ sessionId }) => sessionId === 'second');
    expect(second?.modes).toContain('RERUN');
    expect(second?.modes).not.toContain('REPLICATE_TOTAL');
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 3000));
    expect((await look(file)).reprodata?.problem).toMatch(/truncated/);
  });

  it('says which drops made a file, by its content alone', async () => {
    const file = inFolder('letter.txt');
    await copyFile(inFolder('workspace', 'first', 'letter-1_lett_0-0.txt'), file);
    const { kind, made } = await look(file);
    expect(kind).toBe('data');
    expect(made.map(({ sessionId }) => sessionId)).toContain('first');
    await appendFile(file, '!');
    expect((await look(file)).made).toEqual([]);
  });

  it('says in words what it cannot read', async () => {
    await expect(look(inFolder('none'))).rejects.toThrow(/none cannot be read: there is no such file/);
    await expect(look(host.dataDir)).rejects.toThrow(/is no file/);
  });
});
