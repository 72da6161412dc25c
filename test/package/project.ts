import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll } from "vitest";
import { ROOT } from "../../infra/root.ts";

const run = promisify(execFile);
const HERE = join(ROOT, "test/package");

/** The oldest Node that the package supports. */
export const NODE_20 = join(HERE, "node_modules/node/bin/node");

/** A program of this folder's own packages, such as publint. */
export const tool = (path: string): string => join(HERE, "node_modules", path);

/** The package as npm packed it. */
export function packedFile(): string {
  const folder = join(HERE, "packed");
  const [name] = readdirSync(folder);
  return join(folder, name!);
}

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A user's project in a folder of its own, far from this one, so that nothing of ours is found. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "pgbaton-user-"));

  constructor(files: Readonly<Record<string, string>>, packageFile: object = {}) {
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
    this.write({ "package.json": JSON.stringify({ name: "user", private: true, ...packageFile }), ...files });
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, name)), { recursive: true });
      writeFileSync(join(this.folder, name), text);
    }
  }

  /** Installs the packed package, and others in the versions that this project has. */
  async install(...others: readonly string[]): Promise<void> {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      devDependencies: Readonly<Record<string, string>>;
    };
    const named = others.map((name) => `${name}@${devDependencies[name]!}`);
    const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];
    await run("npm", ["install", ...flags, packedFile(), ...named], { cwd: this.folder });
  }

  /** Runs a program with Node: this one, or another. */
  async node(
    args: readonly string[],
    { env = {}, node = process.execPath }: { env?: NodeJS.ProcessEnv; node?: string } = {},
  ): Promise<Ended> {
    try {
      const ended = await run(node, [...args], { cwd: this.folder, env: { PATH: process.env["PATH"], ...env } });
      return { code: 0, ...ended };
    } catch (thrown) {
      return thrown as Ended & Error;
    }
  }

  /** What all its installed packages weigh, in bytes. */
  installedBytes(): number {
    const folder = join(this.folder, "node_modules");
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  }
}
