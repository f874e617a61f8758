import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { SessionStates } from '../../../engine/protocol/index.ts';
import { bytesOf, data } from '../../support/host.ts';
import { testNode } from '../../support/node.ts';

it('a session whose drops cannot be written down any more fails and is over, and says that the history is full', async () => {
  const { manager, problems } = await testNode(undefined, { maxSizeBytes: 3_000_000 });
  const session = await manager.createSession('s', {});
  // Ids that cannot be packed: their text fits once, and not a second time.
  const specs = Array.from({ length: 20_000 }, () => data(randomBytes(60).toString('hex')));
  await session.addGraphSpec(bytesOf(specs), { later: true });
  await expect(session.deploy('roots')).rejects.toMatchObject({ code: 'STORE_FULL' });
  expect(await session.over).toBe(SessionStates.FAILED);
  expect(problems).toContainEqual(expect.objectContaining({ code: 'STORE_FULL' }));
});
