import { type ChildProcess, spawn, spawnSync } from "node:child_process";

/**
 * What to put before a command so that the kernel ends it when the process that starts it dies;
 * empty where there is no setpriv.
 */
export function deathSignalPrefix(signal: "INT" | "TERM" = "INT"): readonly string[] {
  const prefix = ["setpriv", "--pdeathsig", signal];
  return spawnSync("setpriv", ["--pdeathsig", signal, "true"]).status === 0 ? prefix : [];
}

/**
 * Starts a small watchdog that ends `pid` when this process dies: it waits for the end of a pipe
 * that only we hold. With KILL it also ends a process that stands still.
 *
 * Call the answer once the process has ended by itself, so that its number is never signalled
 * later.
 */
export function watchdog(pid: number, signal: "INT" | "KILL" = "INT"): () => void {
  const script = ["-c", `read -r _; kill -${signal} "$0"`, String(pid)];
  // A group of its own: a Ctrl-C in the terminal must not end the watchdog before its work.
  const dog: ChildProcess = spawn("sh", script, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  dog.unref();
  const pipe = dog.stdin as unknown as { unref?: () => void } | null;
  pipe?.unref?.();
  return () => void dog.kill("SIGKILL");
}
