/** Commands and copies on other machines over SSH (seed `dlg.remote`, spec/engine.md 6.11). */
import { createHash, createHmac } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Client, ConnectConfig, SFTPWrapper } from 'ssh2';
import { DaliugeException, messageOf } from '../../protocol/index.ts';
import { makeDirectories } from '../util/make-directory.ts';

/** How to reach a machine. */
export interface RemoteAccess {
  readonly host: string;
  readonly port?: number | undefined;
  readonly username: string;
  /** Path of a private key; undefined: the agent, then the usual keys of the user. */
  readonly pkeyPath?: string | undefined;
  /** How long connecting may take, and how long the machine may be silent about its files. */
  readonly timeoutMs: number;
  /** HOME and SSH_AUTH_SOCK are looked at. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told of a host whose key nobody has vouched for. */
  readonly onUnknownHost?: (fingerprint: string) => void;
  readonly signal?: AbortSignal;
}

function trouble(access: RemoteAccess, what: string, cause: unknown): DaliugeException {
  return new DaliugeException(
    'REMOTE',
    `${what} on ${access.username}@${access.host} failed: ${messageOf(cause)}`,
    { cause, details: { host: access.host, username: access.username } },
  );
}

async function credentials(access: RemoteAccess): Promise<Pick<ConnectConfig, 'privateKey' | 'agent'>> {
  const { pkeyPath, env } = access;
  if (pkeyPath !== undefined && pkeyPath !== '') {
    try {
      const privateKey = await readFile(pkeyPath.replace(/^~(?=\/)/, () => env['HOME'] ?? '~'));
      const { default: ssh2 } = await import('ssh2');
      const parsed = ssh2.utils.parseKey(privateKey);
      if (parsed instanceof Error) throw parsed;
      return { privateKey };
    } catch (cause) {
      throw trouble(access, `Reading the private key ${pkeyPath} for a connection`, cause);
    }
  }
  const agent = env['SSH_AUTH_SOCK'];
  if (agent) return { agent };
  for (const name of ['id_ed25519', 'id_ecdsa', 'id_rsa']) {
    const key = await readFile(path.join(env['HOME'] ?? '/', '.ssh', name)).catch(() => undefined);
    if (key) return { privateKey: key };
  }
  return {};
}

/** What ~/.ssh/known_hosts says about a host's key. */
export type HostVerdict = 'known' | 'unknown' | 'changed';

export function judgeHostKey(knownHosts: string, host: string, port: number, key: Buffer): HostVerdict {
  const name = port === 22 ? host : `[${host}]:${port}`;
  const type = key.toString('ascii', 4, 4 + key.readUInt32BE(0));
  let verdict: HostVerdict = 'unknown';
  for (const line of knownHosts.split('\n')) {
    const [names = '', lineType = '', text = ''] = line.trim().split(/\s+/);
    if (line.startsWith('#') || lineType !== type || !names.split(',').some((entry) => isHost(entry, name)))
      continue;
    if (Buffer.from(text, 'base64').equals(key)) return 'known';
    verdict = 'changed';
  }
  return verdict;
}

