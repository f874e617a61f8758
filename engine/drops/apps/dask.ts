/** Ends of delayed computations (seed `dlg.dask_emulation`, spec/engine.md 10). */
import { createServer, type Socket } from 'node:net';
import { DROPStates, InvalidDropException, messageOf, WeirError } from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { portParam, readParams, stringParam } from '../params.ts';
import { writePickle } from '../pickle/index.ts';
import type { PyValue } from '../pyrepr/index.ts';
import type { PyContent } from '../python/index.ts';
import { registerDrop } from '../registry.ts';
import { writeList } from './gather-scatter.ts';
import { inPython, orInPython } from './python-fallback.ts';
import { describeApp, loadValue } from './python-values.ts';

/** Writes the list of the values of its inputs. */
export class Listifier extends BarrierAppDROP {
  override run(): Promise<void> {
    return writeList(this, loadValue);
  }
}

/** Stands for the result of an input that failed. */
const FAILED = 'Error';

const PARAMS = {
  host: stringParam('host', 'localhost', 'Address to hand the result out on'),
  port: portParam('port', 10001, 'Port to hand the result out on', 0),
} as const;

/**
 * Hands the results of a computation to the one client that connects: a length of four bytes, then a pickle. A failed
 * input is the text "Error", an empty one None. All inputs may fail: the client is to hear of it (upstream leaves it
 * waiting).
 */
export class ResultTransmitter extends BarrierAppDROP {
  readonly #params;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, { ...kwargs, input_error_threshold: 100 });
    this.#params = readParams(PARAMS, kwargs, this.uid);
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return { host: this.#params.host, port: this.#params.port };
  }

  override async run(): Promise<void> {
    if (this.inputs.length === 0)
      throw new InvalidDropException(`${describeApp(this)} has no inputs whose results it could hand out.`);
    const pickle = await orInPython(
      this,
      () => this.#pickled(),
      () => this.#pickledInPython(),
    );
    const socket = await this.#client();
    if (!socket) return;
    const length = Buffer.alloc(4);
    length.writeInt32BE(pickle.length);
    await this.#hand(socket, Buffer.concat([length, pickle]));
  }

  async #hand(socket: Socket, bytes: Uint8Array): Promise<void> {
    const stop = (): void => void socket.destroy();
    this.signal.addEventListener('abort', stop, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.once('close', () => resolve());
        // Clients have nothing to say; one that does is heard to its end all the same.
        socket.resume().end(bytes);
      });
    } catch (cause) {
      throw new WeirError(
        'REMOTE',
        `${describeApp(this)}: the client broke off while it was handed the result: ${messageOf(cause)}`,
        { cause },
      );
    } finally {
      this.signal.removeEventListener('abort', stop);
    }
  }

  async #pickled(): Promise<Uint8Array> {
    const results: PyValue[] = [];
    for (const input of this.inputs)
      results.push(input.status === DROPStates.ERROR ? FAILED : await loadValue(input));
    return writePickle(results.length === 1 ? (results[0] as PyValue) : results);
  }

  async #pickledInPython(): Promise<Uint8Array> {
    const inputs = this.inputs.map((input) =>
      input.status === DROPStates.ERROR ? { value: FAILED } : input,
    );
    const operation = inputs.length === 1 ? 'identity' : 'gather';
    const { contents } = await inPython(this, { operation, inputs });
    const [content] = contents as [PyContent];
    try {
      return await content.bytes();
    } finally {
      await content.release();
    }
  }

  #client(): Promise<Socket | undefined> {
    const { host, port } = this.#params;
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.once('connection', (socket) => {
        server.close();
        resolve(socket);
      });
      server.once('error', (cause) =>
        reject(
          new WeirError(
            'PORT_IN_USE',
            `${describeApp(this)} cannot hand its result out on ${host}:${port}: ${messageOf(cause)}`,
            { cause },
          ),
        ),
      );
      this.signal.addEventListener(
        'abort',
        () => {
          server.close();
          resolve(undefined);
        },
        { once: true },
      );
      server.listen(port, host, () =>
        this.context.log('info', this, `Hands the result out on ${host}:${port}.`),
      );
    });
  }
}

registerDrop(Listifier, 'dlg.dask_emulation._Listifier');
registerDrop(ResultTransmitter, 'dlg.dask_emulation.ResultTransmitter');
