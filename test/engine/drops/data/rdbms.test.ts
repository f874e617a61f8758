import type { Socket } from 'node:net';
import path from 'node:path';
import Database from 'better-sqlite3';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RDBMSDrop } from '../../../../engine/drops/index.ts';
import { pyRepr } from '../../../../engine/drops/pyrepr/index.ts';
import { contextIn, placedIn, temporaryDirectory, type TestContext } from '../support/drops.ts';
import { badServer } from '../support/bad-server.ts';
import { postgresDirectory, startPostgres, type Postgres } from '../support/postgres.ts';

let temporary: ReturnType<typeof temporaryDirectory>;
let context: TestContext;
beforeAll(() => {
  temporary = temporaryDirectory();
  context = contextIn(temporary.dir);
});
afterAll(async () => {
  await context.services.dispose();
  temporary.remove();
});

describe('a table in SQLite', () => {
  const drop = (dbtable = 't', more = {}) =>
    new RDBMSDrop(
      'r',
      'r',
      placedIn(context, { dbmodule: 'sqlite3', dbtable, dbparams: { database: 'x.db' }, ...more }),
    );

  beforeAll(() => {
    const database = new Database(path.join(temporary.dir, 'x.db'));
    database.exec('CREATE TABLE t (s TEXT, i INTEGER, "odd ""name" REAL); CREATE TABLE "group" (a)');
    database.close();
  });

  it('takes rows and gives them back, and records its selects as Python would', async () => {
    const one = drop();
    await one.insert({ s: "it's", i: 1 });
    expect(await one.select(['s', 'i'], 'i < {}', [5])).toEqual([["it's", 1]]);
    expect(await one.select(['s', 'i'])).toEqual([["it's", 1]]);
    expect(one.queryLog.map(pyRepr)).toEqual([
      `('SELECT s,i FROM t WHERE i < ?', (5,), [("it's", 1)])`,
      `('SELECT s,i FROM t', {}, [("it's", 1)])`,
    ]);
    expect(one.generateReproduceData()['query_log']).toHaveLength(2);
  });

  it('has its names quoted', async () => {
    await drop().insert({ 'odd "name': 0.5, s: 'quoted' });
    expect(await drop().select(['odd "name'], 's = {0}', ['quoted'])).toEqual([[0.5]]);
    await drop('group').insert({ a: null });
    expect(await drop('group').select()).toEqual([[null]]);
    await expect(drop('t; DROP TABLE t').select()).rejects.toThrow(/RDBMSDrop r .*no such table/);
  });

  it('has a URL, takes connection parameters as text and is not read as bytes', async () => {
    const one = drop('t', { dbparams: "{'database': 'x.db'}" });
    expect(one.dataURL).toBe(`sqlite://${temporary.dir}/x.db/t`);
    await one.setCompleted();
    await expect(one.open()).rejects.toThrow(/r is a table/);
  });

  it('waits for a lock as long as its graph says', async () => {
    const database = new Database(path.join(temporary.dir, 'x.db'));
    database.exec('BEGIN EXCLUSIVE');
    const one = drop('t', { dbparams: { database: 'x.db', timeout: 0 } });
    await expect(one.select()).rejects.toThrow(/RDBMSDrop r .*locked/);
    database.close();
  });

  it('is refused without its parameters, with an unknown database, and in memory', async () => {
    expect(() => new RDBMSDrop('r', 'r', { dbmodule: 'sqlite3' })).toThrow(/r needs.*dbtable/);
    expect(() => drop('t', { dbmodule: 'mysqldb' })).toThrow(/mysqldb.*served are/);
    await expect(drop('t', { dbparams: {} }).select()).rejects.toThrow(/path of a file/);
  });
});

/** A drop on a table of the PostgreSQL at a port of this machine. */
const dropAt = (port: number, more: object = {}, dbparams: object = {}): RDBMSDrop =>
  new RDBMSDrop(
    'r',
    'r',
    placedIn(context, {
      dbmodule: 'psycopg2',
      dbtable: 't',
      dbparams: { host: '127.0.0.1', port, user: 'u', dbname: 'd', ...dbparams },
      ...more,
    }),
  );

