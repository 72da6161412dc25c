import pg from "pg";
import type { Statement } from "../domain/statement.ts";
import { cancelOnServer } from "./cancel-on-server.ts";
import { classifyError } from "./classify-error.ts";
import { checkConnectionString } from "./connection-string.ts";
import { DatabaseBusyError, DatabaseUnknownOutcomeError, defaultTimeoutMs, type CallOptions, type Database } from "./database.ts";

/** How many connections the driver `pg` opens, and who waits for one. */
export interface PoolOptions {
  /** At most so many connections (default 5). */
  readonly connections?: number;
  /** Waits for a free connection as long as it takes (default: 10 seconds, then the database counts as busy). */
  readonly patient?: boolean;
}

const connectMs = 10_000;

/** Postgres over TCP through node-postgres, for every server that is not Neon: a small pool, unnamed statements only. */
export function pgDatabase(url: string, options: PoolOptions = {}): Database {
  const pool = open(url, options);
  // A server that shuts down kills connections, idle ones and those between two statements of a transaction: without a
  // listener that would end the process. The call in hand, or the next one, notices.
  pool.on("error", () => {});
  pool.on("connect", (client) => void client.on("error", () => {}));
  return {
    query<Row>(text: string, values: readonly unknown[] = [], options?: CallOptions) {
      return withClient(pool, options, async (client) => (await client.query(text, [...values])).rows as Row[]);
    },
    transaction(statements: readonly Statement[], options?: CallOptions) {
      return withClient(pool, options, (client) => runAll(client, statements));
    },
    async [Symbol.asyncDispose]() {
      await pool.end();
    },
  };
}

/**
 * Begins with a session as it was when it was opened: statements of before, of another run's perhaps, may have set a tenant, a
 * role or a search path, made temporary tables, or kept a lock. What DISCARD ALL does, in words that may stand in a transaction,
 * and so go out with BEGIN in one message; behind a pooler they reach the server that runs the transaction.
 */
const begin = `begin isolation level read committed;
  set session authorization default; reset all; close all; unlisten *; deallocate all; discard sequences; discard temp;
  select pg_catalog.pg_advisory_unlock_all()`;

async function runAll(client: pg.PoolClient, statements: readonly Statement[]): Promise<Record<string, unknown>[][]> {
  await client.query(begin);
  const results: Record<string, unknown>[][] = [];
  for (const statement of statements) {
    const result = await client.query(statement.text, [...(statement.values ?? [])]);
    results.push(result.rows as Record<string, unknown>[]);
  }
  await client.query("commit");
  return results;
}

/**
 * Lends a connection; one on which a call failed or hung is closed, which rolls back whatever it had open. The server does not
 * notice while a statement runs, so one that is given up is cancelled there.
 */
async function withClient<Result>(
  pool: pg.Pool,
  options: CallOptions | undefined,
  use: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  let client: pg.PoolClient | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    const lent = (client = await pool.connect());
    const hung = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        cancelOnServer(lent);
        reject(new Error("no answer in time"));
      }, options?.timeoutMs ?? defaultTimeoutMs);
    });
    const result = await Promise.race([use(client), hung]);
    client.release();
    return result;
  } catch (thrown) {
    client?.release(true);
    const error = classifyError(thrown);
    throw client === undefined ? beforeSending(error) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Without a connection nothing was sent, whatever kept it from being opened. */
function beforeSending(error: Error): Error {
  if (!(error instanceof DatabaseUnknownOutcomeError)) return error;
  return new DatabaseBusyError(error.message, { sqlstate: error.sqlstate, cause: error.cause });
}

function open(url: string, { connections = 5, patient = false }: PoolOptions): pg.Pool {
  checkConnectionString(url);
  return new pg.Pool({
    connectionString: new URL(url).href,
    max: connections,
    // The pool's bound holds for the wait in line too; a connection's own only for opening it.
    connectionTimeoutMillis: patient ? 0 : connectMs,
    Client: ClientWithin,
    idleTimeoutMillis: 30_000,
    allowExitOnIdle: true,
  });
}

class ClientWithin extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super({ ...config, connectionTimeoutMillis: connectMs });
  }
}
