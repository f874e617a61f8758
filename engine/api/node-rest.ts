/** The REST interface of a node manager, path for path as DALiuGE has it (spec/managers.md 3.4, 3.5). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { WeirError, type DROPLinkType, DROPLinkType as Links } from '../protocol/index.ts';
import { MAX_GRAPH_BYTES } from '../graph/index.ts';
import type { Session } from '../session/index.ts';
import type { ApiDeps } from './deps.ts';
import { logOf } from './summaries.ts';
import { readBody } from './request-body.ts';
import { reproData } from './repro-data.ts';
import { restError } from './rest-errors.ts';
import { restSession, sizeOf, type RestSession } from './rest-session.ts';
import { sessionRow } from './graph-text.ts';

/** JSON and form bodies other than graphs (upstream's default). */
const FORM_BYTES = 10 * 2 ** 20;
const SUCCESS = { Status: 'Success' };

interface Params {
  sid: string;
  oid: string;
}
type Request = FastifyRequest<{ Params: Params; Querystring: Record<string, string> }>;
type Handler = (request: Request, reply: FastifyReply) => Promise<unknown>;

/** Adds the routes to a server. `stop` is what POST /api/stop and GET /api/shutdown ask for. */
export function nodeRest(app: FastifyInstance, deps: ApiDeps, stop: () => void): void {
  const { manager } = deps;
  const session = (request: Request): Session => manager.get(request.params.sid);
  const shown = (request: Request): RestSession => restSession(deps, request.params.sid);

  const route = (
    method: 'GET' | 'POST' | 'DELETE' | 'OPTIONS',
    url: string,
    handler: Handler,
    wrapped = false,
  ): void => {
    app.route<{ Params: Params; Querystring: Record<string, string> }>({
      method,
      url,
      handler: async (request, reply) => {
        try {
          const result = await handler(request, reply);
          if (reply.sent) return reply;
          allowOrigin(request, reply);
          return await send(reply, result);
        } catch (error) {
          const { status, body } = restError(error, wrapped);
          return reply.code(status).type('text/html; charset=UTF-8').send(JSON.stringify(body));
        }
      },
    });
  };

  route('GET', '/api', async () => ({ sessions: listSessions(deps) }));
  route('GET', '/api/submission_method', async () => ({ methods: ['BROWSER', 'SERVER'] }));
  route('GET', '/api/sessions', async () => listSessions(deps));
  route('OPTIONS', '/api/sessions', async () => ({}));
  route('OPTIONS', '/api/sessions/:sid/graph/append', async () => ({}));
  route('POST', '/api/sessions', async (request) => {
    const body = await jsonBody(request, /^application\/json/);
    const id = (body as { sessionId?: unknown } | null)?.sessionId;
    if (typeof id !== 'string')
      throw new WeirError('USAGE', 'A JSON object with a text "sessionId" was expected.');
    await manager.createSession(id);
    return { sessionId: id };
  });
  route('GET', '/api/sessions/:sid', async (request) => {
    const found = shown(request);
    const head = `{"status": ${found.status}, "dir": ${JSON.stringify({ dir: found.dir })}, "graph": `;
    return Buffer.concat([Buffer.from(head), await specsOf(found), Buffer.from('}')]);
  });
  route('DELETE', '/api/sessions/:sid', (request) => manager.destroySession(request.params.sid));
  route('GET', '/api/sessions/:sid/status', async (request) => shown(request).status);
  route('POST', '/api/sessions/:sid/deploy', async (request) => {
    const form = new URLSearchParams(Buffer.from(await readBody(request.raw, FORM_BYTES)).toString('utf8'));
    const completed = form.get('completed') ?? '';
    await session(request).deploy(completed === '' ? [] : completed.split(','));
  }, true); // prettier-ignore
  route('POST', '/api/sessions/:sid/cancel', (request) => session(request).cancel(), true);
  route('GET', '/api/sessions/:sid/graph', (request) => specsOf(shown(request)));
  route('GET', '/api/sessions/:sid/graph/size', async (request) => {
    const { sid } = request.params;
    return manager.has(sid) || manager.findPast(sid) ? shown(request).size : 0;
  });
  route('GET', '/api/sessions/:sid/graph/status', (request) => statusOf(shown(request)));
  route('POST', '/api/sessions/:sid/graph/append', async (request, reply) => {
    const type = request.headers['content-type'] ?? '';
    if (!/application\/json|text\/plain/.test(type)) return reply.code(415).send(SUCCESS);
    // The end of the session waits for the disk; who deploys next need not.
    await session(request).addGraphSpec(await readBody(request.raw, MAX_GRAPH_BYTES), { later: true });
    return undefined;
  }, true); // prettier-ignore
  route('POST', '/api/sessions/:sid/graph/link', async (request) => {
    const form = new URLSearchParams(Buffer.from(await readBody(request.raw, FORM_BYTES)).toString('utf8'));
    const get = (name: string) => request.query[name] ?? form.get(name) ?? '';
    const type = Number(get('linkType'));
    if (!Object.values(Links).includes(type as DROPLinkType)) throw new WeirError('USAGE', `linkType must be a number from 0 to 7, but is "${get('linkType')}".`);
    session(request).linkGraphParts(get('lhOID'), type as DROPLinkType, get('rhOID'));
  }, true); // prettier-ignore
  route('POST', '/api/sessions/:sid/trigger', async (request, reply) => {
    if (request.headers['content-type'] !== 'application/json') return reply.code(415).send(SUCCESS);
    const uids = await jsonBody(request, /./);
    if (!Array.isArray(uids)) throw new WeirError('USAGE', 'A JSON list of uids was expected.');
    await session(request).triggerDrops(uids.map(String));
    return undefined;
  });
  route('GET', '/api/sessions/:sid/repro/status', async (request) => shown(request).isSigned);
  route('GET', '/api/sessions/:sid/repro/data', async (request, reply) => {
    const found = shown(request);
    const whole = await reproData(found);
    if (whole) {
      allowOrigin(request, reply);
      return reply.type('application/json').send(whole);
    }
    const text = await deps.store.reprodata(found.key);
    return Buffer.concat([
      Buffer.from('{"graph": '),
      await specsOf(found),
      Buffer.from(`, "reprodata": ${text ?? '{}'}}`),
    ]);
  });
  route('GET', '/api/sessions/:sid/dir', async (request) => ({ dir: shown(request).dir }));
  route('GET', '/api/sessions/:sid/logs', (request, reply) => sendLogs(deps, request.params.sid, reply));
  route('GET', '/api/sessions/:sid/graph/drop/data/:oid', async (request) => ({
    filepath: (await shown(request).path(request.params.oid)) ?? '',
  }));
  route('GET', '/api/sessions/:sid/graph/drop/:oid', (request) =>
    dropLogs(deps, shown(request), request.params.oid),
  );
  route('GET', '/sessions/:sid/graph/drop/data/:oid', (request, reply) =>
    sendFile(shown(request), request.params.oid, reply),
  );
  route('POST', '/api/stop', async () => void setImmediate(stop));
  route('GET', '/api/shutdown', async () => void setImmediate(stop));
}