function isHost(entry: string, name: string): boolean {
  if (!entry.startsWith('|1|')) return entry === name;
  const [, , salt = '', hash = ''] = entry.split('|');
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

/** How often a connection is asked whether it lives, in milliseconds; three answers may be missing. */
const KEEPALIVE_MS = 10_000;

/** Connects, works, disconnects. Rejects with DaliugeException (REMOTE) where any of it fails. */
export async function withRemote<T>(
  access: RemoteAccess,
  what: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { Client: SshClient } = await import('ssh2');
  const keys = await credentials(access);
  const known = await readFile(path.join(access.env['HOME'] ?? '/', '.ssh', 'known_hosts'), 'utf8').catch(
    () => '',
  );
  const client = new SshClient();
  const broken = new Promise<never>((_resolve, reject) => {
    // A connection may fail more than once, and a failure that nobody listens for ends the process.
    client.on('error', (cause) => reject(trouble(access, what, cause)));
    client.once('close', () => reject(trouble(access, what, new Error('the connection was closed'))));
    access.signal?.addEventListener(
      'abort',
      () => reject(trouble(access, what, new Error('the application was cancelled'))),
      { once: true },
    );
  });
  broken.catch(() => undefined);
  const port = access.port ?? 22;
  const connected = new Promise<void>((resolve) => client.once('ready', resolve));
  let refusal: string | undefined;
  const options: ConnectConfig = {
    ...keys,
    host: access.host,
    port,
    username: access.username,
    readyTimeout: access.timeoutMs,
    // A machine that stops answering later on is noticed too.
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: 3,
    hostVerifier: (key: Buffer) => {
      const verdict = judgeHostKey(known, access.host, port, key);
      if (verdict === 'unknown') access.onUnknownHost?.(fingerprint(key));
      else if (verdict === 'changed')
        refusal = `its key ${fingerprint(key)} is not the one in known_hosts: either the machine was set up anew or somebody stands between`;
      return verdict !== 'changed';
    },
  };
  try {
    // Throws for a key it cannot read.
    client.connect(options);
    await Promise.race([connected, broken]);
    return await Promise.race([work(client), broken]);
  } catch (cause) {
    // Who went wrong is not waited for.
    client.destroy();
    if (refusal !== undefined) throw trouble(access, what, new Error(refusal));
    throw cause instanceof DaliugeException ? cause : trouble(access, what, cause);
  } finally {
    client.end();
  }
}

function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** Runs a command in a login shell. Resolves to output and exit status. */
export function execRemote(
  access: RemoteAccess,
  command: string,
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitStatus: number }> {
  return withRemote(access, `Running "${command}"`, (client) => {
    return new Promise((resolve, reject) => {
      const quoted = command.replaceAll("'", `'\\''`);
      client.exec(`/bin/bash -l -c '${quoted}'`, (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        const out = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
        let exitStatus = -1;
        channel.on('data', (chunk: Buffer) => out.stdout.push(chunk));
        channel.stderr.on('data', (chunk: Buffer) => out.stderr.push(chunk));
        channel.on('exit', (code: number | null) => (exitStatus = code ?? -1));
        channel.on('close', () =>
          resolve({
            stdout: Buffer.concat(out.stdout).toString('utf8'),
            stderr: Buffer.concat(out.stderr).toString('utf8'),
            exitStatus,
          }),
        );
      });
    });
  });
}

/** Copies a file or a directory tree to another machine. */
export function copyTo(access: RemoteAccess, local: string, remote: string): Promise<void> {
  return copying(access, `Copying ${local} to ${remote}`, (files) => put(files, local, remote));
}

/** Copies a file or a directory tree from another machine. */
export function copyFrom(access: RemoteAccess, remote: string, local: string): Promise<void> {
  return copying(access, `Copying ${remote} to ${local}`, (files) => get(files, remote, local));
}

/** The files of the other machine. */
interface RemoteFiles {
  readonly sftp: SFTPWrapper;
  /** The other side has answered. */
  readonly heard: () => void;
}

/** A machine that lives may have a disk that does not: who answers nothing about its files is given up, too. */
function copying(
  access: RemoteAccess,
  what: string,
  copy: (files: RemoteFiles) => Promise<void>,
): Promise<void> {
  return withRemote(access, what, async (client) => {
    const { promise: silent, reject } = Promise.withResolvers<never>();
    const seconds = access.timeoutMs / 1000;
    const timer = setTimeout(
      () => reject(new Error(`it answered nothing about its files for ${seconds} s`)),
      access.timeoutMs,
    );
    const heard = (): void => void timer.refresh();
    const done = openSftp(client).then((sftp) => copy({ sftp, heard }));
    try {
      await Promise.race([done, silent]);
    } finally {
      clearTimeout(timer);
    }
  });
}

function openSftp(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)));
  });
}

type Done = (error?: Error | null) => void;

async function step({ heard }: RemoteFiles, work: (done: Done) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => work((error) => (error ? reject(error) : resolve())));
  heard();
}

async function put(files: RemoteFiles, local: string, remote: string): Promise<void> {
  const { sftp, heard } = files;
  if (!(await stat(local)).isDirectory())
    return step(files, (done) => sftp.fastPut(local, remote, { step: heard }, done));
  await ensureDirectory(files, remote);
  for (const name of await readdir(local))
    await put(files, path.join(local, name), path.posix.join(remote, name));
}

async function ensureDirectory(files: RemoteFiles, remote: string): Promise<void> {
  const { sftp } = files;
  const isThere = await new Promise<boolean>((resolve) => {
    sftp.stat(remote, (error, found) => resolve(!error && found.isDirectory()));
  });
  if (!isThere) await step(files, (done) => sftp.mkdir(remote, done));
}

async function get(files: RemoteFiles, remote: string, local: string): Promise<void> {
  const { sftp, heard } = files;
  const isDirectory = await new Promise<boolean>((resolve, reject) => {
    sftp.stat(remote, (error, found) => (error ? reject(error) : resolve(found.isDirectory())));
  });
  if (!isDirectory) return step(files, (done) => sftp.fastGet(remote, local, { step: heard }, done));
  await makeDirectories(local);
  const names = await new Promise<string[]>((resolve, reject) => {
    sftp.readdir(remote, (error, list) =>
      error ? reject(error) : resolve(list.map(({ filename }) => filename)),
    );
  });
  heard();
  for (const name of names)
    if (name !== '.' && name !== '..')
      await get(files, path.posix.join(remote, name), path.join(local, name));
}
