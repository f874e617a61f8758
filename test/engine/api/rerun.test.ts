import { expect, it, onTestFinished, vi } from 'vitest';
import { prepareRerun } from '../../../engine/api/rerun.ts';
import { SessionStates } from '../../../engine/protocol/index.ts';
import { app, bytesOf, data, testHost } from '../../support/host.ts';
import { testNode } from '../../support/node.ts';

it('results of a session that was never sealed are taken over without reading its graph for each of them', async () => {
  const length = 40;
  const graph = [
    app('hello', 'dlg.apps.simple.HelloWorldApp', { outputs: ['d0'] }),
    ...Array.from({ length }, (_, i) => [
      data(`d${i}`, { consumers: [`c${i}`] }),
      app(`c${i}`, 'dlg.apps.simple.CopyApp', { outputs: [`d${i + 1}`] }),
    ]).flat(),
    data(`d${length}`),
  ];
  // A node without a key seals nothing.
  const { dir, manager, store } = await testNode();
  const first = await manager.createSession('first');
  await first.addGraphSpec(bytesOf(graph));
  await first.deploy('roots');
  await first.recorded();
  await manager.shutdown();
  await store.close();
  const host = await testHost({ dataDir: dir, version: 'test' });
  onTestFinished(() => host.close());
  const reading = vi.spyOn(host.store, 'graph');
  const { session, reuse } = await prepareRerun(host.deps, 'first', 'second', true);
  await session.deploy('roots', reuse);
  expect(await session.over).toBe(SessionStates.FINISHED);
  expect(reuse?.count).toBe(length + 1);
  expect(reading.mock.calls.length).toBeLessThan(5);
});

it('nobody waits for the end of a session that runs: what needs one that is over says so, the rest says what there is', async () => {
  const host = await testHost();
  onTestFinished(() => host.remove());
  const session = await host.manager.createSession('s');
  await session.addGraphSpec(
    bytesOf([
      app('wait', 'dlg.apps.bash_shell_app.BashShellApp', { command: 'sleep 600', outputs: ['f'] }),
      data('f'),
    ]),
  );
  await session.deploy('roots');
  for (const [method, params] of [
    ['sessions.rerun', {}],
    ['sessions.rerun', { reuse: true }],
    ['sessions.record', { uid: 'f' }],
    ['sessions.prove', { uid: 'f' }],
    ['sessions.verify', {}],
  ] as const)
    await expect(host.call(method, { sessionId: 's', ...params })).rejects.toMatchObject({
      code: 'SESSION_STATE',
    });
  expect(await host.call('sessions.reproducibility', { sessionId: 's' })).toMatchObject({
    seal: null,
    unsealedReason: 'The session is RUNNING: it is sealed when it is over.',
  });
});
