/** `weir tm`: the translator as a server of its own, with DALiuGE's REST routes (spec/translator.md 15, 16). */
import { mkdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import { TranslatorFiles, translatorServer } from '../../api/index.ts';
import { WeirError } from '../../protocol/index.ts';
import { note, print, printJson } from '../output.ts';
import { wholeNumber } from '../values.ts';

interface Options {
  readonly json?: boolean;
  readonly lgdir: string;
  readonly pgtdir: string;
  readonly host: string;
  readonly port: number;
  readonly allowOrigin?: readonly string[];
}

export function tmCommand(program: Command): void {
  program
    .command('tm')
    .description('run the translator as a REST server')
    .option('--json', 'print one JSON line when ready')
    .option('-d, --lgdir <dir>', 'folder of stored logical graphs; must exist', tmpdir())
    .option('-t, --pgtdir <dir>', 'folder for translated graphs; made if it is not there', tmpdir())
    .option(
      '-H, --host <address>',
      'address to listen on; other machines reach it only if you choose another than loopback',
      '127.0.0.1',
    )
    .option('-p, --port <port>', 'port to listen on, 0 for any free one', wholeNumber, 8084)
    .option('--allow-origin <origin...>', 'web pages that may use it, e.g. https://eagle.icrar.org')
    .option('-v, --verbose', 'accepted as upstream does')
    .option('-l, --log-dir <dir>', 'accepted as upstream does; nothing is logged to files')
    .option('--local-time', 'accepted as upstream does')
    .action(serve);
}

async function serve(options: Options): Promise<void> {
  const { lgdir, pgtdir, host, port } = options;
  const facts = await stat(lgdir).catch(() => undefined);
  if (!facts?.isDirectory())
    throw new WeirError('USAGE', `There is no folder ${lgdir}; choose another with --lgdir.`, {
      details: { lgdir },
    });
  await mkdir(pgtdir, { recursive: true });
  const server = await translatorServer({
    host,
    port,
    allowedOrigins: options.allowOrigin ?? [],
    translatorFiles: new TranslatorFiles(lgdir, pgtdir),
  });
  if (!/^(127\.|localhost$|::1$)/.test(host))
    note(`weir: warning: ${host} can be reached from other machines, and this REST knows no passwords.`);
  if (options.json) printJson({ ready: true, url: server.url, pid: process.pid });
  else print(`The translator is ready: ${server.url}  (Ctrl-C stops it)`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await server.close();
}
