import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres, type EmbeddedPostgres } from "../local/embedded-postgres.ts";
import { chooseAccount } from "../local/postgres/account.ts";
import { findBinaries, PostgresMissingError } from "../local/postgres/binaries.ts";
import { clearLeftover } from "../local/postgres/leftover.ts";

let started: Promise<string> | undefined;

/**
 * The URL of an embedded Postgres that all tests of this process share; it and its folder go with
 * the process. Throws PostgresMissingError.
 */
export function embeddedServer(): Promise<string> {
  started ??= start().catch((thrown: unknown) => {
    started = undefined;
    throw thrown instanceof PostgresMissingError ? new PostgresMissingError(thrown.packageName, "TEST_DATABASE_URL") : thrown;
  });
  return started;
}

/** Names the process that a folder belongs to: in a container its number is another's outside. */
const PREFIX = `pgbaton-test-${hostname()}-`;

async function start(): Promise<string> {
  await removeLeftovers();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  try {
    const server = await startPostgres({ dataDir: dataIn(folder), fsync: false });
    process.once("exit", () => endAtOnce(server, folder));
    return server.url;
  } catch (thrown) {
    remove(folder);
    throw thrown;
  }
}

/** Nothing can be waited for any more; what is left is removed by the next process. */
function endAtOnce({ pid, dataDir }: EmbeddedPostgres, folder: string): void {
  try {
    process.kill(pid, "SIGQUIT");
    remove(folder, dataDir);
  } catch {
    // It has ended already, or still writes.
  }
}

/** Removes what processes have left that were killed with -9. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX))) {
    if (isAlive(Number.parseInt(name.slice(PREFIX.length), 10))) continue;
    const folder = join(tmpdir(), name);
    const { dataDir } = chooseAccount(findBinaries(), dataIn(folder));
    await clearLeftover(dataDir);
    remove(folder, dataDir);
  }
}

const dataIn = (folder: string) => join(folder, "postgres");

/** The data may lie elsewhere, where another user's server can reach it. */
function remove(folder: string, dataDir = dataIn(folder)): void {
  for (const path of [dataDir, `${dataDir}.password`, `${dataDir}.log`, folder]) rmSync(path, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
