/** Sessions of several appended lists and links: what can be done with them when the Host was started again. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  exportBundle,
  prepareRerun,
  proveStored,
  verifyBundle,
  verifyStored,
} from '../../../engine/api/index.ts';
import { DROPLinkType, SessionStates } from '../../../engine/protocol/index.ts';
import { formatProof, parsePythonJson, verifyProof } from '../../../engine/reproducibility/index.ts';
import { app, bytesOf, data, testHost, type TestHost } from '../../support/host.ts';

const BASH = 'dlg.apps.bash_shell_app.BashShellApp';
const FILE = 'dlg.data.drops.file.FileDROP';

let host: TestHost;
let dataDir: string;
beforeAll(async () => {
  const first = await testHost();
  ({ dataDir } = first);
  const session = await first.manager.createSession('joined');
  await session.addGraphSpec(
    bytesOf([
      app('w', BASH, { command: 'printf joined > %o0', outputs: ['f'] }),
      data('f', { dropclass: FILE }),
    ]),
  );
  // A number that only its text has, and graph-level data that came with the last list.
  await session.addGraphSpec(
    new Uint8Array(
      Buffer.from(
        `[{"oid":"c","name":"c","categoryType":"Application","dropclass":"dlg.apps.simple.CopyApp","weight":5.0},
          {"oid":"g","name":"g","categoryType":"Data","dropclass":"dlg.data.drops.memory.InMemoryDROP","producers":["c"]},
          {"rmode":"0"}]`,
      ),
    ),
  );
  // "The dropspec of f lists c under consumers", and the same said from the other end of a link.
  session.linkGraphParts('f', DROPLinkType.CONSUMER, 'c');
  await session.deploy('roots');
  expect(await session.over).toBe(SessionStates.FINISHED);
  await session.recorded();
  await first.close();
  host = await testHost({ dataDir });
}, 120_000);
afterAll(() => host.remove());

describe('a session of two lists and a link, after a restart', () => {
  it('is kept as the one list that ran, its numbers as they were written', async () => {
    const row = await host.store.session('joined');
    const text = Buffer.concat((await host.store.graph(row?.key ?? -1)).map(({ bytes }) => bytes)).toString();
    expect(JSON.parse(text)).toMatchObject([
      { oid: 'w' },
      { oid: 'f', consumers: ['c'] },
      { oid: 'c' },
      { oid: 'g' },
      { rmode: '0' },
    ]);
    expect(text).toContain('"weight":5.0');
    expect(parsePythonJson(text)).toHaveLength(5);
  });

  it('verifies, and every drop of either list can be proved', async () => {
    expect((await verifyStored(host.deps, 'joined')).problems).toEqual([]);
    for (const uid of ['w', 'f', 'c', 'g']) {
      const proof = await proveStored(host.deps, 'joined', uid);
      expect(verifyProof(formatProof(proof))).toMatchObject({ valid: true, problems: [] });
    }
    const { record } = await proveStored(host.deps, 'joined', 'c');
    expect(record.inputs).toMatchObject([{ oid: 'f' }]);
  });

  it('can be exported', async () => {
    const bundle = Buffer.concat([...(await exportBundle(host.deps, 'joined'))]);
    const verdict = verifyBundle(bundle);
    expect(verdict.problems).toEqual([]);
    expect(JSON.parse(String(verdict.contents?.graph))).toHaveLength(5);
  });

  it('runs again with the same link', async () => {
    const { session } = await prepareRerun(host.deps, 'joined', 'again', false);
    await session.deploy('roots');
    expect(await session.over).toBe(SessionStates.FINISHED);
    expect(session.dir).toContain(path.join('workspace', 'again'));
    await session.recorded();
    const { record } = await proveStored(host.deps, 'again', 'c');
    expect(record.inputs).toMatchObject([{ oid: 'f', sha256: expect.any(String) }]);
    expect((await verifyStored(host.deps, 'again')).problems).toEqual([]);
  });
});
