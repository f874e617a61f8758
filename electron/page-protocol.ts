/** Serves the built page over `app://weir/`: files of one folder, with the headers of security.ts, and nothing else. */
import { readFile } from 'node:fs/promises';
import { SECURITY_HEADERS, contentTypeOf, resolveAsset } from './security.ts';

/** The handler for `protocol.handle('app', …)`. `rendererDir` is the absolute path of the built page. */
export function pageHandler(rendererDir: string): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405, 'only GET');
    const file = await resolveAsset(rendererDir, request.url);
    if (file === undefined) return refusal(404, 'not found');
    // Read whole: fetching file URLs would need privileges that the packaged application's fuses take away.
    const body = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EISDIR' || error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
      throw error;
    });
    if (body === undefined) return refusal(404, 'not found');
    return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), {
      headers: { ...SECURITY_HEADERS, 'content-type': contentTypeOf(file), 'cache-control': 'no-cache' },
    });
  };
}

function refusal(status: number, text: string): Response {
  return new Response(text, {
    status,
    headers: { ...SECURITY_HEADERS, 'content-type': 'text/plain; charset=utf-8' },
  });
}
