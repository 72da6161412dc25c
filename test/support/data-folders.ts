import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { chooseAccount } from "../../infra/local/postgres/account.ts";
import { findBinaries } from "../../infra/local/postgres/binaries.ts";
import { ensureDataFolder, passwordFile } from "../../infra/local/postgres/data-folder.ts";

/**
 * Where the global setup says to all test files which data folder they may copy; unset where the
 * tests have a server of another's.
 */
const MADE = "BATON_TEST_DATA_FOLDER";

/**
 * Makes a data folder below `folder`, for all servers of this run to begin with a copy of: initdb
 * works for half a second.
 */
export function makeDataFolder(folder: string, packageDir?: string): void {
  const account = chooseAccount(findBinaries(packageDir), join(folder, "made"));
  ensureDataFolder(account, { fsync: false });
  process.env[MADE] = account.dataDir;
}

/** Puts a copy of the data folder there, so that no initdb is needed; says whether it could. */
export function copyDataFolder(dataDir: string, packageDir?: string): boolean {
  const made = process.env[MADE];
  if (made === undefined) return false;
  const { dataDir: target } = chooseAccount(findBinaries(packageDir), resolve(dataDir));
  mkdirSync(dirname(target), { recursive: true });
  execFileSync("cp", ["-Rp", made, target]);
  execFileSync("cp", ["-p", passwordFile(made), passwordFile(target)]);
  return true;
}

/** The data folder and the password to remove at the end. */
export function madeDataFolder(): string[] {
  const made = process.env[MADE];
  return made === undefined ? [] : [made, passwordFile(made)];
}
