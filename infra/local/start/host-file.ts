import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { keepPrivate } from "./private-folder.ts";
import { identityOf, isAlive, type ProcessIdentity } from "./process-facts.ts";

/** `.baton/host.json`: the one process that serves this folder, and the npm that started it. */
interface HostFile {
  readonly host: ProcessIdentity;
  readonly npm?: ProcessIdentity;
  readonly port: number;
}

/** Another `npm start` serves this folder. */
export class AlreadyRunningError extends Error {
  override readonly name = "AlreadyRunningError";
  readonly pid: number;
  readonly port: number;

  constructor({ host, port }: HostFile) {
    super(`Baton already runs in this folder: pid ${host.pid}, port ${port}. Stop it first, with Ctrl-C there or "kill ${host.pid}".`);
    this.pid = host.pid;
    this.port = port;
  }
}

/** How long a host whose npm was killed may take to notice; see endWithNpm. */
const ORPHAN_ENDS_WITHIN_MS = 2_000;

/**
 * Makes this process the host of `folder`, and returns what gives it up.
 *
 * A host whose npm was killed is waited for and ended if it hangs. Throws AlreadyRunningError where
 * one is well.
 */
export async function claimFolder(folder: string, port: number, npm: ProcessIdentity | undefined): Promise<() => void> {
  const file = join(folder, "host.json");
  keepPrivate(folder);
  const before = readHostFile(file);
  if (before !== undefined) await outlive(before);
  rmSync(file, { force: true });
  const mine: HostFile = { host: identityOf(process.pid)!, port, ...(npm && { npm }) };
  try {
    // "wx": of two that start at the same moment, one fails here.
    writeFileSync(file, JSON.stringify(mine), { flag: "wx", mode: 0o600 });
  } catch (error) {
    const other = readHostFile(file);
    throw other === undefined ? error : new AlreadyRunningError(other);
  }
  return () => rmSync(file, { force: true });
}

/** Calls `end` once, soon after the npm that started this process is gone. */
export function endWithNpm(npm: ProcessIdentity | undefined, end: () => void): void {
  if (npm === undefined) return;
  const watch = setInterval(() => {
    if (isAlive(npm)) return;
    clearInterval(watch);
    end();
  }, 250);
  watch.unref();
}

/** The file of a host that was killed while it wrote it counts as none. */
function readHostFile(file: string): HostFile | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as HostFile;
  } catch {
    return undefined;
  }
}

async function outlive(before: HostFile): Promise<void> {
  const { host, npm } = before;
  for (let waited = 0; isAlive(host); waited += 50) {
    if (npm === undefined || isAlive(npm)) throw new AlreadyRunningError(before);
    if (waited >= ORPHAN_ENDS_WITHIN_MS) process.kill(host.pid, "SIGKILL");
    await pause(50);
  }
}
