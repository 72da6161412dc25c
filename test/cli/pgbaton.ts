import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../infra/cli.ts", import.meta.url));

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from standard input. */
  readonly input?: string;
  readonly cwd?: string;
  /** Nobody reads what it prints. */
  readonly closed?: boolean;
}

/** Runs the command as a user does, in a process of its own, without what this process was told. */
export async function pgbaton(args: readonly string[], { env = {}, input = "", cwd, closed = false }: CommandOptions = {}): Promise<Ended> {
  const own = { PATH: process.env["PATH"], HOME: process.env["HOME"], BATON_DRIVER: "pg", ...env };
  const child = spawn(process.execPath, ["--conditions=pgbaton-source", CLI, ...args], { cwd, env: own });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  if (closed) child.stdout.destroy();
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}
