import { connect, type Driver } from "./connect.ts";
import type { Database } from "./database.ts";
import { DatabaseConfigurationError } from "../domain/database-errors.ts";

let opened: Database | undefined;

/** The database of this process, from DATABASE_URL and BATON_DRIVER; steps that keep their own tables use it too. */
export function defaultDatabase(): Database {
  return (opened ??= connect(connectionFrom(process.env)));
}

/** Reads the connection settings of an environment; an empty variable counts as unset. */
export function connectionFrom(env: NodeJS.ProcessEnv): { url: string; driver?: Driver; neonEndpoint?: string } {
  const { DATABASE_URL: url, BATON_NEON_ENDPOINT: neonEndpoint } = env;
  const driver = env["BATON_DRIVER"] || undefined;
  if (url === undefined || url === "")
    throw new DatabaseConfigurationError("DATABASE_URL is not set: give it a Postgres connection string");
  if (driver !== undefined && driver !== "neon" && driver !== "pg")
    throw new DatabaseConfigurationError(`BATON_DRIVER is "${driver}": it takes neon or pg`);
  return { url, ...(driver && { driver }), ...(neonEndpoint && { neonEndpoint }) };
}