/** Always a body with Content-Length and status 200: DALiuGE's client takes nothing else (spec 3.1). */
async function send(reply: FastifyReply, result: unknown): Promise<FastifyReply> {
  if (Buffer.isBuffer(result)) return reply.type('application/json').send(result);
  return reply.type('application/json').send(JSON.stringify(result ?? SUCCESS));
}

/** The CORS headers of upstream, for the origins that the server's guard has let in (spec 3.2). */
function allowOrigin(request: Request, reply: FastifyReply): void {
  const { origin } = request.headers;
  const isManagerPage = /^http:\/\/(localhost|127\.0\.0\.1):80\d\d$/.test(origin ?? '');
  reply.headers({
    'Access-Control-Allow-Origin':
      origin === undefined ? 'None' : isManagerPage ? 'http://localhost:8084' : origin,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Allow-Methods': 'GET, POST, PUT, OPTIONS, HEAD',
    'Access-Control-Allow-Headers':
      'Origin, Accept, Content-Type, Content-Encoding, X-Requested-With, X-CSRF-Token',
  });
}

async function jsonBody(request: Request, type: RegExp): Promise<unknown> {
  if (!type.test(request.headers['content-type'] ?? ''))
    throw new WeirError('USAGE', 'The header Content-Type: application/json was expected.');
  const text = Buffer.from(await readBody(request.raw, FORM_BYTES)).toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new WeirError('USAGE', 'The body of the request is not JSON.', { cause });
  }
}

