import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Account, giveTo } from "./account.ts";
import { troubleIn } from "./trouble.ts";

/** The data folder could not be made. */
export class InitdbError extends Error {
  override readonly name = "InitdbError";

  constructor(dataDir: string, output: string) {
    const trouble = troubleIn(output, dataDir);
    super(
      `initdb could not make the Postgres data folder ${dataDir}: ${trouble === undefined ? lastLine(output) : `${trouble}, then start again`}`,
    );
  }
}

/** The superuser's password of a data folder, kept beside it with mode 0600. */
export function passwordFile(dataDir: string): string {
  return `${dataDir}.password`;
}

/**
 * Makes the data folder unless it is complete, and returns the superuser's password.
 *
 * It is built in a sibling and renamed, the password first, so that a kill at any moment leaves
 * nothing half made.
 */
export function ensureDataFolder(account: Account, options: { fsync: boolean }): string {
  const { dataDir } = account;
  if (!isComplete(dataDir)) makeDataFolder(account, options.fsync);
  return readFileSync(passwordFile(dataDir), "utf8").trim();
}

function isComplete(dataDir: string): boolean {
  return existsSync(join(dataDir, "PG_VERSION")) && existsSync(passwordFile(dataDir));
}

function makeDataFolder(account: Account, fsync: boolean): void {
  const { dataDir } = account;
  refuseForeignFiles(dataDir);
  mkdirSync(dirname(dataDir), { recursive: true });
  removeUnfinished(dataDir);
  const staging = mkdtempSync(`${dataDir}.init-`);
  giveTo(account, staging);
  const password = writePassword(account, staging);
  runInitdb(account, staging, fsync);
  writeFileSync(passwordFile(dataDir), `${password}\n`, { mode: 0o600 });
  rmSync(dataDir, { recursive: true, force: true });
  renameSync(join(staging, "data"), dataDir);
  rmSync(staging, { recursive: true });
}

/**
 * Only an empty folder or a lost cluster of ours may be replaced, never a folder with files of
 * another kind.
 */
function refuseForeignFiles(dataDir: string): void {
  if (existsSync(dataDir) && readdirSync(dataDir).length > 0) {
    throw new Error(`${dataDir} is not an empty folder and not a data folder made by Baton. Move it away and start again.`);
  }
}

function removeUnfinished(dataDir: string): void {
  for (const name of readdirSync(dirname(dataDir))) {
    if (name.startsWith(`${basename(dataDir)}.init-`)) rmSync(join(dirname(dataDir), name), { recursive: true, force: true });
  }
}

function writePassword(account: Account, staging: string): string {
  const password = randomBytes(18).toString("base64url");
  const file = join(staging, "password");
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  giveTo(account, file);
  return password;
}

function runInitdb(account: Account, staging: string, fsync: boolean): void {
  const options = ["-D", join(staging, "data"), "-U", "postgres", "-A", "scram-sha-256", `--pwfile=${join(staging, "password")}`];
  const [command = "", ...rest] = [...account.prefix, account.binaries.initdb, ...options, ...locale(), ...(fsync ? [] : ["--no-sync"])];
  const made = spawnSync(command, rest, {
    ...account.ids,
    cwd: staging,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], LC_ALL: "C" },
  });
  if (made.status === 0) return;
  rmSync(staging, { recursive: true, force: true });
  throw new InitdbError(account.dataDir, made.error?.message ?? made.stderr);
}

/** macOS has no C.UTF-8 of its own, so Postgres brings it there. */
function locale(): string[] {
  const encoding = ["--encoding=UTF8", "--no-instructions"];
  if (process.platform !== "darwin") return [...encoding, "--locale=C.UTF-8"];
  return [...encoding, "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
}

export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
