/** `weir node`: a headless node that serves REST, the push channel and the window on loopback. */
import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { note, print, printJson } from '../output.ts';
import { wholeNumber } from '../values.ts';
import { withHost } from '../with-host.ts';

interface Options {
  readonly json?: boolean;
  readonly port: number;
  readonly host: string;
  readonly dataDir?: string;
  readonly ephemeral?: boolean;
  readonly open?: boolean;
  readonly allowOrigin?: readonly string[];
  readonly maxThreads?: number;
}

export function nodeCommand(program: Command): void {
  program
    .command('node')
    .alias('nm')
    .description('run a headless node: REST, live updates and the window in a browser')
    .option('--json', 'print one JSON line when ready')
    .option('-P, --port <port>', 'port to listen on, 0 for any free one', wholeNumber, 8000)
    .option(
      '-H, --host <address>',
      'address to listen on; other machines reach it only if you choose another than loopback',
      '127.0.0.1',
    )
    .option('--data-dir <dir>', "folder of the history (default: the user's own)")
    .option('--ephemeral', 'keep nothing: a temporary folder is used and removed')
    .option('--open', 'open the window in a browser')
    .option('--allow-origin <origin...>', 'web pages that may use this node, e.g. https://eagle.icrar.org')
    .option('-t, --max-threads <n>', 'processes that run at once (0: one a core)', wholeNumber)
    .action(async (options: Options) => {
      let stop: () => void = () => undefined;
      const stopped = new Promise<void>((resolve) => (stop = resolve));
      const rendererDir = fileURLToPath(new URL('../../dist/renderer', import.meta.url));
      const http = {
        host: options.host,
        port: options.port,
        ...(existsSync(rendererDir) ? { rendererDir } : {}),
        allowedOrigins: options.allowOrigin ?? [],
        onStop: () => stop(),
      };
      await withHost(
        options,
        async (host, interrupted) => {
          // Perhaps while it was being started.
          if (interrupted.aborted) return;
          interrupted.addEventListener('abort', () => stop());
          announce(host.url as string, options);
          await stopped;
        },
        {
          http,
          practise: true,
          ...(options.maxThreads === undefined ? {} : { maxThreads: options.maxThreads }),
        },
      );
    });
}

function announce(url: string, options: Options): void {
  if (!/^(127\.|localhost$|::1$)/.test(options.host))
    note(
      `weir: warning: ${options.host} can be reached from other machines, and DALiuGE's REST knows no passwords: whoever reaches it can run commands here.`,
    );
  if (options.json)
    printJson({
      ready: true,
      url,
      rest: `${url}/api`,
      rpcPort: null,
      eventsPort: null,
      deviceId: null,
      pid: process.pid,
    });
  else print(`Weir is ready: ${url}  (Ctrl-C stops it)`);
  if (options.open) openBrowser(url);
}

function openBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => note(`weir: no browser was found; open ${url} yourself.`));
  child.unref();
}