function listSessions({ manager }: ApiDeps): unknown[] {
  const past = manager.past.map(({ sessionId, status, drops }) => ({ sessionId, status, size: drops }));
  const held = manager.sessions.map((session) => ({
    sessionId: session.sessionId,
    status: session.status,
    size: sizeOf(session),
  }));
  return [...past, ...held];
}

/** `{oid: spec}` made of the bytes that were submitted. */
async function specsOf(session: RestSession): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (const [oid, spec] of await session.specs())
    pieces.push(Buffer.from(`${pieces.length === 0 ? '{' : ', '}${JSON.stringify(oid)}: `), spec);
  return Buffer.concat([...(pieces.length === 0 ? [Buffer.from('{')] : pieces), Buffer.from('}')]);
}

async function statusOf(session: RestSession): Promise<Buffer> {
  const pieces = (await session.states()).map(
    ([oid, status, exec]) =>
      `${JSON.stringify(oid)}: {"status": ${status}${exec === undefined ? '' : `, "execStatus": ${exec}`}}`,
  );
  return Buffer.from(`{${pieces.join(', ')}}`);
}

async function dropLogs(deps: ApiDeps, session: RestSession, oid: string): Promise<unknown> {
  const row = await session.rowOf(oid);
  const logs =
    row < 0 ? { entries: [] } : await deps.store.logs(session.key, { offset: 0, limit: 1000, row });
  return {
    session: session.sessionId,
    status: session.status,
    oid,
    logs: logs.entries.map(({ at, level, message }) => ({
      time: new Date(at).toISOString(),
      Level: level.toUpperCase(),
      Module: 'weir',
      'Function/Method': '',
      'Line #': 0,
      Message: `<pre>${escapeHtml(message)}</pre>`,
    })),
  };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** The file behind a drop, as an attachment. */
async function sendFile(session: RestSession, oid: string, reply: FastifyReply): Promise<unknown> {
  const file = await session.path(oid);
  if (file === undefined) return reply.type('text/html; charset=UTF-8').send('No file exists');
  const facts = await stat(file).catch(() => undefined);
  if (!facts?.isFile())
    return reply.code(404).send({ error: `The file of drop ${oid} is not there: ${file}` });
  const name = path.extname(file) === '' ? `${path.basename(file)}.txt` : path.basename(file);
  return reply
    .headers({
      'Content-Disposition': `attachment; filename="${name.replace(/["\\\r\n]/g, '_')}"`,
      'Content-Length': facts.size,
    })
    .type('application/octet-stream')
    .send(createReadStream(file));
}

/** All log entries of a session as text, page by page. */
async function sendLogs(deps: ApiDeps, sessionId: string, reply: FastifyReply): Promise<unknown> {
  const { key } = await sessionRow(deps.store, sessionId);
  const lines: string[] = [];
  for (let offset = 0; ; offset += 1000) {
    const { entries } = await deps.store.logs(key, { offset, limit: 1000 });
    for (const entry of entries.map((e) => logOf(e, e.seq)))
      lines.push(
        `${new Date(entry.at).toISOString()} [${entry.level.toUpperCase()}] ${entry.uid ?? ''}: ${entry.message}\n`,
      );
    if (entries.length < 1000) break;
  }
  return reply
    .header('Content-Disposition', `attachment; filename="dlg_${encodeURIComponent(sessionId)}.log"`)
    .type('text/plain; charset=UTF-8')
    .send(lines.join(''));
}
