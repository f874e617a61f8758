/** Tables of a database as a drop (seed `RDBMSDrop`, spec/engine.md 4.12). */
import path from 'node:path';
import { InvalidDropException, isWeirError, messageOf, WeirError } from '../../protocol/index.ts';
import type { DropContext } from '../context.ts';
import { DataDROP } from '../data-drop.ts';
import type { DropKwargs } from '../drop.ts';
import { ErrorIO } from '../io/error-io.ts';
import { postgresAccess, postgresUrl, runPostgres, type PostgresStatement } from '../io/postgres.ts';
import { SQLITE, type SqliteValue } from '../io/sqlite.ts';
import { dictParam, readParams, secondsParam, stringParam } from '../params.ts';
import { fromJson, PyDict, PyTuple, type PyValue } from '../pyrepr/index.ts';
import { registerDrop } from '../registry.ts';
import { prepareSql, quoteIdentifier, type ParamStyle } from '../sql.ts';
import { limitOf } from '../time-limit.ts';

const PARAMS = {
  dbmodule: stringParam('dbmodule', null, 'Database: sqlite3 or psycopg2'),
  dbtable: stringParam('dbtable', null, 'Table'),
  dbparams: dictParam('dbparams', {}, 'What connecting needs: database, host, port, user, password'),
  dbtimeout: secondsParam('dbtimeout', 600, 'Seconds a server may take to answer a statement'),
};

/** What a drop needs of a kind of database. */
interface Engine {
  /** Marker style upstream's module has: it stands in the query log, which is part of reproducibility records. */
  readonly loggedStyle: ParamStyle;
  readonly style: ParamStyle;
  /** Whether names that are not quoted mean their lower-case form. */
  readonly folds: boolean;
  /** Reads what connecting needs; `where` names it. Throws InvalidDropException for what is not served. */
  connect(params: ConnectParams, where: string): Connection;
}

type ConnectParams = Readonly<Record<string, unknown>>;

interface Connection {
  /** Runs one statement on a connection of its own. */
  run(context: DropContext, statement: PostgresStatement): Promise<unknown[][]>;
  url(context: DropContext): string;
}

const SQLITE_PARAMS = {
  timeout: secondsParam('timeout', 5, "Seconds to wait for somebody else's lock"),
} as const;

/** Arguments of Python's `sqlite3.connect` that change nothing where each statement has its own connection. */
const SQLITE_UNUSED = /^(isolation_level|check_same_thread|cached_statements|autocommit)$/;

const SQLITE_ENGINE: Engine = {
  loggedStyle: 'qmark',
  style: 'qmark',
  folds: false,
  connect(params, where) {
    const served = ['database', ...Object.keys(SQLITE_PARAMS)];
    const unknown = Object.entries(params).filter(
      ([name, value]) => value && !served.includes(name) && !SQLITE_UNUSED.test(name),
    );
    if (unknown.length > 0)
      throw new InvalidDropException(
        `${where} has ${unknown.map(([name]) => name).join(', ')}, which is not served for SQLite; served are ${served.join(', ')}.`,
        { details: { where } },
      );
    const { timeout } = readParams(SQLITE_PARAMS, params, where);
    return {
      async run(context, { sql, values }) {
        const [rows] = await context
          .service(SQLITE)
          .run(
            databaseFile(context, params),
            [{ sql, values: values.map((value) => sqliteValue(value)) }],
            limitOf(timeout) ?? 0,
          );
        return rows ?? [];
      },
      url: (context) => `sqlite://${databaseFile(context, params)}`,
    };
  },
};

function databaseFile(context: DropContext, params: ConnectParams): string {
  const name = params['database'];
  if (typeof name !== 'string' || name === '' || name === ':memory:')
    throw new InvalidDropException(
      `A SQLite drop needs the path of a file as "database" in dbparams, but has ${JSON.stringify(name)}: databases in memory would be gone after each call.`,
    );
  return path.resolve(context.baseDir, name);
}

function sqliteValue(value: unknown): SqliteValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'bigint' || typeof value === 'string' || value instanceof Uint8Array) return value;
  return JSON.stringify(value);
}

const POSTGRES_ENGINE: Engine = {
  loggedStyle: 'pyformat',
  style: 'dollar',
  folds: true,
  connect(params, where) {
    const access = postgresAccess(params, where);
    return {
      run: ({ env }, statement) => runPostgres(access, statement, env),
      url: () => postgresUrl(access),
    };
  },
};

/** Python database modules that graphs name, and what serves them here. */
const ENGINES: Readonly<Record<string, Engine>> = {
  sqlite3: SQLITE_ENGINE,
  sqlite: SQLITE_ENGINE,
  psycopg2: POSTGRES_ENGINE,
  psycopg: POSTGRES_ENGINE,
  pg8000: POSTGRES_ENGINE,
  pg: POSTGRES_ENGINE,
  postgresql: POSTGRES_ENGINE,
};

export class RDBMSDrop extends DataDROP {
  readonly #engine: Engine;
  readonly #module: string;
  readonly #table: string;
  readonly #connection: Connection;
  readonly #limitMs: number;
  readonly #log: PyTuple[] = [];

