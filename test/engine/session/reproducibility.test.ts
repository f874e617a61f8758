/** What a session leaves behind: `reprodata.out` as the real system writes it, signatures, records, seals. */
import { existsSync, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DROPStates } from '../../../engine/protocol/index.ts';
import {
  ALL_RMODES,
  parseDropRecord,
  parsePythonJson,
  parseVerifierKey,
  openSessionSeal,
  ReproducibilityFlags,
  signLogicalGraph,
  stringifyPythonJson,
  type RModeName,
  type SessionFacts,
} from '../../../engine/reproducibility/index.ts';
import type { Session } from '../../../engine/session/index.ts';
import { stepsInWorker } from '../../../engine/translator/index.ts';
import { app, bytesOf, data, helloGraph, testHost, type TestHost } from '../../support/host.ts';
import { hasGolden, readGolden, SHARED, SKIP_REASON, type Any } from '../reproducibility/golden.ts';

let host: TestHost;
beforeEach(async () => {
  host = await testHost();
});
afterEach(() => host.remove());

async function run(bytes: Uint8Array, id = 's'): Promise<Session> {
  const session = await host.manager.createSession(id);
  await session.addGraphSpec(bytes);
  await session.deploy('roots');
  await session.recorded();
  return session;
}

/** The graph of the golden runs, translated for one node, with a command changed where asked. */
async function goldenGraph(rmode: string, firstCommand?: string): Promise<Uint8Array> {
  let text = await readFile(path.join(SHARED, 'graphs', 'repro', 'h_run.graph'), 'utf8');
  if (firstCommand !== undefined) text = text.replace('echo -n hello > {out}', firstCommand);
  // Filled first, as `dlg fill` does it: in mode NOTHING a graph that was never filled carries no data at all.
  const graph = parsePythonJson(text) as object;
  signLogicalGraph(graph, ReproducibilityFlags[rmode as RModeName]);
  const filled = new Uint8Array(Buffer.from(stringifyPythonJson(graph)));
  const { bytes } = await host.deps.toPhysical({ bytes: filled, name: 'h_run.graph', origin: 'test' });
  return bytes;
}

/** The steps of a run, with the data of every drop written out. */
async function takeWhole(bytes: Uint8Array): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  await stepsInWorker(
    bytes,
    {
      unroll: { oidPrefix: '1' },
      isStepwise: true,
      partition: { algorithm: 'metis', numPartitions: 1, numIslands: 1, rules: 'corrected' },
      map: { islands: ['localhost'], nodes: ['localhost'] },
      dropsOnly: true,
    },
    { onBytes: (piece) => void pieces.push(piece) },
  );
  return Buffer.concat(pieces);
}

async function reprodataOf(session: Session): Promise<Any> {
  const file = path.join(session.dir, 'reprodata.out');
  return existsSync(file) ? parsePythonJson(await readFile(file, 'utf8')) : null;
}

/** Only what the golden files keep: oid and reprodata. */
function projected([graph, repro]: Any): string {
  const drops = Object.entries(graph as Record<string, Any>).map(([oid, drop]) => [
    oid,
    oid === 'reprodata' ? drop : { oid: drop.oid, reprodata: drop.reprodata },
  ]);
  return stringifyPythonJson([Object.fromEntries(drops), repro]);
}

