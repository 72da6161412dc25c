import { spawn } from "node:child_process";

/**
 * Makes sure that a process does not outlive this one, also when it is stopped and cannot end by itself, and when this one is
 * killed: a shell reads from a pipe of ours, and kills it when the pipe closes. Returns what calls the shell off.
 */
export function guard(pid: number): () => void {
  // Detached, so that a Ctrl-C in the terminal does not end the guard before its work.
  const shell = spawn("sh", ["-c", `read -r line; kill -9 ${pid}`], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  return () => void shell.kill("SIGKILL");
}
