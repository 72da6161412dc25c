import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs a script of this folder in a process of its own and reads the JSON that it prints. */
export async function probe<Figures>(script: string, url: string, env: Readonly<Record<string, string>> = {}): Promise<Figures> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const options = { env: { ...process.env, NODE_ENV: "production", ...env }, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await run(process.execPath, [path, url], options);
  return JSON.parse(stdout) as Figures;
}
