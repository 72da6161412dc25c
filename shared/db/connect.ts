import type { CallOptions, Database } from "./database.ts";
import { DatabaseConfigurationError } from "../domain/database-errors.ts";
import type { Statement } from "../domain/statement.ts";

export type Driver = "neon" | "pg";

/** Where the database is and how to speak to it; driver: by default `neon` for Neon's hosts and a local endpoint, else `pg`. */
export interface ConnectOptions {
  readonly url: string;
  readonly driver?: Driver | undefined;
  readonly neonEndpoint?: string | undefined;
}

/**
 * Opens the port to Postgres. Nothing is sent before the first call, and the driver is loaded with it, so that a bundle
 * built for one driver does not carry the other.
 *
 * @throws DatabaseConfigurationError at the first call, when the url is not one.
 * @example const database = connect({ url: process.env.DATABASE_URL });
 */
export function connect(options: ConnectOptions): Database {
  let opened: Promise<Database> | undefined;
  const database = () => (opened ??= open(options));
  return {
    async query<Row>(text: string, values?: readonly unknown[], call?: CallOptions) {
      return (await database()).query<Row>(text, values, call);
    },
    async transaction(statements: readonly Statement[], call?: CallOptions) {
      return (await database()).transaction(statements, call);
    },
    async [Symbol.asyncDispose]() {
      if (opened !== undefined) await (await opened)[Symbol.asyncDispose]();
    },
  };
}

/** The driver that fits a connection string when none is named. */
export function driverFor(options: ConnectOptions): Driver {
  if (options.driver !== undefined) return options.driver;
  if (options.neonEndpoint !== undefined) return "neon";
  return /@[^/?]*\.neon\.(tech|build)[:/]/.test(options.url) ? "neon" : "pg";
}

// BATON_BUNDLED_DRIVER is replaced by a constant when a bundle is built; the other branch, and its driver, then falls away.
async function open(options: ConnectOptions): Promise<Database> {
  const driver = driverFor(options);
  if (driver === "neon" && process.env["BATON_BUNDLED_DRIVER"] !== "pg") {
    return (await import("./neon-database.ts")).neonDatabase(options.url, options.neonEndpoint);
  }
  if (driver === "pg" && process.env["BATON_BUNDLED_DRIVER"] !== "neon") {
    return (await import("./pg-database.ts")).pgDatabase(options.url);
  }
  throw new DatabaseConfigurationError(`this bundle has no driver "${driver}": build it with BATON_DRIVER=${driver}`);
}
