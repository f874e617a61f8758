/** `weir doctor`: what works on this machine, with a remedy for what does not. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import net from 'node:net';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { defaultDataDir } from '../../host/index.ts';
import { messageOf } from '../../protocol/index.ts';
import { bytesText, EXIT, print, printJson } from '../output.ts';

const run = promisify(execFile);

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy: string | null;
}

const LOW_DISK_BYTES = 2 ** 30;

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('say what works on this machine, and what to do about the rest')
    .option('--json', 'print one JSON document')
    .option('--data-dir <dir>', "folder of the history (default: the user's own)")
    .action(async (options: { json?: boolean; dataDir?: string }) => {
      const dataDir = options.dataDir ?? defaultDataDir();
      const checks = await Promise.all([
        node(),
        python(),
        bash(),
        docker(),
        folder(dataDir),
        disk(dataDir),
        port(8000),
        clock(),
      ]);
      if (options.json) printJson({ checks });
      else
        for (const { ok, name, detail, remedy } of checks)
          print(
            `${ok ? 'ok  ' : 'BAD '} ${name.padEnd(12)} ${detail}${remedy === null ? '' : `\n     ${''.padEnd(12)} -> ${remedy}`}`,
          );
      process.exitCode = checks.every((check) => check.ok) ? EXIT.ok : EXIT.failed;
    });
}

const fine = (name: string, detail: string): Check => ({ name, ok: true, detail, remedy: null });
const bad = (name: string, detail: string, remedy: string): Check => ({ name, ok: false, detail, remedy });

async function node(): Promise<Check> {
  return fine('node', `Node ${process.versions.node}`);
}

async function python(): Promise<Check> {
  const command = process.env['WEIR_PYTHON'] ?? 'python3';
  try {
    const { stdout } = await run(
      command,
      [
        '-c',
        'import sys, importlib.util as u; print(sys.version.split()[0], *[m for m in ("numpy", "dill") if u.find_spec(m)])',
      ],
      { timeout: 10_000 },
    );
    const [version, ...modules] = stdout.trim().split(' ');
    return fine(
      'python',
      `Python ${version}${modules.length > 0 ? ` with ${modules.join(' and ')}` : ', without numpy and dill'}`,
    );
  } catch {
    return bad(
      'python',
      `${command} cannot be run: Python functions in graphs will fail`,
      'install Python 3.8 or later, or name it in WEIR_PYTHON',
    );
  }
}

async function bash(): Promise<Check> {
  return access('/bin/bash', constants.X_OK).then(
    () => fine('bash', '/bin/bash'),
    () => bad('bash', '/bin/bash is missing: shell applications will fail', 'install bash'),
  );
}

async function docker(): Promise<Check> {
  const socket = (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
  return access(socket, constants.R_OK | constants.W_OK).then(
    () => fine('docker', socket),
    () =>
      bad(
        'docker',
        `no Docker-compatible socket at ${socket}: DockerApp will fail`,
        'start Docker or Podman, or set DOCKER_HOST; not needed for graphs without containers',
      ),
  );
}

async function folder(dataDir: string): Promise<Check> {
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.W_OK);
    return fine('data folder', dataDir);
  } catch (error) {
    return bad(
      'data folder',
      `${dataDir} cannot be written: ${messageOf(error)}`,
      'change its permissions, or choose another with --data-dir or WEIR_DATA_DIR',
    );
  }
}

async function disk(dataDir: string): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(dataDir);
    const free = bavail * bsize;
    if (free < LOW_DISK_BYTES)
      return bad('disk', `only ${bytesText(free)} free`, 'make room: results and history are written there');
    return fine('disk', `${bytesText(free)} free`);
  } catch (error) {
    return bad('disk', messageOf(error), 'check the data folder');
  }
}

async function port(number: number): Promise<Check> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () =>
      resolve(
        bad('port', `${number} is in use`, 'another node may be running; start this one with --port 0'),
      ),
    );
    server.listen(number, '127.0.0.1', () => server.close(() => resolve(fine('port', `${number} is free`))));
  });
}

async function clock(): Promise<Check> {
  const year = new Date().getUTCFullYear();
  return year >= 2025
    ? fine('clock', new Date().toISOString())
    : bad('clock', `the clock says ${new Date().toISOString()}`, 'set the clock: records carry its time');
}
