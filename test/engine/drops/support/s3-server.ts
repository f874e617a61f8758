/** An S3 server (s3rver) that keeps its objects in a directory. */
import path from 'node:path';
import S3rver from 's3rver';

export interface S3Server {
  readonly endpoint: string;
  /** Arguments with which a drop reaches it. */
  readonly access: Record<string, string>;
  stop(): Promise<void>;
}

export async function startS3(dir: string): Promise<S3Server> {
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: path.join(dir, 's3'),
  });
  const { port } = (await server.run()) as unknown as { port: number };
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    access: { endpoint_url: endpoint, aws_access_key_id: 'S3RVER', aws_secret_access_key: 'S3RVER' },
    stop: () => server.close(),
  };
}
