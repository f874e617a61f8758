/** A file in an NGAS archive (seed `NgasDROP`, spec/engine.md 4.11). */
import { DROPException, messageOf } from '../../protocol/index.ts';
import { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { ngasHost, NgasIO, ngasLimits, ngasMimeType, type NgasAccess } from '../io/ngas.ts';
import { intParam, portParam, readParams, secondsParam, stringParam } from '../params.ts';
import { registerDrop } from '../registry.ts';

const PARAMS = {
  host: stringParam('ngasSrv', 'localhost', 'Host of the server'),
  port: portParam('ngasPort', 7777, 'Port of the server'),
  fileId: stringParam('ngasFileId', null, 'Id of the file; default: the uid of the drop'),
  timeout: secondsParam('ngasTimeout', 0, 'Seconds it may be silent; 0: 2, for STATUS 10, for storing 60'),
  connectTimeout: secondsParam('ngasConnectTimeout', 2, 'Seconds until the server takes a connection'),
  mimeType: stringParam('ngasMime', 'application/octet-stream', 'MIME type for storing'),
  length: intParam('len', -1, 'Bytes that will be written, where known: they are then sent as they come'),
};

export class NgasDROP extends DataDROP {
  readonly #access: NgasAccess;
  readonly #fileIdGiven: string | null;
  #ngasChecksum: string | null = null;

  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const params = readParams(PARAMS, this.parameters, this.uid);
    this.#fileIdGiven = params.fileId;
    this.#access = {
      host: ngasHost(params.host, this.uid),
      port: params.port,
      fileId: params.fileId ?? this.uid,
      ...ngasLimits(params.connectTimeout, params.timeout),
      mimeType: ngasMimeType(params.mimeType, this.uid),
      length: params.length,
    };
  }

  get fileId(): string {
    return this.#access.fileId;
  }

  /** The checksum the archive has for the file, once the drop is COMPLETED. */
  get ngasChecksum(): string | null {
    return this.#ngasChecksum;
  }

  get dataURL(): string {
    const { host, port, fileId } = this.#access;
    return `ngas://${host}:${port}/${fileId}`;
  }

  override getIO(): NgasIO {
    return new NgasIO(this.#access);
  }

  protected override async onCompleting(): Promise<void> {
    let status: Record<string, string>;
    const io = this.getIO();
    this.endingIO = io;
    try {
      status = await io.fileStatus();
    } catch (cause) {
      throw new DROPException(
        'FILE_UNREADABLE',
        `NgasDROP ${this.uid} cannot be completed, because the archive does not confirm ${this.dataURL}: ${messageOf(cause)}`,
        { cause, details: { uid: this.uid } },
      );
    }
    const size = Number(status['FileSize']);
    if (Number.isFinite(size)) this.noteSize(size);
    this.#ngasChecksum = status['Checksum'] ?? null;
  }

  override generateReproduceData(): Record<string, unknown> {
    if (this.#ngasChecksum !== null && this.#ngasChecksum !== '') return { data_hash: this.#ngasChecksum };
    return { fileid: this.#fileIdGiven, size: this.size };
  }
}

registerDrop(
  NgasDROP,
  'dlg.data.drops.ngas.NgasDROP',
  'dlg.data.drops.NgasDROP',
  'dlg.ngas_drop.NgasDROP',
  'dlg.drop.NgasDROP',
);
