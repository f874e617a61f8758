import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Services } from '../../../engine/drops/index.ts';
import { GraphParser } from '../../../engine/graph/index.ts';
import { NodeManager } from '../../../engine/managers/index.ts';
import { SessionStates } from '../../../engine/protocol/index.ts';
import { openStore } from '../../../engine/store/index.ts';
import { bytesOf, data } from '../../support/host.ts';

it('a session whose drops cannot be written down any more fails and is over, and says that the history is full', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'weir-full-'));
  const problems: unknown[] = [];
  const onProblem = (error: unknown) => void problems.push(error);
  const store = await openStore({ dataDir: dir, maxSizeBytes: 3_000_000, onProblem });
  const [parser, services] = [new GraphParser(), new Services()];
  const manager = new NodeManager({
    ...{ store, services, onProblem, version: 'test', dlgRoot: dir, hostName: 'here' },
    parse: (bytes) => parser.parse(bytes),
  });
  onTestFinished(async () => {
    await manager.shutdown();
    await services.dispose();
    await parser.close();
    await store.close();
    await rm(dir, { recursive: true, force: true });
  });
  const session = await manager.createSession('s', {});
  // Ids that cannot be packed: their text fits once, and not a second time.
  const specs = Array.from({ length: 20_000 }, () => data(randomBytes(60).toString('hex')));
  await session.addGraphSpec(bytesOf(specs), { later: true });
  await expect(session.deploy('roots')).rejects.toMatchObject({ code: 'STORE_FULL' });
  expect(await session.over).toBe(SessionStates.FAILED);
  expect(problems).toContainEqual(expect.objectContaining({ code: 'STORE_FULL' }));
});
