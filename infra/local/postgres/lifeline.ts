import { type ChildProcess, spawn, spawnSync } from "node:child_process";

/** What to put before a command so that the kernel ends it when the process that starts it dies; empty where there is no setpriv. */
export function deathSignalPrefix(signal: "INT" | "TERM" = "INT"): readonly string[] {
  const prefix = ["setpriv", "--pdeathsig", signal];
  return spawnSync("setpriv", ["--pdeathsig", signal, "true"]).status === 0 ? prefix : [];
}

/**
 * Starts a small watchdog that ends `pid` when this process dies: it waits for the end of a pipe that only we hold.
 *
 * Call the answer once the process has ended by itself, so that its number is never signalled later.
 */
export function watchdog(pid: number): () => void {
  const dog: ChildProcess = spawn("sh", ["-c", 'read -r _; kill -INT "$0"', String(pid)], { stdio: ["pipe", "ignore", "ignore"] });
  dog.unref();
  const pipe = dog.stdin as unknown as { unref?: () => void } | null;
  pipe?.unref?.();
  return () => void dog.kill("SIGKILL");
}
