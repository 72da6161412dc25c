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
  const dog = whenWeDie(`kill -${signal} "$0"`, String(pid));
  return () => void dog.kill("SIGKILL");
}

/**
 * Removes files and folders when this process has died, and then `pid`, which may take a minute
 * for it.
 */
export function removeAfter(pid: number, paths: readonly string[]): void {
  whenWeDie('n=0; while kill -0 "$0" && [ $n -lt 600 ]; do sleep 0.1; n=$((n + 1)); done; rm -rf -- "$@"', String(pid), ...paths);
}

/** A shell that waits for the end of a pipe that only we hold, and has then something to do. */
function whenWeDie(script: string, ...args: readonly string[]): ChildProcess {
  // A group of its own: a Ctrl-C in the terminal must not end it before its work.
  const shell = spawn("sh", ["-c", `read -r _; ${script}`, ...args], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  shell.unref();
  const pipe = shell.stdin as unknown as { unref?: () => void } | null;
  pipe?.unref?.();
  return shell;
}
