/**
 * Channels between two commands that run at the same time (spec/engine.md 6.6). The drop between them carries only the
 * address: `pipe://<path>` of a named pipe on the same node, else `tcp://<host>:<port>`.
 *
 * A named pipe is opened by the children: opening one waits for the other end, which would keep a thread of the Host
 * waiting. Whoever ends without having met the other side releases it (`releasePipe`).
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { InvalidDropException, messageOf, WeirError } from '../../protocol/index.ts';

const run = promisify(execFile);
const PIPE = 'pipe://';
const TCP = 'tcp://';
/** How long a reader tries to reach the address it was given, in milliseconds (as upstream). */
const CONNECT_MS = 10_000;

/** The writing end of a channel. */
export interface ChannelWriter {
  readonly address: string;
  /** The pipe to open by the child; undefined: `socket` takes the data. */
  readonly pipePath?: string;
  /** Resolves to the connection of the reader. */
  readonly socket?: Promise<Socket>;
  /** Ends what was not used. */
  close(): Promise<void>;
}

/** Makes a named pipe in a directory of its own. */
export async function openPipe(): Promise<ChannelWriter> {
  const directory = await mkdtemp(path.join(tmpdir(), 'weir-pipe-'));
  const pipePath = path.join(directory, 'pipe');
  try {
    await run('mkfifo', ['-m', '600', pipePath]);
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    throw new WeirError(
      'COMMAND_FAILED',
      `A named pipe could not be made at ${pipePath}: ${messageOf(cause)}`,
      { cause },
    );
  }
  return {
    address: `${PIPE}${pipePath}`,
    pipePath,
    close: async () => {
      await releasePipe(pipePath);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Listens on a free port for the one reader. `host` is the name others reach this node by. */
export async function openTcp(host: string, signal: AbortSignal): Promise<ChannelWriter> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, () => resolve());
  });
  let unmet: ((why: Error) => void) | undefined;
  const socket = new Promise<Socket>((resolve, reject) => {
    unmet = reject;
    server.once('connection', (connection) => {
      server.close();
      // The reader sends nothing; reading shows when it is gone.
      connection.resume();
      connection.on('error', () => undefined);
      resolve(connection);
    });
    signal.addEventListener(
      'abort',
      () => reject(new WeirError('CANCELLED', 'The application was cancelled before a reader came.')),
      { once: true },
    );
  });
  socket.catch(() => undefined);
  server.once('close', () => unmet?.(new WeirError('REMOTE', 'Nobody reads from the stream any more.')));
  const address = `${TCP}${host}:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    server.close();
    // Sends what is still to be sent, then closes.
    socket.then((connection) => connection.destroySoon()).catch(() => undefined);
  };
  return { address, socket, close };
}

/** Where a reader gets its data from. */
export type ChannelSource = { readonly pipePath: string } | { readonly host: string; readonly port: number };

/** The address in a drop. Throws InvalidDropException for what is none. */
export function parseAddress(text: string, where: string): ChannelSource {
  if (text.startsWith(PIPE)) return { pipePath: text.slice(PIPE.length) };
  const tcp = /^tcp:\/\/\[?([^\]]+)\]?:(\d+)$/.exec(text);
  if (tcp) return { host: tcp[1] as string, port: Number(tcp[2]) };
  throw new InvalidDropException(
    `${where} was streamed ${JSON.stringify(text.slice(0, 80))}, but can read only from a pipe:// or tcp:// address; its producer must be a streaming shell application.`,
  );
}

/** Connects to a writer elsewhere. */
export function connectTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const fail = (why: string, cause?: unknown): void => {
      socket.destroy();
      reject(
        new WeirError('REMOTE', `The stream at tcp://${host}:${port} cannot be read: ${why}.`, { cause }),
      );
    };
    const abort = (): void => fail('the application was cancelled');
    const timer = setTimeout(() => fail(`no connection within ${CONNECT_MS / 1000} s`), CONNECT_MS);
    socket.once('error', (error) => fail(messageOf(error), error));
    socket.once('connect', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      // From here on whoever reads sees errors as the end of the stream.
      socket.removeAllListeners('error').on('error', () => undefined);
      resolve(socket);
    });
    socket.once('close', () => clearTimeout(timer));
    signal.addEventListener('abort', abort, { once: true });
  });
}

/**
 * Releases every process that waits to open the pipe, now or later: it finds the other end there for a moment, or no
 * pipe at all. Data on its way between two processes that have met is not touched.
 */
export async function releasePipe(pipePath: string): Promise<void> {
  const held = await holdPipe(pipePath);
  await rm(pipePath, { force: true });
  await held?.close();
}

/** Stands at both ends of a pipe, so that nobody waits to open it; undefined where it is gone already. */
export async function holdPipe(pipePath: string): Promise<FileHandle | undefined> {
  try {
    return await open(pipePath, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
