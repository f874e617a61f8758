/** A PostgreSQL server of the machine, on a socket in a temporary directory. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

const PLACES = ['/usr/lib/postgresql/17/bin', '/usr/lib/postgresql/16/bin', '/usr/lib/postgresql/15/bin'];
export const postgresDirectory = PLACES.find((place) => existsSync(path.join(place, 'initdb')));

export interface Postgres {
  readonly host: string;
  readonly user: string;
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root: root starts it as the user `nobody`. */
function owner(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
}

export async function startPostgres(bin: string, dir: string): Promise<Postgres> {
  const data = path.join(dir, 'pg');
  mkdirSync(data, { recursive: true });
  chmodSync(dir, 0o755);
  const as = owner();
  if (as.uid !== undefined) chownSync(data, as.uid, as.gid as number);
  const env = { PATH: process.env['PATH'], LC_ALL: 'C' };
  const made = spawnSync(
    path.join(bin, 'initdb'),
    ['-D', path.join(data, 'db'), '-U', 'weir', '-A', 'trust', '--no-sync', '--no-locale'],
    { ...as, env, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const server: ChildProcess = spawn(
    path.join(bin, 'postgres'),
    ['-D', path.join(data, 'db'), '-k', data, '-c', 'listen_addresses=', '-c', 'fsync=off'],
    { ...as, env, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await new Promise<void>((resolve, reject) => {
    let log = '';
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('ready to accept connections')) resolve();
    });
    server.once('exit', () => reject(new Error(`postgres ended: ${log}`)));
  });
  return {
    host: data,
    user: 'weir',
    stop: () =>
      new Promise((resolve) => {
        server.removeAllListeners('exit');
        server.once('exit', () => resolve());
        server.kill('SIGINT');
      }),
  };
}
