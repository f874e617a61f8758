/** Statements on a PostgreSQL server, each on a connection of its own (spec/engine.md 4.12). */
import { readFile } from 'node:fs/promises';
import type { Client, ClientConfig, CustomTypesConfig } from 'pg';
import { InvalidDropException, isWeirError, messageOf, WeirError } from '../../protocol/index.ts';
import { portParam, readParams, secondsParam, stringParam } from '../params.ts';
import { limitOf } from '../time-limit.ts';
import { PostgresSocket } from './postgres-socket.ts';

/** Connection parameters by the names that psycopg2 and libpq have for them. */
const PARAMS = {
  host: stringParam('host', null, 'Host of the server, or the directory of its socket'),
  port: portParam('port', 5432, 'Port of the server'),
  user: stringParam('user', null, 'User'),
  password: stringParam('password', null, 'Password'),
  database: stringParam('database', null, 'Database'),
  dbname: stringParam('dbname', null, 'The same'),
  connectTimeout: secondsParam('connect_timeout', 10, 'Seconds until the server is ready for a statement'),
  applicationName: stringParam('application_name', null, 'What the server calls the connection'),
  options: stringParam('options', null, 'Settings of the server for the connection'),
  sslmode: stringParam(
    'sslmode',
    null,
    'How far the connection is to be encrypted; default: PGSSLMODE, or allow',
  ),
  sslrootcert: stringParam('sslrootcert', null, 'File with the certificates that vouch for the server'),
  sslcert: stringParam('sslcert', null, 'File with the certificate of the user'),
  sslkey: stringParam('sslkey', null, 'File with the key of that certificate'),
} as const;

/** Parameters that only tune what is tuned here already. */
const TUNING =
  /^(keepalives(_\w+)?|tcp_user_timeout|client_encoding|fallback_application_name|connection_factory|cursor_factory)$/;

/** `allow` and `prefer`: encrypted where the server takes nothing else. */
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

export type PostgresAccess = ReturnType<typeof postgresAccess>;

/** Reads connection parameters. `where` names drop and parameter. Throws InvalidDropException for what is not served. */
export function postgresAccess(params: Readonly<Record<string, unknown>>, where: string) {
  const names = Object.values(PARAMS).map(({ name }) => name);
  const unknown = Object.keys(params).filter((name) => !names.includes(name) && !TUNING.test(name));
  if (unknown.length > 0)
    throw new InvalidDropException(
      `${where} has ${unknown.join(', ')}, which is not served for PostgreSQL; served are ${names.join(', ')}.`,
      { details: { where, unknown } },
    );
  const access = readParams(PARAMS, params, where);
  if (access.sslmode !== null && !SSL_MODES.includes(access.sslmode))
    throw new InvalidDropException(
      `${where}: parameter sslmode must be one of ${SSL_MODES.join(', ')}, but is ${JSON.stringify(access.sslmode)}.`,
      { details: { where, sslmode: access.sslmode } },
    );
  return { ...access, database: access.database ?? access.dbname, isPortGiven: Boolean(params['port']) };
}

/** The URL of a database. */
export function postgresUrl({ host, port, isPortGiven, database }: PostgresAccess): string {
  return `postgresql://${host ?? 'localhost'}${isPortGiven ? `:${port}` : ''}/${database ?? ''}`;
}

export interface PostgresStatement {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** How long the server may take to answer it. */
  readonly limitMs: number;
}

/** How long a server may take to close a connection that is done with. */
const GOODBYE_MS = 1000;
/** The server has no rule that lets the user in as he came. */
const NOT_LET_IN = '28000';

