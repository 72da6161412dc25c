import type { CallOptions, Database, PoolOptions } from "./database.ts";
import { DatabaseBusyError, DatabaseConfigurationError, DatabaseRefusedError } from "../domain/database-errors.ts";
import type { Statement } from "../domain/statement.ts";
import { defaultSchema, requireSchemaName } from "./schema-name.ts";

export type Driver = "neon" | "pg";

/** Where the database is and how to speak to it. */
export interface ConnectOptions {
  /** How the driver `pg` pools its connections; the driver `neon` has none. */
  readonly pool?: PoolOptions | undefined;
  /**
   * A connection string, or what fetches it: once, and again when the database refuses its
   * password.
   */
  readonly url: string | (() => Promise<string>);
  /** Default: `neon` for Neon's hosts and a local endpoint, else `pg`. */
  readonly driver?: Driver | undefined;
  readonly neonEndpoint?: string | undefined;
  /** Where the service keeps its runs (default `baton`). */
  readonly schema?: string | undefined;
}

/** A database, and how it is spoken to. */
export interface Connected extends Database {
  /** Known once a call was made: a connection string that is fetched names the host. */
  readonly driver: Driver | undefined;
}

/**
 * Opens the port to Postgres. Nothing is sent before the first call, and the driver is loaded with
 * it, so that a bundle built for one driver does not carry the other.
 *
 * @throws DatabaseConfigurationError when the schema's name is none; at the first call, when the
 * url is none.
 * @example const database = connect({ url: process.env.DATABASE_URL });
 */
export function connect(options: ConnectOptions): Connected {
  return new RenewedDatabase(options);
}

/** Opens the database with its first call, and anew when its password was changed. */
class RenewedDatabase implements Connected {
  readonly schema: string;
  driver: Driver | undefined;
  readonly #options: ConnectOptions;
  #opened: Promise<Opened> | undefined;
  /** When the database first refused what was fetched anew, by this process's clock. */
  #refusedSince: number | undefined;

  constructor(options: ConnectOptions) {
    this.schema = requireSchemaName(options.schema ?? defaultSchema);
    this.#options = options;
  }

  query<Row>(text: string, values?: readonly unknown[], options?: CallOptions): Promise<Row[]> {
    return this.#call((database) => database.query<Row>(text, values, options));
  }

  transaction(statements: readonly Statement[], options?: CallOptions): ReturnType<Database["transaction"]> {
    return this.#call((database) => database.transaction(statements, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await this.#opened;
    await opened?.database[Symbol.asyncDispose]();
  }

  async #call<Result>(use: (database: Database) => Promise<Result>): Promise<Result> {
    const current = await (this.#opened ?? this.#open());
    try {
      return await use(current.database);
    } catch (thrown) {
      if (!isWrongPassword(thrown) || typeof this.#options.url === "string") throw thrown;
      const renewed = await this.#renewed(current, thrown);
      return use(renewed.database);
    }
  }

  /** What could not be opened is tried again by the next call. */
  async #open(): Promise<Opened> {
    this.#opened = open(this.#options);
    try {
      const opened = await this.#opened;
      this.driver = opened.driver;
      return opened;
    } catch (thrown) {
      this.#opened = undefined;
      throw thrown;
    }
  }

  /** The database with another password than the refused one's. */
  async #renewed(current: Opened, refused: DatabaseRefusedError): Promise<Opened> {
    const renewed = await this.#renew(current);
    if (renewed.url === current.url) {
      this.#refusedSince ??= performance.now();
      throw stillRefused(refused, this.#refusedSince);
    }
    this.#refusedSince = undefined;
    return renewed;
  }

  /**
   * Of the calls that were refused together, the first one fetches, and the others find what it
   * fetched.
   */
  async #renew(refused: Opened): Promise<Opened> {
    const latest = await this.#opened;
    const renewed = latest === undefined || latest === refused ? await this.#open() : latest;
    // Calls that are still in it have ended before its connections do.
    if (renewed !== refused) void closeQuietly(refused.database);
    return renewed;
  }
}

async function closeQuietly(database: Database): Promise<void> {
  try {
    await database[Symbol.asyncDispose]();
  } catch {
    // Nobody waits for it, and nothing of it is used any more.
  }
}

/**
 * A password is changed in two places: for a minute, the secret that does not fit yet is worth
 * another try.
 */
function stillRefused(refused: DatabaseRefusedError, since: number): Error {
  if (performance.now() - since > 60_000) return refused;
  return new DatabaseBusyError("The password was changed, and its parameter not yet: put the new connection string there.", {
    sqlstate: refused.sqlstate,
    cause: refused,
  });
}

/**
 * 28P01 of the log-in; the database executed nothing, so the same call may go out again. A
 * statement may raise it too, for itself.
 */
function isWrongPassword(thrown: unknown): thrown is DatabaseRefusedError {
  return thrown instanceof DatabaseRefusedError && thrown.sqlstate === "28P01" && !thrown.rolledBack;
}

/** The driver that fits a connection string when none is named. */
export function driverFor({ url, driver, neonEndpoint }: ConnectOptions & { readonly url: string }): Driver {
  if (driver !== undefined) return driver;
  if (neonEndpoint !== undefined) return "neon";
  return /@[^/?]*\.neon\.(tech|build)[:/]/.test(url) ? "neon" : "pg";
}

interface Opened {
  readonly url: string;
  readonly driver: Driver;
  readonly database: Database;
}

async function open(options: ConnectOptions): Promise<Opened> {
  const url = typeof options.url === "string" ? options.url : await options.url();
  const driver = driverFor({ ...options, url });
  return { url, driver, database: await openDriver(driver, url, options) };
}

// BATON_BUNDLED_DRIVER is replaced by a constant when a bundle is built; the other branch, and its
// driver, then falls away. Where nobody replaces it, a bundler leaves out the driver that is not
// installed: an import whose failure is caught may fail.
async function openDriver(driver: Driver, url: string, { neonEndpoint, pool, schema = defaultSchema }: ConnectOptions): Promise<Database> {
  if (driver === "neon" && process.env["BATON_BUNDLED_DRIVER"] !== "pg") {
    const { neonDatabase } = await import("./neon-database.ts");
    return neonDatabase(await import("@neondatabase/serverless").catch(missing("@neondatabase/serverless")), url, schema, neonEndpoint);
  }
  if (driver === "pg" && process.env["BATON_BUNDLED_DRIVER"] !== "neon") {
    const { pgDatabase } = await import("./pg-database.ts");
    return pgDatabase((await import("pg").catch(missing("pg"))).default, url, schema, pool);
  }
  throw new DatabaseConfigurationError(
    `This bundle has no driver "${driver}": build it with BATON_DRIVER=${driver}, or where it is bundled by other means, with process.env.BATON_BUNDLED_DRIVER defined as "${driver}".`,
  );
}

/** Each driver is an optional peer of the package: only the one that is used is installed. */
function missing(name: string): (thrown: unknown) => never {
  return (thrown) => {
    if ((thrown as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw thrown;
    throw new DatabaseConfigurationError(`The package ${name} is not installed, or not in this bundle: npm install ${name}.`, {
      cause: thrown,
    });
  };
}
