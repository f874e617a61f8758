/** The REST interface of the translator, path for path as DALiuGE has it (spec/translator.md 16). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isWeirError, messageOf, WeirError } from '../protocol/index.ts';
import { FORM_ROUTES, formInWorker, PARTITION_ALGORITHMS, type FormRoute } from '../translator/index.ts';
import { formOf, jsonOf, type Form } from './form-body.ts';
import { deployTo, submissionMethods } from './manager-client.ts';
import { managerNodes } from './manager-nodes.ts';
import { TranslatorDesk } from './translator-desk.ts';
import { NotStored, type TranslatorFiles } from './translator-files.ts';
import { escapeHtml, linkTo, list, page, pgtPage, STYLE } from './translator-pages.ts';

export interface TranslatorRestOptions {
  /** Whether the routes that a node manager and the window have too are served here. */
  readonly isAlone: boolean;
  /** The oid prefix and session time where none is given: local or universal time, as upstream has it. */
  readonly now?: () => Date;
}

/** A parameter is missing or of the wrong type. */
class Unprocessable extends Error {}
/** A graph, a name or a combination of fields that cannot be. */
class BadForm extends Error {}

type Query = Readonly<Record<string, string | undefined>>;
type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Adds the routes. Long work is done in threads; a client that goes away ends it. */
export function translatorRest(
  app: FastifyInstance,
  files: TranslatorFiles,
  options: TranslatorRestOptions,
): void {
  const desk = new TranslatorDesk(files, options.now ?? (() => new Date()));
  const route = (method: 'GET' | 'POST', url: string, handler: Handler): void => {
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        try {
          if (method === 'GET') refuseForeign(request);
          const result = await handler(request, reply);
          if (reply.sent) return reply;
          if (Buffer.isBuffer(result)) return await reply.type('application/json').send(result);
          return await reply.type('application/json').send(JSON.stringify(result ?? null));
        } catch (error) {
          return reply
            .code(statusOf(error))
            .type('application/json')
            .send(JSON.stringify({ detail: messageOf(error) }));
        }
      },
    });
  };
  for (const name of FORM_ROUTES)
    route('POST', `/${name}`, (request, reply) => answer(name, request, reply, files, desk));
  logicalRoutes(route, files);
  pgtRoutes(route, files, desk);
  pgRoutes(route, files, desk);
  if (options.isAlone) aloneRoutes(app, route, files);
}

function statusOf(error: unknown): number {
  if (error instanceof Unprocessable) return 422;
  if (error instanceof BadForm) return 400;
  if (error instanceof NotStored) return 404;
  if (!isWeirError(error)) return 500;
  if (error.code === 'USAGE' || error.code === 'GRAPH_NOT_JSON') return 400;
  return 500;
}

/**
 * Some of upstream's GET routes have effects, up to starting a session. A page elsewhere could name them in an image, so
 * what a browser marks as coming from another site is refused (links of the machine's own pages are not).
 */
function refuseForeign(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' && request.headers.origin === undefined)
    throw new BadForm('Requests from pages of other sites are not answered here.');
}

const queryOf = (request: FastifyRequest): Query => request.query as Query;

function required(fields: Query, ...names: readonly string[]): void {
  const missing = names.filter((name) => fields[name] === undefined);
  if (missing.length > 0) throw new Unprocessable(`Field required: ${missing.join(', ')}.`);
}

function whole(fields: Query, name: string, fallback: number): number {
  const text = fields[name];
  if (text === undefined || text === '') return fallback;
  if (/^\s*\d+\s*$/.test(text)) return Number(text);
  throw new Unprocessable(`"${name}" must be a whole number, but is ${JSON.stringify(text)}.`);
}

// --- forms in, graphs out -----------------------------------------------------------------------------------------

/** The graph of a form: its text, or the name of a stored one. */
async function contentOf(form: Form, kind: 'lg' | 'pgt', files: TranslatorFiles): Promise<string> {
  const [name, content] = [form[`${kind}_name`], form[`${kind}_content`]];
  if ((name === undefined) === (content === undefined))
    throw new BadForm(
      `Give either ${kind}_name or ${kind}_content${name === undefined ? '' : ', not both'}.`,
    );
  if (content !== undefined) return content;
  const text = await files.readLogical(name as string);
  if (text === undefined) throw new BadForm(`There is no graph ${JSON.stringify(name)} here.`);
  return text;
}

