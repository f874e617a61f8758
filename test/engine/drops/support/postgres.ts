/** A PostgreSQL server of the machine, on a socket in a temporary directory. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';

const PLACES = ['/usr/lib/postgresql/17/bin', '/usr/lib/postgresql/16/bin', '/usr/lib/postgresql/15/bin'];
export const postgresDirectory = PLACES.find((place) => existsSync(path.join(place, 'initdb')));

export interface Postgres {
  readonly host: string;
  readonly user: string;
  /** The port at 127.0.0.1, where encrypted connections alone are let in. */
  readonly port: number;
  /** The certificate that vouches for the server under the name localhost. */
  readonly certificate: string;
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root: root starts it as the user `nobody`. */
function owner(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Makes a key and its certificate, and lets in by the network who encrypts. */
function encrypt(data: string, db: string): string {
  const [key, certificate] = [path.join(data, 'server.key'), path.join(data, 'server.crt')];
  const about = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
  const kind = ['-x509', '-newkey', 'rsa:2048', '-nodes'];
  const made = spawnSync('openssl', ['req', ...kind, ...about, '-keyout', key, '-out', certificate], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`openssl failed: ${made.stderr}`);
  const as = owner();
  chmodSync(key, 0o600);
  if (as.uid !== undefined) chownSync(key, as.uid, as.gid as number);
  writeFileSync(path.join(db, 'pg_hba.conf'), 'local all all trust\nhostssl all all 127.0.0.1/32 trust\n');
  return certificate;
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
  const certificate = encrypt(data, path.join(data, 'db'));
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    fsync: 'off',
    ssl: 'on',
    ssl_cert_file: certificate,
    ssl_key_file: path.join(data, 'server.key'),
  };
  const server: ChildProcess = spawn(
    path.join(bin, 'postgres'),
    [
      ...['-D', path.join(data, 'db'), '-k', data],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
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
    port,
    certificate,
    stop: () =>
      new Promise((resolve) => {
        server.removeAllListeners('exit');
        server.once('exit', () => resolve());
        server.kill('SIGINT');
      }),
  };
}