  /** Throws InvalidDropException without `dbmodule` and `dbtable`, and for databases that are not served. */
  constructor(oid: string | number, uid: string | number, kwargs: DropKwargs = {}) {
    super(oid, uid, kwargs);
    const { dbmodule, dbtable, dbparams, dbtimeout } = readParams(PARAMS, kwargs, this.uid);
    if (!dbmodule || !dbtable)
      throw new InvalidDropException(
        `RDBMSDrop ${this.uid} needs the parameters dbmodule and dbtable, but ${dbmodule ? 'dbtable' : 'dbmodule'} is missing.`,
        { details: { uid: this.uid } },
      );
    const engine = ENGINES[dbmodule.toLowerCase()];
    if (!engine)
      throw new InvalidDropException(
        `RDBMSDrop ${this.uid} names the database module "${dbmodule}"; served are ${Object.keys(ENGINES).join(', ')}.`,
        { details: { uid: this.uid, dbmodule } },
      );
    this.#engine = engine;
    this.#module = dbmodule;
    this.#table = dbtable;
    this.#connection = engine.connect(dbparams ?? {}, `RDBMSDrop ${this.uid}: dbparams`);
    this.#limitMs = limitOf(dbtimeout) ?? PARAMS.dbtimeout.fallback * 1000;
    for (const name of ['vals', 'condition', 'selectVals']) this.#warnOf(name);
  }

  /** Palettes have them, but they are arguments of `insert` and `select`. */
  #warnOf(name: string): void {
    const value = this.parameters[name] ?? '';
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (!['', '{}', '[]'].includes(text.trim()))
      this.context.log(
        'warn',
        this,
        `Its parameter ${name} (${text}) has no effect, as upstream: hand it to insert or select.`,
      );
  }

  get dataURL(): string {
    return `${this.#connection.url(this.context)}/${this.#table}`;
  }

  /** Inserts a row; the keys are the columns. */
  async insert(vals: Readonly<Record<string, unknown>>): Promise<void> {
    const columns = Object.keys(vals);
    const { folds, style } = this.#engine;
    const names = columns.map((column) => quoteIdentifier(column, folds)).join(',');
    const places = columns.map(() => '{}').join(',');
    const text = `INSERT INTO ${quoteIdentifier(this.#table, folds)} (${names}) VALUES (${places})`;
    const { sql, data } = prepareSql(text, style, Object.values(vals));
    await this.#run(sql, Object.values(data));
  }

  /**
   * Rows of the table. `condition` is the text after WHERE, with the placeholders `{}` or `{N}` for `vals`. Whole numbers
   * come back as numbers, or as bigint beyond 2^53.
   */
  async select(
    columns?: readonly string[] | null,
    condition?: string | null,
    vals: readonly unknown[] = [],
  ): Promise<unknown[][]> {
    const { folds, style, loggedStyle } = this.#engine;
    const where = condition ? ` WHERE ${condition}` : '';
    const quoted = columns?.map((column) => quoteIdentifier(column, folds)).join(',') ?? '*';
    const prepared = prepareSql(
      `SELECT ${quoted} FROM ${quoteIdentifier(this.#table, folds)}${where}`,
      style,
      vals,
    );
    const rows = await this.#run(prepared.sql, Object.values(prepared.data));
    const logged = prepareSql(
      `SELECT ${columns?.join(',') ?? '*'} FROM ${this.#table}${where}`,
      loggedStyle,
      vals,
    );
    this.#log.push(
      new PyTuple([
        logged.sql,
        Array.isArray(logged.data)
          ? new PyTuple(logged.data.map((value) => pythonValue(value)))
          : new PyDict(Object.entries(logged.data).map(([key, value]) => [key, pythonValue(value)])),
        rows.map((row) => new PyTuple(row.map((value) => pythonValue(value, true)))),
      ]),
    );
    return rows.map((row) => row.map(plainNumber));
  }

  /** All selects so far: text, values and rows of each, as Python would log them. */
  get queryLog(): readonly PyTuple[] {
    return this.#log;
  }

  async #run(sql: string, values: readonly unknown[]): Promise<unknown[][]> {
    try {
      return await this.#connection.run(this.context, { sql, values, limitMs: this.#limitMs });
    } catch (cause) {
      throw new WeirError(
        isWeirError(cause) ? cause.code : 'DROP_INVALID',
        `The database of RDBMSDrop ${this.uid} (${this.#module}, table ${this.#table}) did not take a statement: ${messageOf(cause)}`,
        { cause, details: { uid: this.uid, sql } },
      );
    }
  }

  override getIO(): ErrorIO {
    return new ErrorIO(`RDBMSDrop ${this.uid} is a table: use its insert and select, not reads and writes.`);
  }

  /** A table is not the drop's to remove. */
  override async delete(): Promise<void> {}

  override async exists(): Promise<boolean> {
    return true;
  }

  override generateReproduceData(): Record<string, unknown> {
    return { query_log: [...this.#log] };
  }
}

function plainNumber(value: unknown): unknown {
  return typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    ? Number(value)
    : value;
}

/** `isStored`: numbers are what the database says, an int a bigint and a real a number. */
function pythonValue(value: unknown, isStored = false): PyValue {
  if (typeof value === 'bigint' || value instanceof Uint8Array) return value;
  if (isStored && typeof value === 'number') return value;
  if (value instanceof Date) return value.toISOString();
  return fromJson(value);
}

registerDrop(RDBMSDrop, 'dlg.data.drops.rdbms.RDBMSDrop', 'dlg.data.drops.RDBMSDrop', 'dlg.drop.RDBMSDrop');
