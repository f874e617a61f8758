/** How long a node takes until its REST interface answers, beside the smallest HTTP server of the same Node (design/performance.md). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { median } from './peers.ts';

const WEIR = path.resolve(import.meta.dirname, '../../scripts/weir.mjs');
const BARE = `require('node:http').createServer((request, answer) => answer.end('[]')).listen(0, '127.0.0.1', function () {
  console.log(JSON.stringify({ url: 'http://127.0.0.1:' + this.address().port }));
})`;

/** Milliseconds from the start of the process to the end of its first answer. It says its address in its first line. */
async function untilAnswered(args: readonly string[]): Promise<number> {
  const dir = await mkdtemp(path.join(tmpdir(), 'weir-bench-'));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...args], {
    env: { ...process.env, DLG_ROOT: dir, WEIR_DATA_DIR: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  const [answer] = await once(get(`${url}/api/sessions`), 'response');
  await once((answer as NodeJS.ReadableStream).resume(), 'end');
  const ms = performance.now() - startedAt;
  child.kill('SIGTERM');
  await once(child, 'close');
  await rm(dir, { recursive: true, force: true });
  return ms;
}

/** Medians of so many starts each, one after the other; the goal is 1.5 times the bare server's and 200 ms. */
export async function startFigures(
  runs: number,
): Promise<{ readonly bareMs: number; readonly weirMs: number; readonly goalMs: number }> {
  const bare: number[] = [];
  const weir: number[] = [];
  for (let i = 0; i < runs; i++) {
    bare.push(await untilAnswered(['-e', BARE]));
    weir.push(await untilAnswered([WEIR, 'node', '--port', '0', '--json']));
  }
  const bareMs = Math.round(median(bare));
  return { bareMs, weirMs: Math.round(median(weir)), goalMs: Math.round(1.5 * bareMs + 200) };
}
