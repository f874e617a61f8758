import { describe, expect, it } from 'vitest';
import { bytesOf, data } from '../../support/host.ts';
import { testNode } from '../../support/node.ts';

describe('a node manager', () => {
  it('remembers sessions that are over up to a number, the newest ones', async () => {
    const { manager, store } = await testNode(undefined, { maxPast: 2 });
    const released: string[] = [];
    const threeReleased = new Promise<void>((resolve) =>
      manager.subscribe(({ sessionId }) => {
        if (!manager.has(sessionId) && released.push(sessionId) === 3) resolve();
      }),
    );
    // Eight are held with their drops; the ninth, tenth and eleventh send the oldest away.
    for (let i = 0; i < 12; i++) await (await manager.createSession(`s${i}`)).deploy('roots');
    await threeReleased;
    expect(released).toEqual(['s0', 's1', 's2']);
    expect(manager.past.map(({ sessionId }) => sessionId)).toEqual(['s1', 's2']);
    expect(() => manager.get('s0')).toThrow(/s0/);
    expect((await store.session('s0'))?.status).toBe('FINISHED');
  });

  it('holds a session that is over while the lifespan of its data is not', async () => {
    const { manager } = await testNode();
    const released: string[] = [];
    const oneReleased = new Promise<void>((resolve) =>
      manager.subscribe(({ sessionId }) => {
        if (!manager.has(sessionId) && released.push(sessionId) === 1) resolve();
      }),
    );
    const file = data('f', { dropclass: 'dlg.data.drops.file.FileDROP', lifespan: 1000 });
    const holding = await manager.createSession('holding');
    await holding.addGraphSpec(bytesOf([file]));
    await holding.deploy('roots');
    await holding.over;
    for (let i = 0; i < 10; i++) await (await manager.createSession(`s${i}`)).deploy('roots');
    await oneReleased;
    expect(released).toEqual(['s0']);
    expect(manager.has('holding')).toBe(true);
  });
});
