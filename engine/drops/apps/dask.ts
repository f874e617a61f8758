/** Ends of delayed computations (seed `dlg.dask_emulation`, spec/engine.md 10). */
import { createServer, type Socket } from 'node:net';
import { DROPStates, InvalidDropException, messageOf, WeirError } from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { intParam, readParams, stringParam } from '../params.ts';
import { writePickle } from '../pickle/index.ts';
import type { PyValue } from '../pyrepr/index.ts';
import { registerDrop } from '../registry.ts';
import { describeApp, loadValue, saveValue } from './python-values.ts';

/** Writes the list of the values of its inputs. */
export class Listifier extends BarrierAppDROP {
  override async run(): Promise<void> {
    const values: PyValue[] = [];
    for (const input of this.inputs) values.push(await loadValue(input));
    await saveValue(this.outputs, values);
  }
}

const PARAMS = {
  host: stringParam('host', 'localhost', 'Address to hand the result out on'),
  port: intParam('port', 10001, 'Port to hand the result out on'),
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
    const results: PyValue[] = [];
    for (const input of this.inputs)
      results.push(input.status === DROPStates.ERROR ? 'Error' : await loadValue(input));
    if (results.length === 0)
      throw new InvalidDropException(`${describeApp(this)} has no inputs whose results it could hand out.`);
    const pickle = writePickle(results.length === 1 ? (results[0] as PyValue) : results);
    const socket = await this.#client();
    if (!socket) return;
    const length = Buffer.alloc(4);
    length.writeInt32BE(pickle.length);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', () => resolve());
      socket.end(Buffer.concat([length, pickle]));
    });
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