describe.runIf(hasGolden)('reprodata.out of a run', () => {
  it.each(['NOTHING', ...ALL_RMODES, 'ALL'])('is that of the real system in mode %s', async (mode) => {
    const golden = readGolden('unit/executions.json')[mode]['reprodata.out'];
    const session = await run(await goldenGraph(mode));
    expect(projected(await reprodataOf(session))).toBe(projected(golden));
    const row = await host.store.session('s');
    expect(row?.rmode).toBe(mode);
    const repro = golden[1];
    for (const one of mode === 'ALL' ? ALL_RMODES : mode === 'NOTHING' ? [] : [mode])
      expect(row?.signatures[one]).toBe(repro[one].signature);
  });

  it.each(['NOTHING', ...ALL_RMODES, 'ALL'])(
    'is that of the real system for a logical graph that is run in mode %s',
    async (mode) => {
      const golden = readGolden('unit/executions.json')[mode]['reprodata.out'];
      const logical = new Uint8Array(await readFile(path.join(SHARED, 'graphs', 'repro', 'h_run.graph')));
      const file = { bytes: logical, name: 'h_run.graph', origin: 'test' };
      const { bytes } = await host.deps.toPhysical(file, { rmode: mode });
      const session = await run(bytes);
      expect(projected(await reprodataOf(session))).toBe(projected(golden));
    },
  );

  it('is that of the real system whether drops carry their data or not, number tokens and all', async () => {
    const text = await readFile(path.join(SHARED, 'graphs', 'repro', 'h_run.graph'), 'utf8');
    const graph = parsePythonJson(text.replaceAll(/("value": ?)5\b/g, '$15.0')) as object;
    signLogicalGraph(graph, ReproducibilityFlags.ALL);
    const bytes = new Uint8Array(Buffer.from(stringifyPythonJson(graph)));
    const file = { bytes, name: 'h_run.graph', origin: 'test' };
    const bare = await host.deps.toPhysical(file);
    expect(Buffer.from(bare.bytes).toString()).toContain('"weir_nodes"');
    const whole = await takeWhole(bytes);
    expect(whole.toString()).not.toContain('"weir_nodes"');
    const [a, b] = [await run(bare.bytes, 'a'), await run(new Uint8Array(whole), 'b')];
    const [[one], [other]] = [await reprodataOf(a), await reprodataOf(b)];
    for (const [oid, drop] of Object.entries<Any>(other)) {
      expect(one[oid], oid).toEqual(drop);
      expect(stringifyPythonJson(one[oid].reprodata ?? one[oid]), oid).toBe(
        stringifyPythonJson(drop.reprodata ?? drop),
      );
    }
    expect(Object.keys(one)).toEqual(Object.keys(other));
  });

  it.each(['NOTHING', 'RERUN', 'RECOMPUTE', 'REPRODUCE', 'ALL'])(
    'is written for a run that fails where the real system writes one, and nowhere else: %s',
    async (mode) => {
      const golden = readGolden('unit/executions.json').fail[mode]['reprodata.out'];
      const session = await run(await goldenGraph(mode, 'exit 4'));
      const found = await reprodataOf(session);
      if (golden === null) expect(found).toBeNull();
      else expect(projected(found)).toBe(projected(golden));
    },
  );

  it('is put into the folder of the session in one piece, and leaves nothing beside it', async () => {
    const session = await host.manager.createSession('s');
    await session.addGraphSpec(await goldenGraph('ALL'));
    const seen = new Set<string>();
    const watcher = watch(session.dir, (_event, name) => void seen.add(String(name)));
    const isThere = new Promise<void>((resolve) => {
      watcher.on('change', (_event, name) => String(name) === 'reprodata.out' && resolve());
    });
    await session.deploy('roots');
    await isThere;
    watcher.close();
    await session.recorded();
    expect([...seen].filter((name) => name.includes('.part'))).toEqual([]);
    expect((await readdir(path.dirname(session.dir))).filter((name) => name.includes('.part'))).toEqual([]);
  });

  it('is written byte for byte', async () => {
    const text = await readFile(path.join(SHARED, 'golden/repro/unit/h_run.RERUN.reprodata.out'), 'utf8');
    const [graph, repro] = parsePythonJson(text) as Any;
    const list: Any[] = Object.entries(graph as Record<string, Any>)
      .filter(([oid]) => oid !== 'reprodata')
      .map(([, drop]) => {
        const { rg_data: _, ...reprodata } = drop.reprodata;
        const { rg_parenthashes: _p, rg_blockhash: _b, ...RERUN } = reprodata.RERUN;
        return { ...drop, reprodata: { ...reprodata, RERUN } };
      });
    const bytes = new Uint8Array(Buffer.from(stringifyPythonJson([...list, repro])));
    const session = await run(bytes);
    expect(await readFile(path.join(session.dir, 'reprodata.out'), 'utf8')).toBe(text);
  });
});
describe.skipIf(hasGolden)(`reprodata.out of a run (skipped: ${SKIP_REASON})`, () => undefined);

