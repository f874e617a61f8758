/** Handing data over to a store (seed `dlg.apps.archiving`, spec/engine.md 6.11). */
import { DaliugeException, InvalidDropException, isWeirError, messageOf } from '../../protocol/index.ts';
import { BarrierAppDROP } from '../app-drop.ts';
import type { DataDROP } from '../data-drop.ts';
import { ContainerDROP, DirectoryDROP } from '../data/index.ts';
import type { DropKwargs } from '../drop.ts';
import { OpenMode } from '../io/data-io.ts';
import { ngasHost, NgasIO, ngasLimits, ngasMimeType } from '../io/ngas.ts';
import { portParam, readParams, secondsParam, stringParam } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { describeApp } from './python-values.ts';

/** One input, no outputs; a subclass says where the data goes. */
export class ExternalStoreApp extends BarrierAppDROP {
  override async run(): Promise<void> {
    const [input, ...more] = this.inputs;
    if (!input || more.length > 0 || this.outputs.length > 0)
      throw new InvalidDropException(
        `${describeApp(this)} archives exactly one input and has no outputs, but has ${this.inputs.length} and ${this.outputs.length}.`,
        { details: { uid: this.uid } },
      );
    await this.store(input);
  }

  /** Stores the content of a drop. */
  protected store(input: DataDROP): Promise<void> {
    throw new InvalidDropException(
      `${describeApp(this)} does not say where to store ${input.uid}; use a store such as NgasArchivingApp.`,
      { details: { uid: this.uid } },
    );
  }
}

const PARAMS = {
  host: stringParam('ngasSrv', 'localhost', 'Host of the archive'),
  port: portParam('ngasPort', 7777, 'Port of the archive'),
  mime: stringParam('ngasMime', 'application/octet-stream', 'Type the file is stored under'),
  timeout: secondsParam('ngasTimeout', 0, 'Seconds the archive may take nothing, or say nothing; 0: 60'),
  connectTimeout: secondsParam('ngasConnectTimeout', 2, 'Seconds a connection may take'),
} as const;

/** Bytes of one piece sent to the archive. */
const PIECE_BYTES = 1 << 16;

/** Archives its input in NGAS under the uid of the drop. Containers and directories are refused. */
export class NgasArchivingApp extends ExternalStoreApp {
  readonly #params;
  #archived = 0;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const params = readParams(PARAMS, kwargs, this.uid);
    this.#params = {
      ...params,
      host: ngasHost(params.host, this.uid),
      mime: ngasMimeType(params.mime, this.uid),
    };
  }

  override get facts(): Readonly<Record<string, unknown>> {
    return { archive: `${this.#params.host}:${this.#params.port}`, archivedBytes: this.#archived };
  }

  protected override async store(input: DataDROP): Promise<void> {
    if (input instanceof ContainerDROP || input instanceof DirectoryDROP)
      throw new InvalidDropException(
        `${describeApp(this)} archives single files, but ${input.uid} is a ${input.constructor.name}.`,
        { details: { uid: this.uid, input: input.uid } },
      );
    const { host, port, mime, timeout, connectTimeout } = this.#params;
    const io = new NgasIO({
      host,
      port,
      fileId: input.uid,
      mimeType: mime,
      ...ngasLimits(connectTimeout, timeout),
      length: input.size ?? -1,
    });
    const stop = (): void => void io.abort();
    this.signal.addEventListener('abort', stop, { once: true });
    try {
      await this.#send(input, io);
    } catch (cause) {
      await io.abort();
      throw new DaliugeException(
        isWeirError(cause) ? cause.code : 'REMOTE',
        `${describeApp(this)} could not archive ${input.uid} in NGAS at ${host}:${port}: ${messageOf(cause)}`,
        { cause, details: { ...(isWeirError(cause) && cause.details), uid: this.uid, host, port } },
      );
    } finally {
      this.signal.removeEventListener('abort', stop);
    }
  }

  async #send(input: DataDROP, io: NgasIO): Promise<void> {
    this.#archived = 0;
    await io.open(OpenMode.OPEN_WRITE);
    for await (const chunk of input.stream(PIECE_BYTES)) {
      if (this.signal.aborted) return io.abort();
      await io.write(chunk);
      this.#archived += chunk.length;
    }
    await io.close();
  }
}

registerDrop(ExternalStoreApp, 'dlg.apps.archiving.ExternalStoreApp');
registerDrop(NgasArchivingApp, 'dlg.apps.archiving.NgasArchivingApp');
