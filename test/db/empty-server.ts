import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresOptions, startPostgres } from "../../infra/local/embedded-postgres.ts";
import { withClient } from "../../infra/migrate/connection.ts";
import { SQL_DIR } from "../../infra/migrate/sql-files.ts";
import { copyDataFolder } from "../support/data-folders.ts";
import { chosenPostgres, uniqueName, withDatabase } from "../support/cluster.ts";

/**
 * A server without Baton's roles, which belong to a whole server and so would outlive a test's
 * database.
 */
export interface EmptyServer extends AsyncDisposable {
  readonly port: number;
  /** Of the database that a server always has, as its superuser. */
  readonly url: string;
  /** Makes an empty database and returns its superuser's URL. */
  createDatabase(owner?: string): Promise<string>;
  /** Makes a login that is no superuser and an empty database of its own; returns its URL. */
  createOwner(attributes: string): Promise<string>;
  /** A copy of `sql/` to change. */
  copySql(): string;
}

/** other: another Postgres than that of the tests, or settings of its own. */
export async function startEmptyServer(other?: Pick<PostgresOptions, "packageDir" | "settings">): Promise<EmptyServer> {
  const folder = mkdtempSync(join(tmpdir(), "baton-migrate-"));
  const options = { ...chosenPostgres(), ...other };
  if (options.packageDir === chosenPostgres().packageDir) copyDataFolder(join(folder, "postgres"), options.packageDir);
  const server = await startPostgres({ dataDir: join(folder, "postgres"), fsync: false, ...options });
  const createDatabase = async (owner = "postgres"): Promise<string> => {
    const name = uniqueName("migrate");
    await query(server.url, `create database ${name} owner ${owner}`);
    return withDatabase(server.url, name);
  };
  return {
    port: server.port,
    url: server.url,
    createDatabase,
    createOwner: async (attributes) => {
      const user = uniqueName("deployer");
      await query(server.url, `create role ${user} login password 'secret' ${attributes}`);
      return asUser(await createDatabase(user), user, "secret");
    },
    copySql: () => {
      const sqlDir = mkdtempSync(join(folder, "sql-"));
      cpSync(SQL_DIR, sqlDir, { recursive: true });
      return sqlDir;
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      for (const path of [folder, server.dataDir, `${server.dataDir}.password`, `${server.dataDir}.log`]) {
        rmSync(path, { recursive: true, force: true });
      }
    },
  };
}

export async function query(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return withClient(url, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);
}

export function asUser(url: string, user: string, password: string): string {
  return Object.assign(new URL(url), { username: user, password }).href;
}

/** The names of the migrations that a database has. */
export async function appliedMigrations(url: string): Promise<unknown[]> {
  const [table] = await query(url, "select to_regclass('baton.migration') as found");
  if (table?.["found"] === null) return [];
  return (await query(url, "select name from baton.migration where name ~ '^[0-9]' order by name")).map((row) => row["name"]);
}
