import type pg from "pg";
import { sendableValues, type Statement } from "../domain/statement.ts";
import { cancelOnServer } from "./cancel-on-server.ts";
import { classifyError } from "./classify-error.ts";
import { checkConnectionString } from "./connection-string.ts";
import { explainTls, requireTls } from "./tls.ts";
import {
  DatabaseBusyError,
  DatabaseConfigurationError,
  DatabaseUnknownOutcomeError,
  defaultTimeoutMs,
  type CallOptions,
  type Database,
  type PoolOptions,
} from "./database.ts";

const connectMs = 10_000;

type Driver = typeof pg;

/**
 * Postgres over TCP through node-postgres, for every server that is not Neon: a small pool, unnamed
 * statements only. schema: that of the engine.
 */
export function pgDatabase(driver: Driver, url: string, schema: string, options: PoolOptions = {}): Database {
  const pool = open(driver, url, options);
  // A server that shuts down kills connections, idle ones and those between two statements of a
  // transaction: without a listener that would end the process. The call in hand, or the next one,
  // notices.
  pool.on("error", () => {});
  pool.on("connect", (client) => void client.on("error", () => {}));
  return {
    schema,
    async query<Row>(text: string, values: readonly unknown[] = [], options?: CallOptions) {
      const sent = prepare({ text, values }, schema);
      return withClient(pool, schema, options, async (client) => (await client.query(sent.text, sent.values)).rows as Row[]);
    },
    async transaction(statements: readonly Statement[], options?: CallOptions) {
      const sent = statements.map((statement) => prepare(statement, schema));
      return withClient(pool, schema, options, (client) => runAll(client, sent, options?.last));
    },
    async [Symbol.asyncDispose]() {
      await pool.end();
    },
  };
}

/**
 * Begins with a session as it was when it was opened: statements of before, of another run's
 * perhaps, may have set a tenant, a role or a search path, made temporary tables, or kept a lock.
 * What DISCARD ALL does, in words that may stand in a transaction, and so go out with BEGIN in one
 * message; behind a pooler they reach the server that runs the transaction. There RESET ALL brings
 * the encoding of the database or the login back, which the driver never speaks.
 */
const clean = `set session authorization default; reset all; set client_encoding = 'UTF8'; close all; unlisten *; deallocate all; discard sequences; discard temp;
  select pg_catalog.pg_advisory_unlock_all()`;
const begin = `begin isolation level read committed; ${clean}`;
/**
 * Also before the commit: the engine's next call, or a pooler's next client, begins no transaction
 * of this kind.
 */
const commit = `${clean}; commit`;
/**
 * What the last statement of the engine has said of the commit's durability is cleaned away with
 * the rest.
 */
const durableCommit = `${clean}; select case when pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'
  then pg_catalog.set_config('synchronous_commit', 'on', true) end; commit`;

interface Prepared {
  readonly text: string;
  readonly values: unknown[];
}

/** Before a connection is taken, so that what cannot be sent is a definitive no. */
function prepare({ text, values = [] }: Statement, schema: string): Prepared {
  try {
    return { text, values: sendableValues(values) };
  } catch (thrown) {
    throw classifyError(thrown, schema);
  }
}

/**
 * What is deferred, the last statement and the commit are one message: an error of one leaves the
 * others undone. What is deferred comes first, and finds the settings that it was made with.
 */
async function runAll(client: pg.PoolClient, statements: readonly Prepared[], last?: Statement): Promise<Record<string, unknown>[][]> {
  await client.query(begin);
  const results: Record<string, unknown>[][] = [];
  for (const { text, values } of statements) {
    // The extended protocol takes one command, as Neon does; the simple one would take a COMMIT
    // behind a semicolon.
    const query: pg.QueryConfig & { queryMode: string } = { text, values, queryMode: "extended" };
    results.push((await client.query(query)).rows as Record<string, unknown>[]);
  }
  await client.query(`set constraints all immediate; ${last === undefined ? commit : `${inlined(client, last)}; ${durableCommit}`}`);
  return results;
}

/** A statement of the engine's own with its values in it. */
function inlined(client: pg.ClientBase, { text, values = [] }: Statement): string {
  return text.replaceAll(/\$(\d)/g, (_, n: string) => client.escapeLiteral(String(values[Number(n) - 1])));
}

/**
 * Lends a connection; one on which a call failed or hung is closed, which rolls back whatever it
 * had open. The server does not notice while a statement runs, so one that is given up is cancelled
 * there.
 */
async function withClient<Result>(
  pool: pg.Pool,
  schema: string,
  options: CallOptions | undefined,
  use: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  let client: pg.PoolClient | undefined;
  let timer: NodeJS.Timeout | undefined;
  let cancelled = Promise.resolve();
  try {
    const lent = (client = await pool.connect());
    const hung = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        cancelled = cancelOnServer(lent);
        reject(new Error("The database did not answer in time."));
      }, options?.timeoutMs ?? defaultTimeoutMs);
    });
    const result = await Promise.race([use(client), hung]);
    client.release();
    return result;
  } catch (thrown) {
    void cancelled.then(() => client?.release(true));
    const error = classifyError(explainTls(thrown), schema);
    throw client === undefined ? beforeSending(error) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Without a connection nothing was sent, whatever kept it from being opened. */
function beforeSending(error: Error): Error {
  if (/client password must be a/.test(error.message))
    return new DatabaseConfigurationError(
      "The server asks for a password, and the connection string has none: write it as postgres://user:password@host/database.",
    );
  if (!(error instanceof DatabaseUnknownOutcomeError)) return error;
  return new DatabaseBusyError(error.message, { sqlstate: error.sqlstate, cause: error.cause });
}

function open(driver: Driver, url: string, { connections = 5, patient = false }: PoolOptions): pg.Pool {
  checkConnectionString(url);
  return new driver.Pool({
    connectionString: requireTls(url),
    max: connections,
    // The pool's bound holds for the wait in line too; a connection's own only for opening it.
    connectionTimeoutMillis: patient ? 0 : connectMs,
    Client: clientOf(driver),
    idleTimeoutMillis: 30_000,
    allowExitOnIdle: true,
  });
}

function clientOf({ Client }: Driver): typeof Client {
  return class extends Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionTimeoutMillis: connectMs });
      // pg leaves a socket open on which it could not log in; the server would keep its session for
      // a minute.
      const { connection } = this as unknown as { readonly connection: pg.Connection };
      connection.on("error", () => connection.stream.destroy());
    }
  };
}
