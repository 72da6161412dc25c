import pg from "pg";
import type { Statement } from "../domain/statement.ts";
import { classifyError } from "./classify-error.ts";
import { defaultTimeoutMs, type CallOptions, type Database } from "./database.ts";
import { DatabaseConfigurationError } from "../domain/database-errors.ts";

/** Postgres over TCP through node-postgres, for every server that is not Neon: a small pool, unnamed statements only. */
export function pgDatabase(url: string): Database {
  const pool = open(url);
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

async function runAll(client: pg.PoolClient, statements: readonly Statement[]): Promise<Record<string, unknown>[][]> {
  await client.query("begin isolation level read committed");
  const results: Record<string, unknown>[][] = [];
  for (const statement of statements) {
    const result = await client.query(statement.text, [...(statement.values ?? [])]);
    results.push(result.rows as Record<string, unknown>[]);
  }
  await client.query("commit");
  return results;
}

/** Lends a connection; one on which a call failed or hung is closed, which rolls back whatever it had open. */
async function withClient<Result>(
  pool: pg.Pool,
  options: CallOptions | undefined,
  use: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  let client: pg.PoolClient | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    client = await pool.connect();
    const hung = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("no answer in time")), options?.timeoutMs ?? defaultTimeoutMs);
    });
    const result = await Promise.race([use(client), hung]);
    client.release();
    return result;
  } catch (thrown) {
    client?.release(true);
    throw classifyError(thrown);
  } finally {
    clearTimeout(timer);
  }
}

function open(url: string): pg.Pool {
  try {
    const connectionString = new URL(url).href;
    return new pg.Pool({
      connectionString,
      max: 5,
      connectionTimeoutMillis: 10_000,
      idleTimeoutMillis: 30_000,
      allowExitOnIdle: true,
    });
  } catch {
    throw new DatabaseConfigurationError("DATABASE_URL is not a connection string of the form postgresql://user:password@host/database");
  }
}
