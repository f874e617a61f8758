/** A small server that speaks the part of the NGAS protocol that drops use: QARCHIVE, RETRIEVE, STATUS. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';

export class NgasServer {
  readonly files = new Map<string, Buffer>();
  readonly requests: { readonly method: string; readonly url: string; readonly type: string | undefined }[] =
    [];
  /** What the next requests do instead of answering. */
  misbehaviour: 'hang' | 'reset' | 'refuse' | 'cut' | undefined;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://ngas');
    const type = request.headers['content-type'];
    this.requests.push({ method: request.method ?? '', url: request.url ?? '', type });
    if (this.misbehaviour === 'hang') return;
    if (this.misbehaviour === 'reset') return void request.socket.resetAndDestroy();
    if (this.misbehaviour === 'refuse') return this.#status(response, 500, 'disk &lt;full&gt;');
    const id = url.searchParams.get('file_id') ?? url.searchParams.get('filename') ?? '';
    if (url.pathname === '/QARCHIVE' && request.method === 'POST') {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      const body = Buffer.concat(pieces);
      if (body.length !== Number(request.headers['content-length']))
        return this.#status(response, 400, 'short');
      this.files.set(id, body);
      return this.#status(response, 200, 'stored');
    }
    const file = this.files.get(id);
    if (!file) return this.#status(response, 400, `unknown file: ${id}`);
    if (url.pathname === '/STATUS') {
      const attributes = `FileId="${id}" FileSize="${file.length}" Checksum="${crc32(file)}"`;
      response.setHeader('Content-Type', 'text/xml');
      return void response.end(
        `<?xml version="1.0"?>\n<NgamsStatus><Status Status="SUCCESS"/><DiskStatus Slot='1'><FileStatus ${attributes}/></DiskStatus></NgamsStatus>`,
      );
    }
    if (url.pathname !== '/RETRIEVE') return this.#status(response, 400, 'unknown command');
    response.setHeader('Content-Length', file.length);
    if (this.misbehaviour === 'cut') {
      response.write(file.subarray(0, file.length >> 1), () => request.socket.destroy());
      return;
    }
    response.end(file);
  }

  #status(response: ServerResponse, code: number, message: string): void {
    response.writeHead(code, { 'Content-Type': 'text/xml' });
    const status = code === 200 ? 'SUCCESS' : 'FAILURE';
    response.end(`<NgamsStatus><Status Message="${message}" Status="${status}"/></NgamsStatus>`);
  }
}