/** Carries a statement out and resolves to its rows. Rejects with a WeirError that names the server. */
export async function runPostgres(
  access: PostgresAccess,
  statement: PostgresStatement,
  env: Readonly<Record<string, string | undefined>>,
): Promise<unknown[][]> {
  const sslmode = access.sslmode ?? env['PGSSLMODE'] ?? 'allow';
  const isEncrypted = !['disable', 'allow', 'prefer'].includes(sslmode);
  try {
    return await runOnce(access, statement, isEncrypted ? sslmode : undefined);
  } catch (error) {
    const cause = (error as WeirError).cause as { readonly code?: string } | undefined;
    const mayEncrypt = !isEncrypted && sslmode !== 'disable' && !access.host?.startsWith('/');
    if (cause?.code !== NOT_LET_IN || !mayEncrypt) throw error;
    try {
      return await runOnce(access, statement, sslmode);
    } catch (second) {
      // What it said first is why.
      throw /not support SSL/.test(messageOf(second)) ? error : second;
    }
  }
}

async function runOnce(
  access: PostgresAccess,
  statement: PostgresStatement,
  sslmode: string | undefined,
): Promise<unknown[][]> {
  const { default: pg } = await import('pg');
  const connectMs = limitOf(access.connectTimeout) ?? PARAMS.connectTimeout.fallback * 1000;
  const client = new pg.Client({
    ...given(access),
    ssl: sslmode !== undefined && (await encryption(access, sslmode)),
    connectionTimeoutMillis: connectMs,
    query_timeout: statement.limitMs,
    stream: () => new PostgresSocket(),
  });
  // A connection that breaks while nothing runs must not end the process; the next statement fails by itself.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await answerOf(client, statement, pg.types);
  } catch (cause) {
    const said = messageOf(cause);
    const limitMs = { 'timeout expired': connectMs, 'Query read timeout': statement.limitMs }[said];
    throw new WeirError(
      limitMs !== undefined ? 'TIMEOUT' : isWeirError(cause) ? cause.code : 'DROP_INVALID',
      `PostgreSQL at ${client.host}:${client.port}: ${limitMs === undefined ? said : `no answer within ${limitMs / 1000} s`}`,
      { cause },
    );
  } finally {
    const { stream } = client.connection;
    const forget = setTimeout(() => stream.destroy(), GOODBYE_MS);
    await client.end();
    clearTimeout(forget);
  }
}

/** What the graph says; the rest is the library's, and its environment's. */
function given(access: PostgresAccess): ClientConfig {
  const { host, port, isPortGiven, user, password, database, applicationName, options } = access;
  return {
    ...(host === null ? {} : { host }),
    ...(isPortGiven ? { port } : {}),
    ...(user === null ? {} : { user }),
    ...(password === null ? {} : { password }),
    ...(database === null ? {} : { database }),
    ...(applicationName === null ? {} : { application_name: applicationName }),
    ...(options === null ? {} : { options }),
  };
}

async function encryption({ sslrootcert, sslcert, sslkey }: PostgresAccess, sslmode: string) {
  const content = async (name: string, file: string | null) => {
    if (file === null) return undefined;
    return readFile(file, 'utf8').catch((cause: unknown) => {
      throw new WeirError('FILE_UNREADABLE', `${name} cannot be read: ${messageOf(cause)}`, { cause });
    });
  };
  const [ca, cert, key] = [
    await content('sslrootcert', sslrootcert),
    await content('sslcert', sslcert),
    await content('sslkey', sslkey),
  ];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    // With certificates at hand, `require` asks them too, as libpq does.
    rejectUnauthorized: sslmode.startsWith('verify-') || ca !== undefined,
    ...(sslmode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** Type numbers of int8, int2 and int4 in PostgreSQL. */
const INTEGER_OIDS = new Set([20, 21, 23]);

async function answerOf(
  client: Client,
  { sql, values }: PostgresStatement,
  types: CustomTypesConfig,
): Promise<unknown[][]> {
  const result = await client.query<unknown[]>({
    text: sql,
    values: [...values],
    rowMode: 'array',
    // Whole numbers come as bigint, so that Python's 1 and 1.0 stay apart in the query log.
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
        INTEGER_OIDS.has(oid)
          ? (text: string) => BigInt(text)
          : (types.getTypeParser(oid, format) as unknown),
    },
  });
  return result.rows;
}
