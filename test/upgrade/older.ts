import { execFile } from "node:child_process";
import { cpSync, renameSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect } from "vitest";
import { ROOT } from "../../infra/build.ts";
import { nextSql } from "../support/sql-dir.ts";

const run = promisify(execFile);
const TARBALL = join(import.meta.dirname, "baton-0.1.0.tgz");
/** The migration that the newer version has beyond all that are there. */
export const NEXT = "0099_more_1";

/** An older version in a folder, beside this one. */
export interface Older {
  readonly root: string;
  /** A script of this folder, among the sources of either version. */
  readonly scripts: Readonly<Record<"older" | "newer", URL>>;
}

/** Outside of node_modules, where Node runs no TypeScript; the project's packages are beside it. */
export async function unpackOlder(folder: string, script: string): Promise<Older> {
  await run("tar", ["-xzf", TARBALL, "-C", folder]);
  const root = join(folder, "package");
  const scripts = { older: pathToFileURL(join(root, "test/upgrade", script)), newer: pathToFileURL(join(ROOT, "test/upgrade", script)) };
  cpSync(scripts.newer, scripts.older);
  return { root, scripts };
}

/** What `npm run migrate` is in the older version. */
export async function migrateOlder({ root }: Older, url: string): Promise<void> {
  const command = ["--import", "./infra/require-node-24.mjs", "infra/migrate.ts"];
  const { stdout } = await run(process.execPath, command, { cwd: root, env: { ...process.env, DATABASE_URL: url } });
  expect(stdout).toContain("The schema is up to date.");
}

/**
 * The files of this version and one migration of Baton's more, whatever it has itself; each
 * function's body differs from before.
 */
export function newerSql(folder: string): string {
  const sqlDir = nextSql(folder, 1, ["run", "checkpoint", "ready", "lease"]);
  renameSync(join(sqlDir, "migrations/9000_more_1.sql"), join(sqlDir, `migrations/${NEXT}.sql`));
  return sqlDir;
}