describe('a session that is over', () => {
  it('has a record of every drop, sealed with the key of the device', async () => {
    const session = await run(bytesOf(helloGraph));
    const [seal] = await host.store.seals({ key: session.key });
    expect(seal?.leafCount).toBe(2);
    const facts = JSON.parse(seal?.facts ?? '') as SessionFacts;
    const opened = openSessionSeal(seal?.seal ?? '', facts, [parseVerifierKey(seal?.keyText ?? '')]);
    expect(opened.size).toBe(2);
    expect(Buffer.from(opened.root)).toEqual(Buffer.from(seal?.root ?? []));
    const { rows, records } = await host.store.records(session.key, 0, 2);
    expect([...rows]).toEqual([0, 1]);
    const text = Buffer.from(records.bytes).toString('utf8', records.offsets[1]);
    const record = parseDropRecord(text, 'record');
    expect(record).toMatchObject({
      sessionId: 's',
      drop: { oid: 'b' },
      content: { sizeBytes: 9 },
      inputs: [{ oid: 'hello', sha256: null }],
      outcome: { status: 'COMPLETED' },
    });
  });

  it('seals one after the other in the log of the device, whose key only the user can read', async () => {
    const first = await run(bytesOf(helloGraph), 'one');
    const second = await run(bytesOf(helloGraph), 'two');
    const seals = await host.store.seals({});
    expect(seals.map((seal) => [seal.index, seal.key])).toEqual([
      [0, first.key],
      [1, second.key],
    ]);
    expect((await stat(path.join(host.dataDir, 'device.key'))).mode & 0o777).toBe(0o600);
  });

  it('has the hash of what a command wrote, and of what an application read', async () => {
    const session = await run(
      bytesOf([
        app('w', 'dlg.apps.bash_shell_app.BashShellApp', { command: 'printf abc > %o0', outputs: ['f'] }),
        data('f', { dropclass: 'dlg.data.drops.file.FileDROP', producers: ['w'], consumers: ['c'] }),
        app('c', 'dlg.apps.simple.CopyApp', { inputs: ['f'], outputs: ['g'] }),
        data('g', { producers: ['c'] }),
      ]),
    );
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect((await host.store.outcome(session.key, 1))?.contentHash).toBe(abc);
    expect(await host.store.whoMade(abc)).toMatchObject([{ uid: 'f' }, { uid: 'g' }]);
    const outcome = await host.store.outcome(session.key, 0);
    const record = parseDropRecord(outcome?.record ?? '', 'w');
    expect(record.code).toEqual({ command: 'printf abc > %o0' });
    expect(record.outcome).toMatchObject({ status: 'COMPLETED', execStatus: 'FINISHED', exitCode: 0 });
  });

  it('refuses a graph in the mode EXPERIMENTAL before it is deployed', async () => {
    const session = await host.manager.createSession('s');
    await expect(session.addGraphSpec(bytesOf([data('a'), { rmode: '9' }]))).rejects.toThrow(/EXPERIMENTAL/);
  });

  it('fires what a drop commits to whoever listens', async () => {
    const session = await host.manager.createSession('s');
    await session.addGraphSpec(bytesOf([data('a', { reprodata: { rmode: '1' } })]));
    await session.deploy([]);
    const drop = session.drop('a');
    const told = new Promise<Any>((resolve) => drop.subscribe({ handleEvent: resolve }, 'reproducibility'));
    await drop.setCompleted();
    expect(await told).toMatchObject({
      reprodata: {
        data: { status: DROPStates.COMPLETED },
        merkleroot: '689fcf0d74c42200bef177db545adc43c135dfb0d7dc85b166db3af1dcded235',
      },
    });
  });
});
