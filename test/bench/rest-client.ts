/**
 * One graph through the REST interface of a node manager, Weir's or DALiuGE's, timed from the client: create, append
 * (zlib, as DALiuGE's client sends it), deploy with the roots, until the session says FINISHED. There is no other way
 * to learn of the end over DALiuGE's REST than to ask.
 */
import { request } from 'node:http';
import { deflateSync } from 'node:zlib';

function call(
  base: string,
  method: string,
  path: string,
  body?: Buffer | string,
  headers: Record<string, string | number> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${base}/api${path}`,
      { method, headers: { 'content-length': body ? Buffer.byteLength(body) : 0, ...headers } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (answer.statusCode === 200) resolve(text);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const FINISHED = 4;
let counter = 0;

/** Seconds from the first request to FINISHED. */
export async function timeOverRest(
  base: string,
  graph: Uint8Array,
  roots: readonly string[],
): Promise<number> {
  const sid = `bench-${process.pid}-${counter++}`;
  const packed = deflateSync(graph, { level: 1 });
  const started = performance.now();
  await call(base, 'POST', '/sessions', JSON.stringify({ sessionId: sid }), {
    'content-type': 'application/json',
  });
  await call(base, 'POST', `/sessions/${sid}/graph/append`, packed, {
    'content-type': 'application/json',
    'content-encoding': 'gzip',
  });
  await call(base, 'POST', `/sessions/${sid}/deploy`, `completed=${roots.join(',')}`, {
    'content-type': 'application/x-www-form-urlencoded',
  });
  for (;;) {
    const status = Number(await call(base, 'GET', `/sessions/${sid}/status`));
    if (status === FINISHED) break;
    if (status > FINISHED) throw new Error(`session ${sid} ended in state ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const seconds = (performance.now() - started) / 1000;
  await call(base, 'DELETE', `/sessions/${sid}`);
  return seconds;
}
