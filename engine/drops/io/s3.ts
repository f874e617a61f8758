/** Objects of S3 and of everything that speaks its protocol (spec/engine.md 4.10). */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { CompletedPart, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { messageOf, WeirError } from '../../protocol/index.ts';
import { ServiceKey } from '../context.ts';
import { ChunkReader, isCutOff } from './chunk-reader.ts';
import { DataIO, OpenMode } from './data-io.ts';

/** Where an object store is and who asks. */
export interface S3Access {
  readonly endpoint?: string | undefined;
  /** Undefined: that of the profile. */
  readonly region: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly profile?: string | undefined;
  /** How long the store may take to take a connection. */
  readonly connectTimeoutMs: number;
  /** How long it may be silent, or take nothing of what is sent. */
  readonly silenceMs: number;
}

/** The smallest part of a multipart upload that stores take. */
const PART_BYTES = 5 << 20;
/** Stores take 10,000 parts; the parts grow, so that 10 GB objects have small ones and 200 GB objects fit. */
const PARTS_OF_ONE_SIZE = 1000;

/** The clients of a Host, one for each store and identity; the library is loaded with the first. */
export class S3Clients {
  readonly #clients = new Map<string, Promise<S3Client>>();

  client(access: S3Access): Promise<S3Client> {
    const key = JSON.stringify(access);
    let client = this.#clients.get(key);
    if (!client) this.#clients.set(key, (client = makeClient(access)));
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) (await client).destroy();
    this.#clients.clear();
  }
}

async function makeClient(access: S3Access): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { accessKeyId, secretAccessKey, profile, endpoint } = access;
  const client = new S3Client({
    region: access.region ?? (await usualRegion(profile)),
    // A bucket of Amazon may be elsewhere.
    followRegionRedirects: endpoint === undefined,
    // Stores other than Amazon's have no host name per bucket and often no checksum trailers.
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
    ...(profile ? { profile } : {}),
    requestHandler: { connectionTimeout: access.connectTimeoutMs, socketTimeout: access.silenceMs },
  });
  // Below the tries of the library: whoever was silent for so long is not asked again.
  client.middlewareStack.add(
    (next) => async (request) => {
      try {
        return await next(request);
      } catch (cause) {
        // The library calls connections that break by the same name, but they have a code.
        const isSilence = cause instanceof Error && cause.name === 'TimeoutError' && !('code' in cause);
        throw isSilence ? tooSilent(cause, access) : cause;
      }
    },
    { step: 'deserialize', name: 'weirSilence', priority: 'high' },
  );
  return client;
}

/** The region that the AWS configuration files name for a profile; some other where they name none. */
async function usualRegion(profile: string | undefined): Promise<string> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const asked = new S3Client(profile === undefined ? {} : { profile });
  try {
    return await asked.config.region();
  } catch {
    return 'us-east-1';
  } finally {
    asked.destroy();
  }
}

function tooSilent(cause: Error, { connectTimeoutMs, silenceMs }: S3Access): WeirError {
  const why = cause.message.includes('establish a connection')
    ? `it took no connection for ${connectTimeoutMs / 1000} s`
    : `it was silent for ${silenceMs / 1000} s`;
  return new WeirError('TIMEOUT', why);
}

export const S3_CLIENTS = new ServiceKey<S3Clients>(
  's3 clients',
  () => new S3Clients(),
  (clients) => clients.close(),
);

/** Which object of which store. */
export interface S3Place {
  readonly bucket: string;
  readonly key: string;
  readonly access: S3Access;
}

type Asking<T> = (client: S3Client, options: { readonly abortSignal: AbortSignal }) => Promise<T>;

const UNWANTED = 'it was given up, as nobody waits for it any more.';
/** How long a store may take to forget an upload that is given up. */
const FORGET_MS = 5000;

