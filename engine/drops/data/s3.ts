/** An object of S3, or of a store that speaks its protocol (seed `S3DROP`, spec/engine.md 4.10). */
import { DROPException, InvalidDropException, messageOf } from '../../protocol/index.ts';
import { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { S3_CLIENTS, S3IO, type S3Access } from '../io/s3.ts';
import { readParams, secondsParam, stringParam } from '../params.ts';
import { registerDrop } from '../registry.ts';
import { limitOf } from '../time-limit.ts';

const PARAMS = {
  bucket: stringParam('Bucket', null, 'Bucket; made when it is missing'),
  key: stringParam('Key', null, 'Key of the object; default: the uid of the drop'),
  accessKeyId: stringParam('aws_access_key_id', null, 'Access key'),
  secretAccessKey: stringParam('aws_secret_access_key', null, 'Secret of the access key'),
  profile: stringParam('profile_name', null, 'Profile of the AWS configuration files'),
  endpoint: stringParam('endpoint_url', null, 'URL of the store; default: Amazon'),
  connectTimeout: secondsParam('connect_timeout', 10, 'Seconds until the store takes a connection'),
  readTimeout: secondsParam('read_timeout', 60, 'Seconds the store may be silent'),
};

/** The `storage_class` of a drop that asks for none. */
const USUAL_CLASS = 'S3';

export class S3DROP extends DataDROP {
  readonly #bucket: string;
  readonly #key: string;
  readonly #access: S3Access;
  #wasWritten = false;

  /** Throws InvalidDropException without a bucket. */
  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const params = readParams(PARAMS, this.parameters, this.uid);
    if (!params.bucket)
      throw new InvalidDropException(
        `S3DROP ${this.uid} has no Bucket; name the bucket its object lies in.`,
        {
          details: { uid: this.uid },
        },
      );
    if ((params.accessKeyId === null) !== (params.secretAccessKey === null))
      throw new InvalidDropException(
        `S3DROP ${this.uid} has ${params.accessKeyId === null ? 'aws_secret_access_key' : 'aws_access_key_id'} alone; give aws_access_key_id and aws_secret_access_key, or neither.`,
        { details: { uid: this.uid } },
      );
    const ownKeys = params.accessKeyId !== null && params.secretAccessKey !== null;
    this.#warnOfUnused(ownKeys);
    this.#bucket = params.bucket;
    this.#key = params.key ?? this.uid;
    const { env } = this.context;
    this.#access = {
      region: env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'],
      endpoint: this.#webAddress(params.endpoint) ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'],
      // Keys of the graph come before a profile, a profile before the environment.
      accessKeyId: ownKeys ? params.accessKeyId : undefined,
      secretAccessKey: ownKeys ? params.secretAccessKey : undefined,
      profile: ownKeys ? undefined : (params.profile ?? undefined),
      connectTimeoutMs: limitOf(params.connectTimeout) ?? PARAMS.connectTimeout.fallback * 1000,
      silenceMs: limitOf(params.readTimeout) ?? PARAMS.readTimeout.fallback * 1000,
    };
  }

  #webAddress(endpoint: string | null): string | null {
    if (endpoint === null || (URL.canParse(endpoint) && /^https?:/i.test(endpoint))) return endpoint;
    throw new InvalidDropException(
      `S3DROP ${this.uid}: parameter endpoint_url must be a web address such as https://store.org:9000, but is ${JSON.stringify(endpoint)}.`,
      { details: { uid: this.uid, endpoint_url: endpoint } },
    );
  }

  /** The graph may hold more than a store is told. */
  #warnOfUnused(ownKeys: boolean): void {
    const { storage_class: storageClass, tags, profile_name: profile } = this.parameters;
    const unused: [string, string][] = [];
    if (storageClass && storageClass !== USUAL_CLASS) unused.push(['storage_class', 'as upstream']);
    if (tags && !(Array.isArray(tags) && tags.length === 0)) unused.push(['tags', 'as upstream']);
    if (profile && ownKeys)
      unused.push(['profile_name', 'beside aws_access_key_id and aws_secret_access_key']);
    for (const [name, why] of unused)
      this.context.log('warn', this, `Its parameter ${name} has no effect, ${why}.`);
  }

  /** `Bucket/Key`. */
  get path(): string {
    return `${this.#bucket}/${this.#key}`;
  }

  get dataURL(): string {
    return `s3://${this.path}`;
  }

  override getIO(): S3IO {
    return new S3IO(this.context.service(S3_CLIENTS), {
      bucket: this.#bucket,
      key: this.#key,
      access: this.#access,
    });
  }

  protected override writerIO(): S3IO {
    this.#wasWritten = true;
    return this.getIO();
  }

  /** The size of an object that somebody else wrote; null where it is not there. */
  protected override async onCompleting(): Promise<void> {
    if (this.#wasWritten) return;
    const io = this.getIO();
    this.endingIO = io;
    try {
      const size = await io.size();
      this.noteSize(size >= 0 ? size : null);
    } catch (cause) {
      throw new DROPException(
        'FILE_UNREADABLE',
        `S3DROP ${this.uid} cannot be completed, because its object cannot be asked for. ${messageOf(cause)}`,
        { cause, details: { uid: this.uid } },
      );
    }
  }
}

registerDrop(
  S3DROP,
  'dlg.data.drops.s3_drop.S3DROP',
  'dlg.data.drops.S3DROP',
  'dlg.s3_drop.S3DROP',
  'dlg.drop.S3DROP',
);