async function answer(
  route: FormRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  files: TranslatorFiles,
  desk: TranslatorDesk,
): Promise<Buffer> {
  const form = await formOf(request);
  const content = await contentOf(form, route === 'partition' || route === 'map' ? 'pgt' : 'lg', files);
  for (const name of ['num_partitions', 'num_islands', 'port']) whole(form, name, 1);
  const { algorithm } = form;
  if (algorithm !== undefined && !(PARTITION_ALGORITHMS as readonly string[]).includes(algorithm))
    throw new Unprocessable(`"algorithm" must be one of ${PARTITION_ALGORITHMS.join(', ')}.`);
  const hosts = route === 'map' && !form['nodes'] ? await askForHosts(form) : [];
  const bytes = await formInWorker(
    { route, content, form: { ...form }, hosts, defaultPrefix: desk.timestamp() },
    { signal: goneSignal(reply) },
  );
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

async function askForHosts(form: Form): Promise<string[]> {
  const host = form['host'];
  if (host === undefined) throw new BadForm('Give the nodes, or the host of a manager that knows them.');
  return [host, ...(await managerNodes(`http://${host}:${whole(form, 'port', 8001)}`))];
}

/** Aborted when whoever asked has gone away. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const abort = new AbortController();
  reply.raw.once('close', () => abort.abort());
  return abort.signal;
}

// --- stored graphs ------------------------------------------------------------------------------------------------

type Route = (method: 'GET' | 'POST', url: string, handler: Handler) => void;

function missing(what: string, name: string): NotStored {
  return new NotStored(what, name);
}

async function storedLogical(files: TranslatorFiles, name: string): Promise<string> {
  const text = await files.readLogical(name);
  if (text === undefined) throw missing('logical graph', name);
  return text;
}

function logicalRoutes(route: Route, files: TranslatorFiles): void {
  route('GET', '/jsonbody', async (request) => {
    const name = queryOf(request)['lg_name'] ?? (await files.logicalNames())[0];
    if (name === undefined) throw missing('logical graph', '');
    return Buffer.from(await storedLogical(files, name));
  });
  route('POST', '/jsonbody', async (request) => {
    const form = await formOf(request);
    required(form, 'lg_name', 'lg_content');
    const name = form['lg_name'] as string;
    await storedLogical(files, name);
    const { content } = await TranslatorDesk.signed(form['lg_content'] as string, form['rmode'] ?? '0');
    await files.writeLogical(name, content);
    return null;
  });
}

function pgtRoutes(route: Route, files: TranslatorFiles, desk: TranslatorDesk): void {
  const generate = async (
    name: string,
    text: string,
    fields: Query,
    reply: FastifyReply,
  ): Promise<unknown> => {
    const made = await desk.generate(name, text, {
      fields,
      partitions: whole(fields, 'num_par', 1),
      islands: whole(fields, 'num_islands', 0),
      signal: goneSignal(reply),
    });
    return reply.type('text/html; charset=utf-8').send(pgtPage(made.id, made.facts, made.parts));
  };
  route('GET', '/gen_pgt', async (request, reply) => {
    const query = queryOf(request);
    required(query, 'lg_name');
    const name = query['lg_name'] as string;
    return generate(name, await storedLogical(files, name), query, reply);
  });
  route('POST', '/gen_pgt', async (request, reply) => {
    const form = await formOf(request);
    required(form, 'lg_name', 'json_data');
    // What is wrong with a posted graph is a failure of the translation here, as upstream has it.
    try {
      return await generate(form['lg_name'] as string, form['json_data'] as string, form, reply);
    } catch (error) {
      if (error instanceof Unprocessable || !isWeirError(error) || error.code === 'USAGE') throw error;
      return reply
        .code(500)
        .type('application/json')
        .send(JSON.stringify({ detail: error.message }));
    }
  });
  route('GET', '/pgt_jsonbody', async (request) => {
    const query = queryOf(request);
    required(query, 'pgt_name');
    const view = await files.readView(query['pgt_name'] as string);
    if (view === undefined) throw missing('translated graph', query['pgt_name'] as string);
    return view;
  });
  route('GET', '/pg_viewer', async (request, reply) => {
    const name = queryOf(request)['pgt_view_name'] ?? (await files.pgtNames())[0];
    if (name === undefined || (await files.readView(name)) === undefined)
      throw missing('translated graph', name ?? '');
    return reply.type('text/html; charset=utf-8').send(pgtPage(name, {}, []));
  });
  for (const [shown, data, title] of [
    ['/show_gantt_chart', '/pgt_gantt_chart', 'Planned times'],
    ['/show_schedule_mat', '/get_schedule_matrices', 'Schedules of the parts'],
  ] as const)
    route('GET', shown, async (request, reply) => {
      const query = queryOf(request);
      required(query, 'pgt_id');
      const link = linkTo(data, { pgt_id: query['pgt_id'] as string }, 'The matrix, as JSON');
      return reply.type('text/html; charset=utf-8').send(page(title, `<p>${link}</p>`));
    });
  route('GET', '/pgt_gantt_chart', (request, reply) => schedule(request, reply, desk, 'gantt'));
  route('GET', '/get_schedule_matrices', (request, reply) => schedule(request, reply, desk, 'lanes'));
}

async function schedule(
  request: FastifyRequest,
  reply: FastifyReply,
  desk: TranslatorDesk,
  kind: 'gantt' | 'lanes',
): Promise<string> {
  const query = queryOf(request);
  required(query, 'pgt_id');
  return desk.schedule(query['pgt_id'] as string, kind, goneSignal(reply));
}

// --- physical graphs ----------------------------------------------------------------------------------------------

function managerUrl(query: Query): string | undefined {
  const url = query['dlg_mgr_url'];
  const host = query['dlg_mgr_host'];
  if (url === undefined && host === undefined) return undefined;
  const text = url ?? `http://${host}:${whole(query, 'dlg_mgr_port', 443)}`;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new Unprocessable(`The manager's address must be http or https, but is ${JSON.stringify(text)}.`);
  return text.replace(/\/$/, '');
}

/** Host and port of a manager, always both: managers take a host without port for one at their own default port. */
function hostOf(manager: string): string {
  const { hostname, port, protocol } = new URL(manager);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}

function pgRoutes(route: Route, files: TranslatorFiles, desk: TranslatorDesk): void {
  route('GET', '/gen_pg', async (request, reply) => {
    const query = queryOf(request);
    required(query, 'pgt_id');
    const id = query['pgt_id'] as string;
    const manager = managerUrl(query);
    const signal = goneSignal(reply);
    if (manager === undefined) {
      if (whole(query, 'tpl_nodes_len', 0) === 0)
        throw new WeirError(
          'TRANSLATION_FAILED',
          'Give the address of a manager (dlg_mgr_url or dlg_mgr_host), or tpl_nodes_len for a graph without hosts.',
        );
      return Buffer.from(await desk.stored(id));
    }
    await desk.stored(id);
    const nodes = await managerNodes(manager);
    const mapped = await desk.map(id, hostOf(manager), nodes, { signal });
    if (query['dlg_mgr_deploy'] === undefined) return Buffer.from(mapped.bytes);
    const sessionId = `${id
      .split('/')
      .at(-1)
      ?.replace(/\d+_pgt\.graph$/, '')}_${desk.sessionTime()}`;
    await deployTo(manager, sessionId, mapped.bytes, mapped.roots);
    return reply.redirect(`${manager}/session?${new URLSearchParams({ sessionId }).toString()}`, 307);
  });
  route('POST', '/gen_pg_spec', async (request, reply) => {
    const body = await jsonOf(request);
    const { pgt_id: id, manager_host: host, node_list: nodes = [] } = body;
    if (typeof id !== 'string' || typeof host !== 'string')
      throw new Unprocessable('Field required: pgt_id and manager_host, both text.');
    if (!Array.isArray(nodes) || !nodes.every((node) => typeof node === 'string'))
      throw new Unprocessable('"node_list" must be a list of host names.');
    const manager = host.includes(':') ? host : `${host}:8001`;
    const { bytes, roots } = await desk.map(id, manager, nodes, { signal: goneSignal(reply) });
    const spec = JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
    return JSON.stringify({ pg_spec: spec, root_uids: roots });
  });
  route('GET', '/gen_pg_helm', async (request) => {
    const body = await jsonOf(request);
    if (typeof body['pgt_id'] !== 'string') throw new Unprocessable('Field required: pgt_id.');
    if ((await files.readView(body['pgt_id'])) === undefined)
      throw missing('translated graph', body['pgt_id']);
    throw new WeirError(
      'NOT_IMPLEMENTED',
      'This translator starts nothing on Kubernetes; deploy the physical graph (GET /gen_pg) to a manager there.',
    );
  });
}

// --- what only a translator of its own has ------------------------------------------------------------------------

function aloneRoutes(app: FastifyInstance, route: Route, files: TranslatorFiles): void {
  app.head('/', (_request, reply) => reply.type('application/json').send('{}'));
  route('GET', '/', async (_request, reply) => {
    const links = (await files.logicalNames()).map((name) => linkTo('/gen_pgt', { lg_name: name }, name));
    const body = `<h2>Logical graphs</h2>${list(links, 'No logical graph is stored here.')}<p>${linkTo('/docs', {}, 'All routes')}</p>`;
    return reply.type('text/html; charset=utf-8').send(page('Weir translator', body));
  });
  route('GET', '/static/translator.css', async (_request, reply) => reply.type('text/css').send(STYLE));
  route('GET', '/api/submission_method', async (request) => {
    const manager = managerUrl(queryOf(request));
    return { methods: manager === undefined ? [] : await submissionMethods(manager) };
  });
  route('GET', '/docs', async (_request, reply) => {
    const items = ROUTES.map(([method, path, what]) => `<code>${method} ${path}</code> ${escapeHtml(what)}`);
    return reply.type('text/html; charset=utf-8').send(page('Routes of the translator', list(items, '')));
  });
  route('GET', '/openapi.json', async () => openApi());
  app.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .type('application/json')
      .send(JSON.stringify({ detail: 'Not Found' })),
  );
}

