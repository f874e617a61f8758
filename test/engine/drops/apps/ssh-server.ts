/** An SSH server (ssh2's own) that runs commands and serves this machine's files by SFTP, for one key. */
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
  type Stats,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ssh2 from 'ssh2';

const { Server, utils } = ssh2;
const { OPEN_MODE, STATUS_CODE } = utils.sftp;

/** Disks of an SSH server that give no answer any more: to anything, or to the second of what is written or read. */
export const STUCK = { disk: 'disk', middle: 'middle' } as const;
export type Stuck = (typeof STUCK)[keyof typeof STUCK];

export class SshServer {
  /** What the next connections meet. */
  stuck: Stuck | undefined;
  readonly directory: string;
  readonly clientKey: string;
  readonly hostKeyType = 'ssh-ed25519';
  readonly #server: ssh2.Server;
  readonly #clients = new Set<ssh2.Connection>();

  private constructor(directory: string) {
    this.directory = directory;
    this.clientKey = path.join(directory, 'client');
    for (const name of ['client', 'host'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(directory, name)]);
    const allowed = utils.parseKey(readFileSync(`${this.clientKey}.pub`)) as ssh2.ParsedKey;
    this.#server = new Server({ hostKeys: [readFileSync(path.join(directory, 'host'))] }, (client) => {
      this.#clients.add(client);
      client.on('error', () => undefined);
      client.on('close', () => this.#clients.delete(client));
      client.on('authentication', (context) => {
        const isAllowed = context.method === 'publickey' && context.key.data.equals(allowed.getPublicSSH());
        if (isAllowed) context.accept();
        else context.reject(['publickey']);
      });
      client.on('session', (accept) => serve(accept(), this.stuck));
    });
  }

  static async start(): Promise<SshServer> {
    const server = new SshServer(mkdtempSync(path.join(tmpdir(), 'weir-ssh-')));
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', () => resolve()));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.end();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function serve(session: ssh2.Session, stuck: Stuck | undefined): void {
  session.on('exec', (accept, _reject, info) => {
    const channel = accept();
    const child = spawn('/bin/sh', ['-c', info.command], { env: { PATH: process.env['PATH'] } });
    child.stdout.on('data', (chunk: Buffer) => channel.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => channel.stderr.write(chunk));
    child.once('close', (code) => {
      channel.exit(code ?? 1);
      channel.end();
    });
  });
  session.on('sftp', (accept) => serveFiles(accept(), stuck));
}

function attributes(stats: Stats): ssh2.Attributes {
  return {
    mode: stats.mode,
    uid: stats.uid,
    gid: stats.gid,
    size: stats.size,
    atime: stats.atimeMs / 1000,
    mtime: stats.mtimeMs / 1000,
  };
}

interface Handle {
  readonly fd?: number;
  readonly names?: string[];
  readonly place: string;
}

function serveFiles(sftp: ssh2.SFTPWrapper, stuck: Stuck | undefined): void {
  if (stuck === STUCK.disk) return void sftp.on('OPEN', () => undefined);
  let transfers = 0;
  const isStuck = (): boolean => stuck === STUCK.middle && ++transfers > 1;
  const handles = new Map<number, Handle>();
  let next = 0;
  const open = (id: number, handle: Handle): void => {
    handles.set(next, handle);
    const name = Buffer.alloc(4);
    name.writeUInt32BE(next++);
    sftp.handle(id, name);
  };
  const at = (handle: Buffer): Handle => handles.get(handle.readUInt32BE(0)) as Handle;
  const attempt = (id: number, work: () => void): void => {
    try {
      work();
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      sftp.status(id, isMissing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE, (error as Error).message);
    }
  };
  const fine = (id: number): void => sftp.status(id, STATUS_CODE.OK);
  sftp.on('OPEN', (id, place, flags) =>
    attempt(id, () => open(id, { fd: openSync(place, flags & OPEN_MODE.WRITE ? 'w' : 'r'), place })),
  );
  sftp.on('READ', (id, handle, offset, length) =>
    attempt(id, () => {
      if (isStuck()) return;
      const buffer = Buffer.alloc(length);
      const count = readSync(at(handle).fd as number, buffer, 0, length, offset);
      if (count === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, buffer.subarray(0, count));
    }),
  );
  sftp.on('WRITE', (id, handle, offset, data) =>
    attempt(id, () => {
      if (isStuck()) return;
      writeSync(at(handle).fd as number, data, 0, data.length, offset);
      fine(id);
    }),
  );
  sftp.on('FSTAT', (id, handle) =>
    attempt(id, () => sftp.attrs(id, attributes(fstatSync(at(handle).fd as number)))),
  );
  const stat = (id: number, place: string): void =>
    attempt(id, () => sftp.attrs(id, attributes(statSync(place))));
  sftp.on('STAT', stat);
  sftp.on('LSTAT', stat);
  sftp.on('FSETSTAT', fine);
  sftp.on('SETSTAT', fine);
  sftp.on('MKDIR', (id, place) =>
    attempt(id, () => {
      mkdirSync(place);
      fine(id);
    }),
  );
  sftp.on('OPENDIR', (id, place) => attempt(id, () => open(id, { names: readdirSync(place), place })));
  sftp.on('READDIR', (id, handle) => {
    const { names = [], place } = at(handle);
    if (names.length === 0) return sftp.status(id, STATUS_CODE.EOF);
    sftp.name(
      id,
      names.splice(0).map((filename) => ({
        filename,
        longname: filename,
        attrs: attributes(statSync(path.join(place, filename))),
      })),
    );
  });
  sftp.on('CLOSE', (id, handle) => {
    const { fd } = at(handle);
    if (fd !== undefined) closeSync(fd);
    handles.delete(handle.readUInt32BE(0));
    fine(id);
  });
}
