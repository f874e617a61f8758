import { expect, it, onTestFinished } from 'vitest';
import { WeirError } from '../../../engine/protocol/index.ts';
import { bytesOf, data, testHost } from '../../support/host.ts';

it('a history that takes no more is told of once, however many sessions have something to record', async () => {
  const problems: unknown[] = [];
  const host = await testHost({ onProblem: (error) => problems.push(error) });
  onTestFinished(() => host.remove());
  const sessions = [await host.manager.createSession('s'), await host.manager.createSession('t')];
  for (const session of sessions) await session.addGraphSpec(bytesOf([data('a'), data('b')]));
  const full = async () => Promise.reject(new WeirError('STORE_FULL', 'The disk is full.'));
  Object.assign(host.store, { updateSession: full, addDrops: full, recordStates: full, recordErrors: full });
  for (const session of sessions)
    await expect(session.deploy('roots')).rejects.toMatchObject({ code: 'STORE_FULL' });
  for (const session of sessions) await session.over;
  expect(problems).toEqual([expect.objectContaining({ code: 'STORE_FULL' })]);
});