const ROUTES = [
  ['GET', '/jsonbody', 'a stored logical graph'],
  ['POST', '/jsonbody', 'overwrites a stored logical graph'],
  ['POST', '/lg_fill', 'fills in the parameters of a logical graph'],
  ['POST', '/unroll', 'unrolls a logical graph'],
  ['POST', '/partition', 'divides a physical graph template among nodes'],
  ['POST', '/unroll_and_partition', 'both in one'],
  ['POST', '/map', 'puts in the hosts of islands and nodes'],
  ['GET', '/gen_pgt', 'translates a stored logical graph and stores the result'],
  ['POST', '/gen_pgt', 'the same for a posted logical graph'],
  ['GET', '/pgt_jsonbody', 'a translated graph for a viewer'],
  ['GET', '/pg_viewer', 'a page about a translated graph'],
  ['GET', '/show_gantt_chart', 'a page about planned times'],
  ['GET', '/pgt_gantt_chart', 'planned times, a row per drop'],
  ['GET', '/show_schedule_mat', 'a page about the schedules of parts'],
  ['GET', '/get_schedule_matrices', 'the schedules of parts, a row per lane'],
  ['GET', '/gen_pg', 'the physical graph; with a manager mapped to its nodes and deployed there'],
  ['POST', '/gen_pg_spec', 'the physical graph for given nodes, and its roots'],
  ['GET', '/api/submission_method', 'how a manager can be reached'],
] as const;

function openApi(): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [method, path, summary] of ROUTES)
    (paths[path] ??= {})[method.toLowerCase()] = {
      summary,
      responses: { 200: { description: 'Successful Response' } },
    };
  return {
    openapi: '3.1.0',
    info: { title: 'Weir translator', version: '1' },
    paths,
    components: {},
    tags: [],
  };
}
