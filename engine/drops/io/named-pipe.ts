/**
 * One end of a named pipe (fifo(7)). The plain functions of Node would keep one of its few threads waiting for the other
 * end, and four waiting threads stop all file work: here nothing waits but the event loop, or a small process.
 */
import { spawn } from 'node:child_process';
import { constants, open } from 'node:fs';
import { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { WeirError } from '../../protocol/index.ts';
import { ChunkReader } from './chunk-reader.ts';

/** To a bare descriptor: a FileHandle would close it once nobody holds the handle. */
const openDescriptor = promisify(open);

/** Opens the pipe, which waits for a reader, says so, and keeps it open until told to go. */
const MEET_READER = 'exec 3>"$1" && echo && read -r _';

/** The end that reads. There may be no writer yet: the first read waits for one. The end comes when the last writer leaves. */
export class PipeReader {
  readonly #socket: Socket;
  readonly #chunks: ChunkReader;

  private constructor(fd: number, path: string) {
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#chunks = new ChunkReader(this.#socket, `The named pipe ${path}`);
  }

  static async open(path: string): Promise<PipeReader> {
    return new PipeReader(await descriptorOf(path, constants.O_RDONLY), path);
  }

  /** At most `count` bytes, once there are some; empty at the end. */
  read(count: number): Promise<Uint8Array> {
    return this.#chunks.read(count);
  }

  /** Also while somebody reads, who then hears that the pipe was closed. */
  close(): void {
    this.#socket.destroy();
  }
}

/** The end that writes. */
export class PipeWriter {
  readonly #socket: Socket;

  private constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true });
    // Whoever writes hears of it.
    this.#socket.on('error', () => undefined);
  }

  /** Waits for a reader, until `signal` aborts. */
  static async open(path: string, signal: AbortSignal): Promise<PipeWriter> {
    for (;;) {
      const fd = await descriptorOf(path, constants.O_WRONLY).catch(unlessAlone);
      if (fd !== undefined) return new PipeWriter(fd);
      const meeting = new Meeting(path, signal);
      try {
        await meeting.isHeld;
        const met = await descriptorOf(path, constants.O_WRONLY).catch(unlessAlone);
        if (met !== undefined) return new PipeWriter(met);
        // The reader has left again.
      } finally {
        meeting.end();
      }
    }
  }

  /** Resolves when the pipe has taken all of it. */
  write(data: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Ends the stream: the reader finds its end. */
  finish(): Promise<void> {
    return finished(this.#socket.end(), { readable: false });
  }

  /** Also while somebody writes, who then hears that the pipe was closed. */
  close(): void {
    this.#socket.destroy();
  }
}

/** A process that stands at the writing end until a reader has come and the Host stands there itself. */
class Meeting {
  readonly isHeld: Promise<void>;
  readonly #end: () => void;

  constructor(path: string, signal: AbortSignal) {
    const child = spawn('sh', ['-c', MEET_READER, 'sh', path], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#end = () => {
      signal.removeEventListener('abort', this.#end);
      child.stdin.destroy();
      if (child.pid !== undefined) child.kill('SIGKILL');
    };
    this.isHeld = new Promise((resolve, reject) => {
      child.stdin.on('error', () => undefined);
      child.stdout.once('data', () => resolve());
      child.once('error', reject);
      child.once('close', () =>
        reject(
          new WeirError(
            'FILE_UNREADABLE',
            signal.aborted
              ? `No reader came to the named pipe ${path} before its writer was stopped.`
              : `The named pipe ${path} could not be opened for writing.`,
          ),
        ),
      );
    });
    signal.addEventListener('abort', this.#end, { once: true });
    if (signal.aborted) this.#end();
  }

  end(): void {
    this.#end();
  }
}

/** A descriptor that never makes anybody wait; it belongs to the socket that is made of it. */
function descriptorOf(path: string, flags: number): Promise<number> {
  return openDescriptor(path, flags | constants.O_NONBLOCK);
}

function unlessAlone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
}
