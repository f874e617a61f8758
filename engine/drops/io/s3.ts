/** Objects of S3 and of everything that speaks its protocol (spec/engine.md 4.10). */
import type { Readable } from 'node:stream';
import type { CompletedPart, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { ServiceKey } from '../context.ts';
import { ChunkReader } from './chunk-reader.ts';
import { DataIO, OpenMode } from './data-io.ts';

/** Where an object store is and who asks. */
export interface S3Access {
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly accessKeyId?: string | undefined;
  readonly secretAccessKey?: string | undefined;
  readonly profile?: string | undefined;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** How long a store may be silent. */
const SILENCE_MS = 60_000;
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
  return new S3Client({
    region: access.region,
    // Stores other than Amazon's have no host name per bucket and often no checksum trailers.
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
    ...(profile ? { profile } : {}),
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SILENCE_MS },
  });
}

export const S3_CLIENTS = new ServiceKey<S3Clients>(
  's3 clients',
  () => new S3Clients(),
  (clients) => clients.close(),
);

/** Reads and writes one object. Writing keeps at most two parts in memory and waits for the store to take each. */
export class S3IO extends DataIO {
  readonly #client: () => Promise<S3Client>;
  readonly #object: { readonly Bucket: string; readonly Key: string };
  #body: Readable | undefined;
  #reader: ChunkReader | undefined;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #uploadId: string | undefined;
  #parts: CompletedPart[] = [];

  constructor(client: () => Promise<S3Client>, bucket: string, key: string) {
    super();
    this.#client = client;
    this.#object = { Bucket: bucket, Key: key };
  }

  protected override async doOpen(mode: OpenMode): Promise<void> {
    const client = await this.#client();
    if (mode === OpenMode.OPEN_WRITE) return this.#makeBucket(client);
    const { GetObjectCommand } = await import('@aws-sdk/client-s3');
    const { Body } = await client.send(new GetObjectCommand(this.#object));
    this.#body = Body as unknown as Readable;
    const { Bucket, Key } = this.#object;
    this.#reader = new ChunkReader(this.#body, `The object s3://${Bucket}/${Key}`, SILENCE_MS);
  }

  async #makeBucket(client: S3Client): Promise<void> {
    const { HeadBucketCommand, CreateBucketCommand } = await import('@aws-sdk/client-s3');
    const { Bucket } = this.#object;
    try {
      await client.send(new HeadBucketCommand({ Bucket }));
    } catch (error) {
      // 403: it is there and may not be looked at; whether it may be written shows when it is written.
      if (statusOf(error) === 403) return;
      if (statusOf(error) !== 404) throw error;
      await client.send(new CreateBucketCommand({ Bucket }));
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
    const { CreateMultipartUploadCommand, UploadPartCommand } = await import('@aws-sdk/client-s3');
    const client = await this.#client();
    this.#uploadId ??= (await client.send(new CreateMultipartUploadCommand(this.#object))).UploadId;
    const PartNumber = this.#parts.length + 1;
    const { ETag } = await client.send(
      new UploadPartCommand({
        ...this.#object,
        UploadId: this.#uploadId,
        PartNumber,
        Body: part,
        ContentLength: part.length,
      }),
    );
    this.#parts.push({ PartNumber, ETag });
  }

  protected override async doClose(): Promise<void> {
    if (this.mode === OpenMode.OPEN_READ) return this.#endReading();
    const { PutObjectCommand, CompleteMultipartUploadCommand } = await import('@aws-sdk/client-s3');
    const client = await this.#client();
    const last = Buffer.concat(this.#gathered);
    this.#gathered = [];
    if (this.#uploadId === undefined) {
      await client.send(new PutObjectCommand({ ...this.#object, Body: last, ContentLength: last.length }));
      return;
    }
    try {
      if (last.length > 0) await this.#uploadPart(last);
      await client.send(
        new CompleteMultipartUploadCommand({
          ...this.#object,
          UploadId: this.#uploadId,
          MultipartUpload: { Parts: this.#parts },
        }),
      );
    } catch (error) {
      await this.#abandonUpload().catch(() => undefined);
      throw error;
    }
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
    await (await this.#client()).send(new AbortMultipartUploadCommand({ ...this.#object, UploadId }));
  }

  /** Bytes of the object; -1 where there is none. */
  override async size(): Promise<number> {
    const { HeadObjectCommand } = await import('@aws-sdk/client-s3');
    try {
      const head = await (await this.#client()).send(new HeadObjectCommand(this.#object));
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
      await (await this.#client()).send(new DeleteObjectCommand(this.#object));
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as Partial<S3ServiceException>).$metadata?.httpStatusCode;
}
