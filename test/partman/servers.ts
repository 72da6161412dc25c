import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type EmptyServer, startEmptyServer } from "../db/empty-server.ts";

const DEBIAN_15 = "/usr/lib/postgresql/15";
const PARTMAN_4 = "/usr/share/postgresql/15/extension/pg_partman.control";
/** In a folder that every tool leaves out. */
const PARTMAN_5 = "test/partman/node_modules/pg_partman_5";

/** What these tests need of Debian is not on the machine. */
class PartmanMissingError extends Error {
  override readonly name = "PartmanMissingError";
}

/**
 * A server that has pg_partman of a major version to install: 5 on PostgreSQL 18, 4 on Debian's 15.
 */
export async function startPartmanServer(major: 4 | 5): Promise<EmptyServer> {
  const folder = mkdtempSync(join(tmpdir(), "baton-partman-"));
  chmodSync(folder, 0o755);
  const server = await startEmptyServer(major === 5 ? withExtension(folder) : debian15(folder));
  const stop = () => server[Symbol.asyncDispose]();
  return { ...server, [Symbol.asyncDispose]: () => stop().then(() => rmSync(folder, { recursive: true })) };
}

/** A copy, since the account that the server runs as may not reach the project. */
function withExtension(folder: string) {
  const fetched = fileURLToPath(new URL(`../../${PARTMAN_5}`, import.meta.url));
  if (!existsSync(join(fetched, "extension/pg_partman.control")))
    throw new PartmanMissingError(`pg_partman 5 is missing. Run: test/partman/fetch-partman-5.sh ${PARTMAN_5}`);
  cpSync(fetched, folder, { recursive: true });
  return { settings: { extension_control_path: `${folder}:$system` } };
}

function debian15(folder: string) {
  if (!existsSync(PARTMAN_4) || !existsSync(join(DEBIAN_15, "bin/postgres")))
    throw new PartmanMissingError("Debian's pg_partman 4 is missing. Run: apt-get install postgresql-15 postgresql-15-partman");
  symlinkSync(DEBIAN_15, join(folder, "native"));
  return { packageDir: folder };
}
