import { connect, type ConnectOptions } from "./connect.ts";
import { connectionParameter } from "./connection-parameter.ts";
import type { Database } from "./database.ts";
import { DatabaseConfigurationError } from "../domain/database-errors.ts";

let opened: Database | undefined;

/** The database of this process, as its environment says; steps that keep their own tables use it too. */
export function defaultDatabase(): Database {
  return (opened ??= connect(connectionFrom(process.env)));
}

/**
 * Reads the connection settings of an environment: DATABASE_URL, or else the SSM parameter that DATABASE_URL_PARAMETER names.
 *
 * @throws DatabaseConfigurationError
 */
export function connectionFrom(env: NodeJS.ProcessEnv): ConnectOptions {
  const { DATABASE_URL: url, DATABASE_URL_PARAMETER: parameter, BATON_DRIVER: driver, BATON_NEON_ENDPOINT: neonEndpoint } = env;
  const where = url || (parameter && connectionParameter(parameter));
  if (!where) throw new DatabaseConfigurationError("DATABASE_URL is not set: give it a Postgres connection string");
  if (driver !== undefined && driver !== "" && driver !== "neon" && driver !== "pg") {
    throw new DatabaseConfigurationError(`BATON_DRIVER is "${driver}": it takes neon or pg`);
  }
  return { url: where, ...(driver && { driver }), ...(neonEndpoint && { neonEndpoint }) };
}