describe('what a table is reached by', () => {
  it.each([
    ['psycopg2', { port: 70_000 }, 'parameter port must be a port, a whole number from 1 to 65535'],
    ['psycopg2', { sslmode: 'always' }, 'parameter sslmode must be one of disable, .*but is "always"'],
    ['psycopg2', { pasword: 'x' }, 'has pasword, which is not served for PostgreSQL; served are host, port'],
    ['psycopg2', { connect_timeout: -1 }, 'parameter connect_timeout must be a number of seconds'],
    ['sqlite3', { database: 'x', timeout: 'soon' }, 'parameter timeout must be a number'],
    ['sqlite3', { database: 'file:x?mode=ro', uri: true }, 'has uri, which is not served for SQLite'],
  ])('is refused with %s and %j', (dbmodule, dbparams, why) => {
    const one = () => new RDBMSDrop('r', 'r', placedIn(context, { dbmodule, dbtable: 't', dbparams }));
    expect(one).toThrow(new RegExp(`^RDBMSDrop r: dbparams:? ${why}`));
  });

  it('may hold what tunes a connection', () => {
    expect(() => dropAt(1, {}, { keepalives: 1, client_encoding: 'utf8' })).not.toThrow();
  });

  it('is not what a palette has besides, of which a warning says so by name', () => {
    const before = context.logged.length;
    dropAt(1, { vals: '{}', condition: '', selectVals: {} });
    expect(context.logged.slice(before)).toEqual([]);
    dropAt(1, { vals: { a: 1 }, condition: 'a = 1' });
    expect(context.logged.slice(before)).toEqual([
      expect.stringMatching(/vals .* has no effect/),
      expect.stringMatching(/condition .* has no effect/),
    ]);
  });
});

describe('a table of a server that goes wrong', () => {
  const message = (type: string, body: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(5 + body.length);
    bytes.write(type);
    bytes.writeInt32BE(4 + body.length, 1);
    bytes.set(body, 5);
    return bytes;
  };
  const ready = message('Z', ['I'.charCodeAt(0)]);
  const welcome = Buffer.concat([message('R', [0, 0, 0, 0]), ready]);
  /** Takes the client in, then does something with its statement. */
  const welcomes = (then: (socket: Socket) => void) => (socket: Socket) =>
    void socket.once('data', () => {
      socket.once('data', () => then(socket));
      socket.write(welcome);
    });
  const answers = (bytes: Buffer | string) => (socket: Socket) =>
    void socket.once('data', () => void socket.write(bytes));
  const foreign = /what answers there does not speak as PostgreSQL does/;

  it.each<[string, (socket: Socket) => void, RegExp]>([
    ['says nothing', () => undefined, /no answer within 0.2 s/],
    ['welcomes halfway', answers(welcome.subarray(0, 9)), /no answer within 0.2 s/],
    ['hangs over the statement', welcomes(() => undefined), /no answer within 0.3 s/],
    ['resets', (socket) => void socket.once('data', () => socket.resetAndDestroy()), /ECONNRESET/],
    ['resets over the statement', welcomes((socket) => socket.resetAndDestroy()), /ECONNRESET/],
    ['hangs up', (socket) => void socket.once('data', () => socket.end()), /terminated unexpectedly/],
    ['speaks HTTP', answers('HTTP/1.1 400 Bad Request\r\n\r\n'), foreign],
    ['welcomes with something too short', answers(message('R', [1])), foreign],
    ['complains without an end', answers(message('E', [1, 2])), foreign],
    ['notes nothing', answers(message('N', [])), foreign],
  ])('that %s fails by name, soon', async (_how, behave, why) => {
    const server = await badServer(behave);
    const one = dropAt(server.port, { dbtimeout: 0.3 }, { connect_timeout: 0.2 });
    const error = await one.select(['a']).catch(String);
    await server.stop();
    expect(error).toMatch(
      `RDBMSDrop r (psycopg2, table t) did not take a statement: PostgreSQL at 127.0.0.1:${server.port}: `,
    );
    expect(error).toMatch(why);
  });

  it('that answers and never parts keeps nobody', async () => {
    const done = [
      message('1', []),
      message('2', []),
      message('n', []),
      message('C', [...Buffer.from('SELECT 0\0')]),
    ];
    const server = await badServer(welcomes((socket) => void socket.write(Buffer.concat([...done, ready]))));
    const one = dropAt(server.port);
    expect(await one.select(['a'])).toEqual([]);
    await server.stop();
  });
});

