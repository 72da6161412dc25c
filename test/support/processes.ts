import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watchdog } from "../../infra/local/postgres/lifeline.ts";
import { fileURLToPath } from "node:url";

/**
 * Starts a script of the test folder in a Node process of its own; it is killed with the test
 * process at the latest, also when that is killed.
 */
export function startScript(script: URL, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(script), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  endWithUs(child);
  return child;
}

/**
 * Lets the end of this process, however it comes, kill a child; of a group of its own, all that are
 * in it.
 */
export function endWithUs(child: ChildProcess, whom: "child" | "group" = "child"): void {
  if (child.pid !== undefined) child.once("exit", watchdog(whom === "group" ? -child.pid : child.pid, "KILL"));
}

/** The first line that a process prints. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout as NodeJS.EventEmitter, "data")) as [Buffer];
  return chunk.toString().split("\n")[0] ?? "";
}

/** Ends a process as `kill -9` does. */
export async function killed(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** Whether a process of this machine lives; one that only waits to be collected does not. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
