/** Files of an NGAS archive, over HTTP (seed `NgasLiteIO` and `dlg.ngaslite`, spec/engine.md 4.3). */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { InvalidDropException, WeirError } from '../../protocol/index.ts';
import { limitOf } from '../time-limit.ts';
import { ChunkReader, isCutOff } from './chunk-reader.ts';
import { DataIO, OpenMode } from './data-io.ts';
import { Spool } from './spool.ts';

/** How long an archive may take for what. */
export interface NgasLimits {
  readonly connectTimeoutMs: number;
  /** How long it may be silent while a file is read. */
  readonly timeoutMs: number;
  /** How long it may take nothing of a file that is stored, or say nothing once it has all of it. */
  readonly archiveTimeoutMs: number;
  /** How long it may take to say what it knows of a file. */
  readonly statusTimeoutMs: number;
}

export interface NgasAccess extends NgasLimits {
  readonly host: string;
  readonly port: number;
  readonly fileId: string;
  readonly mimeType: string;
  /** Bytes that will be written, where that is known beforehand: they are then sent as they come. Else -1. */
  readonly length: number;
}

const LARGEST_ANSWER_BYTES = 1 << 20;

/** The limits a graph gives in seconds (`ngasConnectTimeout`, `ngasTimeout`), and the usual ones where it says 0 or nothing. */
export function ngasLimits(connectSeconds: number, silenceSeconds: number): NgasLimits {
  const silenceMs = limitOf(silenceSeconds);
  return {
    connectTimeoutMs: limitOf(connectSeconds) ?? 2000,
    timeoutMs: silenceMs ?? 2000,
    // Storing a large file takes a server longer than answering a question.
    archiveTimeoutMs: silenceMs ?? 60_000,
    statusTimeoutMs: silenceMs ?? 10_000,
  };
}

/** The host a graph names as `ngasSrv`. Throws InvalidDropException, with the drop, for a URL or an address with a port. */
export function ngasHost(text: string, uid: string): string {
  const host = text.trim().replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 6 || /^[^\s/:@?#]+$/.test(host)) return host;
  throw new InvalidDropException(
    `${uid}: parameter ngasSrv must be the name or address of a host alone, but is ${JSON.stringify(text)}; the port goes into ngasPort.`,
    { details: { uid, ngasSrv: text } },
  );
}

/** The type a graph names as `ngasMime`. Throws InvalidDropException, with the drop, for what no header can hold. */
export function ngasMimeType(text: string, uid: string): string {
  // Palettes have their texts in quotes.
  const type = text.trim().replace(/^"(.*)"$/, '$1');
  if (/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(;[ -~]*)?$/.test(type)) return type;
  throw new InvalidDropException(
    `${uid}: parameter ngasMime must be a MIME type such as text/plain, but is ${JSON.stringify(text)}; correct it in the graph.`,
    { details: { uid, ngasMime: text } },
  );
}

interface Exchange {
  readonly request: http.ClientRequest;
  readonly response: Promise<http.IncomingMessage>;
  /** Whether an answer has begun. */
  readonly isAnswered: () => boolean;
  /** Why the connection failed, when it did. */
  readonly failure: () => Error | undefined;
}

function startRequest(
  access: NgasAccess,
  method: string,
  command: string,
  headers: http.OutgoingHttpHeaders = {},
): Exchange {
  const { host, port, connectTimeoutMs } = access;
  const make = port === 443 ? https.request : http.request;
  const request = make({ host, port, method, path: `/${command}`, headers, agent: false });
  const connecting = setTimeout(
    () =>
      request.destroy(
        new WeirError('TIMEOUT', `NGAS ${host}:${port} took no connection for ${connectTimeoutMs / 1000} s.`),
      ),
    connectTimeoutMs,
  );
  request.once('socket', (socket) => {
    const connected = () => clearTimeout(connecting);
    if (socket.connecting) socket.once('connect', connected);
    else connected();
  });
  request.once('close', () => clearTimeout(connecting));
  let hasAnswered = false;
  const response = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', (answer) => {
      hasAnswered = true;
      resolve(answer);
    });
    request.once('error', reject);
  });
  // Who writes the body notices failure there first; nobody may be waiting for the answer yet.
  response.catch(() => undefined);
  // An error after the answer began is the reader's, who sees it on the response.
  let failure: Error | undefined;
  request.on('error', (error) => (failure ??= error));
  return { request, response, isAnswered: () => hasAnswered, failure: () => failure };
}

