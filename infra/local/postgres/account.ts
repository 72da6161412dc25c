import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Binaries, binariesIn } from "./binaries.ts";

/**
 * How the server's processes run. Postgres refuses to run as root, so root lends it another user
 * id:
 * in a user namespace (the files stay root's own), or as `nobody`.
 */
export type RunAs = "self" | "namespace" | "nobody";

/** Where and as whom one server runs. */
export interface Account {
  readonly runAs: RunAs;
  readonly binaries: Binaries;
  readonly dataDir: string;
  /** What stands before the command line. */
  readonly prefix: readonly string[];
  /** The user and group to start the process as; empty when it stays the caller's. */
  readonly ids: { readonly uid?: number; readonly gid?: number };
}

const NOBODY = { uid: 65534, gid: 65534 };
const NAMESPACE = ["unshare", "--user", `--map-user=${NOBODY.uid}`];
/**
 * A folder of root's that `nobody` may pass through but not list; it survives a restart of the
 * machine, unlike /tmp.
 */
const SHELTER = "/var/tmp/baton-postgres";

/**
 * Decides as whom the server of `dataDir` runs; a data folder that exists stays with the user it
 * belongs to.
 */
export function chooseAccount(binaries: Binaries, dataDir: string, runAs = defaultRunAs(dataDir)): Account {
  if (runAs === "self") return { runAs, binaries, dataDir, prefix: [], ids: {} };
  if (runAs === "namespace") return { runAs, binaries, dataDir, prefix: NAMESPACE, ids: {} };
  const reachableBinaries = canRun(binaries.postgres) ? binaries : copyToShelter(binaries);
  return { runAs, binaries: reachableBinaries, dataDir: reachableDataDir(dataDir), prefix: [], ids: NOBODY };
}

/** Gives a new file or folder to the user that the server runs as. */
export function giveTo(account: Account, path: string): void {
  const { uid, gid } = account.ids;
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

function defaultRunAs(dataDir: string): RunAs {
  if (process.getuid?.() !== 0) return "self";
  if (existsSync(dataDir) && statSync(dataDir).uid === NOBODY.uid) return "nobody";
  return namespacesWork() ? "namespace" : "nobody";
}

/** Says whether this machine lets the caller make a user namespace with another user id in it. */
export function namespacesWork(): boolean {
  const [command = "", ...options] = NAMESPACE;
  return spawnSync(command, [...options, "true"]).status === 0;
}

function canRun(program: string): boolean {
  return spawnSync(program, ["--version"], NOBODY).status === 0;
}

function canEnter(folder: string): boolean {
  return spawnSync("sh", ["-c", 'cd "$0"', folder], NOBODY).status === 0;
}

function reachableDataDir(dataDir: string): string {
  if (canEnter(dirname(dataDir))) return dataDir;
  return join(shelter(), `data-${shortHash(dataDir)}`);
}

/** Another version in the same place gets another copy. */
function copyToShelter(binaries: Binaries): Binaries {
  const version = readFileSync(join(dirname(binaries.root), "package.json"), "utf8");
  const target = join(shelter(), `binaries-${shortHash(binaries.root + version)}`);
  if (!existsSync(target)) {
    const staging = mkdtempSync(join(shelter(), "copy-"));
    cpSync(binaries.root, join(staging, "native"), { recursive: true, verbatimSymlinks: true });
    renameSync(join(staging, "native"), target);
    rmSync(staging, { recursive: true });
  }
  return binariesIn(target);
}

/** Refuses a folder that another user of the machine may have put there first. */
function shelter(): string {
  mkdirSync(SHELTER, { recursive: true, mode: 0o711 });
  const facts = lstatSync(SHELTER);
  if (!facts.isDirectory() || facts.uid !== 0 || (facts.mode & 0o022) !== 0) {
    throw new Error(`${SHELTER} must be a folder of root's that nobody else can write to. Remove it and start again.`);
  }
  return SHELTER;
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
