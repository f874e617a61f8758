/** Files of an NGAS archive, over HTTP (seed `NgasLiteIO` and `dlg.ngaslite`, spec/engine.md 4.3). */
import http from 'node:http';
import https from 'node:https';
import { WeirError } from '../../protocol/index.ts';
import { ChunkReader, isCutOff } from './chunk-reader.ts';
import { DataIO, OpenMode } from './data-io.ts';
import { Spool } from './spool.ts';

export interface NgasAccess {
  readonly host: string;
  readonly port: number;
  readonly fileId: string;
  readonly connectTimeoutMs: number;
  /** How long the server may be silent. */
  readonly timeoutMs: number;
  readonly mimeType: string;
  /** Bytes that will be written, where that is known beforehand: they are then sent as they come. Else -1. */
  readonly length: number;
}

/** Storing a large file takes a server longer than answering a question. */
const LEAST_ARCHIVE_TIMEOUT_MS = 60_000;
const STATUS_TIMEOUT_MS = 10_000;
const LARGEST_ANSWER_BYTES = 1 << 20;

interface Exchange {
  readonly request: http.ClientRequest;
  readonly response: Promise<http.IncomingMessage>;
  /** Why the connection failed, when it did. */
  readonly failure: () => Error | undefined;
}

function startRequest(
  access: NgasAccess,
  method: string,
  command: string,
  silenceMs: number,
  headers: http.OutgoingHttpHeaders = {},
): Exchange {
  const { host, port, connectTimeoutMs } = access;
  const make = port === 443 ? https.request : http.request;
  const request = make({ host, port, method, path: `/${command}`, headers, agent: false });
  const timeOut = (what: string, ms: number) =>
    request.destroy(new WeirError('TIMEOUT', `NGAS ${host}:${port} ${what} for ${ms / 1000} s.`));
  const connecting = setTimeout(() => timeOut('took no connection', connectTimeoutMs), connectTimeoutMs);
  request.once('socket', (socket) => {
    const connected = () => clearTimeout(connecting);
    if (socket.connecting) socket.once('connect', connected);
    else connected();
  });
  request.once('close', () => clearTimeout(connecting));
  // 0: whoever sends the body times each piece, because a pause of its own is no silence of the server.
  if (silenceMs > 0) request.setTimeout(silenceMs, () => timeOut('was silent', silenceMs));
  const response = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  // Who writes the body notices failure there first; nobody may be waiting for the answer yet.
  response.catch(() => undefined);
  // An error after the answer began is the reader's, who sees it on the response.
  let failure: Error | undefined;
  request.on('error', (error) => (failure ??= error));
  return { request, response, failure: () => failure };
}

/** The body of an answer; rejects with what ended the connection when that ended it. */
async function bodyOf({ response, failure }: Exchange, access: NgasAccess): Promise<string> {
  try {
    return await textOf(await response);
  } catch (error) {
    if (!isCutOff(error)) throw error;
    const { host, port } = access;
    throw (
      failure() ?? new WeirError('REMOTE', `The answer of NGAS ${host}:${port} broke off.`, { cause: error })
    );
  }
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response) {
    pieces.push(piece as Buffer);
    length += (piece as Buffer).length;
    if (length > LARGEST_ANSWER_BYTES) {
      response.destroy();
      break;
    }
  }
  return Buffer.concat(pieces).toString('utf8');
}

