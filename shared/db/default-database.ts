import { connect, type Connected, type ConnectOptions, type Driver } from "./connect.ts";
import { checkConnectionString } from "./connection-string.ts";
import { connectionParameter } from "./connection-parameter.ts";
import type { Database } from "./database.ts";
import { DatabaseConfigurationError } from "../domain/database-errors.ts";

let engine: Connected | undefined;
let steps: Database | undefined;

/** The database of this process, as its environment says, for the engine's own calls. */
export function engineDatabase(): Database {
  return (engine ??= connect(connectionFrom(process.env)));
}

/** The driver that the engine's own calls go through, once one of them was made. */
export function engineDriver(): Driver {
  return engine?.driver ?? "neon";
}

/**
 * The database of this process for steps that keep their own tables, apart from the engine's own
 * connections: steps that are slow neither wait for the engine nor keep it waiting. With the driver
 * `pg` at most 10 connections; a step that finds none free waits in line, for as long as its own
 * timeout allows.
 */
export function defaultDatabase(): Database {
  return (steps ??= connect({ ...connectionFrom(process.env), pool: { connections: 10, patient: true } }));
}

/**
 * Reads the connection settings of an environment: DATABASE_URL, or else the SSM parameter that
 * DATABASE_URL_PARAMETER names.
 *
 * @throws DatabaseConfigurationError
 */
export function connectionFrom(env: NodeJS.ProcessEnv): ConnectOptions {
  const { DATABASE_URL: url, DATABASE_URL_PARAMETER: parameter, BATON_DRIVER: driver } = env;
  const { BATON_NEON_ENDPOINT: neonEndpoint, BATON_SCHEMA: schema } = env;
  const where = url || (parameter && connectionParameter(parameter));
  if (!where) throw new DatabaseConfigurationError("DATABASE_URL is not set: give it a Postgres connection string.");
  if (driver !== undefined && driver !== "" && driver !== "neon" && driver !== "pg") {
    throw new DatabaseConfigurationError(`BATON_DRIVER is "${driver}": it takes neon or pg.`);
  }
  if (url) checkConnectionString(url);
  return { url: where, ...(driver && { driver }), ...(neonEndpoint && { neonEndpoint }), ...(schema && { schema }) };
}