/**
 * Status and text of a short answer, all of which has to be here in time: one that comes byte by byte is no answer. Rejects with
 * what ended the connection when that ended it.
 */
async function answerTo({ request, response, failure }: Exchange, access: NgasAccess, ms: number) {
  const { host, port } = access;
  const late = setTimeout(
    () =>
      request.destroy(new WeirError('TIMEOUT', `NGAS ${host}:${port} did not answer within ${ms / 1000} s.`)),
    ms,
  );
  try {
    const answer = await response;
    return { status: answer.statusCode, body: await textOf(answer) };
  } catch (error) {
    if (!isCutOff(error)) throw error;
    throw (
      failure() ?? new WeirError('REMOTE', `The answer of NGAS ${host}:${port} broke off.`, { cause: error })
    );
  } finally {
    clearTimeout(late);
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

function refused(
  { host, port, fileId }: NgasAccess,
  command: string,
  { status, body }: { readonly status: number | undefined; readonly body: string },
): WeirError {
  const message = attributesOf(body, 'Status')['Message'] ?? body.slice(0, 300).trim();
  return new WeirError(
    'REMOTE',
    `NGAS ${host}:${port} refused ${command} of file ${fileId} with HTTP ${String(status)}: ${message}`,
    { details: { [`${command}_ERR`]: { code: status, host, port, message } } },
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

export class NgasIO extends DataIO {
  readonly #access: NgasAccess;
  #exchange: Exchange | undefined;
  #reader: ChunkReader | undefined;
  #spool: Spool | undefined;
  /** Bytes that were announced, and that were sent. */
  #length = 0;
  #sent = 0;

  constructor(access: NgasAccess) {
    super();
    this.#access = access;
  }

  protected override async doOpen(mode: OpenMode): Promise<void> {
    const access = this.#access;
    if (mode === OpenMode.OPEN_WRITE) {
      if (access.length >= 0) this.#startArchive(access.length);
      else this.#spool = new Spool();
      return;
    }
    const command = `RETRIEVE?file_id=${encodeURIComponent(access.fileId)}`;
    const exchange = startRequest(access, 'GET', command);
    this.#exchange = exchange;
    exchange.request.setTimeout(access.timeoutMs, () =>
      exchange.request.destroy(
        new WeirError(
          'TIMEOUT',
          `NGAS ${access.host}:${access.port} was silent for ${access.timeoutMs / 1000} s.`,
        ),
      ),
    );
    exchange.request.end();
    const answer = await exchange.response;
    // From here on the reader times each piece: a reader that pauses is no silence of the server.
    exchange.request.setTimeout(0);
    if (answer.statusCode !== 200)
      throw refused(access, 'RETRIEVE', await answerTo(exchange, access, access.timeoutMs));
    const what = `NGAS ${access.host}:${access.port}, file ${access.fileId},`;
    this.#reader = new ChunkReader(answer, what, access.timeoutMs);
  }

  #startArchive(length: number): void {
    const { fileId, mimeType } = this.#access;
    this.#length = length;
    this.#exchange = startRequest(this.#access, 'POST', `QARCHIVE?filename=${encodeURIComponent(fileId)}`, {
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
    const exchange = this.#exchange as Exchange;
    // A connection that is gone says of a write only that it is gone.
    const lost = exchange.failure();
    if (lost) throw lost;
    if (!exchange.isAnswered()) {
      this.#sent += data.length;
      await this.#handOver(data, exchange);
    }
    // Nobody reads the rest.
    if (exchange.isAnswered() && this.#sent < this.#length) throw await this.#answeredEarly(exchange);
  }

  /** Ends with an answer, too. */
  async #handOver(data: Uint8Array, { request, failure }: Exchange): Promise<void> {
    const { host, port, archiveTimeoutMs } = this.#access;
    // A pause of whoever writes is no silence of the archive, so each piece has its time.
    const silence = setTimeout(
      () =>
        request.destroy(
          new WeirError('TIMEOUT', `NGAS ${host}:${port} took nothing for ${archiveTimeoutMs / 1000} s.`),
        ),
      archiveTimeoutMs,
    );
    let settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        settle = { resolve, reject };
        request.once('error', reject).once('response', resolve);
        request.write(data, (error) => (error ? reject(failure() ?? error) : resolve()));
      });
    } finally {
      clearTimeout(silence);
      if (settle) request.off('error', settle.reject).off('response', settle.resolve);
    }
  }

  async #answeredEarly(exchange: Exchange): Promise<WeirError> {
    const { host, port, fileId, archiveTimeoutMs } = this.#access;
    const answer = await answerTo(exchange, this.#access, archiveTimeoutMs);
    if (answer.status !== 200) return refused(this.#access, 'QARCHIVE', answer);
    return new WeirError(
      'REMOTE',
      `NGAS ${host}:${port} answered when it had ${this.#sent} of the ${this.#length} bytes of file ${fileId}.`,
    );
  }

  protected override async doClose(): Promise<void> {
    if (this.mode === OpenMode.OPEN_READ) return this.doAbort();
    const spool = this.#spool;
    try {
      if (spool) {
        this.#startArchive(spool.length);
        for await (const piece of spool.read()) await this.#send(piece);
      }
      const { host, port, fileId } = this.#access;
      if (this.#sent !== this.#length)
        throw new WeirError(
          'DROP_INVALID',
          `File ${fileId} for NGAS ${host}:${port} was announced with ${this.#length} bytes, but ${this.#sent} were written.`,
        );
      const exchange = this.#exchange as Exchange;
      exchange.request.end();
      const answer = await answerTo(exchange, this.#access, this.#access.archiveTimeoutMs);
      if (answer.status !== 200) throw refused(this.#access, 'QARCHIVE', answer);
    } finally {
      await this.doAbort();
    }
  }

  override breakOff(): void {
    const { host, port } = this.#access;
    this.#exchange?.request.destroy(
      new WeirError('CANCELLED', `NGAS ${host}:${port} was given up, as nobody waits for it any more.`),
    );
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

  /** What the archive knows of the file: `FileSize`, `Checksum` and more. Rejects with REMOTE when it knows nothing. */
  async fileStatus(): Promise<Record<string, string>> {
    const access = this.#access;
    const { host, port, fileId } = access;
    const exchange = startRequest(access, 'GET', `STATUS?file_id=${encodeURIComponent(fileId)}`);
    this.#exchange = exchange;
    exchange.request.end();
    const answer = await answerTo(exchange, access, access.statusTimeoutMs);
    if (answer.status !== 200) throw refused(access, 'STATUS', answer);
    const status = attributesOf(answer.body, 'FileStatus');
    if (Object.keys(status).length > 0) return status;
    throw new WeirError(
      'REMOTE',
      `What answers at ${host}:${port} is no NGAS: it says nothing about file ${fileId}, but ${JSON.stringify(answer.body.slice(0, 80))}.`,
      { details: { host, port, fileId } },
    );
  }

  override async size(): Promise<number> {
    return Number((await this.fileStatus())['FileSize'] ?? -1);
  }

  override async exists(): Promise<boolean> {
    try {
      await this.fileStatus();
      return true;
    } catch (error) {
      if (error instanceof WeirError && error.code === 'REMOTE') return false;
      throw error;
    }
  }

  /** An archive keeps what it has. */
  override async delete(): Promise<void> {}
}