async function refused(
  access: NgasAccess,
  command: string,
  response: http.IncomingMessage,
): Promise<WeirError> {
  const { host, port, fileId } = access;
  const body = await textOf(response);
  const message = attributesOf(body, 'Status')['Message'] ?? body.slice(0, 300).trim();
  return new WeirError(
    'REMOTE',
    `NGAS ${host}:${port} refused ${command} of file ${fileId} with HTTP ${String(response.statusCode)}: ${message}`,
    { details: { [`${command}_ERR`]: { code: response.statusCode, host, port, message } } },
  );
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The attributes of the first element of this name in an XML text; none where it is not there. */
function attributesOf(xml: string, element: string): Record<string, string> {
  const tag = new RegExp(`<${element}(?=[\\s/>])((?:[^>"']|"[^"]*"|'[^']*')*)>`).exec(xml);
  const attributes: Record<string, string> = {};
  for (const [, name, inDouble, inSingle] of (tag?.[1] ?? '').matchAll(
    /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g,
  ))
    attributes[name as string] = (inDouble ?? inSingle ?? '').replaceAll(
      /&(amp|lt|gt|quot|apos);/g,
      (_whole, entity: string) => ENTITIES[entity] as string,
    );
  return attributes;
}

/** What the archive knows of the file: `FileSize`, `Checksum` and more. Rejects with REMOTE when it knows nothing. */
export async function ngasStatus(access: NgasAccess): Promise<Record<string, string>> {
  const command = `STATUS?file_id=${encodeURIComponent(access.fileId)}`;
  const exchange = startRequest(access, 'GET', command, STATUS_TIMEOUT_MS);
  exchange.request.end();
  const answer = await exchange.response;
  if (answer.statusCode !== 200) throw await refused(access, 'STATUS', answer);
  return attributesOf(await bodyOf(exchange, access), 'FileStatus');
}

export class NgasIO extends DataIO {
  readonly #access: NgasAccess;
  #exchange: Exchange | undefined;
  #reader: ChunkReader | undefined;
  #spool: Spool | undefined;
  #sent = 0;

  constructor(access: NgasAccess) {
    super();
    this.#access = access;
  }

  protected override async doOpen(mode: OpenMode): Promise<void> {
    const access = this.#access;
    if (mode === OpenMode.OPEN_WRITE) {
      if (access.length >= 0) this.#exchange = this.#startArchive(access.length);
      else this.#spool = new Spool();
      return;
    }
    const command = `RETRIEVE?file_id=${encodeURIComponent(access.fileId)}`;
    this.#exchange = startRequest(access, 'GET', command, access.timeoutMs);
    this.#exchange.request.end();
    const answer = await this.#exchange.response;
    if (answer.statusCode !== 200) throw await refused(access, 'RETRIEVE', answer);
    // From here on the reader times each piece: a reader that pauses is no silence of the server.
    this.#exchange.request.setTimeout(0);
    const what = `NGAS ${access.host}:${access.port}, file ${access.fileId},`;
    this.#reader = new ChunkReader(answer, what, access.timeoutMs);
  }

  #startArchive(length: number): Exchange {
    const { fileId, mimeType } = this.#access;
    return startRequest(this.#access, 'POST', `QARCHIVE?filename=${encodeURIComponent(fileId)}`, 0, {
      'Content-Type': mimeType,
      'Content-Length': length,
    });
  }

  protected override async doRead(count: number): Promise<Uint8Array> {
    return (this.#reader as ChunkReader).read(count);
  }

  protected override async doWrite(data: Uint8Array): Promise<number> {
    if (this.#spool) await this.#spool.write(data);
    else await this.#send(data);
    return data.length;
  }

  /** Resolves when the socket has taken the data: a slow archive holds its writer back. */
  async #send(data: Uint8Array): Promise<void> {
    const { request, failure } = this.#exchange as Exchange;
    // A connection that is gone says of a write only that it is gone.
    const lost = failure();
    if (lost) throw lost;
    this.#sent += data.length;
    const silence = setTimeout(() => this.#silent(), this.#archiveTimeoutMs);
    try {
      await new Promise<void>((resolve, reject) => {
        const failed = (error: Error) => reject(error);
        request.once('error', failed);
        request.write(data, (error) => {
          request.off('error', failed);
          if (error) reject(failure() ?? error);
          else resolve();
        });
      });
    } finally {
      clearTimeout(silence);
    }
  }

  get #archiveTimeoutMs(): number {
    return Math.max(this.#access.timeoutMs, LEAST_ARCHIVE_TIMEOUT_MS);
  }

  #silent(): void {
    const { host, port } = this.#access;
    this.#exchange?.request.destroy(
      new WeirError('TIMEOUT', `NGAS ${host}:${port} took nothing for ${this.#archiveTimeoutMs / 1000} s.`),
    );
  }

  protected override async doClose(): Promise<void> {
    if (this.mode === OpenMode.OPEN_READ) return this.doAbort();
    const spool = this.#spool;
    try {
      if (spool) {
        this.#exchange = this.#startArchive(spool.length);
        for await (const piece of spool.read()) await this.#send(piece);
      }
      const { length, host, port, fileId } = this.#access;
      if (!spool && this.#sent !== length)
        throw new WeirError(
          'DROP_INVALID',
          `File ${fileId} for NGAS ${host}:${port} was announced with ${length} bytes, but ${this.#sent} were written.`,
        );
      const exchange = this.#exchange as Exchange;
      exchange.request.setTimeout(this.#archiveTimeoutMs, () => this.#silent());
      exchange.request.end();
      const answer = await exchange.response;
      if (answer.statusCode !== 200) throw await refused(this.#access, 'QARCHIVE', answer);
      await bodyOf(exchange, this.#access);
    } finally {
      await this.doAbort();
    }
  }

  protected override async doAbort(): Promise<void> {
    this.#reader?.close();
    this.#exchange?.request.destroy();
    const spool = this.#spool;
    this.#reader = undefined;
    this.#exchange = undefined;
    this.#spool = undefined;
    await spool?.dispose();
  }

  override async size(): Promise<number> {
    return Number((await ngasStatus(this.#access))['FileSize'] ?? -1);
  }

  override async exists(): Promise<boolean> {
    try {
      await ngasStatus(this.#access);
      return true;
    } catch (error) {
      if (error instanceof WeirError && error.code === 'REMOTE') return false;
      throw error;
    }
  }

  /** An archive keeps what it has. */
  override async delete(): Promise<void> {}
}
