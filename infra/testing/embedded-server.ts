import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../local/embedded-postgres.ts";
import { PostgresMissingError } from "../local/postgres/binaries.ts";
import { removeAfter } from "../local/postgres/lifeline.ts";

let started: Promise<string> | undefined;

/**
 * The URL of an embedded Postgres that all tests of this process share; it and its data go with the
 * process, also when that is killed. Throws PostgresMissingError.
 */
export function embeddedServer(): Promise<string> {
  started ??= start().catch((thrown: unknown) => {
    started = undefined;
    throw thrown instanceof PostgresMissingError ? new PostgresMissingError(thrown.packageName, "TEST_DATABASE_URL") : thrown;
  });
  return started;
}

async function start(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "pgbaton-test-"));
  try {
    const { pid, dataDir, url } = await startPostgres({ dataDir: join(folder, "postgres"), fsync: false });
    // The data may lie elsewhere, where the user of the server can reach it.
    removeAfter(pid, [dataDir, `${dataDir}.password`, `${dataDir}.log`, folder]);
    return url;
  } catch (thrown) {
    rmSync(folder, { recursive: true, force: true });
    throw thrown;
  }
}