describe.skipIf(!postgresDirectory)('a table in PostgreSQL (skipped where none is installed)', () => {
  let server: Postgres;
  const params = () => ({ host: server.host, port: server.port, user: server.user, dbname: 'postgres' });
  const drop = (dbtable: string, more = {}) =>
    new RDBMSDrop(
      'p',
      'p',
      placedIn(context, { dbmodule: 'psycopg2', dbtable, dbparams: { ...params(), ...more } }),
    );

  beforeAll(async () => {
    server = await startPostgres(postgresDirectory as string, temporary.dir);
    const client = new pg.Client({
      host: server.host,
      port: server.port,
      user: server.user,
      database: 'postgres',
    });
    await client.connect();
    await client.query('CREATE TABLE t (s text, i int, x double precision)');
    await client.end();
  });
  afterAll(() => server.stop());

  it('takes rows and gives them back', async () => {
    const one = drop('T');
    await one.insert({ S: "it's", i: 1, x: 0.5 });
    expect(await one.select(['s', 'I', 'x'], 'i < {}', [5])).toEqual([["it's", 1, 0.5]]);
    expect(pyRepr(one.queryLog[0] as never)).toBe(
      `('SELECT s,I,x FROM T WHERE i < %(n0)s', {'n0': 5}, [("it's", 1, 0.5)])`,
    );
  });

  it('is reached encrypted where its server wants that, or the graph', async () => {
    const isEncrypted = async (more: object) =>
      (
        await drop('pg_stat_ssl', { host: 'localhost', port: server.port, ...more }).select(
          ['ssl'],
          'pid = pg_backend_pid()',
        )
      )[0]?.[0];
    const sslrootcert = server.certificate;
    expect(await isEncrypted({})).toBe(true);
    expect(await isEncrypted({ sslmode: 'require' })).toBe(true);
    expect(await isEncrypted({ sslmode: 'verify-full', sslrootcert })).toBe(true);
    expect(await isEncrypted({ sslmode: 'verify-ca', sslrootcert, host: '127.0.0.1' })).toBe(true);
    await expect(isEncrypted({ sslmode: 'disable' })).rejects.toThrow(/no pg_hba.conf entry/);
    await expect(isEncrypted({ sslmode: 'verify-full' })).rejects.toThrow(/self-signed certificate/);
    await expect(isEncrypted({ sslmode: 'verify-full', sslrootcert, host: '127.0.0.1' })).rejects.toThrow(
      /IP: 127.0.0.1 is not in the cert/,
    );
    await expect(isEncrypted({ sslmode: 'require', sslrootcert: '/nowhere' })).rejects.toThrow(
      /RDBMSDrop p .*sslrootcert cannot be read/,
    );
  });

  it('is told the name and the settings of the connection, and takes a password that is a number', async () => {
    const one = drop('pg_stat_activity', {
      application_name: 'by weir',
      options: '-c statement_timeout=12345',
      password: 12_345,
    });
    const mine = 'pid = pg_backend_pid() and {} = current_setting({})';
    expect(await one.select(['application_name'], mine, ['12345ms', 'statement_timeout'])).toEqual([
      ['by weir'],
    ]);
  });

  it('that is not there says so', async () => {
    await expect(drop('nowhere').select()).rejects.toThrow(/RDBMSDrop p .*nowhere/);
    await expect(drop('t', { dbname: 'nodb' }).select()).rejects.toThrow(/RDBMSDrop p .*nodb/);
  });
});
