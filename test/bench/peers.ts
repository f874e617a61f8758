/** Managers to be measured side by side, each a fresh process with a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { timeOverRest } from './rest-client.ts';

const WEIR = path.resolve(import.meta.dirname, '../../scripts/weir.mjs');

export const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;

/** DALiuGE tells nobody when it is up: there is no other way than to ask. */
async function ready(child: ChildProcess, base: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`the manager ended with status ${child.exitCode}`);
    const isUp = await fetch(`${base}/api/sessions`)
      .then((answer) => answer.ok)
      .catch(() => false);
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no answer from ${base}`);
}

export interface Peer {
  readonly name: string;
  readonly base: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Median seconds for one graph on a fresh manager. */
export async function overRest(
  peer: Peer,
  graph: Uint8Array,
  roots: readonly string[],
  times: number,
): Promise<number> {
  const dir = await mkdtemp(path.join(tmpdir(), 'weir-bench-'));
  const child = spawn(peer.command, [...peer.args], {
    env: { ...process.env, DLG_ROOT: dir, WEIR_DATA_DIR: dir },
    stdio: 'ignore',
  });
  try {
    await ready(child, peer.base);
    const seconds: number[] = [];
    for (let i = 0; i < times; i++) seconds.push(await timeOverRest(peer.base, graph, roots));
    return median(seconds);
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => (child.exitCode === null ? child.once('close', resolve) : resolve(0)));
    await rm(dir, { recursive: true, force: true });
  }
}

/** A node manager of Weir and one of DALiuGE (`dlg` on the PATH, or what WEIR_BENCH_DLG names). */
export function bothPeers(): readonly Peer[] {
  const dlg = process.env['WEIR_BENCH_DLG'] ?? 'dlg';
  return [
    {
      name: 'weir',
      base: 'http://127.0.0.1:18101',
      command: process.execPath,
      args: [WEIR, 'node', '--port', '18101'],
    },
    {
      name: 'daliuge',
      base: 'http://127.0.0.1:18102',
      command: dlg,
      args: ['nm', '-H', '127.0.0.1', '-P', '18102', '--rpc_port', '18103', '--event_port', '18104', '-qqq'],
    },
  ];
}
