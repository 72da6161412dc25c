import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startPostgres } from "../../infra/local/embedded-postgres.ts";
import { withClient } from "../../infra/migrate/connection.ts";

/**
 * As in production: what was answered is on disk. Checkpoints are far apart, so that they fall into
 * no measurement by chance.
 */
export const serverSettings = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  shared_buffers: "1GB",
  max_connections: 200,
  max_wal_size: "16GB",
  checkpoint_timeout: "30min",
  shared_preload_libraries: "pg_stat_statements",
  "pg_stat_statements.track": "top",
} as const;

/** What a server did since it started; CPU in seconds, of all its processes. */
export interface ServerCounters {
  readonly walBytes: number;
  readonly commits: number;
  readonly statements: number;
  readonly cpuSeconds: number;
}

export type BenchServer = Awaited<ReturnType<typeof startBenchServer>>;

/** A Postgres for measurements, in a temporary folder that goes with it. */
export async function startBenchServer() {
  const folder = mkdtempSync(join(tmpdir(), "baton-bench-"));
  const { fsync: _, ...settings } = serverSettings;
  const postgres = await startPostgres({ dataDir: join(folder, "data"), fsync: true, settings });
  const admin = new pg.Pool({ connectionString: postgres.url, max: 2 });
  admin.on("error", () => undefined);
  let made = 0;
  return {
    port: postgres.port,
    version: (await admin.query("show server_version")).rows[0].server_version as string,
    /** Makes an empty database and returns its URL. */
    async createDatabase(): Promise<string> {
      const name = `bench_${++made}`;
      await admin.query(`create database ${name}`);
      const url = new URL(postgres.url);
      url.pathname = `/${name}`;
      await withClient(url.href, (client) => client.query("create extension pg_stat_statements"));
      return url.href;
    },
    async dropDatabase(url: string): Promise<void> {
      await admin.query(`drop database ${new URL(url).pathname.slice(1)} with (force)`);
    },
    async counters(url: string): Promise<ServerCounters> {
      const name = new URL(url).pathname.slice(1);
      const { rows } = await admin.query(
        "select pg_current_wal_insert_lsn() - '0/0' as wal, (select xact_commit from pg_stat_database where datname = $1) as commits",
        [name],
      );
      const statements = await withClient(url, (client) =>
        client.query(`select coalesce(sum(calls), 0) as calls from pg_stat_statements where dbid = (select oid from pg_database where
          datname = current_database()) and query !~* 'pg_stat_statements' and query !~* '^(vacuum|checkpoint|close|reset|deallocate|unlisten|discard|select pg_advisory_unlock_all)'`),
      );
      return {
        walBytes: Number(rows[0].wal),
        commits: Number(rows[0].commits),
        statements: Number(statements.rows[0].calls),
        cpuSeconds: cpuSecondsOf(postgres.pid),
      };
    },
    async stop(): Promise<void> {
      await admin.end();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * CPU of a process, its children that live and those that have ended, from /proc (proc_pid_stat(5):
 * fields 14 to 17).
 */
function cpuSecondsOf(root: number): number {
  let ticks = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statOf(entry);
    if (fields === undefined) continue;
    if (Number(entry) === root) ticks += sum(fields.slice(11, 15));
    else if (Number(fields[1]) === root) ticks += sum(fields.slice(11, 13));
  }
  return ticks / 100;
}

/** The fields from the third on: the second, the name, may hold blanks. */
function statOf(pid: string): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
  } catch {
    return undefined;
  }
}

const sum = (values: readonly string[]) => values.reduce((total, value) => total + Number(value), 0);