/** Reads and writes one object. Writing keeps at most two parts in memory and waits for the store to take each. */
export class S3IO extends DataIO {
  readonly #clients: S3Clients;
  readonly #access: S3Access;
  readonly #object: { readonly Bucket: string; readonly Key: string };
  readonly #wanted = new AbortController();
  #body: Readable | undefined;
  #reader: ChunkReader | undefined;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #uploadId: string | undefined;
  #parts: CompletedPart[] = [];

  constructor(clients: S3Clients, { bucket, key, access }: S3Place) {
    super();
    this.#clients = clients;
    this.#access = access;
    this.#object = { Bucket: bucket, Key: key };
  }

  /** Asks the store for something. Rejects with REMOTE or TIMEOUT, with the store, the object and what it said. */
  async #ask<T>(work: Asking<T>, until = this.#wanted.signal): Promise<T> {
    try {
      return await work(await this.#clients.client(this.#access), { abortSignal: until });
    } catch (cause) {
      const httpStatus = (cause as Partial<S3ServiceException>).$metadata?.httpStatusCode;
      throw new WeirError(
        cause instanceof WeirError ? cause.code : 'REMOTE',
        `${this.#what}: ${reasonOf(cause, httpStatus)}`,
        { cause, details: { ...this.#object, endpoint: this.#access.endpoint, httpStatus } },
      );
    }
  }

  get #what(): string {
    const { Bucket, Key } = this.#object;
    return `The object s3://${Bucket}/${Key} at ${this.#access.endpoint ?? 'Amazon'}`;
  }

  protected override async doOpen(mode: OpenMode): Promise<void> {
    if (mode === OpenMode.OPEN_WRITE) return this.#makeBucket();
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    const { Body } = await this.#ask((client, options) =>
      client.send(new GetObjectCommand(this.#object), options),
    );
    this.#body = Body as unknown as Readable;
    // From here on the reader times each piece: a reader that pauses is no silence of the store.
    (this.#body as { readonly socket?: Socket }).socket?.setTimeout(0);
    this.#reader = new ChunkReader(this.#body, this.#what, this.#access.silenceMs);
  }

  async #makeBucket(): Promise<void> {
    const { HeadBucketCommand, CreateBucketCommand } = await import('@aws-sdk/client-s3');
    const { Bucket } = this.#object;
    try {
      await this.#ask((client, options) => client.send(new HeadBucketCommand({ Bucket }), options));
    } catch (error) {
      // 403: it is there and may not be looked at; whether it may be written shows when it is written.
      if (statusOf(error) === 403) return;
      if (statusOf(error) !== 404) throw error;
      await this.#ask((client, options) => client.send(new CreateBucketCommand({ Bucket }), options));
    }
  }

  protected override async doRead(count: number): Promise<Uint8Array> {
    return (this.#reader as ChunkReader).read(count);
  }

  get #partBytes(): number {
    return PART_BYTES * (1 + Math.floor(this.#parts.length / PARTS_OF_ONE_SIZE));
  }

  protected override async doWrite(data: Uint8Array): Promise<number> {
    let rest = data;
    while (this.#gatheredBytes + rest.length >= this.#partBytes) {
      const taken = rest.subarray(0, this.#partBytes - this.#gatheredBytes);
      rest = rest.subarray(taken.length);
      const part = this.#gatheredBytes === 0 ? taken : Buffer.concat([...this.#gathered, taken]);
      this.#gathered = [];
      this.#gatheredBytes = 0;
      await this.#uploadPart(part);
    }
    if (rest.length > 0) {
      this.#gathered.push(new Uint8Array(rest));
      this.#gatheredBytes += rest.length;
    }
    return data.length;
  }

  async #uploadPart(part: Uint8Array): Promise<void> {
    const { UploadPartCommand } = await import('@aws-sdk/client-s3');
    const UploadId = (this.#uploadId ??= await this.#beginUpload());
    const PartNumber = this.#parts.length + 1;
    const { ETag } = await this.#ask((client, options) =>
      client.send(
        new UploadPartCommand({
          ...this.#object,
          UploadId,
          PartNumber,
          Body: part,
          ContentLength: part.length,
        }),
        options,
      ),
    );
    this.#parts.push({ PartNumber, ETag });
  }

  async #beginUpload(): Promise<string> {
    const { CreateMultipartUploadCommand } = await import('@aws-sdk/client-s3');
    const { UploadId } = await this.#ask((client, options) =>
      client.send(new CreateMultipartUploadCommand(this.#object), options),
    );
    if (UploadId) return UploadId;
    throw new WeirError('REMOTE', `${this.#what}: the store began no upload in parts; is it one of S3?`);
  }

  protected override async doClose(): Promise<void> {
    if (this.mode === OpenMode.OPEN_READ) return this.#endReading();
    const { PutObjectCommand, CompleteMultipartUploadCommand } = await import('@aws-sdk/client-s3');
    const last = Buffer.concat(this.#gathered);
    this.#gathered = [];
    const UploadId = this.#uploadId;
    if (UploadId === undefined) {
      const whole = { ...this.#object, Body: last, ContentLength: last.length };
      await this.#ask((client, options) => client.send(new PutObjectCommand(whole), options));
      return;
    }
    try {
      if (last.length > 0) await this.#uploadPart(last);
      const all = { ...this.#object, UploadId, MultipartUpload: { Parts: this.#parts } };
      await this.#ask((client, options) => client.send(new CompleteMultipartUploadCommand(all), options));
    } catch (error) {
      await this.#abandonUpload().catch(() => undefined);
      throw error;
    }
  }

  override breakOff(): void {
    this.#wanted.abort();
    this.#body?.destroy(new WeirError('CANCELLED', `${this.#what}: ${UNWANTED}`));
  }

  #endReading(): void {
    this.#reader?.close();
    this.#body?.destroy();
    this.#reader = undefined;
    this.#body = undefined;
  }

  protected override async doAbort(): Promise<void> {
    if (this.mode === OpenMode.OPEN_READ) return this.#endReading();
    this.#gathered = [];
    await this.#abandonUpload();
  }

  /** Parts of an upload that is never completed cost money until somebody looks for them. */
  async #abandonUpload(): Promise<void> {
    const UploadId = this.#uploadId;
    if (UploadId === undefined) return;
    this.#uploadId = undefined;
    const { AbortMultipartUploadCommand } = await import('@aws-sdk/client-s3');
    const upload = { ...this.#object, UploadId };
    await this.#ask(
      (client, options) => client.send(new AbortMultipartUploadCommand(upload), options),
      AbortSignal.timeout(FORGET_MS),
    );
  }

  /** Bytes of the object; -1 where there is none. */
  override async size(): Promise<number> {
    const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
    try {
      const head = await this.#ask((client, options) =>
        client.send(new HeadObjectCommand(this.#object), options),
      );
      return head.ContentLength ?? -1;
    } catch (error) {
      if (statusOf(error) === 404) return -1;
      throw error;
    }
  }

  override async exists(): Promise<boolean> {
    return (await this.size()) >= 0;
  }

  override async delete(): Promise<void> {
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    try {
      await this.#ask((client, options) => client.send(new DeleteObjectCommand(this.#object), options));
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }
}

function statusOf(error: unknown): unknown {
  return error instanceof WeirError ? error.details['httpStatus'] : undefined;
}

/** What a store said, as far as it said anything: answers to HEAD have no text, and the library knows no name for them. */
function reasonOf(cause: unknown, httpStatus: number | undefined): string {
  if (cause instanceof Error && cause.name === 'AbortError') return UNWANTED;
  if (isCutOff(cause)) return 'the answer of the store broke off';
  // The library adds lines about itself.
  const [said = ''] = messageOf(cause).split('\n', 1);
  if (httpStatus === undefined) return said;
  const name = cause instanceof Error ? cause.name : '';
  const words = [name, said].filter(
    (word, i, all) => !/^(Unknown(Error)?|Error)?$/.test(word) && all.indexOf(word) === i,
  );
  return [`HTTP ${httpStatus}`, ...words].join(', ');
}
