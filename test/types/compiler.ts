import { execFile } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const compiler = join(root, "node_modules/typescript/bin/tsc");

/** What the compiler says about a project; nothing when it is content. */
export function compile(project: string, ...flags: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const given = [compiler, "--noEmit", "--pretty", "false", "-p", project, ...flags];
    execFile(process.execPath, given, { cwd: root }, (_, stdout) => resolve(stdout));
  });
}

/** A project of its own, where `../../../shared/index.ts` is the public door. */
export async function createProject(): Promise<string> {
  await mkdir(join(root, "test/reports"), { recursive: true });
  const folder = await mkdtemp(join(root, "test/reports/author-"));
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ extends: "../../../tsconfig.json", include: ["*.ts"], exclude: [] }));
  return folder;
}
