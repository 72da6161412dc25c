import type * as neonDriver from "@neondatabase/serverless";
import { sendableValues, type Statement } from "../domain/statement.ts";
import { classifyError } from "./classify-error.ts";
import { checkConnectionString } from "./connection-string.ts";
import { defaultTimeoutMs, type CallOptions, type Database } from "./database.ts";
import { DatabaseConfigurationError } from "../domain/database-errors.ts";

type Driver = typeof neonDriver;

/**
 * Postgres through Neon's HTTP driver: one request a call, nothing kept between calls.
 *
 * schema: that of the engine; endpoint: where to post instead of Neon's own host, for the local
 * endpoint; it holds for the whole process.
 */
export function neonDatabase(driver: Driver, url: string, schema: string, endpoint?: string): Database {
  if (endpoint !== undefined) driver.neonConfig.fetchEndpoint = endpoint;
  const sql = open(driver, url);
  return {
    schema,
    async query<Row>(text: string, values: readonly unknown[] = [], options?: CallOptions) {
      try {
        // The driver's query object runs again at every await, so it is awaited here, once.
        return (await sql.query(text, sendableValues(values), { fetchOptions: { signal: deadline(options) } })) as Row[];
      } catch (thrown) {
        throw classifyError(thrown, schema);
      }
    },
    async transaction(statements: readonly Statement[], options?: CallOptions) {
      try {
        const all = options?.last === undefined ? statements : [...statements, options.last];
        const queries = all.map((statement) => sql.query(statement.text, sendableValues(statement.values ?? [])));
        const rows = await sql.transaction(queries, { isolationLevel: "ReadCommitted", fetchOptions: { signal: deadline(options) } });
        return rows.slice(0, statements.length);
      } catch (thrown) {
        throw classifyError(thrown, schema);
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

function open({ neon }: Driver, url: string): neonDriver.NeonQueryFunction<false, false> {
  checkConnectionString(url);
  const { username, pathname } = new URL(url);
  if (username === "" || pathname.length < 2)
    throw new DatabaseConfigurationError("The connection string must name a user and a database for the driver neon.");
  return neon(url);
}

function deadline(options?: CallOptions): AbortSignal {
  return AbortSignal.timeout(options?.timeoutMs ?? defaultTimeoutMs);
}
