/** The `weir` command called in the process of the test, and histories of its own to call it on. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { main } from '../../engine/cli/index.ts';
import type { Any } from '../engine/reproducibility/golden.ts';
import { app, data } from './host.ts';

export interface Called {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  /** The document on standard output, where there is one. */
  readonly json: Any;
}

/** Runs a command in this process. */
export async function weirHere(...args: readonly string[]): Promise<Called> {
  let [out, err] = ['', ''];
  const taken = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((chunk) => ((out += String(chunk)), true));
  const told = vi
    .spyOn(process.stderr, 'write')
    .mockImplementation((chunk) => ((err += String(chunk)), true));
  process.exitCode = undefined;
  try {
    await main(args);
  } finally {
    taken.mockRestore();
    told.mockRestore();
  }
  const status = Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  const json: Any = out.startsWith('{') ? JSON.parse(out) : undefined;
  return { status, out, err, json };
}

export const file = (oid: string, more: object = {}) =>
  data(oid, { dropclass: 'dlg.data.drops.file.FileDROP', ...more });
export const bash = (oid: string, command: string, more: object = {}) =>
  app(oid, 'dlg.apps.bash_shell_app.BashShellApp', { command, ...more });

/** printf WORD > f; cat f > g */
export const pipeline = (word: string): object[] => [
  bash('w', `printf ${word} > %o0`, { outputs: ['f'] }),
  file('f', { producers: ['w'], consumers: ['c'] }),
  bash('c', 'cat %i0 > %o0', { inputs: ['f'], outputs: ['g'] }),
  file('g', { producers: ['c'] }),
];

let count = 0;
/** A place in `folder` that no other test uses. */
export const fresh = (folder: string, name: string): string => path.join(folder, `${name}${count++}`);

/** A history of its own with sessions that ran; its `--data-dir` option. */
export async function historyOf(
  folder: string,
  ...runs: readonly (readonly [id: string, graph: object])[]
): Promise<readonly string[]> {
  const dir = fresh(folder, 'history');
  for (const [id, graph] of runs) {
    const where = fresh(folder, 'graph');
    await writeFile(where, JSON.stringify(graph));
    const { status, err } = await weirHere('run', where, '--session', id, '--data-dir', dir, '--json');
    expect(status, err).toBe(0);
  }
  return ['--data-dir', dir];
}
