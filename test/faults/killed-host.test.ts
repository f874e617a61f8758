/** A Host that is killed in the middle of a run loses nothing it had recorded. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { app, data } from '../support/host.ts';
import { startWeir, weir } from '../support/weir.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'weir-kill-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A graph that completes `done` and then tells us through a FIFO-like file that it waits. */
const graph = [
  app('hello', 'dlg.apps.simple.HelloWorldApp', { greet: 'Ada', outputs: ['done'] }),
  data('done', { consumers: ['wait'] }),
  app('wait', 'dlg.apps.bash_shell_app.BashShellApp', { command: 'sleep 600', outputs: ['never'] }),
  data('never'),
];

describe('a Host killed with SIGKILL during a run', () => {
  it('is found at the next start with the session INTERRUPTED and everything recorded before', async () => {
    const file = path.join(dir, 'wait.graph');
    await writeFile(file, JSON.stringify(graph));
    const child = startWeir(['run', file, '--session', 'killed', '--data-dir', dir]);
    const closed = new Promise((resolve) => child.once('close', resolve));
    await recorded('"status":"COMPLETED"', 'done');
    child.kill('SIGKILL');
    await closed;
    const { sessions } = JSON.parse((await weir(['history', '--json', '--data-dir', dir])).stdout) as {
      sessions: { status: string; byState: Record<string, number> }[];
    };
    expect(sessions).toEqual([
      expect.objectContaining({ sessionId: 'killed', status: 'INTERRUPTED', drops: 4 }),
    ]);
    expect((await weir(['cat', 'killed', 'done', '--data-dir', dir])).stdout).toBe('Hello Ada');
    const shown = JSON.parse(
      (await weir(['show', 'killed', 'wait', '--json', '--data-dir', dir])).stdout,
    ) as { drop: { execStatus: string } };
    expect(shown.drop.execStatus).toBe('RUNNING');
  });

  /** Until another process sees the drop recorded: the store is the only channel, and each look is a process of its own. */
  async function recorded(text: string, drop: string): Promise<void> {
    for (;;) {
      const { stdout } = await weir(['show', 'killed', drop, '--json', '--data-dir', dir]);
      if (stdout.includes(text)) return;
    }
  }
});
