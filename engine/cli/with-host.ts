/** Runs work over a Host that is closed however the work ends; Ctrl-C ends it in good order. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defaultDataDir, startHost, type Host, type HostOptions } from '../host/index.ts';
import { note } from './output.ts';
import { VERSION } from './version.ts';

export interface DataDirOptions {
  readonly dataDir?: string;
  readonly ephemeral?: boolean;
}

export async function withHost<T>(
  options: DataDirOptions,
  work: (host: Host, interrupted: AbortSignal) => Promise<T>,
  more: Partial<HostOptions> = {},
): Promise<T> {
  const temporary = options.ephemeral ? await mkdtemp(path.join(tmpdir(), 'weir-')) : undefined;
  const dataDir = temporary ?? options.dataDir ?? defaultDataDir();
  const abort = new AbortController();
  const interrupt = () => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    const host = await startHost({
      dataDir,
      version: VERSION,
      onProblem: (error) => note(`weir: ${error instanceof Error ? error.message : String(error)}`),
      ...more,
    });
    try {
      return await work(host, abort.signal);
    } finally {
      await host.close();
    }
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    if (temporary) await rm(temporary, { recursive: true, force: true });
  }
}
