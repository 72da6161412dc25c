import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A live Postgres on a data folder. */
export interface LiveServer {
  readonly pid: number;
  readonly port: number;
  /** When its postmaster started, by the machine's clock, to the second. */
  readonly startedAt: Date;
  /** Whether it is the program that Baton starts on this folder. */
  readonly ours: boolean;
}

/** A Postgres that Baton did not start, or may not stop, runs on the data folder. */
export class ForeignServerError extends Error {
  override readonly name = "ForeignServerError";
  readonly pid: number;
  readonly port: number;

  constructor(dataDir: string, server: LiveServer) {
    super(`Another Postgres (pid ${server.pid}, port ${server.port}) runs on ${dataDir}. Stop it and start again.`);
    this.pid = server.pid;
    this.port = server.port;
  }
}

/**
 * What a postmaster writes about itself into its data folder; undefined where there is no such
 * file.
 */
export function readPostmasterFile(dataDir: string): { pid: number; port: number; startedAt: Date; ready: boolean } | undefined {
  const file = join(dataDir, "postmaster.pid");
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, "utf8").split("\n");
  const [pid, startedAt, port] = [Number(lines[0]), Number(lines[2]), Number(lines[3])];
  if (!(pid > 0)) return undefined;
  return { pid, port, startedAt: new Date(startedAt * 1000), ready: lines[7]?.trim() === "ready" };
}

/**
 * Finds the Postgres that runs on `dataDir`, or null; the file of a dead one does not count, also
 * if its pid is in use again.
 */
export function findLeftover(dataDir: string): LiveServer | null {
  const folder = resolve(dataDir);
  const facts = readPostmasterFile(folder);
  const command = facts && commandLine(facts.pid);
  if (facts === undefined || command === undefined || !runsOn(folder, facts.pid, command)) return null;
  return { pid: facts.pid, port: facts.port, startedAt: facts.startedAt, ours: command.includes(`bin/postgres -D ${folder} `) };
}

/**
 * Ends a server of ours that still runs on `dataDir`, and clears what a dead one left; throws where
 * it is not ours.
 */
export async function clearLeftover(dataDir: string): Promise<void> {
  const server = findLeftover(dataDir);
  if (server?.ours === false) throw new ForeignServerError(dataDir, server);
  if (server !== null) return stopServer(dataDir, server);
  const facts = readPostmasterFile(dataDir);
  if (facts === undefined || !isTaken(facts.pid)) return;
  // A dead server's pid that belongs to another program by now, or to a zombie, would make Postgres
  // refuse to start. The file is also its guard against children that outlive it, so they have to
  // be gone first.
  for (let tries = 0; tries < 250 && hasChildren(dataDir); tries++) await pause(20);
  rmSync(join(dataDir, "postmaster.pid"), { force: true });
}

async function stopServer(dataDir: string, server: LiveServer): Promise<void> {
  for (const signal of ["SIGINT", "SIGQUIT"] as const) {
    if (!send(server.pid, signal)) throw new ForeignServerError(dataDir, server);
    if (await hasEnded(dataDir, server.pid)) return;
  }
  throw new ForeignServerError(dataDir, server);
}

/**
 * Whether any process works in the data folder, as every process of a Postgres does; told by Linux
 * only.
 */
function hasChildren(dataDir: string): boolean {
  if (!existsSync("/proc/self/cwd")) return false;
  const folder = realpathSync(dataDir);
  return readdirSync("/proc").some((entry) => /^\d+$/.test(entry) && workingFolder(entry) === folder);
}

function workingFolder(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function isTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

async function hasEnded(dataDir: string, pid: number): Promise<boolean> {
  for (let tries = 0; tries < 500; tries++) {
    if (findLeftover(dataDir)?.pid !== pid) return true;
    await pause(20);
  }
  return false;
}

/**
 * A postmaster's working folder is its data folder; where that may not be seen, its command line
 * has to name it.
 */
function runsOn(folder: string, pid: number, command: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
  } catch {
    return command.includes(folder);
  }
}

/** The command line of a live process; a zombie counts as ended. */
function commandLine(pid: number): string | undefined {
  if (existsSync("/proc/self/cmdline")) return readCommandLine(pid);
  const shown = spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  return shown.status === 0 ? shown.stdout.trim() : undefined;
}

function readCommandLine(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() || undefined;
  } catch {
    return undefined;
  }
}
